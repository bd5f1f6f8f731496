# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Write a reconstruction as DICOM NM RECON TOMO, into the patient's own examination or as nobody's. Torch-free.

Slices are transverse, from the feet upwards; rows run to the patient's left, columns to the back, so that the picture
is the usual view from the feet. In a hospital the file that the projections came from is the template: patient,
examination and frame of reference are taken over, series and instance are new. Nothing of the template is read into
memory that a study could see.

References
----------
DICOM PS3.3 A.5, C.8.4.15 (NM Reconstruction: the sign of Spacing Between Slices), C.8.4.11 (orientation and position
stand in the detector's item), C.7.6.1 (Derivation Description, Source Image Sequence).
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag

from model.errors import DicomError
from model.geometry import AcquisitionGeometry, VolumeGrid, ensure_shape
from model.io.dicom.fields import Fields, guarded, open_dicom
from model.io.dicom.frames import frame_table
from model.io.dicom.modules import (
    NM_STORAGE,
    AnonymousIds,
    add_anonymous,
    add_pixels,
    add_series,
    add_supine_head_first,
    code,
    ds_number,
    empty_dataset,
    make_uid,
    save,
)
from model.io.dicom.orbit import read_orbit
from model.io.dicom.position import read_frame, read_picture
from model.io.imported import PatientFrame
from model.io.marking import RESEARCH_ONLY
from model.io.study_records import Study
from model.io.units import BQ_PER_ML, COUNTS, Unit

_UNITS: dict[Unit, str] = {COUNTS: "CNTS", BQ_PER_ML: "BQML"}  # PS3.3 C.8.9.1.1.3, the defined terms of PET

# Taken over from the template: who, which examination, where, what was injected and how it was acquired.
_FROM_TEMPLATE = (
    "SpecificCharacterSet", "TimezoneOffsetFromUTC",
    "PatientName", "PatientID", "IssuerOfPatientID", "OtherPatientIDsSequence", "PatientBirthDate", "PatientBirthTime",
    "PatientSex", "PatientAge", "PatientSize", "PatientWeight", "PatientComments", "EthnicGroup", "PatientIdentityRemoved",
    "DeidentificationMethod", "DeidentificationMethodCodeSequence",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber",
    "ReferringPhysicianName", "PhysiciansOfRecord", "InstitutionName", "InstitutionAddress",
    "FrameOfReferenceUID", "PositionReferenceIndicator",
    "AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime", "PatientPosition",
    "PatientOrientationCodeSequence", "PatientGantryRelationshipCodeSequence",
    "RadiopharmaceuticalInformationSequence", "EnergyWindowInformationSequence", "NumberOfEnergyWindows",
    "RotationInformationSequence", "NumberOfRotations", "BodyPartExamined",
)  # fmt: skip
_REQUIRED_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID", "AccessionNumber",
    "ReferringPhysicianName", "PositionReferenceIndicator",
)  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """Which of the images of one acquisition it is; series description and number tell them apart.

    Parameters
    ----------
    half_width : bool
        The half-width of the interval in place of the image.
    gate, gates : int
        Number of the gate from 1, None for the sum, and how many there are.
    """

    half_width: bool = False
    gate: int | None = None
    gates: int = 1

    @property
    def words(self) -> str:
        """What is appended to the name of the image; nothing for the image of the whole acquisition."""
        gate = "" if self.gate is None else f", gate {self.gate} of {self.gates}"
        return f"{', half-width' if self.half_width else ''}{gate}"

    @property
    def series_step(self) -> int:
        """How far its series number is from that of the image of the whole acquisition."""
        return 1000 * (self.gate or 0) + 500 * self.half_width


THE_IMAGE = Shown()


