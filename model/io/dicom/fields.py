# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Open a DICOM file and take single values from it; whatever is wrong becomes a sentence that names the element. Torch-free.

Text from a file is only ever compared with known words: no message, note or study holds a string of a file, because
any of them may name a person. File names are left out of messages for the same reason.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.errors import InvalidDicomError
from pydicom.pixels import get_decoder
from pydicom.tag import Tag

from model.errors import DicomError, ModelError

MAX_BYTES = 2**31
MAX_ELEMENTS = 2**28  # as in the study file
COPY_AGAIN = "Copy or export the file again from its source."


def element_name(keyword: str) -> str:
    """Return ``Pixel Spacing (0028,0030)`` for ``PixelSpacing``."""
    tag = Tag(tag_for_keyword(keyword) or 0)
    return f"{pydicom.datadict.dictionary_description(tag)} ({tag.group:04X},{tag.element:04X})"


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Turn whatever pydicom raises into ``dicom.damaged``; its own text may quote a value and is dropped.

    pydicom's warnings are silenced for the same reason.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except ModelError:
            raise
        except Exception:  # noqa: BLE001 (pydicom raises about everything on damaged bytes)
            msg = f"{what} cannot be read; the file is damaged or cut off"
            raise DicomError("dicom.damaged", msg, COPY_AGAIN) from None


def open_dicom(path: str | Path) -> Any:
    """Return the pydicom Dataset of a file, loaded as a whole.

    Raises
    ------
    DicomError
        ``dicom.no_such_file``, ``dicom.not_dicom``, ``dicom.too_large`` or ``dicom.damaged``.
    """
    source = Path(path)
    if not source.is_file():
        raise DicomError("dicom.no_such_file", "there is no such DICOM file", "Check the path.")
    size = source.stat().st_size
    if size > MAX_BYTES:
        msg = f"the file has {size} bytes, at most {MAX_BYTES} are read"
        raise DicomError("dicom.too_large", msg)
    raw = source.read_bytes()
    if raw[128:132] != b"DICM":
        msg = f"the file ({size} bytes) has no DICOM preamble"
        raise DicomError("dicom.not_dicom", msg, "Export the study as DICOM files, or pass only DICOM files.")
    with guarded("the file's header"), _quiet_pydicom():
        try:
            return pydicom.dcmread(io.BytesIO(raw))  # a stream without a name: pydicom logs names
        except InvalidDicomError:
            msg = f"the file ({size} bytes) is no DICOM file"
            raise DicomError("dicom.not_dicom", msg, "Export the study as DICOM files.") from None


@contextmanager
def _quiet_pydicom() -> Iterator[None]:
    logger = pydicom.config.logger
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


