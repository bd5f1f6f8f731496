"""Bq/mL: the hand calculation, decay, and a refusal wherever a number is missing."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from model.errors import QuantificationError
from model.io.dicom import read_nm, read_nm_gates, write_nm_tomo
from model.io.dicom.modules import code, save
from model.io.imported import Administration, ImportedStudy
from model.io.importing import import_studies
from model.io.study import read_study, write_study
from model.quantification import (
    ActivityCalibration,
    activity_of_a_count,
    activity_words,
    bq_per_ml_of_a_count,
    calibration_of,
    decay_factor,
    with_calibration,
)
from tests.support.dicom import plain_nm_dataset
from tests.support.studies import tiny_study

TC99M_S = 6.0067 * 3600


def test_a_source_that_can_be_counted_by_hand() -> None:
    """1 MBq in one voxel of 16 mm, 80 counts per second per MBq, 12 views of 20 s: 19 200 counts, 244 141 Bq/mL."""
    study = with_calibration(tiny_study(), ActivityCalibration(80.0))
    assert 80.0 * 12 * 20.0 * activity_of_a_count(ImportedStudy(study)) == pytest.approx(1e6 / 4.096, rel=1e-6)


def test_decay_is_undone_by_its_textbook_factors() -> None:
    # the mean over one half-life is 1 / (2 ln 2) of the start
    hour = ActivityCalibration(80.0, half_life_s=3600.0, acquisition_s=3600.0)
    assert decay_factor(hour, 3600.0) == pytest.approx(2 * math.log(2))
    earlier = replace(hour, reference_to_start_s=7200.0)
    assert decay_factor(earlier, 3600.0) == pytest.approx(4 * 2 * math.log(2))
    assert decay_factor(ActivityCalibration(80.0), 3600.0) == 1.0
    short = ActivityCalibration(80.0, half_life_s=TC99M_S, acquisition_s=1e-6)
    assert decay_factor(short, 1e-6) == pytest.approx(1.0)


def test_two_heads_take_half_the_wall_clock() -> None:
    geometry = tiny_study().geometry
    one = ActivityCalibration(80.0, half_life_s=100.0)
    two = replace(one, acquisition_s=120.0)
    ratio = bq_per_ml_of_a_count(one, geometry) / bq_per_ml_of_a_count(two, geometry)
    rate = math.log(2) / 100.0
    assert ratio == pytest.approx(2 * (1 - math.exp(-120 * rate)) / (1 - math.exp(-240 * rate)))


def test_the_calibration_survives_the_study_file(tmp_path: Path) -> None:
    wanted = ActivityCalibration(77.5, half_life_s=TC99M_S, reference_to_start_s=3600.0)
    write_study(tmp_path / "a.h5", with_calibration(tiny_study(), wanted))
    assert ActivityCalibration.from_provenance(read_study(tmp_path / "a.h5").provenance) == wanted


def test_the_half_life_may_come_from_the_injection() -> None:
    study = with_calibration(tiny_study(), ActivityCalibration(80.0))
    plain = activity_of_a_count(ImportedStudy(study))
    decayed = activity_of_a_count(ImportedStudy(study, administration=Administration(half_life_s=100.0)))
    assert decayed > 1.5 * plain


def test_heads_that_count_at_the_same_time_share_the_wall_clock() -> None:
    imported = ImportedStudy(with_calibration(tiny_study(), ActivityCalibration(80.0, half_life_s=600.0)), heads=2)
    assert calibration_of(imported).acquisition_s == pytest.approx(sum(imported.study.geometry.duration_s) / 2)
    assert activity_of_a_count(imported) < activity_of_a_count(replace(imported, heads=1))
    known = with_calibration(imported.study, ActivityCalibration(80.0, half_life_s=600.0, acquisition_s=77.0))
    assert calibration_of(replace(imported, study=known)).acquisition_s == 77.0


def test_a_gate_decays_over_the_whole_acquisition(tmp_path: Path) -> None:
    write_nm_tomo(tmp_path / "gated.dcm", [tiny_study(gate) for gate in range(4)])
    whole, gates = read_nm(tmp_path / "gated.dcm"), read_nm_gates(tmp_path / "gated.dcm")
    for one in (whole, *gates):
        known = calibration_of(replace(one, study=with_calibration(one.study, ActivityCalibration(80.0))))
        assert known.acquisition_s == pytest.approx(math.fsum(whole.study.geometry.duration_s))
        assert known.half_life_s == pytest.approx(TC99M_S, rel=1e-3)
    assert math.fsum(gates[0].study.geometry.duration_s) == pytest.approx(
        math.fsum(whole.study.geometry.duration_s) / 4
    )


def test_half_life_and_wall_clock_outlive_the_import(tmp_path: Path) -> None:
    dataset = plain_nm_dataset(np.ones((4, 6, 7), dtype=np.uint16), heads=2)
    dose = pydicom.Dataset()
    dose.RadionuclideCodeSequence = [code("C-163A8", "SRT", "^99m^Technetium")]
    dataset.RadiopharmaceuticalInformationSequence = [dose]
    save(tmp_path / "scan.dcm", dataset)
    [scan] = import_studies(tmp_path / "scan.dcm")
    write_study(tmp_path / "study.h5", scan.study)
    [study] = import_studies(tmp_path / "study.h5")
    for one in (scan, study):
        known = calibration_of(replace(one, study=with_calibration(one.study, ActivityCalibration(80.0))))
        assert known.acquisition_s == pytest.approx(math.fsum(scan.study.geometry.duration_s) / 2)
        assert known.half_life_s == pytest.approx(TC99M_S, rel=1e-3)


def test_a_sensitivity_replaces_nothing_else_that_the_study_knows() -> None:
    full = ActivityCalibration(80.0, half_life_s=600.0, acquisition_s=77.0, reference_to_start_s=3600.0)
    imported = ImportedStudy(with_calibration(with_calibration(tiny_study(), full), ActivityCalibration(90.0)))
    assert calibration_of(imported) == replace(full, sensitivity_cps_per_mbq=90.0)


def test_it_is_said_to_which_time_the_values_belong() -> None:
    study = tiny_study()
    plain = ImportedStudy(with_calibration(study, ActivityCalibration(80.0)))
    assert "mean over the acquisition" in activity_words(plain)
    decayed = replace(plain, administration=Administration(half_life_s=21624.0))
    assert "at the start of the acquisition: decay with a half-life of 21624 s over 240 s" in activity_words(decayed)
    earlier = ActivityCalibration(80.0, half_life_s=21624.0, acquisition_s=120.0, reference_to_start_s=3600.0)
    assert "3600 s before the start" in activity_words(ImportedStudy(with_calibration(study, earlier)))


def refused(study: ImportedStudy) -> QuantificationError:
    with pytest.raises(QuantificationError) as found:
        activity_of_a_count(study)
    return found.value


def test_what_is_missing_is_said() -> None:
    study = tiny_study()
    found = refused(ImportedStudy(study))
    assert found.code == "quantification.missing"
    assert "--sensitivity" in found.remedy
    no_map = replace(with_calibration(study, ActivityCalibration(80.0)), attenuation=None)
    assert refused(ImportedStudy(no_map)).code == "quantification.no_attenuation"


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, "80", True])
def test_numbers_that_are_none_are_refused(value: object) -> None:
    study = replace(tiny_study(), provenance={"activity_calibration": {"sensitivity_cps_per_mbq": value}})
    assert refused(ImportedStudy(study)).code == "quantification.bad_value"


def test_fields_of_a_later_version_are_left_alone() -> None:
    found = ActivityCalibration.from_provenance(
        {"activity_calibration": {"sensitivity_cps_per_mbq": 80.0, "dead_time_us": 1.0}}
    )
    assert found == ActivityCalibration(80.0)
