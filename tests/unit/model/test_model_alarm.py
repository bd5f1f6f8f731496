"""The alarm: an exact null for low counts, statistics that do not depend on the counts, and the mistakes it must see."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from model.classical.osem import OsemSettings, reconstruct_osem
from model.confidence.alarm import (
    Alarm,
    Level,
    block_sums,
    conditions,
    corrections,
    deviances,
    fit_statistics,
    judge,
    poisson_null,
    sharpness,
)
from model.confidence.fit import CalibrationSettings, Case, records_of
from model.confidence.uncertainty import expected_counts, mean_activity
from model.geometry import Collimator
from model.io.confidence_records import AlarmRecord
from model.io.study import Study
from tests.support.confidence import case_of, small_study

SETTINGS = OsemSettings(iterations=3, subsets=4, postfilter_fwhm_mm=0)
BROAD = Collimator("broad", 4.5, 35.0)


def image_of(study: Study) -> npt.NDArray[np.float32]:
    return reconstruct_osem(study, SETTINGS)


def statistics_of(study: Study) -> dict[str, float]:
    return fit_statistics(study, expected_counts(study, image_of(study)))


@pytest.fixture(scope="module")
def familiar() -> list[Case]:
    return [case_of(small_study(seed), image_of) for seed in range(20)]


@pytest.fixture(scope="module")
def record(familiar: list[Case]) -> AlarmRecord:
    return records_of(familiar, [], weights="0" * 64, digest="1" * 64, settings=CalibrationSettings()).alarm


def verdict(study: Study, record: AlarmRecord) -> Alarm:
    image = image_of(study)
    statistics = fit_statistics(study, expected_counts(study, image))
    return judge(statistics, conditions(study, mean_activity(study, image)), corrections(study), record)


@pytest.mark.parametrize("mean", [0.003, 0.05, 0.4, 1.0, 3.0, 17.0, 150.0, 400.0])
def test_the_null_of_the_deviance_is_that_of_poisson_counts(mean: float) -> None:
    drawn = deviances(np.random.default_rng(1).poisson(mean, 400_000).astype(float), np.full(400_000, mean))
    expected, variance = poisson_null(np.array([mean]))
    assert drawn.mean() == pytest.approx(float(expected[0]), abs=5 * math.sqrt(float(variance[0]) / drawn.size) + 0.003)
    assert drawn.var() == pytest.approx(float(variance[0]), rel=0.05)


def test_at_low_counts_the_null_is_far_from_the_chi_square() -> None:
    expected, variance = poisson_null(np.array([0.05, 1.0]))
    assert expected[0] < 0.4
    assert expected[1] > 1.1
    assert variance[0] < 1.0


def test_blocks_keep_every_count() -> None:
    counts = np.random.default_rng(2).poisson(3.0, (4, 7, 10)).astype(float)
    blocks = block_sums(counts, 3, 4)
    assert blocks.shape == (4, 3, 3)
    assert np.array_equal(blocks.sum(axis=(1, 2)), counts.sum(axis=(1, 2)))


def test_the_true_image_has_the_smallest_misfit() -> None:
    study = small_study(3)
    projected = study.projections[0].astype(np.float64)
    rng = np.random.default_rng(5)
    lambda_ = np.full_like(projected, projected.mean())
    flat = replace(study, projections=rng.poisson(lambda_)[None].astype(np.float32))
    assert math.exp(fit_statistics(flat, lambda_)["misfit"]) == pytest.approx(0.01)


@pytest.mark.parametrize("relative", [0.1, 0.3])
@pytest.mark.parametrize("counts", [1e5, 3e6])
def test_misfit_is_the_relative_error_of_the_expected_counts_at_any_dose(relative: float, counts: float) -> None:
    study = small_study(3)
    shape = study.projections.shape[1:]
    level = counts / math.prod(shape)
    rng = np.random.default_rng(8)
    columns = np.where(np.arange(shape[2]) // 2 % 2 == 0, 1 + relative, 1 - relative)  # as wide as a block
    measured = rng.poisson(level * np.broadcast_to(columns, shape))[None].astype(np.float32)
    found = fit_statistics(replace(study, projections=measured), np.full(shape, level))
    assert math.exp(found["misfit"]) == pytest.approx(relative, rel=0.12)


def test_familiar_studies_raise_no_alarm(record: AlarmRecord) -> None:
    alarms = [verdict(small_study(seed), record) for seed in range(100, 108)]
    assert sum(alarm.level is not Level.OK for alarm in alarms) <= 2
    assert not any(alarm.level is Level.UNLIKE for alarm in alarms)


def shifted(study: Study, axis: int) -> Study:
    assert study.attenuation is not None
    return replace(study, attenuation=np.roll(study.attenuation, 3, axis=axis))


def turned(study: Study) -> Study:
    angles = study.geometry.angles_rad
    return replace(study, geometry=replace(study.geometry, angles_rad=tuple(2 * angles[0] - a for a in angles)))


def moved(study: Study, axis: int) -> Study:
    half = study.geometry.n_views // 2
    counts = study.projections.copy()
    counts[:, half:] = np.roll(counts[:, half:], 2, axis=axis)
    return replace(study, projections=counts)


MISTAKES: dict[str, Callable[[Study], Study]] = {
    "the attenuation map is 3 voxels to the side": lambda study: shifted(study, 2),
    "the attenuation map is 3 voxels to the back": lambda study: shifted(study, 1),
    "the camera turned the other way": turned,
    "the views are in reverse order": lambda study: replace(
        study, geometry=replace(study.geometry, angles_rad=study.geometry.angles_rad[::-1])
    ),
    "the centre of rotation is 2 bins off": lambda study: replace(study, projections=np.roll(study.projections, 2, 3)),
    "the patient moved along the table in half of the views": lambda study: moved(study, 2),
    "the patient moved sideways in half of the views": lambda study: moved(study, 3),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("seed", [200, 201])
def test_what_breaks_the_model_is_flagged(mistake: str, seed: int, record: AlarmRecord) -> None:
    alarm = verdict(MISTAKES[mistake](small_study(seed)), record)
    assert alarm.level is Level.UNLIKE
    assert alarm.z > record.unlike
    assert alarm.code in {"alarm.misfit", "alarm.view_misfit"}
    assert alarm.remedy


@pytest.mark.parametrize("name", ["attenuation", "scatter"])
def test_a_missing_correction_is_named(name: str, record: AlarmRecord) -> None:
    without: dict[str, Any] = {name: None}
    alarm = verdict(replace(small_study(200), **without), record)
    assert alarm.level is Level.UNLIKE
    assert f"alarm.no_{name}" in {finding.code for finding in alarm.findings}


def test_a_broader_collimator_than_stated_is_seen_by_its_blur_alone(record: AlarmRecord) -> None:
    geometry = small_study(300).geometry
    broad = small_study(300, geometry=replace(geometry, collimator=BROAD))
    wrong = replace(broad, geometry=geometry)
    alarm = verdict(wrong, record)
    assert alarm.code == "alarm.blurred"
    assert statistics_of(wrong)["misfit"] < record.statistics["misfit"].middle + 2 * record.statistics["misfit"].width


def test_sharpness_allows_for_the_stated_resolution() -> None:
    study = small_study(300)

    def blurred(collimator: Collimator) -> Study:
        geometry = replace(study.geometry, collimator=collimator)
        frequency = np.hypot(np.fft.fftfreq(8, d=13.0)[:, None], np.fft.fftfreq(20, d=13.0))
        sigma_mm = geometry.fwhm_mm(geometry.radius_mm[0]) / 2.3548
        points = np.random.default_rng(4).random((12, 8, 20)) * 1e6
        passed = np.fft.fft2(points) * np.exp(-2 * (math.pi * sigma_mm * frequency) ** 2)
        counts = np.fft.ifft2(passed).real.clip(min=0).astype(np.float32)[None]
        return replace(study, geometry=geometry, projections=counts, scatter=None)

    sharp, broad = blurred(study.geometry.collimator), blurred(BROAD)
    assert sharpness(broad) == pytest.approx(sharpness(sharp), abs=0.5)
    assert sharpness(replace(broad, geometry=study.geometry)) < sharpness(sharp) - 1.5


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"counts": 4e3}, "alarm.range_counts"),
        ({"views": 4}, "alarm.range_views"),
        ({"arc_deg": -90.0}, "alarm.range_arc"),
    ],
)
def test_conditions_outside_the_calibration_are_named_with_its_range(
    options: dict[str, Any], code: str, record: AlarmRecord
) -> None:
    alarm = verdict(small_study(200, **options), record)
    found = {finding.code: finding for finding in alarm.findings}
    assert code in found
    known = record.ranges[code.removeprefix("alarm.range_")]
    assert f"{known.low:.3g} to {known.high:.3g}" in found[code].sentence


def test_the_verdict_is_the_worst_finding(record: AlarmRecord) -> None:
    alarm = verdict(turned(small_study(200, counts=4e3)), record)
    assert alarm.level is Level.UNLIKE
    assert alarm.findings[0].code == alarm.code
    assert len({finding.code for finding in alarm.findings}) >= 2
