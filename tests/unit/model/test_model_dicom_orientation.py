"""Left, right, front, back, head, foot, rotation direction and start angle survive DICOM; each goes red when flipped.

The files are put together by hand from the words of the standard, so that a reader and a writer that err alike are
caught too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
import torch

from model.geometry import LEHR_NM670
from model.io.dicom import read_nm, write_nm_tomo, write_recon_tomo
from model.io.dicom.modules import save
from model.io.imported import PatientFrame
from model.io.study_records import Study
from model.projector import SpectProjector
from tests.support.dicom import asymmetric_study, camera_frames, centre_of_mass, plain_nm_dataset, read_back

ROWS, COLUMNS, PIXEL = 9, 15, 10.0
TOLERANCE = 1.01 * PIXEL  # a voxel; the smallest flip below is four
SOURCES = {
    "left": (40.0, 0.0, 0.0),
    "right": (-40.0, 0.0, 0.0),
    "back": (0.0, 40.0, 0.0),
    "front": (0.0, -40.0, 0.0),
    "head": (0.0, 0.0, 30.0),
    "foot": (0.0, 0.0, -30.0),
    "left, front, head": (30.0, -40.0, 20.0),
    "right, back, foot": (-20.0, 50.0, -30.0),
}
ORBITS: dict[str, dict[str, Any]] = {
    "perfusion, clockwise from right front": {"start_deg": 225.0, "step_deg": 15.0, "direction": "CW", "views": 12},
    "half turn, counter-clockwise from the right": {
        "start_deg": 275.0,
        "step_deg": 15.0,
        "direction": "CC",
        "views": 12,
    },
    "quarter turn, counter-clockwise from the back": {
        "start_deg": 5.0,
        "step_deg": 10.0,
        "direction": "CC",
        "views": 10,
    },
    "quarter turn, clockwise from the left": {"start_deg": 95.0, "step_deg": 10.0, "direction": "CW", "views": 10},
}


def angles_deg(orbit: dict[str, Any], *, start: float | None = None) -> list[float]:
    sign = 1 if orbit["direction"] == "CC" else -1
    first = orbit["start_deg"] if start is None else start
    return [first + sign * i * orbit["step_deg"] for i in range(orbit["views"])]


def hottest_mm(study: Study, frame: PatientFrame) -> npt.NDArray[np.float64]:
    """Return (x, y, z) of the hottest voxel of the plain backprojection, in mm of the patient."""
    projector = SpectProjector(study.geometry, resolution=False)
    volume = projector.backproject(torch.from_numpy(study.projections)).numpy()[0]
    z, y, x = np.unravel_index(int(volume.argmax()), volume.shape)
    return np.asarray(frame.affine_lps()[:3] @ np.array([x, y, z, 1.0]))


def read_hand_made(path: Path, orbit: dict[str, Any], source: tuple[float, float, float]) -> Any:
    frames = camera_frames(source, angles_deg(orbit), rows=ROWS, columns=COLUMNS, pixel_mm=PIXEL)
    options = {k: orbit[k] for k in ("start_deg", "step_deg", "direction")}
    save(path, plain_nm_dataset(frames, pixel_mm=PIXEL, **options))
    return read_nm(path, collimator=LEHR_NM670, intrinsic_fwhm_mm=0.0)


@pytest.mark.parametrize("where", SOURCES)
@pytest.mark.parametrize("orbit", ORBITS)
def test_a_source_is_found_where_it_was(orbit: str, where: str, tmp_path: Path) -> None:
    got = read_hand_made(tmp_path / "a.dcm", ORBITS[orbit], SOURCES[where])
    assert np.abs(hottest_mm(got.study, got.frame) - SOURCES[where]).max() <= TOLERANCE


def test_two_heads_stand_at_their_own_angles(tmp_path: Path) -> None:
    source = SOURCES["left, front, head"]
    orbit = {"start_deg": 180.0, "step_deg": 15.0, "direction": "CW", "views": 6}
    angles = angles_deg(orbit) + angles_deg(orbit, start=90.0)
    frames = camera_frames(source, angles, rows=ROWS, columns=COLUMNS, pixel_mm=PIXEL)
    options: dict[str, Any] = {
        "start_deg": 180.0,
        "step_deg": 15.0,
        "direction": "CW",
        "heads": 2,
        "head_gap_deg": -90.0,
    }
    save(tmp_path / "a.dcm", plain_nm_dataset(frames, pixel_mm=PIXEL, **options))
    got = read_nm(tmp_path / "a.dcm")
    assert got.frame is not None
    assert np.allclose(np.degrees(got.study.geometry.angles_rad) % 360, np.array(angles) % 360)
    assert np.abs(hottest_mm(got.study, got.frame) - source).max() <= TOLERANCE


def test_frames_stored_upside_down_by_their_own_header_are_turned(tmp_path: Path) -> None:
    source = SOURCES["left, front, head"]
    orbit = ORBITS["perfusion, clockwise from right front"] | {"start_deg": 180.0}
    frames = camera_frames(source, angles_deg(orbit), rows=ROWS, columns=COLUMNS, pixel_mm=PIXEL)
    options = {k: orbit[k] for k in ("start_deg", "step_deg", "direction")}
    dataset = plain_nm_dataset(frames[:, ::-1, ::-1], pixel_mm=PIXEL, **options)
    dataset.PatientPosition = "FFS"
    dataset.DetectorInformationSequence[0].ImageOrientationPatient = [-1, 0, 0, 0, 0, 1]  # the anterior view, turned
    save(tmp_path / "a.dcm", dataset)
    got = read_nm(tmp_path / "a.dcm")
    assert got.frame is not None
    assert np.abs(hottest_mm(got.study, got.frame) - source).max() <= TOLERANCE
    assert any("feet first" in n for n in got.notes)
    assert any("upside down" in n for n in got.notes)


def test_an_orientation_that_would_be_a_mirror_image_is_not_believed_but_said(tmp_path: Path) -> None:
    source = SOURCES["left, front, head"]
    orbit = ORBITS["quarter turn, counter-clockwise from the back"] | {"start_deg": 0.0}
    frames = camera_frames(source, angles_deg(orbit), rows=ROWS, columns=COLUMNS, pixel_mm=PIXEL)
    options = {k: orbit[k] for k in ("start_deg", "step_deg", "direction")}
    dataset = plain_nm_dataset(frames, pixel_mm=PIXEL, **options)
    dataset.DetectorInformationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 0, -1]  # of the anterior view
    save(tmp_path / "a.dcm", dataset)
    got = read_nm(tmp_path / "a.dcm")
    assert got.frame is not None
    assert np.abs(hottest_mm(got.study, got.frame) - source).max() <= TOLERANCE
    assert any("mirror" in n for n in got.notes)


def patient_position_mm(dataset: pydicom.Dataset, frame: int, row: int, column: int) -> npt.NDArray[np.float64]:
    """Return where a pixel of a multi-frame reconstruction lies, by the words of C.7.6.2.1.1 and C.8.4.15."""
    head = dataset.DetectorInformationSequence[0]
    cosines = np.array([float(v) for v in head.ImageOrientationPatient])
    along_row, along_column = cosines[:3], cosines[3:]
    down, across = (float(v) for v in dataset.PixelSpacing)
    corner = np.array([float(v) for v in head.ImagePositionPatient])
    normal = np.cross(along_row, along_column)
    in_plane = column * across * along_row + row * down * along_column
    return np.asarray(corner + in_plane + frame * float(dataset.SpacingBetweenSlices) * normal)


@pytest.mark.parametrize("where", SOURCES)
def test_a_reconstruction_says_where_in_the_patient_its_voxels_lie(where: str, tmp_path: Path) -> None:
    got = read_hand_made(tmp_path / "a.dcm", ORBITS["perfusion, clockwise from right front"], SOURCES[where])
    hottest = hottest_mm(got.study, got.frame)
    volume = np.zeros(got.study.geometry.volume_shape, dtype=np.float32)
    index = np.linalg.solve(got.frame.affine_lps(), np.array([*hottest, 1.0]))
    volume[tuple(np.rint(index[2::-1]).astype(int))] = 7.0
    write_recon_tomo(tmp_path / "r.dcm", volume, got.study, template=tmp_path / "a.dcm", frame=got.frame)
    written = read_back(tmp_path / "r.dcm")
    frame, row, column = np.unravel_index(int(written.pixel_array.argmax()), written.pixel_array.shape)
    there = patient_position_mm(written, int(frame), int(row), int(column))
    assert np.abs(there - SOURCES[where]).max() <= TOLERANCE


def test_the_writer_shows_what_a_camera_sees(tmp_path: Path) -> None:
    study = asymmetric_study(shape=(8, 20, 20), voxel_mm=16.0, views=12, start_deg=180.0, arc_deg=-360.0)
    write_nm_tomo(tmp_path / "a.dcm", study)
    written = read_back(tmp_path / "a.dcm")
    anterior, right, posterior, left = (centre_of_mass(written.pixel_array[i][None]) for i in (0, 9, 6, 3))
    assert written.RotationInformationSequence[0].RotationDirection == "CW"  # front, left, back, right
    assert anterior[1] < -1.5  # towards the head: upper rows
    assert anterior[2] > 3  # the patient's left on the right of the anterior view
    assert posterior[2] < -3
    assert left[2] < -2  # the front on the left of the left lateral view
    assert right[2] > 2
    assert np.array_equal(read_nm(tmp_path / "a.dcm").study.projections, study.projections)
