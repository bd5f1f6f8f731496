# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Write synthetic projections as DICOM NM (TOMO, GATED TOMO), so that the whole path of a hospital can be walked. Torch-free.

Frames are stored as a camera stores them: the first row at the head, columns as seen from the detector. What DICOM has
no element for (holes of the collimator, intrinsic resolution) goes into a private block that the reader knows.

References
----------
DICOM PS3.3 A.5, C.8.4.6 to C.8.4.12.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag

from model.errors import DicomError
from model.geometry import AcquisitionGeometry
from model.io.dicom.modules import (
    NM_STORAGE,
    AnonymousIds,
    add_anonymous,
    add_pixels,
    add_supine_head_first,
    code,
    ds_number,
    empty_dataset,
    make_uid,
    save,
)
from model.io.dicom.own import write_own_camera
from model.io.dicom.position import bin_axis
from model.io.imported import PatientFrame
from model.io.study_records import Study

_TAGS = {
    "EnergyWindowVector": 0x00540010, "DetectorVector": 0x00540020, "RotationVector": 0x00540050,
    "RRIntervalVector": 0x00540060, "TimeSlotVector": 0x00540070, "AngularViewVector": 0x00540090,
}  # fmt: skip
_TOLERANCE_DEG = 1e-6


def write_nm_tomo(
    path: str | Path,
    study: Study | Sequence[Study],
    *,
    ids: AnonymousIds | None = None,
    detectors: int = 1,
    frame: PatientFrame | None = None,
) -> None:
    """Write projections of a study; several studies of one geometry become the gates of one file.

    Parameters
    ----------
    path : path of the file
    study : Study or sequence of Study
        Whole counts up to 65535 a pixel are stored exactly, others to a 65535th of the largest; times to 1 ms.
    ids : AnonymousIds, optional
        Whose file it pretends to be.
    detectors : int
        Heads; each takes an equal share of the views, in their order.
    frame : PatientFrame, optional
        Where the volume lies; centred on the origin unless given.

    Raises
    ------
    DicomError
        ``dicom.cannot_write`` for angles or times that one rotation of DICOM cannot say.
    """
    gates = [study] if isinstance(study, Study) else list(study)
    save(path, nm_tomo_dataset(gates, ids=ids or AnonymousIds(), detectors=detectors, frame=frame))


def nm_tomo_dataset(
    gates: Sequence[Study], *, ids: AnonymousIds, detectors: int = 1, frame: PatientFrame | None = None
) -> Dataset:
    """Return the data set that `write_nm_tomo` writes."""
    geometry = gates[0].geometry
    if any(g.projections.shape != gates[0].projections.shape for g in gates):
        raise DicomError("dicom.cannot_write", "the gates have different shapes; they must share one geometry")
    views = _views_a_head(geometry, detectors)
    place = frame or PatientFrame.centred(geometry.grid)
    values = np.stack([g.projections for g in gates])
    content = hashlib.sha256(values.tobytes()).hexdigest()
    dataset = empty_dataset(sop_class=NM_STORAGE, sop_instance=make_uid("tomo", ids.series_uid, content))
    add_anonymous(dataset, ids, modality="NM", description="synthetic projections")
    add_supine_head_first(dataset)
    gated = len(gates) > 1
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "GATED TOMO" if gated else "TOMO", "EMISSION"]
    dataset.CountsAccumulated = int(min(values.sum(dtype=np.float64), 2**31 - 1))
    dataset.AcquisitionTerminationCondition = "TIME"
    dataset.AcquisitionDate = dataset.AcquisitionTime = ""
    dataset.PixelSpacing = [ds_number(geometry.axial_mm), ds_number(geometry.bin_mm)]
    _add_vectors(dataset, geometry, detectors, views, len(gates))
    _add_isotope(dataset, geometry)
    _add_detectors(dataset, geometry, detectors, views, place)
    _add_rotation(dataset, geometry, views, gates=len(gates))
    if gated:
        _add_gating(dataset, len(gates))
    write_own_camera(dataset, geometry.collimator, geometry.intrinsic_fwhm_mm)
    add_pixels(dataset, _frames(values, detectors, views))
    return dataset


def _views_a_head(geometry: AcquisitionGeometry, detectors: int) -> int:
    if detectors < 1 or geometry.n_views % detectors:
        msg = f"{geometry.n_views} views do not divide among {detectors} detectors"
        raise DicomError("dicom.cannot_write", msg)
    return geometry.n_views // detectors


def _frames(values: npt.NDArray[Any], detectors: int, views: int) -> npt.NDArray[Any]:
    """Return frames in the order window, detector, gate, view from (G, W, V, Z, U)."""
    gates, windows, _, rows, bins = values.shape
    upright = values[..., ::-1, :].reshape(gates, windows, detectors, views, rows, bins)
    return np.moveaxis(upright, 0, 2).reshape(-1, rows, bins)


def _add_vectors(dataset: Dataset, geometry: AcquisitionGeometry, detectors: int, views: int, gates: int) -> None:
    windows = len(geometry.windows)
    axes = np.meshgrid(*(np.arange(1, n + 1) for n in (windows, detectors, gates, views)), indexing="ij")
    window, detector, gate, view = ([int(v) for v in a.ravel()] for a in axes)
    ones = [1] * len(view)
    vectors = {"EnergyWindowVector": window, "DetectorVector": detector, "RotationVector": ones}
    if gates > 1:
        vectors |= {"RRIntervalVector": ones, "TimeSlotVector": gate}
    vectors["AngularViewVector"] = view
    for keyword, values in vectors.items():
        setattr(dataset, keyword, values)
    dataset.FrameIncrementPointer = [Tag(_TAGS[k]) for k in vectors]
    dataset.NumberOfEnergyWindows, dataset.NumberOfDetectors, dataset.NumberOfRotations = windows, detectors, 1
    if gates > 1:
        dataset.NumberOfRRIntervals, dataset.NumberOfTimeSlots = 1, gates


