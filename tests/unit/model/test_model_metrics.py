"""Metrics: each number against a case where it is known."""

from dataclasses import replace

import numpy as np
import pytest

from model.errors import GeometryMismatch
from model.evaluation.metrics import (
    bootstrap_ratio,
    case_metrics,
    defect_contrast,
    myocardial_bias,
    nrmse,
    psnr,
    region_masks,
    ssim,
    wall_to_blood_contrast,
)
from model.io.study import Study
from tests.support.studies import tiny_study


@pytest.fixture(scope="module")
def study() -> Study:
    return tiny_study(0)


def reference_of(study: Study) -> np.ndarray:
    assert study.reference is not None
    return study.reference


def test_the_truth_itself_scores_perfectly(study: Study) -> None:
    scores = case_metrics(reference_of(study), study)
    assert scores["nrmse_body"] == scores["nrmse_heart"] == 0.0
    assert scores["ssim_heart"] == pytest.approx(1.0)
    assert scores["defect_contrast"] == pytest.approx(1.0)
    assert scores["psnr_body"] is None  # infinite is no number for a table


def test_nrmse_is_relative_to_the_root_mean_square_of_the_reference() -> None:
    reference = np.array([3.0, 4.0])
    assert nrmse(np.array([3.0, 9.0]), reference) == pytest.approx(1.0)
    assert nrmse(1.1 * reference, reference) == pytest.approx(0.1)
    assert nrmse(np.array([99.0, 4.0]), reference, np.array([False, True])) == 0.0
    assert np.isnan(nrmse(reference, np.zeros(2)))


def test_psnr_uses_the_maximum_of_the_reference() -> None:
    assert psnr(np.array([9.0, 1.0]), np.array([10.0, 0.0])) == pytest.approx(20.0)


def test_ssim_falls_with_blur_noise_and_a_wrong_scale(study: Study) -> None:
    truth = reference_of(study).astype(np.float64)
    rng = np.random.default_rng(0)
    noisy = truth + 0.1 * truth.max() * rng.standard_normal(truth.shape)
    blurred = (np.roll(truth, 1, 2) + truth + np.roll(truth, -1, 2)) / 3
    values = [ssim(truth, truth), ssim(1.3 * truth, truth), ssim(blurred, truth), ssim(noisy, truth)]
    assert values[0] == pytest.approx(1.0)
    assert all(v < 0.99 for v in values[1:])
    assert ssim(np.zeros_like(truth), truth) < 0.7


def test_ssim_agrees_with_its_formula_on_one_window() -> None:
    rng = np.random.default_rng(1)
    e, r = rng.random((7, 7, 7)), rng.random((7, 7, 7))
    c1, c2 = (0.01 * r.max()) ** 2, (0.03 * r.max()) ** 2
    covariance = np.mean((e - e.mean()) * (r - r.mean()))
    expected = (
        (2 * e.mean() * r.mean() + c1) * (2 * covariance + c2)
        / ((e.mean() ** 2 + r.mean() ** 2 + c1) * (e.var() + r.var() + c2))
    )  # fmt: skip
    assert ssim(e, r) == pytest.approx(expected)


def test_a_filled_defect_has_no_contrast_and_half_a_defect_half(study: Study) -> None:
    assert study.truth is not None
    truth, wall = reference_of(study), study.truth.aha > 0
    defect = study.truth.defect_map > 0
    normal = truth[wall & ~defect].mean()
    filled, half = truth.copy(), truth.copy()
    filled[defect] = normal
    half[defect] = (truth[defect] + normal) / 2
    assert defect_contrast(filled, study) == pytest.approx(0.0, abs=1e-3)
    assert defect_contrast(half, study) == pytest.approx(0.5, abs=1e-3)
    assert defect_contrast(3 * truth, study) == pytest.approx(1.0)  # a contrast knows no scale


def test_defect_contrast_is_none_where_there_is_no_defect() -> None:
    healthy = tiny_study(0, with_defect=False)
    assert defect_contrast(reference_of(healthy), healthy) is None
    unknown = tiny_study(0, with_truth=False)
    assert case_metrics(reference_of(unknown), unknown)["defect_contrast"] is None


