"""Perfusion defects read off the polar map by normal limits: which ones an image invents and which ones it hides.

Rule, fixed once for every method
    A segment is called abnormal when it lies more than `depth` points below the mean of that segment in normal
    studies reconstructed by the same method. The centre is the method's own, as clinics build a database of normals
    for each reconstruction, so that no method is blamed for the blur that all of its images share. The depth is
    common: `DEPTH_SD` times the standard deviation of the *true* maps of those normals, pooled over segments. With a
    depth of its own a noisier method would simply call less, and every method would invent equally much by design;
    with the common one the truth itself invents nothing and misses nothing, and each error is the image's.
Invented
    A called segment whose true value is within its limit, in a study without defects.
Missed
    A mild defect (severity at most `MILD_SEVERITY`) that the true map shows (some segment it touches lies below the
    truth's limit) and of whose segments none is called.

numpy only.

References
----------
Garcia et al., J. Nucl. Med. 26 (1985) 17 (2.5 standard deviations below the mean of normals); Slomka et al., J. Nucl.
Cardiol. 12 (2005) 66 (limits from 40 normals of each sex, made for the protocol that reads them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.evaluation.polar import SEGMENTS, Segments, neighbours
from model.io.study_records import Defect

DEPTH_SD = 2.5
MILD_SEVERITY = 0.4
MIN_NORMALS = 5
Called = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class NormalLimits:
    """What a method shows in normal hearts.

    Parameters
    ----------
    mean : float64 (17,), points
        NaN where no normal has the segment.
    depth : float, points
        How far below the mean a segment is abnormal.
    studies : int
        How many normals there were.
    """

    mean: Segments
    depth: float
    studies: int

    def called(self, polar: Segments) -> Called:
        """Return which segments are abnormal, bool (17,); what is NaN is not."""
        with np.errstate(invalid="ignore"):
            return np.asarray(polar < self.mean - self.depth)


@dataclass(frozen=True)
class Reading:
    """What the rule makes of one image.

    Parameters
    ----------
    invented : int or None
        Segments called though the truth is normal; None in a study with defects.
    invented_remote : int or None
        The same in segments that neither belong to a defect nor touch one that does; None in a study without defects.
    mild, missed : int
        Mild defects that the true map shows, and those of them that were not called.
    """

    invented: int | None
    invented_remote: int | None
    mild: int
    missed: int


def common_depth(truth_maps: Sequence[Segments]) -> float:
    """Return the depth in points: `DEPTH_SD` pooled standard deviations of the true maps of normals.

    Raises
    ------
    ValueError
        With fewer than `MIN_NORMALS` normals.
    """
    maps = _stacked(truth_maps)
    around = (maps - _means(maps)) ** 2
    freedom = np.maximum(np.isfinite(maps).sum(axis=0) - 1, 0).sum()
    return DEPTH_SD * float(np.sqrt(np.nansum(around) / max(int(freedom), 1)))


def normal_limits(maps: Sequence[Segments], depth: float) -> NormalLimits:
    """Return the limits of the method that made these polar maps of normal studies.

    Raises
    ------
    ValueError
        With fewer than `MIN_NORMALS` normals.
    """
    return NormalLimits(_means(_stacked(maps)), depth, len(maps))


def _stacked(maps: Sequence[Segments]) -> npt.NDArray[np.float64]:
    if len(maps) < MIN_NORMALS:
        msg = f"normal limits need at least {MIN_NORMALS} studies without a defect, got {len(maps)}"
        raise ValueError(msg)
    return np.stack(maps)


def _means(maps: npt.NDArray[np.float64]) -> Segments:
    """Return the mean of each segment over the maps that have it, NaN where none has."""
    known = np.isfinite(maps)
    number = known.sum(axis=0)
    return np.where(number > 0, np.where(known, maps, 0.0).sum(axis=0) / np.maximum(number, 1), np.nan)


def read_map(
    polar: Segments, truth: Segments, defects: Sequence[Defect], limits: NormalLimits, truth_limits: NormalLimits
) -> Reading:
    """Apply the rule of the module docstring to one image.

    Parameters
    ----------
    polar, truth : float64 (17,), points
        Maps of the image and of the reference.
    defects : sequence of Defect
    limits, truth_limits : NormalLimits
        Of the method and of the truth, from the same normal studies.
    """
    called, real = limits.called(polar), truth_limits.called(truth)
    wrong = called & ~real
    if not defects:
        return Reading(int(wrong.sum()), None, 0, 0)
    affected = np.zeros(SEGMENTS, dtype=bool)
    for defect in defects:
        affected[[s - 1 for s in defect.segments]] = True
    near = neighbours()[affected].any(axis=0)
    mild = [
        [s - 1 for s in defect.segments]
        for defect in defects
        if defect.severity <= MILD_SEVERITY and real[[s - 1 for s in defect.segments]].any()
    ]
    missed = sum(not called[segments].any() for segments in mild)
    return Reading(None, int((wrong & ~near).sum()), len(mild), missed)
