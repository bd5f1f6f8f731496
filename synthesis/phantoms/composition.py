"""Compose organs: later ones replace what they cover, and the shares of each voxel always add up to at most one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from model.geometry import VolumeGrid
from model.io.study import HeartFrame
from synthesis.phantoms.shapes import Box, Floats, Lattice, block_mean

# Codes of /labels. Defects belong to the wall they lie in.
LABEL_CODES = {
    "background": 0, "fat": 1, "muscle": 2, "soft_tissue": 3, "lung": 4, "bone": 5, "blood": 6, "myocardium": 7,
    "right_ventricle": 8, "liver": 9, "gall_bladder": 10, "stomach": 11, "spleen": 12, "kidney": 13, "bowel": 14,
    "breast": 15, "lesion": 16,
}  # fmt: skip


Codes: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Organ:
    """One tissue of the phantom: its label and its attenuation in mm^-1 at 140.5 keV.

    A lesion, and a part of an organ, names its `host`: the organ whose uptake times `contrast` is its own.
    """

    key: str
    label: str
    mu_per_mm: float
    host: str = ""
    contrast: float = 1.0


@dataclass(frozen=True, eq=False)
class Phantom:
    """A digital patient on a fine grid.

    Parameters
    ----------
    grid : VolumeGrid
        The fine grid.
    organs : tuple of Organ, (K,)
    shares : float32 (K, Z, Y, X)
        Share of each voxel that each organ fills; what is missing to 1 is air.
    heart : HeartFrame or None
    segments : uint8 (Z, Y, X)
        AHA segment 1..17 where there is left ventricular wall, 0 elsewhere.
    mu_map : float32 (Z, Y, X) or None
        A measured or imported attenuation map in mm^-1, which then replaces the organs' own values.
    """

    grid: VolumeGrid
    organs: tuple[Organ, ...]
    shares: Floats
    heart: HeartFrame | None
    segments: npt.NDArray[np.uint8]
    mu_map: Floats | None = None

    def index(self, key: str) -> int:
        """Return the position of organ `key`."""
        return [organ.key for organ in self.organs].index(key)

    def share_of(self, key: str) -> Floats:
        """Return the share (Z, Y, X) of organ `key`."""
        part: Floats = self.shares[self.index(key)]
        return part

    def attenuation(self) -> Floats:
        """Return the attenuation map (Z, Y, X) in mm^-1."""
        if self.mu_map is not None:
            return self.mu_map
        return self.mix([organ.mu_per_mm for organ in self.organs])

    def mix(self, values: list[float]) -> Floats:
        """Return the map (Z, Y, X) with one value an organ, averaged by share inside a voxel."""
        flat = np.asarray(values, dtype=np.float32) @ self.shares.reshape(len(values), -1)
        mixed: Floats = flat.reshape(self.grid.shape)
        return mixed

    def labels(self, factor: int) -> npt.NDArray[np.uint8]:
        """Return the label (Z, Y, X) with the largest share in blocks of `factor`^3 voxels; air is background."""
        coarse = block_mean(self.shares, factor)
        totals = np.zeros((len(LABEL_CODES), *coarse.shape[1:]), dtype=np.float32)
        for organ, part in zip(self.organs, coarse, strict=True):
            totals[LABEL_CODES[organ.label]] += part
        totals[0] += 1 - coarse.sum(axis=0)
        winners: npt.NDArray[np.uint8] = totals.argmax(axis=0).astype(np.uint8)
        return winners


class Composer:
    """Paints organs one over the other on a fine grid."""

    def __init__(self, grid: VolumeGrid, organs: tuple[Organ, ...]) -> None:
        self.grid = grid
        self.organs = organs
        self.lattice = Lattice.of(grid)
        self._shares = np.zeros((len(organs), *grid.shape), dtype=np.float32)
        self._index = {organ.key: i for i, organ in enumerate(organs)}
        self._painted: list[int] = []

    def paint(self, key: str, coverage: Floats, box: Box | None = None) -> None:
        """Let organ `key` cover the share `coverage` of each voxel of `box`, replacing what was there."""
        where = box or (slice(None), slice(None), slice(None))
        index = self._index[key]
        for other in self._painted:
            self._shares[(other, *where)] *= 1 - coverage
        self._shares[(index, *where)] += coverage
        if index not in self._painted:
            self._painted.append(index)

    def split(self, source: str, target: str, weight: Floats, box: Box) -> None:
        """Move the share `weight` of organ `source` to organ `target` inside `box`."""
        part = self._shares[(self._index[source], *box)]
        moved = part * weight
        part -= moved
        self._shares[(self._index[target], *box)] += moved

    def now(self, key: str) -> Floats:
        """Return the share (Z, Y, X) that organ `key` has at the moment; a view."""
        part: Floats = self._shares[self._index[key]]
        return part

    def average(self, paintings: Iterable[Callable[[], Codes]], walls: tuple[str, ...]) -> Codes:
        """Average several paintings over what is painted so far.

        Each painting returns the AHA segments of its moment; a voxel keeps the segment of the moment in which the
        organs `walls` fill most of it.
        """
        painted = list(self._painted)
        before = self._shares[painted]  # a copy of what the paintings change; the other organs are still empty
        mean, most = np.zeros_like(self._shares), np.zeros(self.grid.shape, dtype=np.float32)
        segments, number = np.zeros(self.grid.shape, dtype=np.uint8), 0
        for paint in paintings:
            self._shares.fill(0)
            self._shares[painted], self._painted = before, list(painted)
            here = paint()
            wall = sum((self.now(key) for key in walls), start=np.float32(0))
            better = (wall > most) & (here > 0)
            segments[better], most = here[better], np.maximum(most, wall)
            mean += self._shares
            number += 1
        mean *= np.float32(1 / number)
        self._shares = mean
        return segments

    def amount(self, key: str) -> float:
        """Return how many voxels organ `key` fills at the moment."""
        return float(self._shares[self._index[key]].sum(dtype=np.float64))

    def finish(self, heart: HeartFrame | None, segments: npt.NDArray[np.uint8]) -> Phantom:
        """Return the phantom."""
        return Phantom(self.grid, self.organs, self._shares, heart, segments)
