"""Simulate a gamma camera with the analytic projector, on a grid finer than the one that is reconstructed.

Primary counts: activity and attenuation on a grid `oversampling` times finer along every axis, projected by
`model.projector` with its own fine detector and then summed into the detector's bins. The reconstruction later sees
another discretisation of attenuation, rotation and blur than the one that made its data.

Scatter, model ``broad``: an effective source (activity spread by a broad kernel, weighted by the density at the place of
the last scattering) projected with attenuation and collimator response; only its distribution is used, the caller sets
its amount. Model ``compton``: see `synthesis.simulation.compton`.

Septal term, off by default: the share of the counts that crossed a septum. Such photons see an opening that reaches
over the neighbouring holes, so the term is projected with holes three times as wide.

References
----------
Cot et al., IEEE NSS-MIC 2000, vol. 3 (with Tc-99m the geometric component is about 95 % of a low-energy collimator's
response, the rest penetration and coherent scatter): the order of magnitude of `septal_fraction`.
Frey & Tsui, "A new method for modeling the spatially-variant, object-dependent scatter response function in SPECT",
IEEE NSS-MIC 1996, 1082-1086 (effective scatter source estimation). The kernel here, two Gaussians, only has
its width: a half-value distance of 4-8 cm as of Tc-99m in water in a 20 % window.
"""

from __future__ import annotations

import functools
import time
from dataclasses import replace

import numpy as np
import torch

from model.attenuation import AttenuationFactors
from model.geometry import AcquisitionGeometry, VolumeGrid
from model.projector import projector_for
from synthesis.errors import SimulationFailed
from synthesis.materials import MU_PER_MM
from synthesis.phantoms.shapes import Floats, block_mean
from synthesis.simulation import Expected, SourceProjections
from synthesis.simulation.blur import gaussian_blur
from synthesis.simulation.compton import compton_scatter
from synthesis.simulation.transmission import transmission
from synthesis.specs.simulation import ScatterModel

SCATTER_KERNEL_MM = ((0.55, 28.0), (0.45, 65.0))  # (weight, sigma)
SEPTAL_HOLES = 3.0  # behind one septum lies the next hole, on either side


def finer_grid(grid: VolumeGrid, factor: int) -> VolumeGrid:
    """Return the grid with voxels `factor` times smaller along every axis and the same extent."""
    (z, y, x), (dz, dy, dx) = grid.shape, grid.voxel_mm
    return VolumeGrid(shape=(z * factor, y * factor, x * factor), voxel_mm=(dz / factor, dy / factor, dx / factor))


def finer_geometry(geometry: AcquisitionGeometry, factor: int) -> AcquisitionGeometry:
    """Return the same acquisition with detector elements and voxels `factor` times smaller."""
    return replace(
        geometry,
        grid=finer_grid(geometry.grid, factor),
        n_bins=geometry.n_bins * factor,
        n_axial=geometry.n_axial * factor,
        bin_mm=geometry.bin_mm / factor,
        axial_mm=geometry.axial_mm / factor,
    )


