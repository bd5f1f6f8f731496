"""Tell from a DICOM file's header what it is and to what it belongs; values are compared, never shown. Torch-free."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pydicom

_TAGS = [
    "SOPClassUID",
    "Modality",
    "ImageType",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "FrameOfReferenceUID",
    "MediaStorageSOPClassUID",
]
DICOM_MAGIC, DICOM_OFFSET = b"DICM", 128
_DIRECTORY = "1.2.840.10008.1.3.10"
_RECONSTRUCTED = "RECON TOMO"
_KNOWN_IMAGES = {
    _RECONSTRUCTED: "a reconstructed image", "RECON GATED TOMO": "a reconstructed gated image", "STATIC": "a planar image",
    "WHOLE BODY": "a planar whole-body image", "DYNAMIC": "a dynamic planar image", "GATED": "a gated planar image",
}  # fmt: skip
_KNOWN_MODALITIES = frozenset({"PT", "MR", "US", "XA", "CR", "DX", "SR", "PR", "KO", "SEG", "OT", "RTSTRUCT", "RTDOSE"})


class DicomKind(StrEnum):
    """What a DICOM file may be to us."""

    PROJECTIONS = "projections"
    CT = "ct"
    VOLUME = "volume"
    OTHER = "other"


@dataclass(frozen=True)
class DicomSummary:
    """Kind, a few words for a person, and tokens that stay in memory (they are identifiers).

    Parameters
    ----------
    kind : DicomKind
    words : str
        "a reconstructed image", "a DICOM file of the modality MR" ...
    series, frame : str
        Series and frame of reference; empty where the file has none. Projections without a series have their
        examination and frame of reference in its place.
    is_transmission : bool
        A volume that the file itself calls measured by transmission: an attenuation map.
    """

    kind: DicomKind
    words: str
    series: str = ""
    frame: str = ""
    is_transmission: bool = False


def is_dicom(path: Path) -> bool:
    """Tell by the first bytes."""
    with path.open("rb") as stream:
        return stream.read(DICOM_OFFSET + 4)[DICOM_OFFSET:] == DICOM_MAGIC


def summarise(path: Path) -> DicomSummary:
    """Read the header of one DICOM file; a damaged one counts as projections, so that its reader says what is wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(_TAGS))
            values = {name: _text(header, name) for name in _TAGS}
            image, origin = _image_type(header)
    except Exception:  # noqa: BLE001 (pydicom raises about everything on damaged bytes)
        return DicomSummary(DicomKind.PROJECTIONS, "a damaged DICOM file")
    if values["SOPClassUID"] == _DIRECTORY or getattr(header.file_meta, "MediaStorageSOPClassUID", "") == _DIRECTORY:
        return DicomSummary(DicomKind.OTHER, "a DICOM directory")
    series, frame = values["SeriesInstanceUID"], values["FrameOfReferenceUID"]
    if values["Modality"] == "CT":
        return DicomSummary(DicomKind.CT, "a CT slice", series, frame)
    if values["Modality"] == "NM" and image not in _KNOWN_IMAGES:
        examination = values["StudyInstanceUID"]
        series = series or (f"{examination} {frame}" if examination and frame else "")
        return DicomSummary(DicomKind.PROJECTIONS, "projections", series, frame)
    kind = DicomKind.VOLUME if (values["Modality"], image) == ("NM", _RECONSTRUCTED) else DicomKind.OTHER
    return DicomSummary(kind, _words(values["Modality"], image), series, frame, origin == "TRANSMISSION")


def _words(modality: str, image: str) -> str:
    if modality == "NM":
        return _KNOWN_IMAGES[image]
    return (
        f"a DICOM file of the modality {modality}" if modality in _KNOWN_MODALITIES else "a DICOM file of another kind"
    )


def _text(header: Any, name: str) -> str:
    return str(header.get(name) or "").strip()


def _image_type(header: Any) -> tuple[str, str]:
    """Return values 3 and 4 of Image Type (PS3.3 C.8.4.9.1.1): what was imaged, and whether by emission or transmission."""
    values = header.get("ImageType") or []
    listed = [] if isinstance(values, str) else [str(value).strip().upper() for value in values]
    return (listed[2] if len(listed) > 2 else "", listed[3] if len(listed) > 3 else "")