def _add_isotope(dataset: Dataset, geometry: AcquisitionGeometry) -> None:
    windows = []
    for window in geometry.windows:
        limits = Dataset()
        limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = (
            ds_number(window.lower_kev),
            ds_number(window.upper_kev),
        )
        item = Dataset()
        item.EnergyWindowName, item.EnergyWindowRangeSequence = window.name[:16], Items([limits])
        windows.append(item)
    dataset.EnergyWindowInformationSequence = Items(windows)
    dose = Dataset()
    dose.RadionuclideCodeSequence = Items([code("C-163A8", "SRT", "^99m^Technetium")])
    dose.RadiopharmaceuticalRoute, dose.RadiopharmaceuticalStartTime, dose.RadionuclideTotalDose = "", "", None
    dose.Radiopharmaceutical = ""
    dataset.RadiopharmaceuticalInformationSequence = Items([dose])


def _add_detectors(
    dataset: Dataset, geometry: AcquisitionGeometry, detectors: int, views: int, place: PatientFrame
) -> None:
    items = []
    for head in range(detectors):
        first = head * views
        angle = math.degrees(geometry.angles_rad[first])
        item = Dataset()
        item.CollimatorGridName, item.CollimatorType, item.FocalDistance = geometry.collimator.name[:64], "PARA", "0"
        item.FieldOfViewShape = "RECTANGLE"
        item.FieldOfViewDimensions = [
            round(geometry.n_axial * geometry.axial_mm),
            round(geometry.n_bins * geometry.bin_mm),
        ]
        item.StartAngle = ds_number(angle % 360.0)
        item.RadialPosition = [ds_number(r) for r in geometry.radius_mm[first : first + views]]
        row = bin_axis(angle)
        item.ImageOrientationPatient = [
            ds_number(v) for v in (*(round(float(c), 12) + 0.0 for c in row), 0.0, 0.0, -1.0)
        ]
        item.ImagePositionPatient = [ds_number(v) for v in _first_pixel(geometry, place, first)]
        items.append(item)
    dataset.DetectorInformationSequence = Items(items)


def _first_pixel(geometry: AcquisitionGeometry, place: PatientFrame, view: int) -> tuple[float, float, float]:
    slices, rows, columns = geometry.grid.shape
    dz, dy, dx = geometry.grid.voxel_mm
    theta = geometry.angles_rad[view]
    along = bin_axis(math.degrees(theta)) * (geometry.n_bins - 1) / 2 * geometry.bin_mm
    x0, y0, z0 = place.origin_mm
    x = x0 + (columns - 1) / 2 * dx + geometry.radius_mm[view] * math.sin(theta) - float(along[0])
    y = y0 + (rows - 1) / 2 * dy + geometry.radius_mm[view] * math.cos(theta) - float(along[1])
    return x, y, z0 + (slices - 1) * dz


def _add_rotation(dataset: Dataset, geometry: AcquisitionGeometry, views: int, *, gates: int) -> None:
    step = _step_deg(geometry, views)
    duration = geometry.duration_s[0] * gates
    if any(not math.isclose(d * gates, duration, rel_tol=1e-6) for d in geometry.duration_s):
        msg = f"views last from {min(geometry.duration_s):g} to {max(geometry.duration_s):g} s; DICOM has one time for all"
        raise DicomError("dicom.cannot_write", msg)
    item = Dataset()
    item.StartAngle = ds_number(math.degrees(geometry.angles_rad[0]) % 360.0)
    item.AngularStep, item.RotationDirection = ds_number(abs(step)), "CW" if step < 0 else "CC"
    item.ScanArc = ds_number(min(360.0, abs(step) * views))
    item.ActualFrameDuration = round(duration * 1000)
    item.NumberOfFramesInRotation = views
    item.TableHeight, item.TableTraverse = "0", "0"
    dataset.RotationInformationSequence = Items([item])


def _step_deg(geometry: AcquisitionGeometry, views: int) -> float:
    """Return the signed step that all heads share; every angle must lie on it."""
    angles = np.degrees(np.array(geometry.angles_rad)).reshape(-1, views)
    if views == 1:
        return 1.0
    turned = (angles - angles[:, :1] + 180.0) % 360.0 - 180.0
    step = float(turned[0, 1])
    error = (angles - angles[:, :1] - np.arange(views) * step + 180.0) % 360.0 - 180.0
    if step == 0 or float(np.abs(error).max()) > _TOLERANCE_DEG:
        msg = f"the angles are not evenly spaced (off by up to {float(np.abs(error).max()):.3g} degrees)"
        raise DicomError("dicom.cannot_write", msg)
    whole = (angles[0, -1] - angles[0, 0]) % 360.0  # the mean over the arc is more precise than one difference
    arc = step * (views - 1)
    return float(whole + 360.0 * round((arc - whole) / 360.0)) / (views - 1)


def _add_gating(dataset: Dataset, gates: int) -> None:
    data = Dataset()
    data.FrameTime = ds_number(1000.0 / gates)  # a heart beat of one second
    data.NominalInterval, data.LowRRValue, data.HighRRValue = 1000, 800, 1200
    data.IntervalsAcquired = data.IntervalsRejected = None
    gated = Dataset()
    gated.TriggerTime = "0"
    gated.DataInformationSequence = Items([data])
    dataset.BeatRejectionFlag = "N"
    dataset.GatedInformationSequence = Items([gated])
