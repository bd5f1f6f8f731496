"""A channelised Hotelling observer tells a mild defect at a known place from a healthy wall, as well as it can.

View
    A square of the short axis of the left ventricle, centred in the wall where the defect lies (or would lie), turned
    so that outwards is up: the wall crosses every square in the same way, whatever its place around the axis. Three
    parallel squares, `STEP_MM` apart along the axis, are averaged. Values are shares of the mean of the whole wall.
Channels
    `CHANNELS` Laguerre-Gauss functions of width `WIDTH_MM`; they are rotationally symmetric.
Template
    Hotelling's, from the pooled covariance of the channel outputs, learned on one half of the cases and applied to the
    other, then the other way round. No internal noise: methods are compared with each other, not with people.
Figure
    The area under the ROC curve by Mann and Whitney, mean of the halves; its interval by resampling the tested cases.

numpy only.

References
----------
Gallas & Barrett, J. Opt. Soc. Am. A 20 (2003) 1725 (Laguerre-Gauss channels); Wollenweber et al., IEEE Trans. Nucl.
Sci. 46 (1999) 2098 (Hotelling observers for defects in myocardial SPECT).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.io.study_records import Defect, HeartFrame, Study

Outputs = npt.NDArray[np.float64]
CHANNELS = 4
WIDTH_MM = 30.0  # the first channel's Gaussian falls to exp(-pi) at this radius: one defect and its border
HALF_SIDE, STEP_MM = 8, 5.0  # squares of 17 x 17 samples, 80 mm across
SECTOR_DEG, SECTOR_MM = 25.0, 8.0  # the wall whose centre of gravity is the place
MIN_CASES = 10
RIDGE = 1e-6  # of the covariance's mean variance


@dataclass(frozen=True)
class Place:
    """Where in the wall to look: angle (0 anterior, 90 lateral, 180 inferior, 270 septal), 0 base .. 1 apex."""

    theta_deg: float
    along: float

    @classmethod
    def of(cls, defect: Defect) -> Place:
        """Return the centre of a defect."""
        return cls(defect.centre_deg, defect.centre_index)


def channel_outputs(image: npt.NDArray[np.floating], study: Study, place: Place) -> Outputs | None:
    """Return what the channels see at `place`, (CHANNELS,); None where the study knows no heart there."""
    if study.truth is None:
        return None
    wall = study.truth.aha > 0
    level = float(image[wall].mean(dtype=np.float64)) if wall.any() else 0.0
    square = None if level <= 0 else _square(np.asarray(image, dtype=np.float64), study, place)
    return None if square is None else np.asarray(_channels() @ square.ravel() / level, dtype=np.float64)


def _axes(heart: HeartFrame) -> tuple[npt.NDArray[np.float64], ...]:
    """Return base, long axis, anterior and lateral in (x, y, z); the cross product as in the phantom's frame."""
    base, apex = np.asarray(heart.base_mm), np.asarray(heart.apex_mm)
    axis = (apex - base) / np.linalg.norm(apex - base)
    anterior = np.asarray(heart.anterior)
    return base, axis, anterior, np.cross(anterior, axis)


def _square(image: npt.NDArray[np.float64], study: Study, place: Place) -> npt.NDArray[np.float64] | None:
    assert study.truth is not None  # noqa: S101 (checked by the caller)
    voxel = np.asarray(study.geometry.grid.voxel_mm)
    middle = (np.asarray(image.shape) - 1) / 2
    base, axis, anterior, lateral = _axes(study.truth.heart)
    length = float(np.linalg.norm(np.asarray(study.truth.heart.apex_mm) - base))
    zyx = np.argwhere(study.truth.aha > 0)
    points = ((zyx - middle) * voxel)[:, ::-1] - base
    along, forward, sideways = points @ axis, points @ anterior, points @ lateral
    turn = (np.degrees(np.arctan2(sideways, forward)) - place.theta_deg + 180) % 360 - 180
    here = (np.abs(turn) < SECTOR_DEG) & (np.abs(along - place.along * length) < SECTOR_MM)
    if not here.any():
        return None
    angle = math.radians(place.theta_deg)
    outward = math.cos(angle) * anterior + math.sin(angle) * lateral
    across = np.cross(axis, outward)
    radius = float((points[here] @ outward).mean())
    centre = base + place.along * length * axis + radius * outward
    steps = STEP_MM * np.arange(-HALF_SIDE, HALF_SIDE + 1)
    up, side = np.meshgrid(steps, steps, indexing="ij")
    total = np.zeros_like(up)
    for shift in (-STEP_MM, 0.0, STEP_MM):
        xyz = centre + shift * axis + up[..., None] * outward + side[..., None] * across
        total += _trilinear(image, xyz[..., ::-1] / voxel + middle)
    return np.asarray(total / 3)


