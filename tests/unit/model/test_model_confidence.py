"""Calibrated intervals: chosen on some patients, measured on others, kept in the card, never shown without it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from model.batch import NO_PROMISE
from model.checkpoint import load_model, save_model
from model.commands.reconstruct import reconstruct as reconstruct_command
from model.confidence.calibration import calibrate, digest_of, examine, with_calibration
from model.confidence.fit import Calibration, CalibrationSettings, Case, records_of
from model.confidence.images import alarm_of, alarm_words, half_widths, reconstruct_with_uncertainty
from model.confidence.uncertainty import Spread, body_of, mean_activity
from model.errors import ModelError
from model.io.study import write_study
from model.io.weights import ModelCard, load_card, save_card
from model.jobs import answer_request
from model.networks import build_network
from model.networks.inputs import ReconstructionNetwork
from model.training.steps import split_by_patient
from tests.support.studies import tiny_study, write_tiny_studies

TASK = "spect-reconstruction"
SMALL = {"name": "unrolled_em", "subsets": 4, "warm_passes": 2, "channels": 4, "blocks": 1}
OPTIONS: dict[str, Any] = {"shape": (6, 14, 14), "voxel_mm": 22.0, "views": 8, "counts": 1e5}
FAST = CalibrationSettings(case_level=0.75, false_alarm_level=0.2, replicates=2, share=0.6)
DIGEST, WEIGHTS = "1" * 64, "0" * 64


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_tiny_studies(tmp_path_factory.mktemp("studies"), 10, **OPTIONS)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ReconstructionNetwork, ModelCard]:
    network = build_network(SMALL, seed=0)
    saved = save_model(tmp_path_factory.mktemp("model"), network, task=TASK, config=SMALL, created_at="2026-01-01")
    loaded, card = load_model(saved.path)
    assert isinstance(loaded, ReconstructionNetwork)
    return saved.path, loaded, card


@pytest.fixture(scope="module")
def found(paths: list[Path], model: tuple[Path, ReconstructionNetwork, ModelCard]) -> Calibration:
    _, network, card = model
    return calibrate(paths, network, card.content_hash, settings=FAST)


def made_up(rng: np.random.Generator, patient: int) -> Case:
    """Return a case whose errors have a size of their own."""
    ratios = rng.lognormal(0, 0.4) * np.abs(rng.normal(size=500))
    statistics = {"misfit": rng.normal(-3, 0.2), "view_misfit": rng.normal(-2, 0.3), "sharpness": rng.normal()}
    return Case(
        f"p{patient}", {"body": ratios}, {"body": 0.4}, {"body": 0.5}, statistics, {"counts": 10.0}, frozenset()
    )


def test_the_measured_coverage_keeps_the_promise_on_exchangeable_cases() -> None:
    rng = np.random.default_rng(2)
    kept, alarms, trials = [], [], 60
    for _ in range(trials):
        cases = [made_up(rng, i) for i in range(59)]
        made = records_of(cases[:39], cases[39:], weights=WEIGHTS, digest=DIGEST, settings=CalibrationSettings())
        body, false = made.uncertainty.regions["body"], made.alarm.false_alarms
        assert body.cases_covered is not None
        assert false is not None
        kept.append(body.cases_covered.value)
        alarms.append(false.value)
    # rank 36 of 39 is 0.900, rank 38 of 39 is 0.95; one standard deviation of the means is about 0.011 and 0.008
    assert np.mean(kept) == pytest.approx(0.9, abs=0.035)
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.025)


def test_a_calibration_says_what_it_was_made_of(found: Calibration, paths: list[Path]) -> None:
    record = found.uncertainty
    assert (record.method, record.replicates, record.cases, record.test_cases) == ("bootstrap", 2, 6, 4)
    assert set(record.regions) == {"body", "heart", "segments"}
    assert record.data_digest == found.alarm.data_digest == digest_of(paths[::-1]) != digest_of(paths[1:])
    body = record.regions["body"]
    assert body.coverage is not None
    assert body.coverage_before is not None
    assert body.coverage.value > body.coverage_before.value
    assert body.cases_covered is not None
    assert body.cases_covered.low <= body.cases_covered.value <= body.cases_covered.high
    assert found.alarm.always == ("attenuation", "scatter")
    assert found.alarm.unlike > found.alarm.unusual


def test_the_patients_that_choose_are_not_those_that_measure(paths: list[Path], found: Calibration) -> None:
    rng = np.random.default_rng(0)
    cases = [made_up(rng, i // 2) for i in range(20)]
    choosing, measuring = split_by_patient([case.patient for case in cases], 0.4, 0)
    assert not {cases[i].patient for i in choosing} & {cases[i].patient for i in measuring}
    assert found.uncertainty.cases + found.uncertainty.test_cases == len(paths)


def test_studies_without_a_patients_key_are_each_a_patient_of_their_own() -> None:
    study = tiny_study(0, **OPTIONS)
    assert study.reference is not None
    nobodys = replace(study, provenance={"generator": "tests.support.studies"})
    spread = Spread(study.reference, 0.1 * study.reference, None, None, 2)
    cases = [examine(nobodys, spread, level=0.95, name=f"data/study-{number}.h5") for number in range(2)]
    assert [case.patient for case in cases] == ["data/study-0.h5", "data/study-1.h5"]
    assert {"body", "heart"} <= set(cases[0].ratios)


def test_studies_of_one_patient_are_refused_before_the_work_as_they_measure_nothing(
    model: tuple[Path, ReconstructionNetwork, ModelCard], tmp_path: Path
) -> None:
    _, network, card = model
    paths = write_tiny_studies(tmp_path, 7, patient_key="one", **OPTIONS)
    worked: list[float] = []
    with pytest.raises(ModelError, match="all 7 studies are of one patient") as caught:
        calibrate(paths, network, card.content_hash, settings=FAST, on_progress=worked.append)
    assert caught.value.code == "calibration.too_few"
    assert not worked


def test_the_card_carries_the_calibration_and_a_new_study_needs_no_data(
    model: tuple[Path, ReconstructionNetwork, ModelCard], found: Calibration
) -> None:
    path, network, card = model
    save_card(path, with_calibration(card, found))
    read = load_card(path)
    assert read.uncertainty == found.uncertainty
    assert read.alarm == found.alarm
    study = tiny_study(50, **OPTIONS)
    heard: list[float] = []
    result = reconstruct_with_uncertainty(study, network, read, on_progress=heard.append)
    assert result.image.shape == result.half_width.shape == study.geometry.volume_shape
    assert result.half_width.dtype == np.float32
    assert np.all(result.half_width > 0)
    assert heard[-1] == 1.0
    assert result.segments is not None
    assert result.segment_half_width is not None
    assert result.seconds > 0
    assert result.alarm is not None
    assert alarm_words(result.alarm)["code"] == result.alarm.code
    assert result.promise_holds == (result.alarm.level != "unlike")
    assert study.reference is not None
    inside = np.abs(result.image - study.reference) <= result.half_width
    assert inside[body_of(study)].mean() > 0.8


def test_the_interval_is_the_record_s_arithmetic(found: Calibration) -> None:
    study = tiny_study(51, **OPTIONS)
    assert study.reference is not None
    image, spread = study.reference, np.full_like(study.reference, 2.0)
    volume, wall = half_widths(study, Spread(image, spread, np.ones(17), np.full(17, 3.0), 2), found.uncertainty)
    regions = found.uncertainty.regions
    factor = max(regions["body"].factor, regions["heart"].factor)
    np.testing.assert_allclose(volume, factor * (2.0 + 0.05 * mean_activity(study, image)), rtol=1e-5)
    assert wall is not None
    np.testing.assert_allclose(wall, regions["segments"].factor * 4.0)


@pytest.mark.parametrize("change", ["missing", "of other weights"])
def test_no_interval_is_shown_that_was_not_calibrated_for_these_weights(
    change: str, model: tuple[Path, ReconstructionNetwork, ModelCard], found: Calibration
) -> None:
    _, network, card = model
    study = tiny_study(52, **OPTIONS)
    if change == "of other weights":
        strange = Calibration(
            found.uncertainty.model_copy(update={"weights": WEIGHTS}),
            found.alarm.model_copy(update={"weights": WEIGHTS}),
        )
        card = with_calibration(card, strange)
    with pytest.raises(ModelError, match="no calibrated intervals") as caught:
        reconstruct_with_uncertainty(study, network, card)
    assert caught.value.code == "uncertainty.not_calibrated"
    assert "calibrate" in caught.value.remedy
    assert study.reference is not None
    assert alarm_of(study, study.reference, card) is None


def test_an_ensemble_is_not_silently_replaced_by_one_network(
    model: tuple[Path, ReconstructionNetwork, ModelCard],
    paths: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, network, card = model
    other = build_network(SMALL | {"warm_passes": 4}, seed=3)
    assert isinstance(other, ReconstructionNetwork)
    saved = save_model(tmp_path, other, task=TASK, config=SMALL | {"warm_passes": 4}, created_at="2026-01-01")
    key = saved.card.content_hash
    made = calibrate(paths[:8], network, card.content_hash, members={key: other}, settings=FAST)
    assert made.uncertainty.members == (key,)
    assert made.uncertainty.method == "both"
    card, study = with_calibration(card, made), tiny_study(53, **OPTIONS)
    with pytest.raises(ModelError) as caught:
        reconstruct_with_uncertainty(study, network, card)
    assert caught.value.code == "uncertainty.no_members"
    result = reconstruct_with_uncertainty(study, network, card, members={key: other})
    assert result.record == made.uncertainty
    monkeypatch.setattr("model.shipped.WEIGHTS_FOLDER", tmp_path)
    shipped = reconstruct_with_uncertainty(study, network, card)
    assert np.array_equal(shipped.half_width, result.half_width)


def test_a_study_without_truth_calibrates_nothing() -> None:
    study = tiny_study(1, **OPTIONS)
    image = np.ones(study.geometry.volume_shape, dtype=np.float32)
    spread = Spread(image, image, None, None, 2)
    with pytest.raises(ModelError) as caught:
        examine(replace(study, reference=None, reference_kind=None), spread, level=0.95, name="study")
    assert caught.value.code == "sample.no_reference"


def test_too_few_studies_are_refused_before_a_promise_is_made() -> None:
    rng = np.random.default_rng(0)
    cases = [made_up(rng, i) for i in range(8)]
    with pytest.raises(ModelError, match="8 cases") as caught:
        records_of(cases, [], weights=WEIGHTS, digest=DIGEST, settings=CalibrationSettings())
    assert caught.value.code == "calibration.too_few"


@pytest.mark.parametrize("calibrated", [False, True])
def test_a_job_tells_the_alarm_of_calibrated_weights(
    calibrated: bool, model: tuple[Path, ReconstructionNetwork, ModelCard], found: Calibration, tmp_path: Path
) -> None:
    path, _, card = model
    save_card(path, with_calibration(card, found) if calibrated else card)
    study = tiny_study(54, **OPTIONS)
    angles = study.geometry.angles_rad[::-1]
    write_study(tmp_path / "turned.h5", replace(study, geometry=replace(study.geometry, angles_rad=angles)))
    request = {
        "kind": "reconstruct",
        "study": str(tmp_path / "turned.h5"),
        "method": "model",
        "weights": str(path),
        "out": str(tmp_path / "image.npz"),
    }
    alarm = answer_request(json.dumps(request), lambda _: None)["alarm"]
    if not calibrated:
        assert alarm is None
        return
    assert isinstance(alarm, dict)
    assert {"level", "code", "sentence", "remedy", "z", "findings"} == set(alarm)
    assert alarm["level"] == "unlike"


def test_intervals_of_an_unlike_study_come_with_the_word_that_they_promise_nothing(
    model: tuple[Path, ReconstructionNetwork, ModelCard], found: Calibration, tmp_path: Path
) -> None:
    path, _, card = model
    save_card(path, with_calibration(card, found))
    study = tiny_study(55, **OPTIONS)
    angles = study.geometry.angles_rad[::-1]
    for name, changed in (
        ("right", study),
        ("turned", replace(study, geometry=replace(study.geometry, angles_rad=angles))),
    ):
        write_study(tmp_path / f"{name}.h5", changed)
        arguments = [str(tmp_path / f"{name}.h5"), "--method", str(path), "--uncertainty", "--json"]
        result = CliRunner().invoke(reconstruct_command, [*arguments, "--out", str(tmp_path / f"{name}.nii")])
        assert result.exit_code == 0, result.output
        [scan] = json.loads(result.stdout)["scans"]
        assert (NO_PROMISE in scan["notes"]) == (name == "turned")
        assert (tmp_path / f"{name}.half-width.nii").exists()
