# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Read DICOM NM tomographic acquisitions (TOMO, GATED TOMO) as studies. Torch-free.

The study is built from an allow-list of numbers (`KEPT`); nothing else of the file is copied. Its grid has one voxel a
detector element: slices are the detector's rows. DICOM does not hold the collimator's holes: they come from the table
in `model.io.dicom.cameras`, from the caller, or are assumed and noted. Files of one examination that a camera wrote
apart (one an energy window, a detector or a gate) are read together as a list.

References
----------
DICOM PS3.3 A.5 (Nuclear Medicine Image IOD), C.8.4.8 to C.8.4.12.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.uid import NuclearMedicineImageStorage

from model.errors import DicomError
from model.geometry import AcquisitionGeometry, Collimator, EnergyWindow, VolumeGrid
from model.io.deidentify import inventory, patient_key, report
from model.io.dicom.cameras import DEFAULT_COLLIMATOR, DEFAULT_INTRINSIC_FWHM_MM, collimator_of, maker_of
from model.io.dicom.fields import Fields, element_name, guarded, open_dicom, read_pixels
from model.io.dicom.frames import FrameTable, frame_table, number_of_frames
from model.io.dicom.orbit import View, read_orbit
from model.io.dicom.own import read_own_camera
from model.io.dicom.position import read_frame, read_picture
from model.io.dicom.windows import read_administration, read_radionuclide, read_windows
from model.io.imported import Administration, DeidentificationReport, ImportedStudy, PatientFrame
from model.io.study_records import Study, check_study

Paths = str | Path | Sequence[str | Path]
SMALLEST_PIXEL_MM, LARGEST_PIXEL_MM = 0.3, 40.0

