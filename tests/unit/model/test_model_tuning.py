"""Tuning tries every setting on every study and finds for each metric the one that is best for it."""

from dataclasses import replace

import numpy as np
import pytest

from model.classical.osem import OsemSettings, Volume, reconstruct_osem
from model.classical.tuning import Tuning, body_nrmse, tune_osem, tune_osem_by
from model.evaluation.metrics import case_metrics
from model.io.study import Study
from tests.support.studies import tiny_study

ITERATIONS, WIDTHS = (1, 3, 8), (0.0, 8.0, 40.0)
BASE = OsemSettings(subsets=4)


def every_score(studies: list[Study], metric: str) -> dict[tuple[int, float], float]:
    """Score each setting the slow way: one reconstruction a setting."""

    def mean(settings: OsemSettings) -> float:
        values = [case_metrics(reconstruct_osem(s, settings), s)[metric] for s in studies]
        return float(np.mean([v for v in values if v is not None]))

    return {(i, w): mean(replace(BASE, iterations=i, postfilter_fwhm_mm=w)) for i in ITERATIONS for w in WIDTHS}


def test_tuning_takes_the_best_of_all_stopping_points_and_filters() -> None:
    studies = [tiny_study(i, counts=1e5) for i in range(2)]
    found = tune_osem(studies, iterations=ITERATIONS, fwhm_mm=WIDTHS, base=BASE)
    every = every_score(studies, "nrmse_body")
    assert min(every, key=lambda k: every[k]) == (found.iterations, found.postfilter_fwhm_mm)


def test_each_metric_gets_its_own_best_setting_in_its_own_direction() -> None:
    studies = [tiny_study(i, counts=1e5, with_defect=i > 0) for i in range(2)]
    better = {"ssim_heart", "defect_contrast"}
    tuning = tune_osem_by(
        studies, case_metrics, higher_is_better=better, iterations=ITERATIONS, fwhm_mm=WIDTHS, base=BASE
    )
    for metric, pick in (("nrmse_heart", min), ("ssim_heart", max), ("defect_contrast", max)):
        every = every_score(studies, metric)
        best = tuning.best(metric)
        assert best is not None
        assert (best[0].iterations, best[0].postfilter_fwhm_mm) == pick(every, key=lambda k: every[k])
        assert best[1] == pytest.approx(pick(every.values()), rel=1e-6)
        assert [mean for _, mean in tuning.table(metric)] == pytest.approx(list(every.values()), rel=1e-6)
    assert tuning.values["defect_contrast"].shape == (2, 9)


def test_studies_that_were_tuned_on_one_by_one_choose_together() -> None:
    studies = [tiny_study(i, counts=1e5) for i in range(2)]
    score = {"body": body_nrmse}
    parts = [tune_osem_by([study], score, iterations=ITERATIONS, fwhm_mm=WIDTHS, base=BASE) for study in studies]
    whole = tune_osem_by(studies, score, iterations=ITERATIONS, fwhm_mm=WIDTHS, base=BASE)
    joined = Tuning.joined(parts)
    assert joined.settings == whole.settings
    assert np.array_equal(joined.values["body"], whole.values["body"])
    assert joined.best("body") == whole.best("body")


def test_metrics_may_be_given_one_by_one_and_what_no_study_tells_has_no_best() -> None:
    def volume(image: Volume, study: Study) -> float | None:
        del study
        return float(image.sum())

    tuning = tune_osem_by(
        [tiny_study()], {"sum": volume, "nothing": lambda image, study: None}, iterations=(1, 2), fwhm_mm=(0.0,)
    )
    assert tuning.best("nothing") is None
    assert tuning.best("sum") is not None


def test_tuning_needs_references() -> None:
    with pytest.raises(ValueError, match="1 studies, 1 of them without"):
        tune_osem([tiny_study(with_reference=False)])
    with pytest.raises(ValueError, match="0 studies"):
        tune_osem([])
