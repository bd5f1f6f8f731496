# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Order the frames of a multi-frame nuclear medicine image by its indexing vectors. Torch-free.

References
----------
DICOM PS3.3 C.8.4.8.1.1 (Frame Increment Pointer): one vector a dimension, one entry a frame, counted from 1.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.datadict import tag_for_keyword
from pydicom.multival import MultiValue

from model.errors import DicomError
from model.io.dicom.fields import Fields, element_name, guarded

MAX_FRAMES = 20000  # 2 windows x 2 heads x 16 gates x 128 views is 8192
_NUMBER_OF = {
    "EnergyWindowVector": "NumberOfEnergyWindows",
    "DetectorVector": "NumberOfDetectors",
    "RotationVector": "NumberOfRotations",
    "RRIntervalVector": "NumberOfRRIntervals",
    "TimeSlotVector": "NumberOfTimeSlots",
}
_OTHER = ("PhaseVector", "SliceVector", "TimeSliceVector")
_REQUIRED = "the file says nothing of the order of its frames"

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FrameTable:
    """Which frame shows what: one entry a frame, all counted from 1.

    `gate` numbers the pairs of R-R interval and time slot in their order; 1 everywhere in an ungated file.
    """

    window: Indices
    detector: Indices
    rotation: Indices
    gate: Indices
    view: Indices

    @property
    def n_gates(self) -> int:
        """Number of gates; 1 for an ungated acquisition."""
        return int(self.gate.max())


def number_of_frames(fields: Fields) -> int:
    """Return NumberOfFrames, within what a camera can acquire."""
    frames = fields.whole("NumberOfFrames", lowest=1)
    if frames is None:
        msg = f"the file has no {element_name('NumberOfFrames')}; it is a single picture"
        raise DicomError("dicom.not_tomographic", msg, "Choose the tomographic acquisition (TOMO).")
    if frames > MAX_FRAMES:
        msg = f"the file announces {frames} frames, at most {MAX_FRAMES} are read"
        raise DicomError("dicom.too_many_frames", msg)
    return frames


def frame_table(fields: Fields, *, gated: bool) -> FrameTable:
    """Read the vectors and check that every combination occurs exactly once.

    Raises
    ------
    DicomError
        ``dicom.missing_vector``, ``dicom.vector_length``, ``dicom.frames_inconsistent`` or ``dicom.not_tomographic``.
    """
    frames = number_of_frames(fields)
    _check_pointer(fields, frames)
    window = _vector(fields, "EnergyWindowVector", frames)
    detector = _vector(fields, "DetectorVector", frames)
    rotation = _vector(fields, "RotationVector", frames)
    ones = np.ones(frames, dtype=np.int64)
    interval = _vector(fields, "RRIntervalVector", frames) if gated else ones
    slot = _vector(fields, "TimeSlotVector", frames, required=gated) if gated else ones
    view = _vector(fields, "AngularViewVector", frames, required=True)
    pairs = sorted(set(zip(interval.tolist(), slot.tolist(), strict=True)))
    gates = {pair: i + 1 for i, pair in enumerate(pairs)}
    gate = np.array([gates[p] for p in zip(interval.tolist(), slot.tolist(), strict=True)], dtype=np.int64)
    table = FrameTable(window, detector, rotation, gate, view)
    _check_complete(table)
    return table


def _check_pointer(fields: Fields, frames: int) -> None:
    with guarded(element_name("FrameIncrementPointer")):
        value = fields.dataset.get("FrameIncrementPointer")
        tags = {int(v) for v in (value if isinstance(value, list | MultiValue) else [value]) if v is not None}
    named = {keyword for keyword in (*_NUMBER_OF, "AngularViewVector", *_OTHER) if tag_for_keyword(keyword) in tags}
    for keyword in sorted(named):
        if keyword not in fields.dataset:
            msg = f"the frames are ordered by {element_name(keyword)}, but the file does not hold it"
            raise DicomError("dicom.missing_vector", msg, "Export the acquisition again with its full header.")
        if keyword in _OTHER and len(set(_vector(fields, keyword, frames).tolist())) > 1:
            msg = f"the frames are ordered by {element_name(keyword)}; this is no tomographic acquisition"
            raise DicomError("dicom.not_tomographic", msg, "Choose the tomographic acquisition (TOMO).")


def _vector(fields: Fields, keyword: str, frames: int, *, required: bool = False) -> Indices:
    values = fields.numbers(keyword)
    if not values:
        announced = fields.whole(_NUMBER_OF[keyword], lowest=1) if keyword in _NUMBER_OF else None
        if required or (announced or 1) > 1:
            msg = f"the file has no {element_name(keyword)}; {_REQUIRED}"
            raise DicomError("dicom.missing_vector", msg, "Export the acquisition again with its full header.")
        return np.ones(frames, dtype=np.int64)
    if len(values) != frames:
        msg = f"{element_name(keyword)} has {len(values)} entries for {frames} frames"
        raise DicomError("dicom.vector_length", msg, "Export the acquisition again with its full header.")
    vector = np.array(values, dtype=np.float64)
    if np.any(vector != np.floor(vector)) or vector.min() < 1 or vector.max() > MAX_FRAMES:
        msg = f"{element_name(keyword)} holds {vector.min():g} to {vector.max():g}, expected whole numbers from 1"
        raise DicomError("dicom.frames_inconsistent", msg)
    return vector.astype(np.int64)


def _check_complete(table: FrameTable) -> None:
    columns = (table.window, table.detector, table.rotation, table.gate, table.view)
    seen = Counter(zip(*(c.tolist() for c in columns), strict=True))
    twice = sum(1 for n in seen.values() if n > 1)
    if twice:
        msg = f"{twice} combinations of window, detector, rotation, gate and view occur more than once"
        raise DicomError("dicom.frames_inconsistent", msg, "The vectors are damaged; export the acquisition again.")
    blocks: dict[tuple[int, int], set[tuple[int, int, int]]] = {}
    for w, d, r, g, v in seen:
        blocks.setdefault((w, g), set()).add((d, r, v))
    sizes = sorted({len(b) for b in blocks.values()})
    expected = len(set(table.window.tolist())) * table.n_gates
    if len({frozenset(b) for b in blocks.values()}) > 1 or len(blocks) != expected:
        msg = f"the energy windows or gates hold different views ({sizes} frames each); every one must hold all views"
        raise DicomError("dicom.frames_inconsistent", msg, "Export windows with different views on their own.")
