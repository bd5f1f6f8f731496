# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Where the detector stood in every view: angles, radii and times of a DICOM NM acquisition. Torch-free.

References
----------
DICOM PS3.3 C.8.4.12 (NM Tomo Acquisition) and C.8.4.11 (NM Detector): Start Angle (0054,0200) is zero at the patient's
back and grows counter-clockwise as seen from the feet, from the back towards the left side; CC = increasing, CW =
decreasing; Angular Step is positive; Radial Position holds one average or one value a view; Actual Frame Duration is in
ms. This is `model.geometry`'s angle. GE's radius offset: private (0055,1022) > (0013,101E), the last of three numbers a
view, in mm, to be added (PyTomography 3.4.0, io/SPECT/dicom.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.errors import DicomError
from model.io.dicom.fields import Fields, element_name
from model.io.dicom.frames import FrameTable
from model.io.notes import note

SMALLEST_RADIUS_MM = 80.0  # less than half a head: no parallel-hole camera for people comes so near
LARGEST_RADIUS_MM = 800.0  # no gantry is that wide
DEFAULT_RADIUS_MM = 250.0  # a circular orbit around a chest
_GE_ORBIT, _GE_OFFSETS = 0x00551022, 0x0013101E
_NOT_PARALLEL = {
    "PINH": "pinhole",
    "FANB": "fan-beam",
    "CONE": "cone-beam",
    "SLNT": "slant-hole",
    "ASTG": "astigmatic",
    "DIVG": "diverging",
}


@dataclass(frozen=True)
class View:
    """One position of one detector: its place in the vectors and in space."""

    detector: int
    rotation: int
    index: int
    angle_deg: float
    radius_mm: float
    duration_s: float


def read_orbit(fields: Fields, table: FrameTable) -> tuple[tuple[View, ...], list[str]]:
    """Return the views, detector by detector in the order of their angles' acquisition, and notes.

    Raises
    ------
    DicomError
        ``dicom.missing_element``, ``dicom.bad_value``, ``dicom.collimator``, ``dicom.several_beds`` or
        ``dicom.frames_inconsistent``.
    """
    rotations = fields.items("RotationInformationSequence", "rotation")
    detectors = fields.items("DetectorInformationSequence", "detector")
    notes: list[str] = []
    _refuse_other_collimators(detectors)
    _refuse_several_beds(rotations)
    keys = sorted({(d, r) for d, r in zip(table.detector.tolist(), table.rotation.tolist(), strict=True)})
    first_rotation = {d: min(r for dd, r in keys if dd == d) for d, _ in keys}
    views: list[View] = []
    for detector, rotation in keys:
        item = _pick(rotations, rotation, "RotationInformationSequence")
        head = detectors[detector - 1] if detector <= len(detectors) else None
        reference = _pick(rotations, first_rotation[detector], "RotationInformationSequence")
        shared = sum(1 for r in first_rotation.values() if r == first_rotation[detector]) > 1
        start = _start_angle(item, reference, head, shared=shared)
        mine = (table.detector == detector) & (table.rotation == rotation)
        numbers = sorted(set(table.view[mine].tolist()))
        offsets = _offsets(numbers, item, detector)
        step = _signed_step(item, len(numbers))
        radii = _radii(item, head, detector, offsets, notes)
        duration = _duration_s(item, notes)
        views += [
            View(detector, rotation, number, (start + k * step) % 360.0, radius, duration)
            for number, k, radius in zip(numbers, offsets, radii, strict=True)
        ]
    _refuse_heads_in_one_place(views)
    return _with_ge_offsets(fields, views, notes), list(dict.fromkeys(notes))


def _pick(items: list[Fields], number: int, keyword: str) -> Fields:
    if number > len(items):
        msg = f"the frames speak of item {number} of {element_name(keyword)}, the file has {len(items)}"
        raise DicomError("dicom.missing_element", msg, "Export the acquisition again with its full header.")
    return items[number - 1]


def _start_angle(item: Fields, reference: Fields, head: Fields | None, *, shared: bool) -> float:
    """Return where the detector starts: its own angle at its first rotation, moved on as far as later ones are."""
    turned = item.require("StartAngle")
    own = head.number("StartAngle") if head is not None else None
    if own is not None:
        return own + turned - reference.require("StartAngle")
    if shared:
        place = head.place if head is not None else ""
        msg = f"several detectors turn together and the file has no {element_name('StartAngle')}{place}"
        raise DicomError("dicom.missing_element", msg, "Export the acquisition again with its full header.")
    return turned


def _refuse_heads_in_one_place(views: list[View]) -> None:
    first: dict[tuple[int, int, float], int] = {}
    for view in views:
        other = first.setdefault((view.rotation, view.index, round(view.angle_deg, 3)), view.detector)
        if other != view.detector:
            msg = f"detectors {other} and {view.detector} would stand at the same {view.angle_deg:g} degrees"
            raise DicomError(
                "dicom.bad_value", msg, "The start angles of the detectors are wrong; export the acquisition again."
            )


def _offsets(numbers: list[int], item: Fields, detector: int) -> list[int]:
    """Return the number of steps from the start for each view; views may be numbered on from the detector before."""
    announced = item.whole("NumberOfFramesInRotation", lowest=1) or len(numbers)
    if numbers[-1] <= announced:
        return [n - 1 for n in numbers]
    if numbers[-1] - numbers[0] + 1 == len(numbers):
        return [n - numbers[0] for n in numbers]
    msg = f"detector {detector} has views up to {numbers[-1]}{item.place}, which announces {announced}"
    raise DicomError("dicom.frames_inconsistent", msg, "The vectors are damaged; export the acquisition again.")


def _signed_step(item: Fields, views: int) -> float:
    direction = item.word("RotationDirection")
    if direction not in ("CW", "CC", "CCW"):
        msg = f"{element_name('RotationDirection')}{item.place} is neither CW nor CC"
        raise DicomError("dicom.bad_value", msg, "Export the acquisition again with its full header.")
    step = item.number("AngularStep")
    if step is None:
        arc = item.require("ScanArc")
        step = arc / max(1, views)
    if not 0 < step <= 180 and views > 1:
        msg = f"{element_name('AngularStep')}{item.place} is {step:g} degrees, expected more than 0 and at most 180"
        raise DicomError("dicom.bad_value", msg)
    return -step if direction == "CW" else step


def _radii(item: Fields, head: Fields | None, detector: int, offsets: list[int], notes: list[str]) -> list[float]:
    values = head.numbers("RadialPosition") if head is not None else ()
    source = head if values and head is not None else item
    values = values or item.numbers("RadialPosition")
    count = len(offsets)
    if not values:
        notes.append(note("orbit.no_radius", radius_mm=DEFAULT_RADIUS_MM))
        return [DEFAULT_RADIUS_MM] * count
    if len(values) == 1:
        chosen = [values[0]] * count
    elif len(values) > max(offsets):
        first = (detector - 1) * count if source is item and len(values) >= detector * count else 0
        chosen = [values[first + k] if first + k < len(values) else values[k] for k in offsets]
    else:
        msg = f"{element_name('RadialPosition')}{source.place} has {len(values)} values for {count} views"
        raise DicomError("dicom.vector_length", msg, "Export the acquisition again with its full header.")
    _check_radii(chosen, source.place)
    return chosen


def _check_radii(radii: list[float], place: str) -> None:
    low, high = min(radii), max(radii)
    if not (low >= SMALLEST_RADIUS_MM and high <= LARGEST_RADIUS_MM):
        msg = (
            f"{element_name('RadialPosition')}{place} runs from {low:g} to {high:g} mm, a parallel-hole camera for "
            f"patients stays between {SMALLEST_RADIUS_MM:g} and {LARGEST_RADIUS_MM:g} mm"
        )
        raise DicomError("dicom.bad_value", msg, "Check the header; lengths must be in mm.")


def _duration_s(item: Fields, notes: list[str]) -> float:
    duration = item.number("ActualFrameDuration")
    if duration is None or duration <= 0:
        notes.append(note("orbit.no_duration"))
        return 1.0
    return duration / 1000.0


def _refuse_other_collimators(detectors: list[Fields]) -> None:
    for head in detectors:
        kind = head.word("CollimatorType")
        if kind in _NOT_PARALLEL:
            msg = f"the collimator{head.place} is a {_NOT_PARALLEL[kind]} one, only parallel holes are modelled"
            raise DicomError("dicom.collimator", msg)


def _refuse_several_beds(rotations: list[Fields]) -> None:
    beds = [b for b in (r.number("TableTraverse") for r in rotations) if b is not None]
    if beds and max(beds) - min(beds) > 1.0:
        msg = f"the rotations lie at table positions up to {max(beds) - min(beds):g} mm apart; one bed position is read"
        raise DicomError("dicom.several_beds", msg, "Export each bed position on its own.")


def _with_ge_offsets(fields: Fields, views: list[View], notes: list[str]) -> tuple[View, ...]:
    offsets = _ge_offsets(fields.dataset)
    if offsets is None:
        return tuple(views)
    if len(offsets) != len(views):
        notes.append(note("orbit.offsets_ignored", entries=len(offsets), views=len(views)))
        return tuple(views)
    moved = [v.radius_mm + float(o) for v, o in zip(views, offsets, strict=True)]
    _check_radii(moved, " with the maker's offsets")
    notes.append(note("orbit.offsets_added"))
    return tuple(
        View(v.detector, v.rotation, v.index, v.angle_deg, r, v.duration_s) for v, r in zip(views, moved, strict=True)
    )


def _ge_offsets(dataset: Any) -> list[float] | None:
    try:
        values = np.array(dataset[_GE_ORBIT].value[0][_GE_OFFSETS].value, dtype=np.float64).reshape(-1, 3)[:, -1]
    except Exception:  # noqa: BLE001 (a private element may hold anything; without it the public radius stands)
        return None
    return [float(v) for v in values] if all(math.isfinite(v) for v in values) else None
