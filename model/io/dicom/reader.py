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
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.errors import DicomError
from model.geometry import AcquisitionGeometry, Collimator
from model.io.deidentify import report
from model.io.dicom.acquisition import Acquisition, join, read_acquisition
from model.io.dicom.fields import Fields, open_dicom
from model.io.imported import DeidentificationReport, ImportedStudy
from model.io.notes import note
from model.io.patient_keys import patient_key
from model.io.study_records import Study, check_study

Paths = str | Path | Sequence[str | Path]

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


def _read(path: Paths, collimator: Collimator | None, intrinsic_fwhm_mm: float | None) -> Acquisition:
    paths = [path] if isinstance(path, str | Path) else list(path)
    if not paths:
        raise DicomError("dicom.no_such_file", "no DICOM file was given", "Name at least one file.")
    parts = [read_acquisition(Fields(open_dicom(p)), collimator, intrinsic_fwhm_mm) for p in paths]
    if len(parts) == 1:
        return parts[0]
    whole = join(parts)
    return replace(whole, notes=(note("files.joined", files=len(parts)), *whole.notes))


def _imported(whole: Acquisition, gate: int | None, key: str, key_origin: str) -> ImportedStudy:
    gates = whole.counts.shape[0]
    counts = whole.counts.sum(axis=0) if gate is None else whole.counts[gate - 1]
    share = 1.0 if gate is None else 1.0 / gates
    notes = list(whole.notes)
    if gates > 1:
        notes.append(note("gates.summed", gates=gates) if gate is None else note("gates.one", gate=gate, gates=gates))
    if key_origin == "random":
        notes.append(note("patient.random"))
    removed = report(whole.tags, KEPT, patient_key=key_origin)
    projections = _counts(counts, notes)
    provenance = _provenance(whole, gate, key, removed) | {"notes": notes}
    heads = len({view.detector for view in whole.views})
    provenance["activity_calibration"] = _times(whole, heads)
    study = Study(projections=projections, geometry=_geometry(whole, share), provenance=provenance)
    check_study(study)
    return ImportedStudy(study, removed, tuple(notes), whole.frame, whole.administration, gate, heads)


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
        notes.append(note("views.empty", empty=empty, views=len(per_view)))
    return counts.astype(np.float32)


def _geometry(whole: Acquisition, share: float) -> AcquisitionGeometry:
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


def _times(whole: Acquisition, heads: int) -> dict[str, float]:
    """Return what `model.quantification` undoes decay with; a gate takes as long as the whole scan."""
    times = {"acquisition_s": math.fsum(view.duration_s for view in whole.views) / heads}
    half_life_s = whole.administration.half_life_s
    return times if half_life_s is None else times | {"half_life_s": half_life_s}


def _provenance(whole: Acquisition, gate: int | None, key: str, removed: DeidentificationReport) -> dict[str, Any]:
    return {
        "source": "dicom",
        "maker": whole.maker or "unknown",
        "gates": whole.counts.shape[0],
        "gate": gate,
        "patient_key": key,
        "deidentification": removed.to_dict(),
    }
