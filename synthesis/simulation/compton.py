"""Scatter from the physics of the first scattering: an effective source for every view, with its true amount.

A photon emitted at x' scatters at x and flies on to the detector if it turns by the angle between x - x' and the
direction to the detector. In units of the primary photons that the same activity sends there without attenuation,

    k(x - x') = mu_s dV / r^2  P(angle)  a(E(angle)) / a(140.5 keV)  exp(-b mu r),   r = |x - x'|,

with P the Klein-Nishina distribution of directions (its integral is 1), a(E) the share of photons of energy E that the
energy window takes, and mu_s the scattering coefficient at x, in proportion to the attenuation there. What scatters
twice or more is made up for by b < 1. The way to x is taken as water, as in effective scatter source estimation;
from x to the detector the photon is attenuated by the map and blurred by the collimator.

Against a Monte Carlo of all orders (tests/support/compton.py) in a water cylinder, heart, liver and uniform body in five
views: amount within 3 %, distribution within 2-4 % of its sum. The broad kernel of `synthesis.simulation.analytic`: 5 %
for the body, 15-44 % for heart and liver, which it spreads too far. Against GATE 10 on an asymmetric body with a lung,
anterior view, 900 equivalent scattered counts: correlation 0.99 (broad kernel 0.92), amount 15 % lower; coherent
scattering, which GATE has and this has not, is about a third of that.

References
----------
Frey & Tsui, IEEE NSS-MIC 1996, 1082-1086 (effective scatter source); Klein & Nishina, Z. Phys. 52 (1929) 853.
"""

from __future__ import annotations

import functools
import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from model.attenuation import AttenuationFactors
from model.geometry import AcquisitionGeometry, EnergyWindow, VolumeGrid
from model.projector import projector_for
from synthesis.materials import EMISSION_KEV, MU_PER_MM
from synthesis.phantoms.shapes import Floats, block_mean, block_sum
from synthesis.simulation.blur import interpolation_matrix
from synthesis.simulation.transmission import transmission
from synthesis.simulation.windows import ELECTRON_KEV, accepted

Array = npt.NDArray[np.float64]
SCATTERED_SHARE = 0.976  # of water's attenuation at 140.5 keV is Compton scattering (xraylib 0.14998 of 0.15365 cm^-1)
BUILD_UP = 0.77  # b above: reproduces the Monte Carlo's amounts in photopeak windows of 20 %
COARSE_MM = 15.0  # scatter is so smooth that voxels up to this size do
NEAR_POINTS = 8  # along each axis, to average the kernel over voxels near its pole


def compton_scatter(activity: Floats, mu_per_mm: Floats, geometry: AcquisitionGeometry) -> Floats:
    """Return the scattered counts of the photopeak window.

    Parameters
    ----------
    activity : float32 (K, Z, Y, X)
        Sources on the grid of the geometry.
    mu_per_mm : float32 (Z, Y, X)
    geometry : AcquisitionGeometry

    Returns
    -------
    float32 (K, V, Z, U)
        In the unit of the activity, to be added to the primary counts of `model.projector` as they are.
    """
    factor = coarsening(geometry.grid)
    coarse = _coarser(geometry, factor)
    volumes, mu = block_sum(activity, factor), block_mean(mu_per_mm, factor)
    size = [2 * n for n in coarse.grid.shape]
    spectrum = torch.fft.rfftn(torch.from_numpy(volumes), s=size, dim=(1, 2, 3))
    scatterers = torch.from_numpy(mu * np.float32(SCATTERED_SHARE))
    factors = transmission(coarse, mu)
    views = [_view(spectrum, scatterers, coarse, factors, view) for view in range(coarse.n_views)]
    counts = np.stack(views, axis=1)
    rows, bins = (interpolation_matrix(n, factor) for n in (coarse.n_axial, coarse.n_bins))
    finer = rows @ counts @ bins.T * np.float32(1 / factor**2)
    return np.ascontiguousarray(finer, dtype=np.float32)


def coarsening(grid: VolumeGrid) -> int:
    """Return by how much the grid may be coarsened for the scatter: to voxels of at most `COARSE_MM`, without rest."""
    fits = [f for f in range(1, 9) if all(n % f == 0 for n in grid.shape) and f * max(grid.voxel_mm) <= COARSE_MM]
    return max(fits, default=1)


