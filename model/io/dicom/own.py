"""A private block of our own for what DICOM has no element for: the collimator's holes and the intrinsic resolution. Torch-free."""

from __future__ import annotations

import math
from typing import Any

from model.geometry import LEHR_INTEVO, LEHR_NM670, Collimator

CREATOR = "FLOMIR CAMERA 1"
_GROUP = 0x0055
_HOLE, _LENGTH, _INTRINSIC = 0x01, 0x02, 0x03


def write_own_camera(dataset: Any, collimator: Collimator, intrinsic_fwhm_mm: float) -> None:
    """Add the block to a data set."""
    block = dataset.private_block(_GROUP, CREATOR, create=True)
    block.add_new(_HOLE, "FD", collimator.hole_mm)
    block.add_new(_LENGTH, "FD", collimator.length_mm)
    block.add_new(_INTRINSIC, "FD", intrinsic_fwhm_mm)


def read_own_camera(dataset: Any) -> tuple[Collimator | None, float | None]:
    """Return what the block holds; (None, None) where there is none or it is damaged.

    The collimator's name is not read back: it is free text.
    """
    try:
        block = dataset.private_block(_GROUP, CREATOR)
        hole, length, intrinsic = (float(block[e].value) for e in (_HOLE, _LENGTH, _INTRINSIC))
    except Exception:  # noqa: BLE001 (without a readable block the reader assumes and says so)
        return None, None
    usable = all(math.isfinite(v) for v in (hole, length, intrinsic)) and hole > 0 and length > 0 and intrinsic >= 0
    if not usable:
        return None, None
    known = (c for c in (LEHR_NM670, LEHR_INTEVO) if (c.hole_mm, c.length_mm) == (hole, length))
    return next(known, Collimator("as written", hole, length)), intrinsic
