"""Tests of the Monte Carlo: Geant4 data made from xraylib, a body that looks different from everywhere, widths."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from model.geometry import LEHR_NM670, AcquisitionGeometry, VolumeGrid
from synthesis.simulation.gate.data import G4Data
from synthesis.simulation.gate.mini_data import TAG, write_tree

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
FWHM_PER_SIGMA = 2.3548

needs_gate = pytest.mark.skipif(
    importlib.util.find_spec("opengate") is None or importlib.util.find_spec("xraylib") is None,
    reason="GATE is not installed: run `make gate`",
)


def data_tree(folder: Path) -> G4Data:
    """Write the small data tree into `folder`."""
    write_tree(folder / "g4data")
    return G4Data(folder / "g4data", TAG)


def cubic_geometry(*angles_deg: float, voxels: int = 24, radius_mm: float = 200.0) -> AcquisitionGeometry:
    """Return views of a cube of 307 mm on a square detector, so that a transposed picture has the right shape too."""
    voxel = 307.2 / voxels
    grid = VolumeGrid((voxels,) * 3, (voxel,) * 3)
    return AcquisitionGeometry(
        angles_rad=tuple(math.radians(angle) for angle in angles_deg),
        radius_mm=(radius_mm,) * len(angles_deg),
        duration_s=(20.0,) * len(angles_deg),
        n_bins=voxels,
        n_axial=voxels,
        bin_mm=voxel,
        axial_mm=voxel,
        collimator=LEHR_NM670,
        intrinsic_fwhm_mm=3.8,
        grid=grid,
    )


def asymmetric_body(geometry: AcquisitionGeometry, factor: int = 2) -> tuple[Floats, Floats]:
    """Return activity (1, Z, Y, X) and mu on a grid `factor` times as fine: no two directions look alike.

    An elliptic trunk with a lung on the left front, a spine at the back, and hot spheres of different size and uptake.
    """
    shape = tuple(n * factor for n in geometry.grid.shape)
    axes = [(np.arange(n) - (n - 1) / 2) * e / n for n, e in zip(shape, geometry.grid.extent_mm, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    mu = np.where((x / 140) ** 2 + (y / 105) ** 2 < 1, 0.0153, 0.0).astype(np.float32)
    mu[((x - 70) / 45) ** 2 + ((y + 15) / 60) ** 2 + (z / 90) ** 2 < 1] = 0.0045
    mu[np.hypot(x, y - 75) < 18] = 0.022
    activity = np.zeros((1, *shape), dtype=np.float32)
    spheres = ((60, -50, 30, 25, 1.0), (-70, 20, -40, 30, 0.7), (0, 60, -80, 18, 1.0), (-40, -60, 70, 18, 0.8))
    for at_x, at_y, at_z, radius, uptake in spheres:
        activity[0][(x - at_x) ** 2 + (y - at_y) ** 2 + (z - at_z) ** 2 < radius**2] = uptake
    return activity, mu


def profile_fwhm(profile: Array, step: float, *, smoothing: float) -> float:
    """Return the width at half maximum of a noisy profile, smoothed by a Gaussian of sigma `smoothing` that is taken off."""
    reach = math.ceil(4 * smoothing / step)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / smoothing) ** 2)
    smooth = np.convolve(profile, kernel / kernel.sum(), "same")
    half = smooth.max() / 2
    inside = np.flatnonzero(smooth >= half)
    first, last = int(inside[0]), int(inside[-1])
    left = first - (smooth[first] - half) / (smooth[first] - smooth[first - 1])
    right = last + (smooth[last] - half) / (smooth[last] - smooth[last + 1])
    return math.sqrt(((right - left) * step) ** 2 - (smoothing * FWHM_PER_SIGMA) ** 2)