class Fields:
    """Typed access to one data set or one item of a sequence.

    Parameters
    ----------
    dataset : pydicom Dataset
    place : str
        Where it is, for messages: ``""`` or `` in rotation 2``.
    """

    def __init__(self, dataset: Any, place: str = "") -> None:
        self.dataset = dataset
        self.place = place

    def _value(self, keyword: str) -> Any:
        with guarded(f"{element_name(keyword)}{self.place}"), _quiet_pydicom():
            value = self.dataset.get(keyword)
            return None if value is None or value == "" else value

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Return every value of a numeric element; empty where it is missing or empty."""
        value = self._value(keyword)
        if value is None:
            return ()
        with guarded(f"{element_name(keyword)}{self.place}"):
            many = value if isinstance(value, list | tuple) or hasattr(value, "append") else [value]
            found = tuple(float(v) for v in many)
        if not all(math.isfinite(v) for v in found):
            msg = f"{element_name(keyword)}{self.place} holds a number that is not finite"
            raise DicomError("dicom.bad_value", msg, COPY_AGAIN)
        return found

    def number(self, keyword: str) -> float | None:
        """Return the first value, or None."""
        found = self.numbers(keyword)
        return found[0] if found else None

    def require(self, keyword: str) -> float:
        """Return the first value; refuse the file where there is none."""
        found = self.number(keyword)
        if found is None:
            msg = f"the file has no {element_name(keyword)}{self.place}"
            raise DicomError("dicom.missing_element", msg, "Export the acquisition again with its full header.")
        return found

    def whole(self, keyword: str, *, lowest: int = 0, highest: int = MAX_ELEMENTS) -> int | None:
        """Return a whole number in the given bounds, or None where it is missing."""
        value = self.number(keyword)
        if value is None:
            return None
        if value != int(value) or not lowest <= value <= highest:
            msg = (
                f"{element_name(keyword)}{self.place} is {value:g}, expected a whole number from {lowest} to {highest}"
            )
            raise DicomError("dicom.bad_value", msg)
        return int(value)

    def word(self, keyword: str) -> str:
        """Return a text in capitals, to be compared with known words only; empty where it is missing."""
        value = self._value(keyword)
        return "" if value is None else str(value).strip().upper()

    def words(self, keyword: str) -> tuple[str, ...]:
        """Return the values of a multi-valued text in capitals, to be compared with known words only."""
        value = self._value(keyword)
        if value is None:
            return ()
        many = [value] if isinstance(value, str) else list(value)
        return tuple(str(v).strip().upper() for v in many)

    def items(self, keyword: str, label: str) -> list[Fields]:
        """Return the items of a sequence, each with its place for messages."""
        value = self._value(keyword)
        with guarded(f"{element_name(keyword)}{self.place}"):
            found = [] if value is None else list(value)
            for item in found:
                item.get("PatientName")  # only data sets have it; a damaged sequence holds other things
        return [Fields(item, f" in {label} {i + 1}{self.place}") for i, item in enumerate(found)]


def read_pixels(fields: Fields, *, frames: int) -> npt.NDArray[np.float64]:
    """Return (frames, rows, columns) after RescaleSlope and RescaleIntercept.

    Raises
    ------
    DicomError
        ``dicom.no_pixels``, ``dicom.truncated``, ``dicom.too_large``, ``dicom.codec_missing``, ``dicom.lossy`` or
        ``dicom.damaged``.
    """
    rows, columns = (int(fields.require(k)) for k in ("Rows", "Columns"))
    elements = rows * columns * frames
    if not 0 < elements <= MAX_ELEMENTS:
        msg = f"the header announces {frames} frames of {rows} x {columns}, at most {MAX_ELEMENTS} values are read"
        raise DicomError("dicom.too_large", msg)
    if (fields.whole("SamplesPerPixel") or 1) != 1:
        raise DicomError("dicom.colour", "the pixels have several samples; a colour picture holds no counts")
    _check_codec(fields)
    with guarded("the pixel data"), _quiet_pydicom():
        _check_length(fields, elements)
        array = np.asarray(fields.dataset.pixel_array)
    if array.size != elements:
        msg = f"the pixel data hold {array.size} values, the header says {elements}"
        raise DicomError("dicom.truncated", msg, COPY_AGAIN)
    slope, intercept = fields.number("RescaleSlope"), fields.number("RescaleIntercept")
    scale = 1.0 if slope is None else slope
    if scale == 0:
        msg = f"{element_name('RescaleSlope')} is 0; every value would be the same"
        raise DicomError("dicom.bad_value", msg)
    return array.reshape(frames, rows, columns).astype(np.float64) * scale + (intercept or 0.0)


def _check_codec(fields: Fields) -> None:
    with guarded("the file's meta information"):
        syntax = fields.dataset.file_meta.TransferSyntaxUID
        compressed = bool(syntax.is_compressed) and not bool(syntax.is_deflated)
        available = not compressed or get_decoder(syntax).is_available
        name = pydicom.uid.UID_dictionary.get(str(syntax), ("an unknown transfer syntax",))[0]
    if not available:
        msg = f"the pixels are compressed ({name}) and the decoder for it is not installed"
        raise DicomError("dicom.codec_missing", msg, "Export the study uncompressed (Explicit VR Little Endian).")
    if fields.word("LossyImageCompression") == "01":
        msg = "the pixels went through a lossy compression; they are no counts any more"
        raise DicomError("dicom.lossy", msg, "Export the original acquisition from the camera.")


def _check_length(fields: Fields, elements: int) -> None:
    dataset = fields.dataset
    held = next((k for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData") if k in dataset), None)
    if held is None:
        raise DicomError("dicom.no_pixels", "the file holds no pixel data; it is cut off or no image", COPY_AGAIN)
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        return
    bits = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}.get(held) or int(fields.require("BitsAllocated"))
    needed = elements * bits // 8
    length = len(dataset[held].value)
    if length < needed:
        msg = f"the pixel data have {length} bytes, the header says {needed}"
        raise DicomError("dicom.truncated", msg, COPY_AGAIN)
