"""Give a phantom's heart other infarcts at each visit: its reference, its regions and, in each bin, its counts.

A network that sees the same infarct in the same patient a hundred times learns it by heart and fills in those of others.
The change of a bin's expected counts is the projection of the change of the activity. A bin that loses counts keeps each
with the probability (new / old expectation); one that gains gets a Poisson number more. Both are again Poisson numbers of
the new expectation, so that nothing in the noise tells which study was changed. Scattered counts stay as they were.

Tensors: Z, Y, X voxels; V views of one subset; U bins.

References
----------
Kingman, Poisson Processes (1993), secs. 2.2 and 5.1 (sums and random shares of Poisson numbers are Poisson numbers).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from model.dataset import PreparedStudy
from model.geometry import VolumeGrid
from model.io.study_records import Defect, HeartFrame, Truth
from model.training.regions import wall_regions
from model.ventricle import Box, Floats, WallCoordinates, infarct_weight, share, wall_coordinates

SUBVOXELS = 3
"""Points a voxel and axis that say how much of it is wall, and how much of the wall is infarct."""
APICAL_SHARE = 0.88
"""Usual thickness of the apical wall over that of the others."""
NUMBERS = (0.25, 0.6, 0.15)
"""How often there is no infarct, one, and two."""
MILD_SHARE = 0.5
"""Share of infarcts that are at most `MOST_MILD` deep."""
LEAST_SEVERITY, MOST_MILD, MOST_SEVERITY = 0.15, 0.5, 0.9
WIDTH_DEG, LENGTH_MM, CENTRE_INDEX, WALL_FRACTION = (35.0, 120.0), (18.0, 60.0), (0.2, 0.85), (0.5, 1.0)
"""Limits of infarcts, as in the scenarios that the networks are judged on."""
MOSTLY = 0.5
"""A voxel belongs to an infarct that covers more than this share of its wall."""
PURE_WALL = 0.7
"""Share of wall from which a voxel tells the wall's activity."""
LEAST_AGREEMENT = 0.8
"""Dice overlap of the wall between two ellipsoids with the labelled one; below it the heart has another shape."""


@dataclass(frozen=True, eq=False)
class _Wall:
    """The left ventricular wall at `SUBVOXELS` points a voxel and axis; arrays of shape (Z, n, Y, n, X, n).

    Parameters
    ----------
    at : WallCoordinates
    inside : float32
        How much of a point's surroundings is wall, 0..1.
    """

    at: WallCoordinates
    inside: Floats

    def mean(self, points: Floats) -> Floats:
        """Return the mean of every voxel of the box."""
        averaged: Floats = points.mean(axis=(1, 3, 5), dtype=np.float32)
        return averaged


@torch.no_grad()
def with_other_infarcts(sample: PreparedStudy, generator: torch.Generator) -> PreparedStudy:
    """Return the sample with infarcts drawn anew (or none), or itself where its heart's frame is not known or does not fit.

    Target, regions and measured counts change; the scale, the start image and ``study`` are those of before, so that the
    caller makes a new start. The same generator state gives the same result.
    """
    study = sample.study
    if study.truth is None or study.reference is None or sample.target is None or not study.truth.aha.any():
        return sample
    wall = _wall_of(study.truth.heart, study.geometry.grid)
    healthy = _healthy_activity(wall, study.reference, study.truth)
    if healthy is None:
        return sample
    drawn = draw_infarcts(generator)
    lost, old = _lost(wall, drawn), _lost(wall, study.truth.defects)
    reference = study.reference.copy()
    reference[wall.at.box] = np.maximum(reference[wall.at.box] + np.float32(healthy) * (old.total - lost.total), 0.0)
    truth = replace(study.truth, defects=drawn, defect_map=_defect_map(wall, study.truth.aha, lost))
    changed = torch.from_numpy(reference).to(sample.target.device) / sample.scale
    regions = wall_regions(replace(study, reference=reference, truth=truth))
    return replace(
        sample,
        target=changed,
        regions=None if regions is None else regions.to(sample.target.device),
        inputs=replace(sample.inputs, measured=_counted(sample, changed, generator)),
        others={},
    )


def draw_infarcts(generator: torch.Generator) -> tuple[Defect, ...]:
    """Draw none, one or two infarcts anywhere in the wall; ``extent`` and ``segments`` are not filled in."""

    def between(low: float, high: float) -> float:
        return low + float(torch.rand((), generator=generator, device=generator.device)) * (high - low)

    where, number = between(0, 1), 0
    while where > sum(NUMBERS[: number + 1]) and number < len(NUMBERS) - 1:
        number += 1
    return tuple(
        Defect(
            centre_deg=between(0, 360),
            width_deg=between(*WIDTH_DEG),
            centre_index=between(*CENTRE_INDEX),
            length_mm=between(*LENGTH_MM),
            wall_fraction=between(*WALL_FRACTION),
            severity=between(LEAST_SEVERITY, MOST_MILD if between(0, 1) < MILD_SHARE else MOST_SEVERITY),
            extent=0.0,
            segments=(),
        )
        for _ in range(number)
    )