def test_regions_follow_labels_then_the_attenuation_map_then_the_reference(study: Study) -> None:
    assert study.labels is not None and study.attenuation is not None
    regions = region_masks(study)
    assert np.array_equal(regions.body, study.labels > 0)
    assert regions.heart is not None
    inside = np.zeros(study.labels.shape, dtype=bool)
    inside[regions.heart] = True
    assert inside[study.labels == 2].all() and not inside.all()
    by_map = region_masks(replace(study, labels=None, truth=None, label_codes={}))
    assert np.array_equal(by_map.body, study.attenuation > 0.001)
    assert by_map.heart is None
    assert region_masks(replace(study, labels=None, label_codes={})).heart == regions.heart


def test_an_image_of_another_size_is_refused_with_both_sizes(study: Study) -> None:
    with pytest.raises(GeometryMismatch, match=r"\(7, 20, 20\).*\(8, 20, 20\)"):
        case_metrics(reference_of(study)[1:], study)
    with pytest.raises(ValueError, match="no reference"):
        case_metrics(reference_of(study), replace(study, reference=None))


def test_the_paired_interval_covers_the_ratio_and_repeats_with_its_seed() -> None:
    rng = np.random.default_rng(0)
    b = rng.uniform(0.1, 0.5, 40)
    a = b * rng.normal(0.8, 0.1, 40)
    ratio, low, high = bootstrap_ratio(a, b, seed=1)
    assert low < 0.8 < high
    assert low < ratio < high
    assert high - low == pytest.approx(2 * 1.96 * 0.1 / 40**0.5, rel=0.3)
    assert bootstrap_ratio(a, b, seed=1) == (ratio, low, high)
    with pytest.raises(ValueError, match="one case"):
        bootstrap_ratio([], [], seed=1)


def test_the_bias_of_the_wall_is_relative_and_signed(study: Study) -> None:
    assert study.truth is not None
    image = reference_of(study).copy()
    image[study.truth.aha == 0] *= 5  # outside the wall nothing counts
    assert myocardial_bias(image, study) == pytest.approx(0.0, abs=1e-6)
    assert myocardial_bias(0.8 * image, study) == pytest.approx(-0.2, abs=1e-6)
    assert myocardial_bias(image, replace(study, truth=None, labels=None)) is None


def test_a_filled_cavity_keeps_no_contrast_between_wall_and_blood(study: Study) -> None:
    assert study.truth is not None
    assert study.labels is not None
    truth, wall = reference_of(study), study.truth.aha > 0
    blood = study.labels == study.label_codes["blood"]
    filled, half = truth.copy(), truth.copy()
    filled[blood] = truth[wall].mean()
    half[blood] = (truth[blood] + truth[wall].mean()) / 2
    assert wall_to_blood_contrast(truth, study) == pytest.approx(1.0)
    assert wall_to_blood_contrast(filled, study) == pytest.approx(0.0, abs=1e-6)
    assert wall_to_blood_contrast(half, study) == pytest.approx(0.5, abs=1e-6)


def test_the_contrast_error_counts_too_dark_and_too_bright_alike(study: Study) -> None:
    assert study.truth is not None
    defect = study.truth.defect_map > 0
    truth = reference_of(study)
    errors = []
    for factor in (0.7, 1.3):
        image = truth.copy()
        image[defect] *= factor
        scores = case_metrics(image, study)
        assert scores["contrast_error"] == pytest.approx(abs(1 - (scores["defect_contrast"] or 0)))
        errors.append(scores["contrast_error"])
    assert errors[0] == pytest.approx(errors[1], rel=1e-3)
    assert (errors[0] or 0) > 0.05
    assert case_metrics(truth, study)["polar_rms"] == 0.0


def test_a_defect_that_the_truth_hardly_shows_has_no_contrast_to_recover(study: Study) -> None:
    assert study.truth is not None
    defect, wall = study.truth.defect_map > 0, study.truth.aha > 0
    for depth, known in ((0.05, False), (0.2, True)):
        truth = np.where(defect, np.float32(1 - depth), np.float32(1)) * wall
        kept = defect_contrast(truth, replace(study, reference=truth.astype(np.float32)))
        assert (kept is not None) is known