def _trilinear(image: npt.NDArray[np.float64], at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the image at fractional indices (..., 3); beyond the edge its border value."""
    limit = np.asarray(image.shape) - 1
    at = np.clip(at, 0, limit)
    low = np.minimum(np.floor(at).astype(int), np.maximum(limit - 1, 0))
    part = at - low
    total = np.zeros(at.shape[:-1])
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(np.asarray(corner) == 1, part, 1 - part), axis=-1)
        index = np.minimum(low + np.asarray(corner), limit)
        total += weight * image[index[..., 0], index[..., 1], index[..., 2]]
    return total


def _channels() -> npt.NDArray[np.float64]:
    """Return the Laguerre-Gauss functions, (CHANNELS, samples), each of unit norm."""
    steps = STEP_MM * np.arange(-HALF_SIDE, HALF_SIDE + 1)
    x = 2 * math.pi * (steps[:, None] ** 2 + steps[None, :] ** 2).ravel() / WIDTH_MM**2
    rows, before, now = [], np.zeros_like(x), np.ones_like(x)
    for order in range(CHANNELS):
        rows.append(now * np.exp(-x / 2))
        before, now = now, ((2 * order + 1 - x) * now - order * before) / (order + 1)
    return np.stack([row / np.linalg.norm(row) for row in rows])


def template(present: Outputs, absent: Outputs) -> Outputs:
    """Return Hotelling's template (C,), S^-1 (mean present - mean absent), from outputs (N, C) and (M, C)."""
    spread = 0.5 * (np.cov(present, rowvar=False) + np.cov(absent, rowvar=False))
    spread = spread + RIDGE * max(float(np.trace(spread)) / len(spread), 1e-30) * np.eye(len(spread))
    return np.asarray(np.linalg.solve(spread, present.mean(axis=0) - absent.mean(axis=0)))


def area_under_curve(present: npt.NDArray[np.float64], absent: npt.NDArray[np.float64]) -> float:
    """Return P(present > absent) + P(equal) / 2 over all pairs (Mann and Whitney)."""
    order = np.sort(absent)
    below, up_to = np.searchsorted(order, present, "left"), np.searchsorted(order, present, "right")
    return float((below + up_to).mean()) / (2 * absent.size)


def observer_auc(
    present: Sequence[Outputs], absent: Sequence[Outputs], *, seed: int = 0, resamples: int = 2000, level: float = 0.95
) -> tuple[float, float, float] | None:
    """Return the area under the curve and its percentile bootstrap interval; None with too few cases.

    Parameters
    ----------
    present, absent : sequences of (C,)
        Channel outputs, at least `MIN_CASES` each. Case i of both goes to the same half, so that the two images of one
        patient are never divided between learning and testing.
    """
    if min(len(present), len(absent)) < MIN_CASES:
        return None
    p, a = np.stack(present), np.stack(absent)
    halves = []
    for test in (0, 1):
        weights = template(p[np.arange(len(p)) % 2 != test], a[np.arange(len(a)) % 2 != test])
        halves.append((p[test::2] @ weights, a[test::2] @ weights))
    rng = np.random.default_rng(seed)
    draws = [
        np.mean([area_under_curve(rng.choice(x, x.size), rng.choice(y, y.size)) for x, y in halves])
        for _ in range(resamples)
    ]
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(np.mean([area_under_curve(x, y) for x, y in halves])), float(low), float(high)
