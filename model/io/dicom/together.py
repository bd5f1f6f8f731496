"""Tell whether the files of one series are one acquisition that a camera wrote apart, by window or by head. Torch-free.

Only what cannot be two acquisitions counts: other energy windows of the same views, or views of another part of the
circle. Files that agree in both may be gates, but also copies, beds or rest and stress: they stay apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model.errors import ModelError
from model.io.dicom.acquisition import Acquisition, join, read_acquisition
from model.io.dicom.fields import Fields, open_dicom

MOST_PARTS = 8  # more heads or windows has no camera; longer series are not read to find out
SAME_PLACE_MM = 1.0
LEAST_GAP = 0.75  # of the step between views: neighbouring arcs lie a whole step apart, interleaved ones half a step


def one_acquisition(paths: Sequence[Path]) -> bool:
    """Read the files of one series and tell; files that cannot be read, or not together, are none."""
    if not 2 <= len(paths) <= MOST_PARTS:
        return False
    try:
        parts = [read_acquisition(Fields(open_dicom(path)), None, None) for path in paths]
        whole = join(parts)
    except (ModelError, OSError):
        return False
    first = parts[0]
    if whole.counts.shape[0] != first.counts.shape[0] or not all(_same_place(first, part) for part in parts[1:]):
        return False
    return len(whole.views) == len(first.views) or _arcs_lie_apart(parts)


def _same_place(one: Acquisition, other: Acquisition) -> bool:
    """Tell whether both lie at the same height along the patient; beds of one series do not."""
    if one.frame.positioned != other.frame.positioned:
        return False
    return abs(one.frame.origin_mm[2] - other.frame.origin_mm[2]) <= SAME_PLACE_MM


def _arcs_lie_apart(parts: Sequence[Acquisition]) -> bool:
    arcs = [np.array([view.angle_deg for view in part.views]) for part in parts]
    step = min((float(_apart(arc[1:], arc[:-1]).min()) for arc in arcs if arc.size > 1), default=0.0)
    gaps = [
        float(_apart(one[:, None], other[None, :]).min())
        for number, one in enumerate(arcs)
        for other in arcs[number + 1 :]
    ]
    return step > 0 and min(gaps) >= LEAST_GAP * step


def _apart(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the angle between directions, degrees, 0 to 180."""
    return np.asarray(np.abs((a - b + 180.0) % 360.0 - 180.0), dtype=np.float64)