def _coarser(geometry: AcquisitionGeometry, factor: int) -> AcquisitionGeometry:
    (z, y, x), (dz, dy, dx) = geometry.grid.shape, geometry.grid.voxel_mm
    return replace(
        geometry,
        grid=VolumeGrid((z // factor, y // factor, x // factor), (dz * factor, dy * factor, dx * factor)),
        n_bins=geometry.n_bins // factor,
        n_axial=geometry.n_axial // factor,
        bin_mm=geometry.bin_mm * factor,
        axial_mm=geometry.axial_mm * factor,
    )


def _view(
    spectrum: Tensor, scatterers: Tensor, geometry: AcquisitionGeometry, factors: AttenuationFactors, view: int
) -> Floats:
    n_z, n_y, n_x = geometry.grid.shape
    size = [2 * n for n in geometry.grid.shape]
    kernel = _kernel_spectrum(geometry.grid, geometry.angles_rad[view], geometry.windows[0])
    source = torch.fft.irfftn(spectrum * kernel, s=size, dim=(1, 2, 3))[:, :n_z, :n_y, :n_x]
    source = source.clamp_min(0.0) * scatterers
    with torch.no_grad():
        counts: Floats = projector_for(geometry).forward(source, factors, views=(view,))[:, 0].numpy()
    return counts


@functools.lru_cache(maxsize=128)  # half a MB each at 64 x 64 x 32 voxels of 6.4 mm
def _kernel_spectrum(grid: VolumeGrid, angle_rad: float, window: EnergyWindow) -> Tensor:
    """Return the transform of the kernel of one view, without mu_s, on twice the grid so that nothing wraps round."""
    steps = [np.fft.fftfreq(2 * n, 1 / (2 * n)) * d for n, d in zip(grid.shape, grid.voxel_mm, strict=True)]
    z, y, x = np.meshgrid(*steps, indexing="ij")
    kernel = _kernel(z, y, x, angle_rad, window)
    points = (np.arange(NEAR_POINTS) + 0.5) / NEAR_POINTS - 0.5
    within = np.meshgrid(*(points * d for d in grid.voxel_mm), indexing="ij")
    for place in np.argwhere(functools.reduce(np.logical_and, _near(z, y, x, grid))):
        i = tuple(place)
        kernel[i] = _kernel(z[i] + within[0], y[i] + within[1], x[i] + within[2], angle_rad, window).mean()
    kernel *= math.prod(grid.voxel_mm)
    spectrum: Tensor = torch.fft.rfftn(torch.from_numpy(kernel.astype(np.float32)))
    return spectrum


def _near(z: Array, y: Array, x: Array, grid: VolumeGrid) -> list[npt.NDArray[np.bool_]]:
    return [np.abs(axis) <= 1.5 * d for axis, d in zip((z, y, x), grid.voxel_mm, strict=True)]


def _kernel(z: Array, y: Array, x: Array, angle_rad: float, window: EnergyWindow) -> Array:
    squared = np.maximum(x * x + y * y + z * z, 1e-6)
    distance = np.sqrt(squared)
    cosine = (x * math.sin(angle_rad) + y * math.cos(angle_rad)) / distance
    seen = np.interp(cosine, *_towards_detector(window))
    density: Array = seen * np.exp(-BUILD_UP * MU_PER_MM["water"] * distance) / squared
    return density


@functools.lru_cache(maxsize=16)
def _towards_detector(window: EnergyWindow) -> tuple[Array, Array]:
    """Return cosines and P(angle) a(E) / a(140.5 keV): how much of what scatters by an angle the window takes."""
    cosine = np.linspace(-1, 1, 2001)
    part = 1 / (1 + EMISSION_KEV / ELECTRON_KEV * (1 - cosine))
    section = part**2 * (part + 1 / part - 1 + cosine**2)
    section /= 2 * np.pi * np.trapezoid(section, cosine)
    return cosine, section * accepted(EMISSION_KEV * part, window) / accepted(np.array([EMISSION_KEV]), window)
