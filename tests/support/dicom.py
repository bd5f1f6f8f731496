"""DICOM files for tests: studies whose every axis is different, files changed element by element, the validator."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from model.geometry import AcquisitionGeometry
from model.io.dicom.modules import AnonymousIds, save
from model.io.dicom.writer import nm_tomo_dataset
from model.io.study_records import Study
from tests.support.studies import reference_projections, tiny_geometry, tiny_study

SENTINEL = "ZZSENTINEL"


def asymmetric_study(geometry: AcquisitionGeometry | None = None, **options: Any) -> Study:
    """Return a study of one hot block that is off centre along every axis: left, front and head of the middle."""
    geometry = geometry or tiny_geometry(**options)
    activity = np.zeros(geometry.volume_shape)
    _, y, x = geometry.volume_shape
    activity[-2, y // 2 - 5 : y // 2 - 3, x // 2 + 4 : x // 2 + 7] = 1.0  # z to the head, y to the back, x to the left
    projections = reference_projections(activity, None, geometry)
    counts = np.rint(projections * (2e4 / projections.sum())).astype(np.float32)
    return Study(projections=counts[None], geometry=geometry, provenance={"generator": "tests.support.dicom"})


@functools.cache
def default_study() -> Study:
    """Return the study that most files of these tests hold; made once, not to be changed."""
    return tiny_study()


def nm_file(
    path: Path,
    change: Callable[[Any], None] | None = None,
    *,
    study: Study | None = None,
    gates: int = 1,
    **options: Any,
) -> Path:
    """Write a small NM file after `change` has had the data set in hand."""
    studies = [study or default_study()] * gates
    dataset = nm_tomo_dataset(studies, ids=options.pop("ids", AnonymousIds()), **options)
    if change is not None:
        change(dataset)
    save(path, dataset)
    return path


def dciodvfy_errors(path: Path) -> list[str]:
    """Return the errors that dciodvfy of dicom3tools finds; skip the test where the program is missing."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is not installed (Debian: apt-get install dicom3tools); written DICOM is NOT validated")
    done = subprocess.run([program, "-new", str(path)], capture_output=True, text=True, timeout=60, check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("Error", "Abort"))]


def centre_of_mass(volume: Any) -> tuple[float, float, float]:
    """Return (z, y, x) of a volume's centre of mass, in voxels from the centre of the grid."""
    total = float(volume.sum())
    return tuple(
        float((volume.sum(axis=tuple(a for a in range(3) if a != axis)) * np.arange(n)).sum() / total - (n - 1) / 2)
        for axis, n in enumerate(volume.shape)
    )  # type: ignore[return-value]  # three axes


def read_back(path: Path) -> Any:
    """Return the plain pydicom Dataset."""
    return pydicom.dcmread(path)


def plain_nm_dataset(
    frames: Any,
    *,
    start_deg: float = 180.0,
    step_deg: float = 30.0,
    direction: str = "CC",
    pixel_mm: float = 10.0,
    radius_mm: float = 200.0,
    heads: int = 1,
    head_gap_deg: float = 180.0,
) -> Any:
    """Return a TOMO data set put together by hand from the standard, with nothing of the product's writer.

    Parameters
    ----------
    frames : (views of all heads, rows, columns), whole counts, head after head
    """
    count, rows, columns = frames.shape
    each = count // heads
    ds = pydicom.Dataset()
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = pydicom.uid.NuclearMedicineImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = "2.25.77"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = "2.25.78", "2.25.79", "2.25.80"
    ds.Modality, ds.ImageType = "NM", ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]
    ds.PatientID, ds.PatientName = "HAND", "Made^By^Hand"
    ds.Rows, ds.Columns, ds.NumberOfFrames = rows, columns, count
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.PixelSpacing = [str(pixel_mm), str(pixel_mm)]
    ds.FrameIncrementPointer = [0x00540010, 0x00540020, 0x00540050, 0x00540090]
    ds.EnergyWindowVector, ds.RotationVector = [1] * count, [1] * count
    ds.DetectorVector = [1 + i // each for i in range(count)]
    ds.AngularViewVector = [1 + i % each for i in range(count)]
    ds.NumberOfEnergyWindows, ds.NumberOfDetectors, ds.NumberOfRotations = 1, heads, 1
    window, limits = pydicom.Dataset(), pydicom.Dataset()
    limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = "126.45", "154.55"
    window.EnergyWindowRangeSequence = [limits]
    ds.EnergyWindowInformationSequence = [window]
    ds.DetectorInformationSequence = []
    for head in range(heads):
        item = pydicom.Dataset()
        item.CollimatorType, item.StartAngle = "PARA", str((start_deg + head * head_gap_deg) % 360)
        ds.DetectorInformationSequence.append(item)
    rotation = pydicom.Dataset()
    rotation.StartAngle, rotation.AngularStep, rotation.RotationDirection = str(start_deg), str(step_deg), direction
    rotation.ScanArc, rotation.ActualFrameDuration, rotation.NumberOfFramesInRotation = (
        str(each * step_deg),
        20000,
        each,
    )
    rotation.RadialPosition = str(radius_mm)
    ds.RotationInformationSequence = [rotation]
    ds.PixelData = np.ascontiguousarray(frames, dtype="<u2").tobytes()
    return ds


def camera_frames(
    source_mm: tuple[float, float, float], angles_deg: list[float], *, rows: int, columns: int, pixel_mm: float
) -> Any:
    """Return what a camera at each angle sees of a point: the eye at the detector, the patient's head upwards.

    Angles as the standard has them: 0 at the back, growing towards the patient's left. Right of the picture is
    forward x up, first row at the top; nothing of the product's geometry is used.
    """
    frames = np.zeros((len(angles_deg), rows, columns), dtype=np.uint16)
    up = np.array([0.0, 0.0, 1.0])
    for i, angle in enumerate(np.radians(angles_deg)):
        eye = np.array([np.sin(angle), np.cos(angle), 0.0])  # x to the left, y to the back
        right = np.cross(-eye, up)
        across = (columns - 1) / 2 + float(right @ np.array(source_mm)) / pixel_mm
        row = round((rows - 1) / 2 - float(up @ np.array(source_mm)) / pixel_mm)
        column = int(np.floor(across))
        frames[i, row, column + 1] = round(100 * (across - column))
        frames[i, row, column] = 100 - frames[i, row, column + 1]
    return frames
