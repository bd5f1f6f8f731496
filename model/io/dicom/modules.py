# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""The modules that every DICOM file of ours shares: who, which examination, which machine, which pixels. Torch-free.

Without a template a file is anonymous: identifiers are derived from what the caller names, so that the same input gives
the same bytes, and every date is empty.
"""

from __future__ import annotations

import struct
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, NuclearMedicineImageStorage
from pydicom.valuerep import format_number_as_ds

from model.errors import DicomError
from model.io.atomic import replacing

MANUFACTURER = "FLoMIR"
IMPLEMENTATION_UID = f"2.25.{uuid.uuid5(uuid.NAMESPACE_URL, 'https://flomir.org/dicom').int}"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://flomir.org/dicom/uid")
LARGEST_PIXEL = 65535
_NO_DICOM_FORM = (ValueError, TypeError, AttributeError, KeyError, OverflowError, NotImplementedError, struct.error)


@dataclass(frozen=True)
class AnonymousIds:
    """Identifiers of a file that belongs to nobody; the same names give the same identifiers.

    Parameters
    ----------
    patient : str
        Patient ID and name; files of one patient share it.
    examination, series : str
        Files of one examination share study and frame of reference.
    """

    patient: str = "ANONYMOUS"
    examination: str = "1"
    series: str = "1"

    @property
    def study_uid(self) -> str:
        """Study Instance UID."""
        return make_uid("study", self.patient, self.examination)

    @property
    def frame_of_reference_uid(self) -> str:
        """Frame of Reference UID."""
        return make_uid("frame", self.patient, self.examination)

    @property
    def series_uid(self) -> str:
        """Series Instance UID."""
        return make_uid("series", self.patient, self.examination, self.series)


def make_uid(*parts: str) -> str:
    """Return a UID (ISO 9834-8, root 2.25) that depends on `parts` only."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(0).join(parts)).int}"


def ds_number(value: float) -> str:
    """Return a decimal string of at most 16 characters, as precise as that allows."""
    return str(format_number_as_ds(float(value)))


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return one item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def empty_dataset(*, sop_class: str, sop_instance: str) -> Dataset:
    """Return a data set with the SOP Common module and its file meta information."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = sop_instance
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.ImplementationClassUID = IMPLEMENTATION_UID
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, sop_instance
    return dataset


def add_anonymous(dataset: Dataset, ids: AnonymousIds, *, modality: str, description: str) -> None:
    """Add patient, study, series, frame of reference and equipment without a person behind them."""
    dataset.PatientName, dataset.PatientID = f"{ids.patient}^", ids.patient
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.PatientIdentityRemoved, dataset.DeidentificationMethod = (
        "YES",
        "no person: made from a study without identifiers",
    )
    dataset.StudyInstanceUID, dataset.StudyID = ids.study_uid, ids.examination[:16]
    dataset.StudyDate = dataset.StudyTime = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = ids.frame_of_reference_uid, ""
    dataset.BodyPartExamined = "HEART"
    add_series(dataset, ids.series_uid, modality=modality, number=1, description=description)


def add_series(dataset: Dataset, uid: str, *, modality: str, number: int, description: str) -> None:
    """Add series, equipment and instance number."""
    dataset.Modality, dataset.SeriesInstanceUID, dataset.SeriesNumber = modality, uid, number
    dataset.SeriesDescription = description[:64]
    dataset.Manufacturer = dataset.ManufacturerModelName = MANUFACTURER
    dataset.InstanceNumber = 1
    dataset.ContentDate = dataset.ContentTime = ""
    if not dataset.get("BodyPartExamined"):  # required empty where a paired part of the body is possible
        dataset.Laterality = ""


def add_supine_head_first(dataset: Dataset) -> None:
    """Add the NM/PET Patient Orientation module (C.8.4.6): on the back, head first."""
    lying = code("F-10450", "99SDM", "recumbent")
    lying.PatientOrientationModifierCodeSequence = Items([code("F-10340", "99SDM", "supine")])
    dataset.PatientOrientationCodeSequence = Items([lying])
    dataset.PatientGantryRelationshipCodeSequence = Items([code("F-10470", "99SDM", "headfirst")])


def add_pixels(dataset: Dataset, values: npt.NDArray[Any]) -> float:
    """Add `values` (frames, rows, columns), 0 or more, as 16-bit pixels with RescaleSlope; return the slope.

    Whole numbers up to 65535 are stored as they are (slope 1); anything else to a 65535th of the largest value.
    """
    whole = np.rint(values)
    largest = float(values.max(initial=0.0))
    exact = largest <= LARGEST_PIXEL and bool(np.array_equal(whole, values))
    slope = 1.0 if exact or largest == 0 else float(ds_number(largest / LARGEST_PIXEL * (1 + 1e-9)))
    stored = whole if exact else np.rint(np.asarray(values, dtype=np.float64) / slope)
    pixels = np.clip(stored, 0, LARGEST_PIXEL).astype("<u2")
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape[1:]
    dataset.NumberOfFrames = pixels.shape[0]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    if slope != 1.0:
        dataset.RescaleIntercept, dataset.RescaleSlope = "0", ds_number(slope)
    dataset.add_new("PixelData", "OW", pixels.tobytes())
    return slope


def save(path: str | Path, dataset: Dataset) -> None:
    """Write `dataset` as a DICOM file, atomically.

    Raises
    ------
    DicomError
        ``dicom.cannot_write`` where a value (of a template) has no DICOM form.
    OSError
        If the disk refuses.
    """
    try:
        with replacing(Path(path)) as part, part.open("wb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a template's odd values are kept as they are
            FileDataset(file, dataset, file_meta=dataset.file_meta, preamble=b"\0" * 128).save_as(
                file, enforce_file_format=True
            )
    except _NO_DICOM_FORM:
        msg = "a value that was taken over from the template is damaged and cannot be written"
        raise DicomError(
            "dicom.cannot_write", msg, "Write without a template, or copy the acquisition again."
        ) from None


NM_STORAGE = str(NuclearMedicineImageStorage)
