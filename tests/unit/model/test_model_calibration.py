"""A study trains only if its target explains its counts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.dataset import PreparedStudy, prepare_study
from model.errors import SampleInvalid
from model.io.study import Study
from model.networks.inputs import StartRecipe
from model.quality.calibration import TOLERANCE, Calibration
from model.training.target_check import calibration, check_calibration
from tests.support.training import small_study

OSEM, FBP = StartRecipe("osem", 4, 4), StartRecipe("fbp")


def prepared(study: Study, recipe: StartRecipe = OSEM) -> PreparedStudy:
    return prepare_study(study, name="ward/scan-7", recipe=recipe)


def scaled(study: Study, factor: float) -> Study:
    assert study.reference is not None
    return replace(study, reference=np.asarray(study.reference * factor, dtype=np.float32))


@pytest.mark.parametrize("recipe", [OSEM, FBP])
def test_the_slope_is_measured_over_expected_counts(recipe: StartRecipe) -> None:
    study = small_study(noise=False)
    whole = calibration(prepared(study, recipe))
    half = calibration(prepared(scaled(study, 2.0), recipe))
    assert whole.slope == pytest.approx(1, abs=0.03)
    assert whole.ratio == pytest.approx(1, abs=0.03)
    assert half.slope == pytest.approx(whole.slope / 2, rel=1e-3)
    assert half.ratio == pytest.approx(whole.ratio / 2, rel=1e-3)


@pytest.mark.parametrize("factor", [0.9, 1.1, 3.0])
def test_a_study_whose_reference_has_another_scale_is_refused_by_name_with_its_slope(factor: float) -> None:
    study = prepared(scaled(small_study(), factor))
    with pytest.raises(SampleInvalid, match="ward/scan-7") as caught:
        check_calibration(study)
    assert caught.value.code == "sample.calibration"
    assert f"{calibration(study).slope:.3f}" in str(caught.value)
    assert caught.value.remedy


def test_scatter_that_is_not_subtracted_is_noticed() -> None:
    with pytest.raises(SampleInvalid):
        check_calibration(prepared(replace(small_study(scatter_fraction=0.3), scatter=None)))


def test_views_of_other_times_are_noticed_though_the_total_is_right() -> None:
    study = small_study(noise=False)
    tilt = np.where(np.arange(12) < 6, 1.4, 1.0).astype(np.float32)[None, :, None, None]
    shifted = study.projections * tilt
    assert study.scatter is not None
    scatter = study.scatter * tilt
    share = float((study.projections - study.scatter).sum() / (shifted - scatter).sum())
    found = calibration(prepared(replace(study, projections=shifted * share, scatter=scatter * share)))
    assert found.ratio == pytest.approx(1, abs=0.03)
    assert abs(found.slope - found.ratio) > 0.01


def test_both_figures_have_to_be_within_the_bound() -> None:
    assert Calibration(1 + 0.99 * TOLERANCE, 1 - 0.99 * TOLERANCE).accepted
    assert not Calibration(1 + 1.01 * TOLERANCE, 1.0).accepted
    assert not Calibration(1.0, 1 - 1.01 * TOLERANCE).accepted


def test_without_a_reference_the_classical_image_is_checked() -> None:
    assert check_calibration(prepared(small_study(with_reference=False))).accepted


def test_an_empty_reference_is_refused() -> None:
    assert not calibration(prepared(scaled(small_study(), 0.0))).accepted


def test_a_study_file_keeps_its_name_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(SampleInvalid) as caught:
        check_calibration(prepared(scaled(small_study(), 2.0)))
    assert str(tmp_path) not in str(caught.value)