def sum_bins(projections: Floats, factor: int) -> Floats:
    """Sum blocks of `factor` x `factor` detector elements of (V, Z, U)."""
    v, z, u = projections.shape
    summed: Floats = projections.reshape(v, z // factor, factor, u // factor, factor).sum(axis=(2, 4), dtype=np.float32)
    return summed


class AnalyticSimulator:
    """Expected counts from the analytic projector; see the module's docstring.

    Parameters
    ----------
    oversampling : int
        Voxels and detector elements of the simulation in one of the acquisition, along every axis; at least 2.
    septal_fraction : float
        Share of the primary counts that crossed a septum, 0 (none) to less than 1.
    scatter_model : {"broad", "compton"}
        ``broad`` gives the same broad distribution in every view and no amount, ``compton`` both from physics.
    """

    name = "analytic"

    def __init__(
        self, oversampling: int, *, septal_fraction: float = 0.0, scatter_model: ScatterModel = "broad"
    ) -> None:
        if oversampling < 2:
            message = (
                f"The simulation grid must be at least 2 times finer than the reconstruction grid, got {oversampling}."
            )
            raise SimulationFailed(message, "Set simulation.oversampling to 2 or more.")
        if not 0.0 <= septal_fraction < 1.0:
            message = f"The share of counts through the septa must lie between 0 and 1, got {septal_fraction}."
            raise SimulationFailed(message, "Set simulation.septal_fraction to a range such as [0.0, 0.05].")
        self.oversampling = oversampling
        self.septal_fraction = septal_fraction
        self.scatter_model = scatter_model

    def expect(self, activity: Floats, mu_per_mm: Floats, geometry: AcquisitionGeometry) -> Expected:
        """Return the expected counts for volumes (Z, Y, X) on the fine grid; `geometry` is the coarse one.

        Raises
        ------
        SimulationFailed
            If the counts are not finite or zero.
        """
        primary, scatter = self._counts(activity[None], mu_per_mm, geometry, {})
        total = _checked(primary, scatter)
        return Expected(
            primary=primary[0],
            scatter_shape=scatter[0] / np.float32(total),
            scatter_total=total if self.scatter_model == "compton" else None,
        )

    def project_sources(
        self, sources: tuple[str, ...], activity: Floats, mu_per_mm: Floats, geometry: AcquisitionGeometry, *, seed: int
    ) -> SourceProjections:
        """Return the projections of every source of one body; rotation and attenuation are computed once for all.

        Parameters
        ----------
        sources : tuple of str, (K,)
        activity : float32 (K, Z, Y, X)
            Of each source at uptake 1, on the fine grid.
        mu_per_mm : float32 (Z, Y, X)
        geometry : AcquisitionGeometry
            The coarse one.
        seed : int
            Not used: nothing is drawn.

        Returns
        -------
        SourceProjections
            `mix` gives what `expect` gives for the mixture, to the rounding of float32. The scatter is not normalised;
            with ``broad`` its amount has no meaning (``scatter_is_physical`` is False), only that of the sources to each
            other.

        Raises
        ------
        SimulationFailed
            If names and volumes differ in number, or the counts are not finite or zero.
        """
        del seed
        if len(sources) != len(activity):
            message = f"There are {len(sources)} names for {len(activity)} sources."
            raise SimulationFailed(message)
        seconds: dict[str, float] = {}
        primary, scatter = self._counts(activity, mu_per_mm, geometry, seconds)
        _checked(primary, scatter)
        return SourceProjections(
            sources=sources,
            primary=primary,
            scatter=scatter,
            scatter_is_physical=self.scatter_model == "compton",
            variance=None,
            simulator=self.name,
            seconds=seconds,
        )

    def _counts(
        self, activity: Floats, mu_per_mm: Floats, geometry: AcquisitionGeometry, seconds: dict[str, float]
    ) -> tuple[Floats, Floats]:
        """Return primary and scatter (K, V, Z, U) of sources (K, Z, Y, X); books the seconds of both."""
        since = time.perf_counter()
        factor, fine = self.oversampling, finer_geometry(geometry, self.oversampling)
        factors = transmission(fine, mu_per_mm)
        primary = np.stack([sum_bins(_project(fine, source[None], factors)[0], factor) for source in activity])
        del factors  # a quarter of a gigabyte at 64 x 64 x 32 voxels, twice as fine, 60 views
        seconds["primary"] = time.perf_counter() - since
        coarse, mu = block_mean(activity, factor), block_mean(mu_per_mm, factor)
        seen = functools.cache(lambda: transmission(geometry, mu))  # `compton` without septa does not need it
        if self.scatter_model == "compton":
            scatter = compton_scatter(coarse, mu, geometry) * np.float32(factor**3)
        else:
            scatter = _project(geometry, _scatter_source(coarse, mu, geometry), seen())
        seconds["scatter"] = time.perf_counter() - since - seconds["primary"]
        if self.septal_fraction > 0:
            through = _project(_behind_septa(geometry), coarse, seen()) * np.float32(factor**3)
            share = np.float32(self.septal_fraction)
            primary = primary * (1 - share) + through * share
            seconds["septal"] = time.perf_counter() - since - seconds["primary"] - seconds["scatter"]
        return primary, scatter


def _checked(primary: Floats, scatter: Floats) -> float:
    """Return the total of the scatter; SimulationFailed if either total is no count."""
    totals = (float(primary.sum(dtype=np.float64)), float(scatter.sum(dtype=np.float64)))
    if not all(np.isfinite(total) and total > 0 for total in totals):
        message = f"The simulation gave {totals[0]} primary and {totals[1]} scattered counts."
        raise SimulationFailed(message)
    return totals[1]


def _scatter_source(activity: Floats, mu_per_mm: Floats, geometry: AcquisitionGeometry) -> Floats:
    voxel = geometry.grid.voxel_mm
    source = np.zeros_like(activity)
    for weight, sigma in SCATTER_KERNEL_MM:
        sigmas = (sigma / voxel[0], sigma / voxel[1], sigma / voxel[2])
        source += np.float32(weight) * gaussian_blur(activity, sigmas, keep_sum=False)
    source *= mu_per_mm / np.float32(MU_PER_MM["water"])
    return source


def _behind_septa(geometry: AcquisitionGeometry) -> AcquisitionGeometry:
    wide = replace(geometry.collimator, hole_mm=geometry.collimator.hole_mm * SEPTAL_HOLES)
    return replace(geometry, collimator=wide)


def _project(geometry: AcquisitionGeometry, activity: Floats, factors: AttenuationFactors) -> Floats:
    with torch.no_grad():
        counts = projector_for(geometry).forward(torch.from_numpy(activity), factors)
    array: Floats = counts.numpy()
    return array
