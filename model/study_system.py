"""One study's system matrix on the part of the plane that its body fills, in subsets of views; and its FBP start.

A body fills about two thirds of a plane; the rest holds no activity and needs neither attenuation factors nor time.

Tensors: Z, Y, X voxels; V views of one subset; U bins.
"""

from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

import torch.nn.functional as F  # noqa: N812 - the name torch's own documentation uses
from torch import Tensor

from model.attenuation import AttenuationFactors, attenuation_factors
from model.classical.fbp import fbp
from model.geometry import AcquisitionGeometry, VolumeGrid
from model.networks.inputs import StudyInputs
from model.projector import SpectProjector, projector_for
from model.transforms import bounding_box

CHANG_STRIDE = 4
"""Views per view that the first-order attenuation correction of an FBP start looks along."""
LEAST_CHANG_VIEWS = 8
MARGIN_STEP = 4
"""Voxels in which the margins around a body are counted, so that the bodies of a camera share a few projectors."""

_living: WeakValueDictionary[AcquisitionGeometry, SpectProjector] = WeakValueDictionary()


@dataclass(frozen=True)
class BodyGrid:
    """The middle of a geometry's planes.

    Parameters
    ----------
    geometry : AcquisitionGeometry
        As acquired, but for a grid that is smaller by the margins on either side.
    margins : (y, x), voxels
    """

    geometry: AcquisitionGeometry
    margins: tuple[int, int]

    def crop(self, volume_ZYX: Tensor) -> Tensor:
        """Return the part of a whole volume that lies in the grid."""
        y, x = self.margins
        height, width = volume_ZYX.shape[1:]
        return volume_ZYX[:, y : height - y, x : width - x]

    def whole(self, part_ZYX: Tensor) -> Tensor:
        """Return the whole volume, zero around the part; the transpose of `crop`."""
        y, x = self.margins
        return F.pad(part_ZYX, (x, x, y, y)) if y or x else part_ZYX


def body_grid(geometry: AcquisitionGeometry, mask_ZYX: Tensor) -> BodyGrid:
    """Return the smallest middle part of the planes, in steps of a few voxels, that holds the mask."""
    depth, height, width = geometry.volume_shape
    y0, y1, x0, x1 = bounding_box(mask_ZYX, multiple=1)
    y, x = (
        min(low, size - high) // MARGIN_STEP * MARGIN_STEP for low, high, size in ((y0, y1, height), (x0, x1, width))
    )
    grid = VolumeGrid((depth, height - 2 * y, width - 2 * x), geometry.grid.voxel_mm)
    return BodyGrid(replace(geometry, grid=grid), (y, x))


class StudySystem:
    """One study's system matrix in interleaved subsets; implements `model.networks.inputs.SubsetSystem`.

    Activity outside the grid is not seen.

    Parameters
    ----------
    grid : BodyGrid
    mu : Tensor (Z, Y, X), mm^-1, or None
    subsets : int
        More than views means one view a subset.
    half_factors : bool
        Keep the attenuation factors as float16.

    Notes
    -----
    The attenuation factors (20 MB in float32 at 64 x 64 x 32 voxels and 60 views) and the projector, shared by all
    studies of one grid, are made at the first projection: a network that never projects does not pay for them.
    """

    def __init__(self, grid: BodyGrid, mu: Tensor | None, subsets: int, *, half_factors: bool = False) -> None:
        views = grid.geometry.n_views
        number = min(subsets, views)
        self.grid = grid
        self._projector: SpectProjector | None = None
        self.views = tuple(tuple(range(s, views, number)) for s in range(number))
        self._mu, self._half = mu, half_factors
        self._factors: AttenuationFactors | None = None

    @property
    def subsets(self) -> int:
        """Number of subsets."""
        return len(self.views)

    @property
    def projector(self) -> SpectProjector:
        """The projector onto the grid."""
        if self._projector is None:
            self._projector = shared_projector(self.grid.geometry)
        return self._projector

    @property
    def factors(self) -> AttenuationFactors | None:
        """The attenuation factors of all views; None without a map."""
        if self._factors is None and self._mu is not None:
            exact = self.projector.attenuation_factors(self.grid.crop(self._mu)[None])
            self._factors = exact.half() if self._half else exact
        return self._factors

    def release(self, mu: Tensor | None = None) -> None:
        """Forget the attenuation factors; they are computed again when next needed, from ``mu``, an equal map, if given."""
        self._factors = None
        if mu is not None and self._mu is not None:
            self._mu = mu

    def project(self, activity_ZYX: Tensor, subset: int) -> Tensor:
        """Return expected primary counts (V, Z, U) of one subset."""
        return self.projector(self.grid.crop(activity_ZYX)[None], self.factors, views=self.views[subset])[0]

    def backproject(self, counts_VZU: Tensor, subset: int) -> Tensor:
        """Return the transpose applied to one subset's counts, (Z, Y, X)."""
        part = self.projector.backproject(counts_VZU[None], self.factors, views=self.views[subset])[0]
        return self.grid.whole(part)


def shared_projector(geometry: AcquisitionGeometry) -> SpectProjector:
    """Return the projector of a geometry: one for all studies that hold it, however many geometries there are."""
    projector = _living.get(geometry)
    if projector is None:
        projector = _living[geometry] = projector_for(geometry)
    return projector


def mean_transmission(grid: BodyGrid, mu_ZYX: Tensor | None, like: Tensor) -> Tensor:
    """Average the transmission over every fourth view, (Z, Y, X): it changes slowly with the angle. Zero off the grid."""
    geometry = grid.geometry
    if mu_ZYX is None:
        return grid.whole(like.new_ones(geometry.volume_shape))
    views = range(0, geometry.n_views, max(1, min(CHANG_STRIDE, geometry.n_views // LEAST_CHANG_VIEWS)))
    factors = attenuation_factors(grid.crop(mu_ZYX)[None], geometry, views)
    return grid.whole(factors.values.mean(dim=0)[:, 0].T.reshape(geometry.volume_shape))


def fbp_start(inputs: StudyInputs, grid: BodyGrid) -> Tensor:
    """Return the filtered back-projection (Z, Y, X) of one subset of all views, corrected after Chang, none below zero."""
    transmission = grid.crop(inputs.sensitivity[0]).reshape(grid.geometry.volume_shape[0], -1).T[None, :, None]
    image = fbp(
        inputs.measured[0][None],
        projector_for(grid.geometry, resolution=False),
        scatter_BVZU=inputs.scatter[0][None],
        chang=AttenuationFactors(transmission),
    )[0]
    return grid.whole(image).clamp_min(0.0) * inputs.mask