def write_recon_tomo(
    path: str | Path,
    volume: npt.NDArray[np.floating[Any]],
    study: Study | AcquisitionGeometry,
    *,
    template: str | Path | Dataset | None = None,
    frame: PatientFrame | None = None,
    unit: Unit = COUNTS,
    method: str = "",
    ids: AnonymousIds | None = None,
    shown: Shown = THE_IMAGE,
) -> None:
    """Write `volume` as one multi-frame file.

    Parameters
    ----------
    path : path of the file
    volume : float (Z, Y, X), 0 or more
        Stored in 16 bits with RescaleSlope: exact to half a 65535th of the largest value.
    study : Study or AcquisitionGeometry
        What it was reconstructed from; gives the size of the voxels.
    template : path or Dataset, optional
        The acquisition. The result then belongs to its patient and examination. Without it the file is anonymous.
    frame : PatientFrame, optional
        Where the volume lies; from the template where it tells, else centred on the origin.
    unit : {"counts", "Bq/mL"}
    method : str
        How it was made, for Derivation Description; at most 900 characters are kept.
    ids : AnonymousIds, optional
        Whose file it pretends to be where there is no template.
    shown : Shown
        A gate, or the half-width; the image of the whole acquisition unless given.

    Raises
    ------
    GeometryMismatch
        If the volume is not the geometry's.
    DicomError
        ``dicom.negative_values``, ``dicom.no_patient`` and what `open_dicom` raises.
    """
    dataset = recon_dataset(
        volume, study, template=template, frame=frame, unit=unit, method=method, ids=ids, shown=shown
    )
    save(path, dataset)


def recon_dataset(
    volume: npt.NDArray[np.floating[Any]],
    study: Study | AcquisitionGeometry,
    *,
    template: str | Path | Dataset | None = None,
    frame: PatientFrame | None = None,
    unit: Unit = COUNTS,
    method: str = "",
    ids: AnonymousIds | None = None,
    shown: Shown = THE_IMAGE,
) -> Dataset:
    """Return the data set that `write_recon_tomo` writes."""
    geometry = study.geometry if isinstance(study, Study) else study
    values = np.asarray(volume, dtype=np.float64)
    ensure_shape("volume", values.shape, geometry.volume_shape)
    if not np.isfinite(values).all() or values.min() < 0:
        msg = f"the volume holds values from {values.min():g} to {values.max():g}, expected finite ones of 0 or more"
        raise DicomError("dicom.negative_values", msg, "Set negative values to zero before writing.")
    source = template if template is None or isinstance(template, Dataset) else open_dicom(template)
    content = hashlib.sha256(values.tobytes() + (method + shown.words).encode()).hexdigest()
    if source is None:
        dataset = _anonymous(ids or AnonymousIds(series=f"2{shown.words}"), content, geometry)
        place = frame or PatientFrame.centred(geometry.grid)
    else:
        dataset = _of_the_patient(source, content)
        place = frame or frame_of_template(source, geometry.grid)
    dataset.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    dataset.SeriesDescription += shown.words
    dataset.SeriesNumber += shown.series_step
    dataset.DerivationDescription = f"FLoMIR reconstruction{shown.words}: {method}".removesuffix(": ")[:1024]
    dataset.ImageComments = RESEARCH_ONLY  # (0020,4000): viewers show it
    dataset.Units = _UNITS[unit]
    dataset.CountsAccumulated = None
    slope = add_pixels(dataset, values)
    _add_volume(dataset, geometry, place)
    _add_real_world_values(dataset, slope, unit)
    return dataset


def frame_of_template(source: Dataset, grid: VolumeGrid) -> PatientFrame:
    """Return where the volume of an acquisition lies, as the reader has it."""
    fields = Fields(source)
    views, _ = read_orbit(fields, frame_table(fields, gated="GATED TOMO" in fields.words("ImageType")))
    picture, _ = read_picture(fields, views)
    return read_frame(fields, grid, views, picture)


def _anonymous(ids: AnonymousIds, content: str, geometry: AcquisitionGeometry) -> Dataset:
    dataset = empty_dataset(sop_class=NM_STORAGE, sop_instance=make_uid("recon", ids.series_uid, content))
    add_anonymous(dataset, ids, modality="NM", description="reconstruction")
    add_supine_head_first(dataset)
    dataset.AcquisitionDate = dataset.AcquisitionTime = ""
    window, limits = Dataset(), Dataset()
    peak = geometry.windows[0]
    limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = ds_number(peak.lower_kev), ds_number(peak.upper_kev)
    window.EnergyWindowName, window.EnergyWindowRangeSequence = "photopeak", Items([limits])
    dataset.EnergyWindowInformationSequence = Items([window])
    dataset.RadiopharmaceuticalInformationSequence = Items([])
    dataset.RotationInformationSequence = Items([])
    return dataset


