"""A CT of the same frame of reference becomes an attenuation map in mm^-1, at the right place; another one is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import pytest

from model.errors import DicomError
from model.geometry import VolumeGrid
from model.io.dicom import AnonymousIds, attach_ct, read_ct_series, read_nm, write_ct_series, write_nm_tomo
from model.io.dicom.ct import mu_from_hu, water_mu_per_mm
from model.io.imported import PatientFrame
from model.io.patient_keys import token
from model.io.study import read_study, write_study
from tests.support.dicom import centre_of_mass, dciodvfy_errors, nm_file
from tests.support.studies import tiny_study

EMISSION = VolumeGrid((8, 12, 12), (16.0, 16.0, 16.0))
CT = VolumeGrid((16, 24, 24), (8.0, 8.0, 8.0))
IDS = AnonymousIds(patient="P")


def emission_frame(**options: Any) -> PatientFrame:
    token = read_token(IDS)
    return PatientFrame.centred(EMISSION, **({"positioned": True, "frame_of_reference": token} | options))


def read_token(ids: AnonymousIds) -> str | None:
    return token(ids.frame_of_reference_uid)


def body_hu(grid: VolumeGrid = CT) -> npt.NDArray[np.float64]:
    """Air, with a block of water off centre along every axis: left, back and head of the middle."""
    hu = np.full(grid.shape, -1000.0)
    hu[10:14, 14:20, 12:22] = 0.0
    return hu


def test_water_air_and_bone_have_the_published_attenuation() -> None:
    assert water_mu_per_mm(140.5) == pytest.approx(0.01537, rel=1e-6)
    assert water_mu_per_mm(159.0) == pytest.approx(0.0147, rel=0.01)
    assert water_mu_per_mm(364.5) == pytest.approx(0.0110, rel=0.01)
    mu = mu_from_hu(np.array([-3000.0, -1000.0, -500.0, 0.0, 1000.0]))
    assert mu[:2].tolist() == [0.0, 0.0]
    assert mu[2] == pytest.approx(0.01537 / 2, rel=1e-5)
    assert mu[3] == pytest.approx(0.01537, rel=1e-5)
    assert 0.0240 < mu[4] < 0.0260  # a bone of 1000 HU; with water's own slope it would be 0.0307
    cortical = mu_from_hu(np.array([1453.0]))[0]  # ICRU-44 cortical bone at the CT's effective energy
    assert cortical == pytest.approx(0.0295, rel=0.01)


def test_the_map_lies_where_the_ct_lies(tmp_path: Path) -> None:
    paths = write_ct_series(tmp_path, body_hu(), PatientFrame.centred(CT), ids=IDS)
    mu = read_ct_series(paths[::-1], emission_frame())
    assert mu.shape == EMISSION.shape
    assert mu.dtype == np.float32
    expected = np.array(centre_of_mass(body_hu() + 1000.0)) * 8.0
    assert np.allclose(np.array(centre_of_mass(mu)) * 16.0, expected, atol=0.5)
    assert mu.max() == pytest.approx(0.01537, rel=1e-4)
    assert float(mu.sum()) * 16.0**3 == pytest.approx(4 * 6 * 10 * 512.0 * 0.01537, rel=1e-4)


@pytest.mark.parametrize("shift", [(16.0, 0.0, 0.0), (0.0, -32.0, 0.0), (0.0, 0.0, 16.0)])
def test_a_shifted_ct_shifts_the_map_the_same_way(shift: tuple[float, float, float], tmp_path: Path) -> None:
    placed = PatientFrame.centred(CT)
    moved = PatientFrame(CT, tuple(np.add(placed.origin_mm, shift)))
    before = read_ct_series(write_ct_series(tmp_path / "a", body_hu(), placed, ids=IDS), emission_frame())
    after = read_ct_series(write_ct_series(tmp_path / "b", body_hu(), moved, ids=IDS), emission_frame())
    difference = np.subtract(centre_of_mass(after), centre_of_mass(before)) * 16.0
    assert np.allclose(difference[::-1], shift, atol=0.5)


def test_a_ct_stored_from_the_left_and_from_the_feet_up_gives_the_same_map(tmp_path: Path) -> None:
    placed = PatientFrame.centred(CT)
    expected = read_ct_series(write_ct_series(tmp_path / "a", body_hu(), placed, ids=IDS), emission_frame())
    x, y, z = placed.origin_mm
    mirrored = PatientFrame(CT, (-x, -y, z), x_direction=(-1.0, 0.0, 0.0), y_direction=(0.0, -1.0, 0.0))
    turned = write_ct_series(tmp_path / "b", body_hu()[:, ::-1, ::-1], mirrored, ids=IDS)
    assert np.allclose(read_ct_series(turned, emission_frame()), expected, atol=1e-6)


def test_fine_detail_is_averaged_not_picked(tmp_path: Path) -> None:
    stripes = np.full(CT.shape, -1000.0)
    stripes[:, :, ::2] = 0.0
    mu = read_ct_series(write_ct_series(tmp_path, stripes, PatientFrame.centred(CT), ids=IDS), emission_frame())
    assert mu[:, 1:-1, 1:-1] == pytest.approx(0.01537 / 2, rel=1e-3)


def test_attaching_a_ct_fills_the_study_at_the_energy_of_its_photopeak(tmp_path: Path) -> None:
    study = tiny_study(shape=EMISSION.shape)
    write_nm_tomo(tmp_path / "nm.dcm", study, ids=IDS)
    paths = write_ct_series(tmp_path / "ct", body_hu(), PatientFrame.centred(CT), ids=IDS)
    imported = attach_ct(read_nm(tmp_path / "nm.dcm"), paths)
    assert imported.study.attenuation is not None
    assert imported.study.attenuation.max() == pytest.approx(0.01537, rel=1e-4)
    assert any("CT of 16 slices for 140.5 keV" in n for n in imported.notes)
    write_study(tmp_path / "study.h5", imported.study)
    kept = read_study(tmp_path / "study.h5").provenance["notes"]
    assert kept == list(imported.notes), "the hospital's pages read them from the study file"


def test_a_ct_is_laid_by_its_positions_where_a_frame_of_reference_is_missing(tmp_path: Path) -> None:
    study = tiny_study(shape=EMISSION.shape)
    nameless = nm_file(tmp_path / "nm.dcm", lambda d: delattr(d, "FrameOfReferenceUID"), study=study)
    paths = write_ct_series(tmp_path / "ct", body_hu(), PatientFrame.centred(CT), ids=IDS)
    imported = attach_ct(read_nm(nameless), paths)
    assert any("check the fit" in n for n in imported.notes)
    assert imported.study.attenuation is not None
    assert np.allclose(
        imported.study.attenuation,
        read_ct_series(paths, PatientFrame.centred(study.geometry.grid, positioned=True)),
        atol=1e-6,
    )


def test_a_short_cts_end_slices_are_repeated_and_said(tmp_path: Path) -> None:
    grid = VolumeGrid((10, 24, 24), (8.0, 8.0, 8.0))
    hu = np.zeros(grid.shape)
    hu[:5] = -500.0
    paths = write_ct_series(tmp_path, hu, PatientFrame.centred(grid), ids=IDS)
    study = tiny_study(shape=EMISSION.shape)
    write_nm_tomo(tmp_path / "nm.dcm", study, ids=IDS)
    imported = attach_ct(read_nm(tmp_path / "nm.dcm"), paths)
    assert "2 of 8 emission slices lie outside the CT: its last slice was repeated there." in imported.notes
    mu = imported.study.attenuation
    assert mu is not None
    for feet, head in ((mu[0], mu[7]), (mu[1], mu[6])):
        np.testing.assert_allclose(feet, 0.01537 / 2, rtol=1e-3)
        np.testing.assert_allclose(head, 0.01537, rtol=1e-3)


def change_slice(path: Path, **elements: Any) -> None:
    dataset = pydicom.dcmread(path)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)


def test_every_ct_that_does_not_belong_is_refused(tmp_path: Path) -> None:
    frame = emission_frame()
    paths = write_ct_series(tmp_path / "ok", body_hu(), PatientFrame.centred(CT), ids=IDS)

    def refused(code: str, chosen: list[Path], place: PatientFrame = frame) -> str:
        with pytest.raises(DicomError) as error:
            read_ct_series(chosen, place)
        assert error.value.code == code
        return error.value.message

    other = write_ct_series(tmp_path / "other", body_hu(), PatientFrame.centred(CT), ids=AnonymousIds(patient="Q"))
    refused("dicom.other_frame_of_reference", other)
    refused("dicom.no_position", paths, emission_frame(positioned=False))
    refused("dicom.files_differ", [*paths, other[0]])
    assert "missing or doubled" in refused("dicom.ct_gaps", paths[:5] + paths[6:])
    refused("dicom.ct_gaps", [*paths, paths[0]])
    refused("dicom.ct_slices", paths[:1])
    x, y, z = PatientFrame.centred(CT).origin_mm
    away = write_ct_series(tmp_path / "away", body_hu(), PatientFrame(CT, (x, y, z + 500.0)), ids=IDS)
    assert "covers 0%" in refused("dicom.no_overlap", away)
    beside = write_ct_series(tmp_path / "beside", body_hu(), PatientFrame(CT, (x + 900.0, y, z)), ids=IDS)
    refused("dicom.no_overlap", beside)
    write_nm_tomo(tmp_path / "nm.dcm", tiny_study())
    assert "file 2 " in refused("dicom.wrong_modality", [paths[0], tmp_path / "nm.dcm"])
    change_slice(paths[3], ImageOrientationPatient=[1, 0, 0, 1, 0, 0])
    assert "perpendicular" in refused("dicom.bad_value", paths)
    change_slice(paths[3], ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    refused("dicom.files_differ", paths)


def test_a_validator_finds_no_error_in_a_ct(tmp_path: Path) -> None:
    paths = write_ct_series(tmp_path, body_hu()[:2], PatientFrame.centred(VolumeGrid((2, 24, 24), CT.voxel_mm)))
    assert dciodvfy_errors(paths[0]) == []
