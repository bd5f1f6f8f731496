"""Tell from a DICOM file's header what it is and to what it belongs; values are compared, never shown. Torch-free."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pydicom

_TAGS = ["SOPClassUID", "Modality", "ImageType", "SeriesInstanceUID", "FrameOfReferenceUID", "MediaStorageSOPClassUID"]
_DIRECTORY = "1.2.840.10008.1.3.10"
_PROJECTIONS = frozenset({"TOMO", "GATED TOMO"})
_KNOWN_IMAGES = {
    "RECON TOMO": "a reconstructed image", "RECON GATED TOMO": "a reconstructed gated image", "STATIC": "a planar image",
    "WHOLE BODY": "a planar whole-body image", "DYNAMIC": "a dynamic planar image", "GATED": "a gated planar image",
}  # fmt: skip
_KNOWN_MODALITIES = frozenset({"PT", "MR", "US", "XA", "CR", "DX", "SR", "PR", "KO", "SEG", "OT", "RTSTRUCT", "RTDOSE"})


class DicomKind(StrEnum):
    """What a DICOM file may be to us."""

    PROJECTIONS = "projections"
    CT = "ct"
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
        Series and frame of reference; empty where the file has none.
    """

    kind: DicomKind
    words: str
    series: str = ""
    frame: str = ""


def summarise(path: Path) -> DicomSummary:
    """Read the header of one DICOM file; a damaged one counts as projections, so that its reader says what is wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(_TAGS))
            values = {name: _text(header, name) for name in _TAGS}
            image = _image_type(header)
    except Exception:  # noqa: BLE001 (pydicom raises about everything on damaged bytes)
        return DicomSummary(DicomKind.PROJECTIONS, "a damaged DICOM file")
    if values["SOPClassUID"] == _DIRECTORY or getattr(header.file_meta, "MediaStorageSOPClassUID", "") == _DIRECTORY:
        return DicomSummary(DicomKind.OTHER, "a DICOM directory")
    series, frame = values["SeriesInstanceUID"], values["FrameOfReferenceUID"]
    if values["Modality"] == "CT":
        return DicomSummary(DicomKind.CT, "a CT slice", series, frame)
    if values["Modality"] == "NM" and image not in _KNOWN_IMAGES:
        return DicomSummary(DicomKind.PROJECTIONS, "projections", series, frame)
    return DicomSummary(DicomKind.OTHER, _words(values["Modality"], image), series, frame)


def _words(modality: str, image: str) -> str:
    if modality == "NM":
        return _KNOWN_IMAGES[image]
    return (
        f"a DICOM file of the modality {modality}" if modality in _KNOWN_MODALITIES else "a DICOM file of another kind"
    )


def _text(header: Any, name: str) -> str:
    return str(header.get(name) or "").strip()


def _image_type(header: Any) -> str:
    values = header.get("ImageType") or []
    return str(values[2]).strip().upper() if not isinstance(values, str) and len(values) > 2 else ""