def _of_the_patient(source: Dataset, content: str) -> Dataset:
    with guarded("the template"):
        parent, study = str(source.get("SOPInstanceUID") or ""), str(source.get("StudyInstanceUID") or "")
        if not parent or not study:
            msg = "the template names no examination; the result would belong to nobody"
            raise DicomError("dicom.no_patient", msg, "Write without a template, or give the original acquisition.")
        series = make_uid("recon series", parent, content)
        dataset = empty_dataset(sop_class=NM_STORAGE, sop_instance=make_uid("recon", series, content))
        _take_over(dataset, source)
        if not dataset.get("FrameOfReferenceUID"):
            dataset.FrameOfReferenceUID = make_uid("frame", parent)
        number = int(source.get("SeriesNumber") or 0)
        add_series(dataset, series, modality="NM", number=number + 1000, description="FLoMIR reconstruction")
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = source.SOPClassUID, parent
        dataset.SourceImageSequence = Items([reference])
    return dataset


def _take_over(dataset: Dataset, source: Dataset) -> None:
    for keyword in _FROM_TEMPLATE:
        if keyword in source:
            dataset[keyword] = copy.deepcopy(source[keyword])
    for keyword in _REQUIRED_EMPTY:
        if keyword not in dataset:
            setattr(dataset, keyword, "")
    for keyword in ("PatientOrientationCodeSequence", "PatientGantryRelationshipCodeSequence"):
        if keyword not in dataset:
            setattr(dataset, keyword, Items([]))
    if len(dataset.get("RotationInformationSequence") or ()) != 1:  # as many as Number of Rotations (C.8.4.12), or none
        dataset.RotationInformationSequence = Items([])


def _add_volume(dataset: Dataset, geometry: AcquisitionGeometry, place: PatientFrame) -> None:
    slices, _, columns = geometry.grid.shape
    dz, dy, dx = geometry.grid.voxel_mm
    dataset.PixelSpacing = [ds_number(dy), ds_number(dx)]
    dataset.SliceThickness = dataset.SpacingBetweenSlices = ds_number(dz)
    dataset.FrameIncrementPointer = Tag(tag_for_keyword("SliceVector"))
    dataset.SliceVector = list(range(1, slices + 1))
    dataset.NumberOfSlices = slices
    dataset.ReconstructionDiameter = ds_number(columns * dx)
    dataset.NumberOfEnergyWindows = dataset.get("NumberOfEnergyWindows") or 1
    dataset.NumberOfDetectors = dataset.NumberOfRotations = 1
    head = Dataset()
    head.CollimatorType, head.FocalDistance = "PARA", "0"
    head.ImageOrientationPatient = [ds_number(v) for v in (*place.x_direction, *place.y_direction)]
    head.ImagePositionPatient = [ds_number(v) for v in place.origin_mm]
    dataset.DetectorInformationSequence = Items([head])


def _add_real_world_values(dataset: Dataset, slope: float, unit: Unit) -> None:
    """Say what a stored value means also to programs that know no RescaleSlope in nuclear medicine (C.7.6.16.2.11)."""
    item = Dataset()
    item.RealWorldValueIntercept, item.RealWorldValueSlope = 0.0, slope
    item.LUTExplanation, item.LUTLabel = f"{unit} per voxel" if unit == COUNTS else unit, _UNITS[unit]
    item.add_new("RealWorldValueFirstValueMapped", "US", 0)
    item.add_new("RealWorldValueLastValueMapped", "US", 65535)
    meaning = (
        ("{counts}", "counts") if unit == COUNTS else ("Bq/ml", "Becquerels/milliliter")
    )  # as UCUM and PS3.16 spell it
    item.MeasurementUnitsCodeSequence = Items([code(meaning[0], "UCUM", meaning[1])])
    dataset.RealWorldValueMappingSequence = Items([item])
