"""A small system model of one study on a coarse grid: enough to ask whether its views agree with each other. Torch-free.

Bins, rows and voxels are added up to about 12 mm; a view is a sparse matrix from the voxels of a slice to the bins of a
row (distance-dependent resolution included), attenuation a factor for every voxel and view, axial resolution one matrix.
OSEM on it takes a tenth of a second; its residuals show what no image can explain. The exact model, with gradients, is
`model.projector`.

V views, Z rows and slices, U bins, N = Y * X voxels of a slice.

References
----------
Hudson & Larkin, IEEE Trans. Med. Imaging 13 (1994) 601 (OSEM).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse
from scipy.special import erf

from model.geometry import AcquisitionGeometry
from model.quality.facts import Facts
from model.scatter import scatter_of

Array = npt.NDArray[np.float64]
COARSE_MM = 11.0
SIGMA_PER_FWHM = 1 / (2 * math.sqrt(2 * math.log(2)))
TAPS = 3  # bins on either side that a voxel reaches
SMALLEST = 1e-3


@dataclass(frozen=True, eq=False)
class Coarse:
    """A study added up to coarse bins and voxels.

    Parameters
    ----------
    counts, scatter : float64 (V, Z, U)
    mu : float64 (Z, Y, X), mm^-1, or None
    angles_rad, radius_mm, share : float64 (V,)
        `share` is the part of the activity that a view counts.
    bin_mm, row_mm, voxel_mm : float
    factors : (int, int, int)
        Rows, bins and voxels that were added up.
    """

    counts: Array
    scatter: Array
    mu: Array | None
    angles_rad: Array
    radius_mm: Array
    share: Array
    bin_mm: float
    row_mm: float
    voxel_mm: float
    factors: tuple[int, int, int]
    geometry: AcquisitionGeometry

    @classmethod
    def of(cls, facts: Facts) -> Coarse:
        """Add up a study's photopeak, scatter and attenuation map."""
        g, study = facts.geometry, facts.study
        rows, bins = (_together(size) for size in (g.axial_mm, g.bin_mm))
        voxels = _together(g.grid.voxel_mm[2])
        counts = _added(facts.counts, (1, rows, bins))
        known = scatter_of(study)
        scatter = np.zeros_like(counts) if known is None else _added(known.astype(np.float64), (1, rows, bins))
        mu = None
        if study.attenuation is not None:
            mu = _added(study.attenuation.astype(np.float64), (rows, voxels, voxels)) / (rows * voxels * voxels)
        return cls(
            counts, scatter, mu, np.asarray(g.angles_rad), np.asarray(g.radius_mm), np.asarray(g.view_fractions),
            g.bin_mm * bins, g.axial_mm * rows, g.grid.voxel_mm[2] * voxels, (rows, bins, voxels), g,
        )  # fmt: skip

    def every(self, step: int) -> Coarse:
        """Return every so manyth view."""
        some = slice(None, None, step)
        return replace(
            self, counts=self.counts[some], scatter=self.scatter[some], angles_rad=self.angles_rad[some],
            radius_mm=self.radius_mm[some], share=self.share[some],
        )  # fmt: skip

    def volume(self, image: Array) -> Array:
        """Add up a volume of the study's grid, (Z, Y, X)."""
        rows, _, voxels = self.factors
        return _added(image, (rows, voxels, voxels))

    @property
    def plane(self) -> tuple[int, int]:
        """Voxels of a slice, (Y, X)."""
        _, y, x = self.geometry.volume_shape
        n = self.factors[2]
        return -(-y // n), -(-x // n)


def _together(size_mm: float) -> int:
    """Return how many elements make a coarse one; those of 10 mm and more stay as they are."""
    return max(1, math.ceil(COARSE_MM / size_mm - 0.1))


def _added(array: Array, factors: Sequence[int]) -> Array:
    """Add up blocks; what is left over at the end is padded with zeros on both sides, so that the centre stays."""
    pads = []
    for size, factor in zip(array.shape, factors, strict=True):
        missing = -size % factor
        pads.append((missing // 2, missing - missing // 2))
    padded = np.pad(array, pads)
    shape = [n for size, factor in zip(padded.shape, factors, strict=True) for n in (size // factor, factor)]
    added: Array = padded.reshape(shape).sum(axis=tuple(range(1, 2 * len(factors), 2)))
    return added


class System:
    """Projects images (Z, N) of a coarse study; `mu` may be another map than the study's, None is air.

    Parameters
    ----------
    coarse : Coarse
    like : System, optional
        Lends its matrices, when only the attenuation differs.
    """

    def __init__(self, coarse: Coarse, mu: Array | None, like: System | None = None) -> None:
        self.coarse = coarse
        ny, nx = coarse.plane
        y = (np.arange(ny) - (ny - 1) / 2) * coarse.voxel_mm
        x = (np.arange(nx) - (nx - 1) / 2) * coarse.voxel_mm
        self._x, self._y = (a.ravel() for a in np.meshgrid(x, y))
        views = range(len(coarse.angles_rad))
        self.matrices: list[sparse.csr_matrix] = [self._matrix(v) for v in views] if like is None else like.matrices
        self.back: list[sparse.csr_matrix] = [m.T.tocsr() for m in self.matrices] if like is None else like.back
        self.axial: Array = self._axial() if like is None else like.axial
        rows = coarse.counts.shape[1]
        self.attenuation = np.ones((len(coarse.angles_rad), rows, ny * nx)) if mu is None else self._attenuation(mu)

    def _matrix(self, view: int) -> sparse.csr_matrix:
        c, angle = self.coarse, self.coarse.angles_rad[view]
        bins = c.counts.shape[2]
        depth = np.maximum(c.radius_mm[view] - (self._x * math.sin(angle) + self._y * math.cos(angle)), 0.0)
        sigma = np.hypot(c.geometry.fwhm_mm(depth) * SIGMA_PER_FWHM, 0.25 * c.voxel_mm) / c.bin_mm
        place = (-self._x * math.cos(angle) + self._y * math.sin(angle)) / c.bin_mm + (bins - 1) / 2
        taps = np.round(place)[:, None] + np.arange(-TAPS, TAPS + 1)
        off = taps - place[:, None]
        edge = 1 / (sigma * math.sqrt(2))
        weights = 0.5 * (erf((off + 0.5) * edge[:, None]) - erf((off - 0.5) * edge[:, None])) * c.share[view]
        inside = (taps >= 0) & (taps < bins)
        voxels = np.broadcast_to(np.arange(place.size)[:, None], taps.shape)
        entries = (weights[inside], (taps[inside].astype(int), voxels[inside]))
        return sparse.csr_matrix(entries, shape=(bins, place.size))

    def _axial(self) -> Array:
        c, rows = self.coarse, self.coarse.counts.shape[1]
        sigma = c.geometry.fwhm_mm(float(c.radius_mm.mean())) * SIGMA_PER_FWHM / c.row_mm
        off = np.arange(rows)[:, None] - np.arange(rows)[None, :]
        edge = 1 / (max(sigma, 0.2) * math.sqrt(2))
        reach = 0.5 * (erf((off + 0.5) * edge) - erf((off - 0.5) * edge))
        matrix: Array = reach / reach.sum(axis=0, keepdims=True)  # the body goes on above and below
        return matrix

    def _attenuation(self, mu: Array) -> Array:
        """Return exp(-integral of mu from each voxel to the detector), (V, Z, N), by rotating the map and adding up."""
        c = self.coarse
        ny, nx = c.plane
        factors = np.empty((len(c.angles_rad), len(mu), ny * nx))
        size = math.ceil(math.hypot(ny, nx)) | 1
        across = (np.arange(size) - (size - 1) / 2) * c.voxel_mm
        depth, lateral = np.meshgrid(across, across, indexing="ij")
        for view, angle in enumerate(c.angles_rad):
            sin, cos = math.sin(angle), math.cos(angle)
            columns = (-lateral * cos + depth * sin) / c.voxel_mm + (nx - 1) / 2
            rows = (lateral * sin + depth * cos) / c.voxel_mm + (ny - 1) / 2
            turned = _sampled(mu, rows, columns)
            beyond = np.flip(np.cumsum(np.flip(turned, axis=1), axis=1), axis=1) - 0.5 * turned
            d = (self._x * sin + self._y * cos) / c.voxel_mm + (size - 1) / 2
            u = (-self._x * cos + self._y * sin) / c.voxel_mm + (size - 1) / 2
            factors[view] = np.exp(-c.voxel_mm * _sampled(beyond, d, u))
        return factors

    def project(self, image: Array, view: int) -> Array:
        """Return expected primary counts (Z, U) of one view; `image` is (Z, N)."""
        inside = (self.matrices[view] @ (image * self.attenuation[view]).T).T
        seen: Array = self.axial @ inside
        return seen

    def backproject(self, bins: Array, view: int) -> Array:
        """Return the transpose of `project`, (Z, N)."""
        back: Array = (self.back[view] @ (self.axial.T @ bins).T).T * self.attenuation[view]
        return back

    def project_all(self, image: Array) -> Array:
        """Return expected primary counts (V, Z, U)."""
        return np.stack([self.project(image, view) for view in range(len(self.matrices))])


def _sampled(volume: Array, rows: Array, columns: Array) -> Array:
    """Sample every slice of (Z, Y, X) bilinearly at the same places; zero outside."""
    weights, places = _bilinear(volume.shape[1:], rows.ravel(), columns.ravel())
    flat = volume.reshape(volume.shape[0], -1)
    taken = sum(flat[:, p] * w for p, w in zip(places, weights, strict=True))
    return np.asarray(taken).reshape(volume.shape[0], *rows.shape)


def _bilinear(shape: tuple[int, ...], rows: Array, columns: Array) -> tuple[list[Array], list[npt.NDArray[np.int64]]]:
    r, c = np.floor(rows).astype(np.int64), np.floor(columns).astype(np.int64)
    fr, fc = rows - r, columns - c
    weights, places = [], []
    for dr, wr in ((0, 1 - fr), (1, fr)):
        for dc, wc in ((0, 1 - fc), (1, fc)):
            inside = (r + dr >= 0) & (r + dr < shape[0]) & (c + dc >= 0) & (c + dc < shape[1])
            weights.append(np.where(inside, wr * wc, 0.0))
            places.append(np.where(inside, (r + dr) * shape[1] + c + dc, 0))
    return weights, places


def osem(
    system: System, counts: Array, scatter: Array, *, iterations: int, subsets: int = 8, start: Array | None = None
) -> Array:
    """Return the image (Z, N) after `iterations` over all views."""
    views = len(system.matrices)
    groups = [
        range(first, views, max(1, min(subsets, views // 4))) for first in range(max(1, min(subsets, views // 4)))
    ]
    ones = np.ones(counts.shape[1:])
    sensitivity = [np.sum([system.backproject(ones, v) for v in group], axis=0) for group in groups]
    image = start
    if image is None:
        seen = np.sum(sensitivity, axis=0)
        image = np.where(seen > 0, max(float((counts - scatter).sum()), 1.0) / max(float(seen.sum()), SMALLEST), 0.0)
    for _ in range(iterations):
        for group, seen in zip(groups, sensitivity, strict=True):
            ratio = np.zeros_like(image)
            for v in group:
                expected = system.project(image, v) + scatter[v]
                ratio = ratio + system.backproject(counts[v] / np.maximum(expected, SMALLEST), v)
            image = image * ratio / np.maximum(seen, SMALLEST * float(np.max(seen)))
    return image


def moved_map(mu: Array, millimetres: tuple[float, float, float], coarse: Coarse) -> Array:
    """Return the map moved by (x, y, z) in mm; air comes in from the sides, the outermost slice along the axis."""
    x, y, z = millimetres
    moved = ndimage.shift(mu, (z / coarse.row_mm, 0, 0), order=1, mode="nearest")
    shifted: Array = ndimage.shift(moved, (0, y / coarse.voxel_mm, x / coarse.voxel_mm), order=1, mode="constant")
    return shifted


__all__ = ["Coarse", "System", "moved_map", "osem"]
