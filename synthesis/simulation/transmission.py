"""Compute the attenuation towards every view of a geometry, view by view to stay in the processor's cache."""

from __future__ import annotations

import torch

from model.attenuation import AttenuationFactors, attenuation_factors
from model.geometry import AcquisitionGeometry
from model.machine import give_memory_back
from synthesis.phantoms.shapes import Floats


def transmission(geometry: AcquisitionGeometry, mu_per_mm: Floats) -> AttenuationFactors:
    """Return the transmission of a map (Z, Y, X) in mm^-1 towards all views."""
    mu = torch.from_numpy(mu_per_mm)[None]
    n_z, n_y, n_x = geometry.volume_shape
    values = torch.empty((geometry.n_views, n_y * n_x, 1, n_z))
    for view in range(geometry.n_views):
        # View by view the rotated maps stay in the processor's cache: three times as fast on the fine grid.
        values[view] = attenuation_factors(mu, geometry, (view,)).values[0]
    give_memory_back()  # of building the matrices of a new set of angles
    return AttenuationFactors(values)