def _counted(sample: PreparedStudy, target_ZYX: Tensor, generator: torch.Generator) -> tuple[Tensor, ...]:
    """Return the measured counts over the scale as if the activity had been ``target_ZYX`` from the beginning."""
    assert sample.target is not None  # noqa: S101 - narrowing; the caller looked
    inputs, scale = sample.inputs, sample.scale
    counted = []
    for subset, (measured, scatter) in enumerate(zip(inputs.measured, inputs.scatter, strict=True)):
        before = inputs.system.project(sample.target, subset) + scatter
        change = inputs.system.project(target_ZYX - sample.target, subset)
        kept = (1.0 + change.clamp_max(0.0) / before.clamp_min(1e-6)).clamp(0.0, 1.0)
        counts = torch.binomial((measured * scale).round().to(generator.device), kept.to(generator.device), generator)
        more = torch.poisson((change.clamp_min(0.0) * scale).to(generator.device), generator)
        counted.append((counts + more).to(measured.device) / scale)
    return tuple(counted)


# ------------------------------------------------------------ the wall


def _wall_of(heart: HeartFrame, grid: VolumeGrid) -> _Wall:
    base, apex, anterior = (np.asarray(v, dtype=np.float64) for v in (heart.base_mm, heart.apex_mm, heart.anterior))
    length = float(np.linalg.norm(apex - base))
    axis = (apex - base) / max(length, 1e-6)
    lateral = np.cross(anterior, axis)
    box = _box_around(base, axis, length, heart.outer_radius_mm, grid)
    x, y, z = _points(box, grid)

    def along(vector: npt.NDArray[np.float64]) -> Floats:
        dx, dy, dz = (c - np.float32(b) for c, b in zip((x, y, z), base, strict=True))
        return np.asarray(np.float32(vector[0]) * dx + np.float32(vector[1]) * dy + np.float32(vector[2]) * dz)

    at = wall_coordinates(
        box,
        along(axis),
        along(anterior),
        along(lateral),
        length_mm=length,
        outer_radius_mm=heart.outer_radius_mm,
        wall_mm=heart.wall_mm,
        apical_wall_mm=APICAL_SHARE * heart.wall_mm,
    )
    edge = float(np.mean(grid.voxel_mm)) / SUBVOXELS
    return _Wall(at, share(np.maximum(np.maximum(at.outer_mm, -at.inner_mm), -at.long_mm), edge))


def _box_around(
    base: npt.NDArray[np.float64], axis: npt.NDArray[np.float64], length: float, radius: float, grid: VolumeGrid
) -> Box:
    middle, reach = base + axis * length / 2, length / 2 + radius
    slices = []
    for centre, size, edge in zip(middle[::-1], grid.shape, grid.voxel_mm, strict=True):
        index = centre / edge + (size - 1) / 2
        low, high = np.floor(index - reach / edge), np.ceil(index + reach / edge) + 1
        slices.append(slice(int(np.clip(low, 0, size - 1)), int(np.clip(high, 1, size))))
    return slices[0], slices[1], slices[2]


def _points(box: Box, grid: VolumeGrid) -> tuple[Floats, Floats, Floats]:
    """Return x, y, z in mm from the centre of the grid, ready to broadcast to (Z, n, Y, n, X, n)."""
    found = []
    within = (np.arange(SUBVOXELS) + 0.5) / SUBVOXELS - 0.5
    for number, (part, size, edge) in enumerate(zip(box, grid.shape, grid.voxel_mm, strict=True)):
        index = np.arange(part.start, part.stop)[:, None] + within[None] - (size - 1) / 2
        shape = [1] * 6
        shape[2 * number : 2 * number + 2] = index.shape
        found.append((index * edge).astype(np.float32).reshape(shape))
    return found[2], found[1], found[0]


# ------------------------------------------------------------ infarcts in the wall


@dataclass(frozen=True, eq=False)
class _Lost:
    """Means over the voxels of a wall's box: the lost share of uptake, and what each infarct covers, both times wall."""

    total: Floats
    covered: tuple[Floats, ...]


def _lost(wall: _Wall, infarcts: Sequence[Defect]) -> _Lost:
    left, total, covered = wall.inside, np.zeros_like(wall.inside), []
    for infarct in infarcts:
        part = left * infarct_weight(
            wall.at,
            centre_deg=infarct.centre_deg,
            width_deg=infarct.width_deg,
            centre_index=infarct.centre_index,
            length_mm=infarct.length_mm,
            wall_fraction=infarct.wall_fraction,
        )
        left = left - part
        total += np.float32(infarct.severity) * part
        covered.append(wall.mean(part))
    return _Lost(wall.mean(total), tuple(covered))


def _healthy_activity(wall: _Wall, reference: Floats, truth: Truth) -> float | None:
    """Return the activity of a voxel full of healthy wall; None where no voxel shows it or the wall has another shape."""
    filled, lost = wall.mean(wall.inside), _lost(wall, truth.defects).total
    known, meant = truth.aha[wall.at.box] > 0, filled > MOSTLY
    if 2 * (known & meant).sum() < LEAST_AGREEMENT * (np.count_nonzero(truth.aha) + meant.sum()):
        return None
    pure = (filled > PURE_WALL) & known & (lost < 0.01)
    return float((reference[wall.at.box][pure] / filled[pure]).mean()) if pure.any() else None


def _defect_map(wall: _Wall, aha: npt.NDArray[np.uint8], lost: _Lost) -> npt.NDArray[np.uint8]:
    found = np.zeros_like(aha)
    filled, known = wall.mean(wall.inside), aha[wall.at.box] > 0
    for number, covered in enumerate(lost.covered, start=1):
        found[wall.at.box][known & (covered > MOSTLY * filled) & (filled > 0)] = number
    return found
