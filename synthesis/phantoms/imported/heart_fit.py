"""Fit the left ventricle's frame to its labelled wall: long axis, valve plane, apex, radius and thickness."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.geometry import VolumeGrid
from model.io.study import HeartFrame
from model.ventricle import Box, Floats, WallCoordinates, wall_coordinates
from synthesis.errors import PhantomInvalid
from synthesis.phantoms.heart import Frame, Vector, aha_segment
from synthesis.phantoms.imported.resample import box_of
from synthesis.phantoms.shapes import Lattice

Samples = npt.NDArray[np.float64]
ROUNDS = 8  # of the fit of the axis; it settles within three
ENDS = 0.005  # share of the wall that may lie beyond the base, against ragged borders
MID = (0.25, 0.65)  # part of the length in which the wall is a full ring
LENGTH_MM = (35.0, 140.0)  # of a left ventricle, from a child's in systole to a dilated one
ROUGHEST_RING = 0.30  # standard deviation of the radius over its mean; a ring of 10 mm around 25 mm has 0.1
REMEDY = "Check which code is the left ventricular wall, or say that there is no heart."


@dataclass(frozen=True, eq=False)
class FittedHeart:
    """The left ventricle as fitted; lengths in mm, positions (x, y, z) from the centre of the grid.

    `outer_radius` and `wall` are those of the widest ring; `apical_wall` is the thickness on the axis.
    """

    frame: Frame
    length: float
    outer_radius: float
    wall: float
    apical_wall: float

    def record(self) -> HeartFrame:
        """Return the frame as the study file stores it."""
        apex = self.frame.point(self.length)
        return HeartFrame(
            base_mm=_triple(self.frame.base),
            apex_mm=_triple(apex),
            anterior=_triple(self.frame.anterior),
            outer_radius_mm=self.outer_radius,
            wall_mm=self.wall,
        )

    def coordinates(self, grid: VolumeGrid, box: Box) -> WallCoordinates:
        """Return where every voxel of `box` lies in the wall; depth runs between two half ellipsoids."""
        long, anterior, lateral = self.frame.local(Lattice.of(grid).cut(box))
        return wall_coordinates(
            box,
            long,
            anterior,
            lateral,
            length_mm=self.length,
            outer_radius_mm=self.outer_radius,
            wall_mm=self.wall,
            apical_wall_mm=self.apical_wall,
        )

    def segments(self, wall: Floats, grid: VolumeGrid) -> npt.NDArray[np.uint8]:
        """Return the AHA segment (Z, Y, X) of every voxel that holds some `wall`, 0 elsewhere."""
        numbered = np.zeros(grid.shape, dtype=np.uint8)
        box = box_of(wall > 0)
        if box is not None:
            segment = aha_segment(self.coordinates(grid, box), self.length - self.apical_wall)
            numbered[box] = np.where(wall[box] > 0, segment, 0)
        return numbered


def fit_heart(wall: Floats, grid: VolumeGrid) -> FittedHeart:
    """Fit the left ventricle to its wall.

    The axis is the straight line through the centres of the wall's cross sections; the apex is the end that the wall
    closes; radius and thickness follow from the area and the second moment of the rings.

    Parameters
    ----------
    wall : float32 (Z, Y, X)
        Share of each voxel that is left ventricular wall.
    grid : VolumeGrid

    Raises
    ------
    PhantomInvalid
        If the labels form no cup of a heart's size: too few voxels, too long or short, no ring.
    """
    points, weights = _samples(wall, grid)
    start, axis = _long_axis(points, weights, max(grid.voxel_mm))
    along = (points - start) @ axis
    radius = np.linalg.norm(points - start - along[:, None] * axis, axis=1)
    if _closed_end(along, radius, weights) < 0:
        axis, along = -axis, -along
    base, tip = _extent(along, weights)
    volume_mm3 = weights * float(np.prod(grid.voxel_mm))
    outer, thickness = _ring(along - base, radius, volume_mm3, _checked_length(tip - base))
    apical, tip = _cap(along, radius, volume_mm3, (base + tip) / 2, outer - thickness) or (thickness, tip)
    length = _checked_length(tip - base)
    return FittedHeart(_frame(start + base * axis, axis), length, outer, thickness, min(apical, 0.4 * length))


def _checked_length(length: float) -> float:
    if not LENGTH_MM[0] <= length <= LENGTH_MM[1]:
        low, high = LENGTH_MM
        message = f"The labelled wall is {length:.0f} mm long; a left ventricle has {low:g} to {high:g} mm."
        raise PhantomInvalid(message, REMEDY)
    return length


def _samples(wall: Floats, grid: VolumeGrid) -> tuple[Samples, Samples]:
    """Return positions (N, 3) in mm, x y z, and weights (N,) of the voxels with wall."""
    where = np.nonzero(wall > 0.02)
    weights = wall[where].astype(np.float64)
    volume_ml = float(weights.sum() * np.prod(grid.voxel_mm)) / 1000
    if weights.size < 100 or not 20 <= volume_ml <= 600:
        message = f"The labelled wall of the left ventricle has {volume_ml:.0f} mL in {weights.size} voxels."
        raise PhantomInvalid(message, REMEDY)
    steps = [(index - (n - 1) / 2) * d for index, n, d in zip(where, grid.shape, grid.voxel_mm, strict=True)]
    return np.stack(steps[::-1], axis=1), weights


def _long_axis(points: Samples, weights: Samples, step_mm: float) -> tuple[Vector, Vector]:
    """Return a point of the axis and its direction (sign open)."""
    start = weights @ points / weights.sum()
    axis = np.linalg.eigh(np.cov((points - start).T, aweights=weights))[1][:, 2]
    for _ in range(ROUNDS):
        along = (points - start) @ axis
        low, high = _extent(along, weights)
        slab = np.floor((along - low) / step_mm).astype(int)
        middle = (along > low + 0.2 * (high - low)) & (along < low + 0.75 * (high - low))
        if _closed_end(along, np.linalg.norm(points - start - along[:, None] * axis, axis=1), weights) < 0:
            middle = (along > low + 0.25 * (high - low)) & (along < low + 0.8 * (high - low))
        slabs = [middle & (slab == number) for number in np.unique(slab[middle])]
        if len(slabs) < 3:
            break
        centres = np.stack([weights[s] @ points[s] / weights[s].sum() for s in slabs])
        amounts = np.array([weights[s].sum() for s in slabs])
        start = amounts @ centres / amounts.sum()
        direction = np.linalg.svd((centres - start) * np.sqrt(amounts)[:, None])[2][0]
        axis = direction * np.sign(direction @ axis)
    return start, axis


def _extent(along: Samples, weights: Samples) -> tuple[float, float]:
    """Return where the wall begins and ends, without the share `ENDS` of ragged border at each end."""
    order = np.argsort(along)
    summed = np.cumsum(weights[order]) / weights.sum()
    low, high = np.interp([ENDS, 1 - ENDS], summed, along[order])
    return float(low), float(high)


def _closed_end(along: Samples, radius: Samples, weights: Samples) -> float:
    """Return a number that is positive if the wall closes towards growing `along`."""
    low, high = _extent(along, weights)
    position = 2 * (along - low) / (high - low) - 1
    core = radius < 0.5 * float(weights @ radius) / weights.sum()
    if weights[core].sum() > 0.005 * weights.sum():
        return float(weights[core] @ position[core])
    return -float(weights @ (position * radius))  # no cap: the ring narrows towards the apex


def _ring(long: Samples, radius: Samples, volume: Samples, length: float) -> tuple[float, float]:
    """Return outer radius and thickness of the widest ring: area and mean square radius give both."""
    edges = np.linspace(MID[0] * length, MID[1] * length, 5)
    rings = []
    for low, high in itertools.pairwise(edges):
        part = (long >= low) & (long < high)
        amount, r = volume[part], radius[part]
        if amount.sum() <= 0:
            continue
        area, square = amount.sum() / (high - low), amount @ r**2 / amount.sum()
        spread = np.sqrt(max(square - (amount @ r / amount.sum()) ** 2, 0) / square)
        rings.append((np.sqrt(square + area / (2 * np.pi)), np.sqrt(max(square - area / (2 * np.pi), 0)), spread))
    if len(rings) < 4 or float(np.median([spread for *_, spread in rings])) > ROUGHEST_RING:
        message = "The labelled wall of the left ventricle does not form a ring around its long axis."
        raise PhantomInvalid(message, REMEDY)
    outer = max(r for r, *_ in rings)
    return float(outer), float(np.median([r - hollow for r, hollow, _ in rings]))


def _cap(along: Samples, radius: Samples, volume: Samples, middle: float, hollow: float) -> tuple[float, float] | None:
    """Return thickness and outer end of the wall on the axis, from its volume in a narrow core; None if it is open."""
    core_mm = 0.35 * hollow
    core = (radius < core_mm) & (along > middle)
    thickness = float(volume[core].sum() / (np.pi * core_mm**2))
    if thickness < 1.0:
        return None
    return thickness, float(volume[core] @ along[core] / volume[core].sum()) + thickness / 2


def _frame(base: Vector, axis: Vector) -> Frame:
    """Return the axes as `Frame.of` defines them: the anterior wall faces the head and the front."""
    up = np.array([0.0, 0.0, 1.0])
    if abs(axis[2]) > 0.98:  # an upright heart: then the front
        up = np.array([0.0, -1.0, 0.0])
    anterior = up - axis * float(up @ axis)
    anterior /= np.linalg.norm(anterior)
    return Frame(base, axis, anterior, np.cross(anterior, axis))


def _triple(vector: Vector) -> tuple[float, float, float]:
    return float(vector[0]), float(vector[1]), float(vector[2])