KEPT = {
    "SOPClassUID": "kind of file", "Modality": "kind of file", "ImageType": "kind of file",
    "Manufacturer": "compared with known makers, for the collimator",
    "NumberOfFrames": "size", "Rows": "size", "Columns": "size", "SamplesPerPixel": "pixels", "BitsAllocated": "pixels",
    "BitsStored": "pixels", "HighBit": "pixels", "PixelRepresentation": "pixels", "PhotometricInterpretation": "pixels",
    "PixelData": "counts", "RescaleSlope": "counts", "RescaleIntercept": "counts", "PixelSpacing": "size of a pixel",
    "LossyImageCompression": "refused if lossy", "FrameIncrementPointer": "order of frames",
    "EnergyWindowVector": "order of frames", "DetectorVector": "order of frames", "RotationVector": "order of frames",
    "RRIntervalVector": "order of frames", "TimeSlotVector": "order of frames", "AngularViewVector": "order of frames",
    "NumberOfEnergyWindows": "order of frames", "NumberOfDetectors": "order of frames",
    "NumberOfRotations": "order of frames", "NumberOfRRIntervals": "order of frames",
    "NumberOfTimeSlots": "order of frames", "NumberOfFramesInRotation": "angles",
    "EnergyWindowInformationSequence": "energy windows", "EnergyWindowRangeSequence": "energy windows",
    "EnergyWindowLowerLimit": "energy windows", "EnergyWindowUpperLimit": "energy windows",
    "RadiopharmaceuticalInformationSequence": "radionuclide", "RadionuclideTotalDose": "injected activity", "RadionuclideCodeSequence": "radionuclide",
    "CodeValue": "compared with known codes", "CodeMeaning": "compared with known names",
    "RotationInformationSequence": "angles", "DetectorInformationSequence": "detectors", "StartAngle": "angles",
    "AngularStep": "angles", "ScanArc": "angles", "RotationDirection": "angles", "RadialPosition": "radii",
    "TableTraverse": "refused if it moves", "TableHeight": "position", "ActualFrameDuration": "time of a view",
    "CollimatorType": "refused unless parallel", "CollimatorGridName": "compared with known collimators",
    "ImageOrientationPatient": "position", "ImagePositionPatient": "position",
    "PatientPosition": "how the patient lay", "PatientOrientationCodeSequence": "how the patient lay",
    "PatientOrientationModifierCodeSequence": "how the patient lay",
    "PatientGantryRelationshipCodeSequence": "how the patient lay",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Acquisition:
    """What one file holds, before files are joined: counts (G, W, V, Z, U), photopeak first."""

    counts: npt.NDArray[np.float64]
    windows: tuple[EnergyWindow, ...]
    views: tuple[View, ...]
    bin_mm: float
    axial_mm: float
    collimator: Collimator
    intrinsic_fwhm_mm: float
    frame: PatientFrame
    administration: Administration
    identity: tuple[str, ...]
    maker: str | None
    notes: tuple[str, ...]
    tags: dict[int, int]


def read_nm(
    path: Paths,
    *,
    gate: int | None = None,
    site_key: bytes | None = None,
    collimator: Collimator | None = None,
    intrinsic_fwhm_mm: float | None = None,
) -> ImportedStudy:
    """Read one acquisition; gates are summed unless one is chosen.

    Parameters
    ----------
    path : path or sequence of paths
        One file, or the files of one acquisition.
    gate : int, optional
        Number of the gate from 1.
    site_key : bytes, optional
        The site's secret (16 bytes or more) under which the patient's number becomes ``patient_key``; without it the
        key is random and rest and stress of one patient are not recognised as one patient's.
    collimator, intrinsic_fwhm_mm : optional
        What DICOM does not hold; given values win over the table.

    Returns
    -------
    ImportedStudy
        Counts are the file's, after RescaleSlope; times in s, lengths in mm, angles as in `model.geometry`.

    Raises
    ------
    DicomError
        One sentence that says what and where, and what to do.
    """
    whole = _read(path, collimator, intrinsic_fwhm_mm)
    gates = whole.counts.shape[0]
    if gate is not None and not 1 <= gate <= gates:
        msg = f"gate {gate} was asked for, the file has gates 1 to {gates}"
        raise DicomError("dicom.no_such_gate", msg)
    return _imported(whole, gate, *patient_key(whole.identity, site_key=site_key))


def read_nm_gates(
    path: Paths,
    *,
    site_key: bytes | None = None,
    collimator: Collimator | None = None,
    intrinsic_fwhm_mm: float | None = None,
) -> tuple[ImportedStudy, ...]:
    """Read a gated acquisition gate by gate; parameters and errors as `read_nm`. An ungated file gives one study."""
    whole = _read(path, collimator, intrinsic_fwhm_mm)
    key, origin = patient_key(whole.identity, site_key=site_key)
    gates = whole.counts.shape[0]
    numbers = [None] if gates == 1 else list(range(1, gates + 1))
    return tuple(_imported(whole, gate, key, origin) for gate in numbers)


def _read(path: Paths, collimator: Collimator | None, intrinsic_fwhm_mm: float | None) -> _Acquisition:
    paths = [path] if isinstance(path, str | Path) else list(path)
    if not paths:
        raise DicomError("dicom.no_such_file", "no DICOM file was given", "Name at least one file.")
    parts = [_acquisition(Fields(open_dicom(p)), collimator, intrinsic_fwhm_mm) for p in paths]
    return parts[0] if len(parts) == 1 else join(parts)


def _acquisition(fields: Fields, collimator: Collimator | None, intrinsic_fwhm_mm: float | None) -> _Acquisition:
    gated = _check_kind(fields)
    table = frame_table(fields, gated=gated)
    views, notes = read_orbit(fields, table)
    nuclide = read_radionuclide(fields)
    numbers = sorted(set(table.window.tolist()))
    windows, window_notes = read_windows(fields, numbers, nuclide)
    picture, position_notes = read_picture(fields, views)
    frames = picture.to_axial_bins(read_pixels(fields, frames=len(table.view)))
    axial_mm, bin_mm = _pixel_spacing(fields)
    _, rows, bins = frames.shape
    with guarded("the size of the frames"):
        grid = VolumeGrid((rows, bins, bins), (axial_mm, bin_mm, bin_mm))
    maker = maker_of(fields.word("Manufacturer"))
    chosen, intrinsic, camera_notes = _camera(fields, maker, collimator, intrinsic_fwhm_mm)
    with guarded("the list of elements"):
        tags = dict(inventory(fields.dataset))
        identity = tuple(str(fields.dataset.get(k) or "") for k in ("IssuerOfPatientID", "PatientID"))
    return _Acquisition(
        counts=_sorted_counts(frames, table, views, [n for n, _ in windows]),
        windows=tuple(w for _, w in windows),
        views=views,
        bin_mm=bin_mm,
        axial_mm=axial_mm,
        collimator=chosen,
        intrinsic_fwhm_mm=intrinsic,
        frame=read_frame(fields, grid, views, picture),
        administration=read_administration(fields, nuclide),
        identity=identity if identity[1].strip() else (),
        maker=maker,
        notes=(*notes, *window_notes, *position_notes, *camera_notes),
        tags=tags,
    )


def _check_kind(fields: Fields) -> bool:
    """Refuse what is no tomographic acquisition; say whether it is gated."""
    modality = fields.word("Modality")
    storage = fields.word("SOPClassUID")
    kind = fields.words("ImageType")
    third = kind[2] if len(kind) > 2 else ""
    if modality != "NM":
        known = (
            modality
            if modality in ("CT", "PT", "MR", "SC", "OT", "US", "CR", "DX", "SR", "RTDOSE")
            else "none or unknown"
        )
        msg = f"the file's modality is {known}, expected NM"
        raise DicomError("dicom.wrong_modality", msg, "Choose the nuclear medicine acquisition (TOMO).")
    if third in ("RECON TOMO", "RECON GATED TOMO"):
        msg = f"the file is a reconstruction ({third}), expected projections (TOMO or GATED TOMO)"
        raise DicomError("dicom.reconstruction", msg, "Choose the acquisition that the reconstruction was made from.")
    if third not in ("TOMO", "GATED TOMO"):
        known = third if third in ("STATIC", "WHOLE BODY", "DYNAMIC", "GATED") else "unknown or missing"
        msg = f"the file's kind of image (ImageType, third value) is {known}, expected TOMO or GATED TOMO"
        raise DicomError("dicom.not_tomographic", msg, "Choose the tomographic acquisition (TOMO).")
    if storage != str(NuclearMedicineImageStorage):
        raise DicomError(
            "dicom.wrong_modality",
            "the file's SOP class is not Nuclear Medicine Image Storage",
            "Export the original acquisition.",
        )
    if "TRANSMISSION" in kind[3:4]:
        raise DicomError("dicom.transmission", "the file is a transmission scan, expected emission projections")
    number_of_frames(fields)
    return third == "GATED TOMO"


def _pixel_spacing(fields: Fields) -> tuple[float, float]:
    spacing = fields.numbers("PixelSpacing")
    if len(spacing) != 2:
        msg = f"{element_name('PixelSpacing')} has {len(spacing)} values, expected 2"
        raise DicomError("dicom.missing_element", msg, "Export the acquisition again with its full header.")
    if not all(SMALLEST_PIXEL_MM <= s <= LARGEST_PIXEL_MM for s in spacing):
        msg = (
            f"{element_name('PixelSpacing')} is {spacing[0]:g} x {spacing[1]:g} mm, a gamma camera has "
            f"{SMALLEST_PIXEL_MM:g} to {LARGEST_PIXEL_MM:g} mm"
        )
        raise DicomError("dicom.bad_value", msg, "Check the header; lengths must be in mm.")
    return spacing[0], spacing[1]


def _camera(
    fields: Fields, maker: str | None, collimator: Collimator | None, intrinsic_fwhm_mm: float | None
) -> tuple[Collimator, float, list[str]]:
    own_collimator, own_intrinsic = read_own_camera(fields.dataset) if maker == "flomir" else (None, None)
    notes: list[str] = []
    chosen = collimator or own_collimator
    if chosen is None:
        heads = fields.items("DetectorInformationSequence", "detector")
        labels = [h.word("CollimatorGridName") for h in heads]
        chosen = collimator_of(maker, labels[0]) if labels else None
    if chosen is None:
        chosen = DEFAULT_COLLIMATOR
        notes.append(
            f"The collimator is not in the table of known ones; {chosen.name} (hole {chosen.hole_mm} mm, length "
            f"{chosen.length_mm} mm) was assumed. Give hole and length of yours for a true resolution model."
        )
    intrinsic = intrinsic_fwhm_mm if intrinsic_fwhm_mm is not None else own_intrinsic
    if intrinsic is None:
        intrinsic = DEFAULT_INTRINSIC_FWHM_MM
        notes.append(f"DICOM does not hold the intrinsic resolution; {intrinsic} mm was assumed.")
    return chosen, intrinsic, notes


def _sorted_counts(
    frames: npt.NDArray[np.float64], table: FrameTable, views: tuple[View, ...], windows: list[int]
) -> npt.NDArray[np.float64]:
    """Return (gates, windows, views, axial, bins); the table was checked to hold every combination once."""
    columns = (table.window, table.detector, table.rotation, table.gate, table.view)
    where = {key: i for i, key in enumerate(zip(*(c.tolist() for c in columns), strict=True))}
    order = [
        where[window, view.detector, view.rotation, gate, view.index]
        for gate in range(1, table.n_gates + 1)
        for window in windows
        for view in views
    ]
    ordered: npt.NDArray[np.float64] = frames[order].reshape(table.n_gates, len(windows), len(views), *frames.shape[1:])
    return ordered


def _same_orbit(a: _Acquisition, b: _Acquisition) -> bool:
    return len(a.views) == len(b.views) and all(
        abs(v.angle_deg - w.angle_deg) < 0.01 and abs(v.radius_mm - w.radius_mm) < 1.0
        for v, w in zip(a.views, b.views, strict=True)
    )


def join(parts: Sequence[_Acquisition]) -> _Acquisition:
    """Join files of one acquisition: other windows beside each other, other views behind each other, else gates.

    Raises
    ------
    DicomError
        ``dicom.files_differ`` if they do not belong together.
    """
    whole = parts[0]
    for number, part in enumerate(parts[1:], start=2):
        same_pixels = part.counts.shape[3:] == whole.counts.shape[3:] and math.isclose(
            part.bin_mm, whole.bin_mm, rel_tol=1e-4
        )
        one_patient = (
            part.identity == whole.identity and part.frame.frame_of_reference == whole.frame.frame_of_reference
        )
        if not same_pixels or not one_patient or part.collimator != whole.collimator:
            what = (
                "pixels" if not same_pixels else "patients or frames of reference" if not one_patient else "collimators"
            )
            msg = f"file {number} of {len(parts)} has other {what} than the first"
            raise DicomError("dicom.files_differ", msg, "Give only the files of one acquisition.")
        whole = _joined(whole, part, number, len(parts))
    return whole


def _joined(whole: _Acquisition, part: _Acquisition, number: int, total: int) -> _Acquisition:
    tags = {tag: whole.tags.get(tag, 0) + part.tags.get(tag, 0) for tag in whole.tags.keys() | part.tags.keys()}
    notes = tuple(dict.fromkeys((*whole.notes, *part.notes)))
    same_windows, same_orbit = part.windows == whole.windows, _same_orbit(whole, part)
    same_gates = part.counts.shape[0] == whole.counts.shape[0]
    common = replace(whole, tags=tags, notes=notes)
    if same_orbit and same_windows:
        return replace(common, counts=np.concatenate([whole.counts, part.counts], axis=0))
    if same_orbit and same_gates and not set(part.windows) & set(whole.windows):
        return replace(
            common, counts=np.concatenate([whole.counts, part.counts], axis=1), windows=whole.windows + part.windows
        )
    if same_windows and same_gates and not same_orbit:
        return replace(
            common, counts=np.concatenate([whole.counts, part.counts], axis=2), views=whole.views + part.views
        )
    msg = f"file {number} of {total} differs from the first in more than its windows, its views or its gate"
    raise DicomError("dicom.files_differ", msg, "Give only the files of one acquisition.")


def _imported(whole: _Acquisition, gate: int | None, key: str, key_origin: str) -> ImportedStudy:
    gates = whole.counts.shape[0]
    counts = whole.counts.sum(axis=0) if gate is None else whole.counts[gate - 1]
    share = 1.0 if gate is None else 1.0 / gates
    notes = list(whole.notes)
    if gates > 1:
        notes.append(
            f"The {gates} gates were summed."
            if gate is None
            else f"This is gate {gate} of {gates}; its time is 1/{gates}."
        )
    if key_origin == "random":
        notes.append("The patient's key is random: other studies of this patient will count as another patient's.")
    removed = report(whole.tags, KEPT, patient_key=key_origin)
    study = Study(
        projections=_counts(counts, notes),
        geometry=_geometry(whole, share),
        provenance=_provenance(whole, gate, key, removed),
    )
    check_study(study)
    return ImportedStudy(study, removed, tuple(notes), whole.frame, whole.administration, gate)


def _counts(counts: npt.NDArray[np.float64], notes: list[str]) -> npt.NDArray[np.float32]:
    lowest = float(counts.min())
    if lowest < 0:
        msg = f"the smallest count is {lowest:g}, expected 0 or more"
        raise DicomError("dicom.negative_counts", msg, "Export the raw acquisition, without subtraction or filters.")
    per_view = counts[0].sum(axis=(1, 2))
    empty = int((per_view == 0).sum())
    if empty == len(per_view):
        msg = f"all {empty} views of the photopeak window are empty (0 counts)"
        raise DicomError("dicom.zero_counts", msg, "Choose the acquisition that holds the counts.")
    if empty:
        notes.append(f"{empty} of {len(per_view)} views of the photopeak window hold no counts.")
    return counts.astype(np.float32)


def _geometry(whole: _Acquisition, share: float) -> AcquisitionGeometry:
    return AcquisitionGeometry(
        angles_rad=tuple(math.radians(v.angle_deg) for v in whole.views),
        radius_mm=tuple(v.radius_mm for v in whole.views),
        duration_s=tuple(v.duration_s * share for v in whole.views),
        n_bins=whole.counts.shape[-1],
        n_axial=whole.counts.shape[-2],
        bin_mm=whole.bin_mm,
        axial_mm=whole.axial_mm,
        collimator=whole.collimator,
        intrinsic_fwhm_mm=whole.intrinsic_fwhm_mm,
        grid=whole.frame.grid,
        windows=whole.windows,
    )


def _provenance(whole: _Acquisition, gate: int | None, key: str, removed: DeidentificationReport) -> dict[str, Any]:
    return {
        "source": "dicom",
        "maker": whole.maker or "unknown",
        "gates": whole.counts.shape[0],
        "gate": gate,
        "patient_key": key,
        "deidentification": removed.to_dict(),
    }
