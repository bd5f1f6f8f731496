"""SpectProjector: expected counts from an activity map, and the exact transpose, both differentiable and batched.

Axes: B batch, V views, Z axial = slices, Y X voxels, U bins, K blur planes. Work goes in blocks of views that fit the
processor's cache. In a block: attenuate every voxel (V, Y X, B, Z); gather the voxels' shadows into blur planes with
one embedding bag, (K, U, V, B, Z); blur along the axis with one small matrix a plane; blur along the bins and add up
the planes with one matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.attenuation import AttenuationFactors, attenuation_factors
from model.bags import Bags, bags
from model.collimator import blur_matrices, distance_knots_mm
from model.errors import GeometryMismatch
from model.footprint import ViewWeights, distances_mm, view_weights
from model.geometry import AcquisitionGeometry, ensure_shape
from model.kept import Kept

KEPT_BYTES = 384 * 2**20  # of operators kept for the next study: about eight geometries at 64 x 64 voxels and 60 views
BLOCK_BYTES = 4 * 2**20  # attenuated voxels of one block of views; larger blocks fall out of the cache
Attenuation = Tensor | AttenuationFactors | None


@dataclass(frozen=True)
class _Block:
    """Forward and transposed gather of a few consecutive views."""

    views: tuple[int, ...]
    where: slice
    forward: Bags
    transpose: Bags


@dataclass(frozen=True)
class _Operator:
    """All that one set of views needs on one device in one type."""

    blocks: tuple[_Block, ...]
    axial: Tensor | None  # (K, Z, Z)
    bins: Tensor | None  # (U, K U)

    @property
    def nbytes(self) -> int:
        gathers = sum(block.forward.nbytes + block.transpose.nbytes for block in self.blocks)
        return gathers + sum(matrix.nbytes for matrix in (self.axial, self.bins) if matrix is not None)


class SpectProjector:
    r"""Expected primary counts :math:`\bar g = A f` of one acquisition geometry.

    Attenuation and the distance-dependent collimator response are part of A; scatter is added around it.
    Activity is in expected detected counts per voxel without attenuation over the whole acquisition, so without
    attenuation one view holds the sum of the activity times the view's share of the time.

    Parameters
    ----------
    geometry : AcquisitionGeometry
    resolution : bool
        Whether to blur; without it the detector is perfect.

    Notes
    -----
    `backproject` is the exact transpose of `forward`: <Af, g> = <f, A'g> to 1e-5 in float32
    (tests/unit/model/test_model_projector.py). float32 and float64 keep their type; half types are computed in float32,
    autocast is off inside. Operators are built on the device of the input at its first use, then kept. Only the
    activity and the projections carry gradients; the attenuation map does not.

    References
    ----------
    Zeng & Gullberg, IEEE Trans. Nucl. Sci. 39 (1992) 1391.
    """

    def __init__(self, geometry: AcquisitionGeometry, *, resolution: bool = True) -> None:
        self.geometry = geometry
        self.resolution = resolution
        distances = [distances_mm(geometry, v) for v in range(geometry.n_views)]
        nearest, farthest = min(float(d.min()) for d in distances), max(float(d.max()) for d in distances)
        self._knots_mm = distance_knots_mm(geometry, nearest, farthest) if resolution else np.zeros(1)
        self._weights = [view_weights(geometry, v, self._knots_mm) for v in range(geometry.n_views)]
        self._operators: dict[tuple[tuple[int, ...], torch.device, torch.dtype], _Operator] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of the views' weights and of the operators built so far."""
        return sum(w.nbytes for w in self._weights) + sum(o.nbytes for o in self._operators.values())

    def forward(
        self, activity_BZYX: Tensor, attenuation: Attenuation = None, *, views: Sequence[int] | None = None
    ) -> Tensor:
        """Project.

        Parameters
        ----------
        activity_BZYX : Tensor, shape (B, Z, Y, X), counts per voxel
        attenuation : Tensor (B or 1, Z, Y, X) in mm^-1, or AttenuationFactors of all views, or None
            Pass `attenuation_factors(mu)` where the same map is used more than once.
        views : sequence of int, optional
            Only these views, in this order.

        Returns
        -------
        Tensor, shape (B, V, Z, U), expected counts per bin

        Raises
        ------
        GeometryMismatch
            If a shape is not the geometry's; the message holds both.
        """
        self._expect("activity", activity_BZYX, self.geometry.volume_shape)
        chosen = self._chosen(views)
        activity = _computable(activity_BZYX)
        factors = self._factors(attenuation, activity)
        return _Project.apply(activity, self, factors, chosen)  # type: ignore[no-any-return,no-untyped-call]

    __call__ = forward

    def backproject(
        self, projections_BVZU: Tensor, attenuation: Attenuation = None, *, views: Sequence[int] | None = None
    ) -> Tensor:
        """Apply the transpose: (B, V, Z, U) to (B, Z, Y, X). Arguments and errors as in `forward`."""
        chosen = self._chosen(views)
        expected = (len(chosen), *self.geometry.projection_shape[1:])
        self._expect("projections", projections_BVZU, expected)
        projections = _computable(projections_BVZU)
        factors = self._factors(attenuation, projections)
        return _Backproject.apply(projections, self, factors, chosen)  # type: ignore[no-any-return,no-untyped-call]

    def sensitivity(
        self, attenuation: Attenuation = None, *, views: Sequence[int] | None = None, like: Tensor | None = None
    ) -> Tensor:
        """Return A'1, shape (B, Z, Y, X): the share of a voxel's activity that is detected, in the type of `like`."""
        chosen = self._chosen(views)
        reference = like if like is not None else torch.empty(0)
        batch = 1
        if isinstance(attenuation, AttenuationFactors):
            batch = attenuation.batch
        elif attenuation is not None:
            batch = int(attenuation.shape[0])
        ones = torch.ones((batch, len(chosen), *self.geometry.projection_shape[1:])).to(_computable(reference))
        return self.backproject(ones, attenuation, views=chosen)

    def attenuation_factors(self, mu_BZYX: Tensor) -> AttenuationFactors:
        """Return the transmission of every voxel to every view, to be computed once a study and passed to both ways."""
        return attenuation_factors(mu_BZYX, self.geometry)

    # ------------------------------------------------------------ inside

    def _expect(self, name: str, tensor: Tensor, expected: Sequence[int]) -> None:
        if tensor.ndim != 4:
            msg = f"{name}: got {tensor.ndim} axes, expected 4: a batch of {tuple(expected)}"
            raise GeometryMismatch(msg)
        ensure_shape(name, tensor.shape[1:], expected)

    def _chosen(self, views: Sequence[int] | None) -> tuple[int, ...]:
        if views is None:
            return tuple(range(self.geometry.n_views))
        chosen = tuple(int(v) for v in views)
        if not chosen or min(chosen) < 0 or max(chosen) >= self.geometry.n_views:
            msg = f"views {chosen} are not among the geometry's 0..{self.geometry.n_views - 1}"
            raise GeometryMismatch(msg)
        return chosen

    def _factors(self, attenuation: Attenuation, like: Tensor) -> AttenuationFactors | None:
        if attenuation is None:
            return None
        if isinstance(attenuation, Tensor):
            attenuation = self.attenuation_factors(attenuation.to(like))
        n_z, n_y, n_x = self.geometry.volume_shape
        got = attenuation.values.shape
        ensure_shape("attenuation factors", (got[0], got[1], got[3]), (self.geometry.n_views, n_y * n_x, n_z))
        if attenuation.batch not in (1, like.shape[0]):
            msg = f"got {attenuation.batch} attenuation maps for a batch of {like.shape[0]}"
            raise GeometryMismatch(msg)
        return attenuation.to(like)

    def _operator(self, views: tuple[int, ...], like: Tensor) -> _Operator:
        key = (views, like.device, like.dtype)
        operator = self._operators.get(key)
        if operator is None:
            operator = self._operators[key] = self._build(views, like)
        return operator

    def _build(self, views: tuple[int, ...], like: Tensor) -> _Operator:
        n_z, n_y, n_x = self.geometry.volume_shape
        size = max(1, min(len(views), BLOCK_BYTES // (4 * n_z * n_y * n_x)))
        blocks = []
        for start in range(0, len(views), size):
            part = views[start : start + size]
            forward, transpose = self._gathers(part, like)
            blocks.append(_Block(part, slice(start, start + len(part)), forward, transpose))
        if not self.resolution:
            return _Operator(tuple(blocks), None, None)
        axial, bins = blur_matrices(self.geometry, self._knots_mm)
        flat = np.ascontiguousarray(bins.transpose(1, 0, 2).reshape(self.geometry.n_bins, -1))
        return _Operator(tuple(blocks), torch.from_numpy(axial).to(like), torch.from_numpy(flat).to(like))

    def _gathers(self, views: tuple[int, ...], like: Tensor) -> tuple[Bags, Bags]:
        n_bins, count = self.geometry.n_bins, len(views)
        n_plane = self.geometry.volume_shape[1] * self.geometry.volume_shape[2]
        parts: list[ViewWeights] = [self._weights[v] for v in views]
        place = [np.full(p.weight.size, i, dtype=np.int64) for i, p in enumerate(parts)]
        view = np.concatenate(place)
        plane = np.concatenate([p.plane for p in parts]).astype(np.int64)
        detector = (plane * n_bins + np.concatenate([p.bin for p in parts])) * count + view
        voxel = view * n_plane + np.concatenate([p.voxel for p in parts])
        weight = np.concatenate([p.weight for p in parts])
        rows, columns = self._knots_mm.size * n_bins * count, count * n_plane
        return bags(detector, voxel, weight, rows, like), bags(voxel, detector, weight, columns, like)


def _computable(tensor: Tensor) -> Tensor:
    return tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()


def _forward(activity: Tensor, projector: SpectProjector, factors: AttenuationFactors | None, views: Any) -> Tensor:
    batch, n_z, n_y, n_x = activity.shape
    operator = projector._operator(views, activity)
    voxels = activity.reshape(batch, n_z, n_y * n_x).permute(2, 0, 1).contiguous()
    n_bins = projector.geometry.n_bins
    out = activity.new_empty((n_bins, len(views), batch, n_z))
    for block in operator.blocks:
        count = len(block.views)
        spread = voxels.expand(count, -1, -1, -1)
        seen = spread if factors is None else _of_views(factors, block.views).to(spread.dtype) * spread
        planes = block.forward.times(seen.reshape(count * n_y * n_x, batch * n_z))
        if operator.axial is not None and operator.bins is not None:
            planes = torch.bmm(planes.view(len(operator.axial), -1, n_z), operator.axial)
            planes = operator.bins @ planes.view(operator.bins.shape[1], -1)
        out[:, block.where] = planes.view(n_bins, count, batch, n_z)
    return out.permute(2, 1, 3, 0).contiguous()


def _transpose(counts: Tensor, projector: SpectProjector, factors: AttenuationFactors | None, views: Any) -> Tensor:
    batch, _, n_z, n_bins = counts.shape
    _, n_y, n_x = projector.geometry.volume_shape
    operator = projector._operator(views, counts)
    bins = counts.permute(3, 1, 0, 2)
    out = counts.new_zeros((n_y * n_x, batch, n_z))
    for block in operator.blocks:
        count = len(block.views)
        planes = bins[:, block.where].reshape(n_bins, count * batch * n_z)
        if operator.axial is not None and operator.bins is not None:
            planes = operator.bins.T @ planes
            planes = torch.bmm(planes.view(len(operator.axial), -1, n_z), operator.axial.transpose(1, 2))
        seen = block.transpose.times(planes.reshape(-1, batch * n_z)).view(count, n_y * n_x, batch, n_z)
        if factors is not None:
            seen.mul_(_of_views(factors, block.views).to(seen.dtype))
        out += seen.sum(0)
    return out.permute(1, 2, 0).reshape(batch, n_z, n_y, n_x)


def _of_views(factors: AttenuationFactors, views: tuple[int, ...]) -> Tensor:
    first, last = views[0], views[-1]
    if views == tuple(range(first, last + 1)):
        return factors.values[first : last + 1]
    step = views[1] - first
    if step > 0 and views == tuple(range(first, last + 1, step)):
        return factors.values[first : last + 1 : step]
    return factors.values[list(views)]


class _Project(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, activity: Tensor, projector: SpectProjector, factors: Any, views: Any) -> Tensor:
        ctx.arguments = (projector, factors, views)
        with torch.autocast(activity.device.type, enabled=False):
            return _forward(activity, projector, factors, views)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        return _Backproject.apply(gradients[0], *ctx.arguments), None, None, None  # type: ignore[no-untyped-call]


class _Backproject(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, counts: Tensor, projector: SpectProjector, factors: Any, views: Any) -> Tensor:
        ctx.arguments = (projector, factors, views)
        with torch.autocast(counts.device.type, enabled=False):
            return _transpose(counts, projector, factors, views)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        return _Project.apply(gradients[0], *ctx.arguments), None, None, None  # type: ignore[no-untyped-call]


_KEPT: Kept[SpectProjector] = Kept(KEPT_BYTES)


def projector_for(geometry: AcquisitionGeometry, *, resolution: bool = True) -> SpectProjector:
    """Return the projector of `geometry`, built once and shared by the next studies of this geometry."""
    return _KEPT.get((geometry, resolution), lambda: SpectProjector(geometry, resolution=resolution))


def forget_projectors() -> None:
    """Drop every projector that is kept for the next study, so that building them can be timed."""
    _KEPT.clear()
