"""What is written as DICOM NM is read back exactly, and a validator has nothing against it."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.errors import DicomError
from model.geometry import EnergyWindow
from model.io.dicom import read_nm, read_nm_gates, write_nm_tomo, write_recon_tomo
from model.io.dicom.modules import AnonymousIds
from model.io.dicom.recon import Shown
from model.io.imported import PatientFrame
from model.io.study import read_study, write_study
from model.io.study_records import Study
from tests.support.dicom import dciodvfy_errors, nm_file, read_back
from tests.support.studies import tiny_geometry, tiny_study

CASES = {
    "perfusion orbit, clockwise": {},
    "full turn, counter-clockwise": {"start_deg": 10.0, "arc_deg": 360.0},
    "odd start and step": {"start_deg": 123.456, "arc_deg": -271.3, "views": 11},
    "two windows": {"windows": 2},
    "bins that are not the voxels": {"shape": (6, 18, 18), "voxel_mm": 12.34567},
    "one view": {"views": 1},
}


def assert_same_acquisition(got: Study, expected: Study) -> None:
    assert np.array_equal(got.projections, expected.projections)
    a, b = got.geometry, expected.geometry
    turned = (np.subtract(a.angles_rad, b.angles_rad) + math.pi) % (2 * math.pi) - math.pi
    assert np.abs(turned).max() < 1e-6
    assert np.allclose(a.radius_mm, b.radius_mm, rtol=0, atol=1e-6)
    assert np.allclose(a.duration_s, b.duration_s, rtol=0, atol=1e-6)
    assert (a.n_bins, a.n_axial, a.grid.shape) == (b.n_bins, b.n_axial, b.grid.shape)
    assert np.allclose([a.bin_mm, a.axial_mm, *a.grid.voxel_mm], [b.bin_mm, b.axial_mm, *b.grid.voxel_mm], atol=1e-6)
    assert np.allclose([a.collimator.hole_mm, a.collimator.length_mm], [b.collimator.hole_mm, b.collimator.length_mm])
    assert a.intrinsic_fwhm_mm == b.intrinsic_fwhm_mm
    assert a.windows == b.windows


@pytest.mark.parametrize("case", CASES)
def test_a_study_comes_back_from_dicom_bit_for_bit_in_counts(case: str, tmp_path: Path) -> None:
    study = tiny_study(**CASES[case])  # type: ignore[arg-type]  # keyword options of the builder
    write_nm_tomo(tmp_path / "a.dcm", study)
    assert_same_acquisition(read_nm(tmp_path / "a.dcm").study, study)


def test_two_detectors_and_varying_radii_come_back(tmp_path: Path) -> None:
    geometry = tiny_geometry(views=12)
    data = geometry.to_dict() | {"radius_mm": [200.0 + 3.7 * v for v in range(12)]}
    study = tiny_study(geometry=type(geometry).from_dict(data))
    write_nm_tomo(tmp_path / "a.dcm", study, detectors=2)
    written = read_back(tmp_path / "a.dcm")
    assert written.NumberOfDetectors == 2
    assert len(written.DetectorInformationSequence[1].RadialPosition) == 6
    assert_same_acquisition(read_nm(tmp_path / "a.dcm").study, study)


def test_gates_are_summed_or_read_one_by_one(tmp_path: Path) -> None:
    gates = [tiny_study(seed, with_defect=False, counts=2e4) for seed in range(3)]
    write_nm_tomo(tmp_path / "a.dcm", gates, detectors=2)
    summed = read_nm(tmp_path / "a.dcm")
    assert np.array_equal(summed.study.projections, sum(g.projections for g in gates))
    assert summed.study.geometry.duration_s[0] == pytest.approx(60.0)
    single = read_nm_gates(tmp_path / "a.dcm")
    assert [s.gate for s in single] == [1, 2, 3]
    for got, expected in zip(single, gates, strict=True):
        assert_same_acquisition(got.study, expected)
    assert len({s.study.provenance["patient_key"] for s in single}) == 1
    assert np.array_equal(read_nm(tmp_path / "a.dcm", gate=2).study.projections, gates[1].projections)
    with pytest.raises(DicomError, match="gates 1 to 3") as error:
        read_nm(tmp_path / "a.dcm", gate=4)
    assert error.value.code == "dicom.no_such_gate"


def test_counts_that_are_not_whole_keep_four_digits_of_the_largest(tmp_path: Path) -> None:
    study = tiny_study(noise=False)
    write_nm_tomo(tmp_path / "a.dcm", study)
    got = read_nm(tmp_path / "a.dcm").study.projections
    assert np.abs(got - study.projections).max() <= study.projections.max() / 65535


def test_the_photopeak_comes_first_whatever_its_place_in_the_file(tmp_path: Path) -> None:
    study = tiny_study(windows=2)
    geometry = type(study.geometry).from_dict(
        study.geometry.to_dict() | {"windows": [{"name": n, "lower_kev": lo, "upper_kev": hi} for n, lo, hi in
                                                (("a", 114.0, 126.45), ("b", 126.45, 154.55))]}
    )  # fmt: skip
    swapped = Study(projections=study.projections[::-1].copy(), geometry=geometry)
    write_nm_tomo(tmp_path / "a.dcm", swapped)
    got = read_nm(tmp_path / "a.dcm").study
    assert got.geometry.windows == (
        EnergyWindow("photopeak", 126.45, 154.55),
        EnergyWindow("scatter", 114.0, 126.45),
    )
    assert np.array_equal(got.projections, study.projections)


def test_windows_or_heads_or_gates_in_files_of_their_own_are_joined(tmp_path: Path) -> None:
    study = tiny_study(windows=2)
    for window in range(2):
        data = study.geometry.to_dict()
        geometry = type(study.geometry).from_dict(data | {"windows": [data["windows"][window]]})
        part = Study(projections=study.projections[window : window + 1], geometry=geometry)
        write_nm_tomo(tmp_path / f"{window}.dcm", part)
    joined = read_nm([tmp_path / "0.dcm", tmp_path / "1.dcm"])
    assert np.array_equal(joined.study.projections, study.projections)
    twice = read_nm([tmp_path / "0.dcm", tmp_path / "0.dcm"])
    assert np.array_equal(twice.study.projections, 2 * study.projections[:1])
    write_nm_tomo(tmp_path / "other.dcm", tiny_study(), ids=AnonymousIds(patient="B"))
    with pytest.raises(DicomError, match="other patients") as error:
        read_nm([tmp_path / "0.dcm", tmp_path / "other.dcm"])
    assert error.value.code == "dicom.files_differ"


def test_rescale_slope_and_intercept_give_the_counts(tmp_path: Path) -> None:
    study = tiny_study()

    def rescale(dataset: object) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = "2.5", "3"  # type: ignore[attr-defined]  # a pydicom Dataset

    got = read_nm(nm_file(tmp_path / "a.dcm", rescale, study=study)).study
    assert np.allclose(got.projections, study.projections * 2.5 + 3)


def test_what_was_read_is_a_valid_study_file(tmp_path: Path) -> None:
    imported = read_nm(nm_file(tmp_path / "a.dcm"))
    write_study(tmp_path / "a.h5", imported.study)
    again = read_study(tmp_path / "a.h5")
    assert np.array_equal(again.projections, imported.study.projections)
    assert again.provenance["source"] == "dicom"


def test_the_same_study_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_nm_tomo(tmp_path / name, tiny_study())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_position_in_the_patient_comes_back(tmp_path: Path) -> None:
    study = tiny_study(start_deg=200.0)
    frame = PatientFrame(study.geometry.grid, (-170.5, -120.25, 33.0))
    write_nm_tomo(tmp_path / "a.dcm", study, frame=frame)
    got = read_nm(tmp_path / "a.dcm").frame
    assert got is not None
    assert got.positioned
    assert np.allclose(got.origin_mm, frame.origin_mm, atol=1e-6)


def two_rotations(dataset: Any) -> None:
    """Make a rotation of each of two heads, as some cameras do."""
    first, second = dataset.RotationInformationSequence[0], copy.deepcopy(dataset.RotationInformationSequence[0])
    second.StartAngle = dataset.DetectorInformationSequence[1].StartAngle
    dataset.RotationInformationSequence, dataset.NumberOfRotations = [first, second], 2
    dataset.RotationVector = list(dataset.DetectorVector)


RECONS = (
    "recon",
    "recon of template",
    "recon of template with two rotations",
    "recon of template, half-width of a gate",
)


@pytest.mark.parametrize("kind", ["tomo", "two heads, two windows", "gated", "fractions", *RECONS])
def test_a_validator_finds_no_error(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    study = tiny_study(windows=2 if "windows" in kind else 1, noise=kind != "fractions")
    if kind.startswith("recon"):
        turns, heads = (two_rotations, 2) if "two rotations" in kind else (None, 1)
        template = nm_file(tmp_path / "t.dcm", turns, study=study, detectors=heads) if "template" in kind else None
        shown = Shown(half_width="half" in kind, gate=3 if "gate" in kind else None, gates=8)
        assert study.reference is not None
        write_recon_tomo(path, study.reference, study, template=template, method="osem 2 x 6", shown=shown)
    else:
        write_nm_tomo(path, [study] * (4 if kind == "gated" else 1), detectors=2 if "heads" in kind else 1)
    assert dciodvfy_errors(path) == []
