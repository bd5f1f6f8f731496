"""Tiny studies that are made in milliseconds: a body with a heart, a liver and a defect, and its projections.

The projections come from a plain numpy model (every voxel is splatted on the detector as a Gaussian, attenuated
along its own ray), written apart from the torch projector so that the two can check each other. Torch-free.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.geometry import LEHR_NM670, TC99M_PEAK, AcquisitionGeometry, EnergyWindow, VolumeGrid, orbit_angles_rad
from model.io.study import Defect, HeartFrame, Study, Truth, read_study, write_study

Array = npt.NDArray[np.floating]
LABELS = {"soft_tissue": 1, "myocardium": 2, "blood": 3, "liver": 4, "lung": 5}
UPTAKE = {1: 0.05, 2: 1.0, 3: 0.08, 4: 0.6, 5: 0.04}
MU_PER_MM = {1: 0.01524, 2: 0.01597, 3: 0.01614, 4: 0.01597, 5: 0.00396}
SCATTER_WINDOW = EnergyWindow("scatter", 114.0, 126.45)


def tiny_geometry(
    *,
    shape: tuple[int, int, int] = (8, 20, 20),
    voxel_mm: float = 16.0,
    views: int = 12,
    start_deg: float = 225.0,
    arc_deg: float = -180.0,
    radius_mm: float | None = None,
    n_bins: int | None = None,
    bin_mm: float | None = None,
    windows: int = 1,
    intrinsic_fwhm_mm: float = 3.9,
) -> AcquisitionGeometry:
    """Return a perfusion-like orbit around a small grid."""
    return AcquisitionGeometry(
        angles_rad=orbit_angles_rad(views, start_deg=start_deg, arc_deg=arc_deg),
        radius_mm=(radius_mm or 0.55 * shape[2] * voxel_mm,) * views,
        duration_s=(20.0,) * views,
        n_bins=n_bins or shape[2],
        n_axial=shape[0],
        bin_mm=bin_mm or voxel_mm,
        axial_mm=voxel_mm,
        collimator=LEHR_NM670,
        intrinsic_fwhm_mm=intrinsic_fwhm_mm,
        windows=(TC99M_PEAK, SCATTER_WINDOW)[:windows],
        grid=VolumeGrid(shape, (voxel_mm,) * 3),
    )


def tiny_study(
    seed: int = 0,
    *,
    geometry: AcquisitionGeometry | None = None,
    counts: float = 2e5,
    scatter_fraction: float = 0.2,
    noise: bool = True,
    with_reference: bool = True,
    with_truth: bool = True,
    with_defect: bool = True,
    patient_key: str | None = None,
    **geometry_options: Any,
) -> Study:
    """Return a study of about `counts` photopeak counts; another seed is another patient."""
    rng = np.random.default_rng(seed)
    geometry = geometry or tiny_geometry(**geometry_options)
    labels, truth, activity = _patient(geometry.grid, rng, with_defect=with_defect)
    mu = _mu_per_mm(labels)
    primary = _primary(seed, geometry, with_defect)
    scale = counts * (1 - scatter_fraction) / primary.sum()
    primary, activity = primary * scale, activity * scale  # copies: the projections are kept for the next test
    scatter = np.full_like(primary, counts * scatter_fraction / primary.size)
    expected = [primary + scatter] + [scatter] * (len(geometry.windows) - 1)
    measured = rng.poisson(np.stack(expected)) if noise else np.stack(expected)
    return Study(
        projections=measured.astype(np.float32),
        geometry=geometry,
        attenuation=mu.astype(np.float32),
        scatter=np.stack([scatter] * len(geometry.windows)).astype(np.float32) if scatter_fraction else None,
        reference=activity.astype(np.float32) if with_reference else None,
        reference_kind="phantom" if with_reference else None,
        labels=labels if with_truth else None,
        label_codes=LABELS if with_truth else {},
        truth=truth if with_truth else None,
        provenance={"generator": "tests.support.studies", "seed": seed, "patient_key": patient_key or f"tiny-{seed}"},
    )


@lru_cache(maxsize=32)
def _primary(seed: int, geometry: AcquisitionGeometry, with_defect: bool) -> Array:
    """Return the expected primary projections of a patient: the slow part, and many tests have the same patient."""
    labels, _, activity = _patient(geometry.grid, np.random.default_rng(seed), with_defect=with_defect)
    return reference_projections(activity, _mu_per_mm(labels), geometry)


def _mu_per_mm(labels: npt.NDArray[np.uint8]) -> Array:
    table = np.zeros(256)
    table[list(MU_PER_MM)] = list(MU_PER_MM.values())
    return np.asarray(table[labels])


def write_tiny_study(path: str | Path, seed: int = 0, **options: Any) -> Study:
    """Write `tiny_study` to `path` and return it."""
    study = tiny_study(seed, **options)
    write_study(path, study)
    return study


def bytes_with_key(stored: str | Path, patient_key: str) -> bytes:
    """Return the bytes of a stored study under another patient key: those of its source, if nothing else differs."""
    study, target = read_study(stored), Path(stored).with_name(".again.h5")
    write_study(target, replace(study, provenance={**study.provenance, "patient_key": patient_key}))
    try:
        return target.read_bytes()
    finally:
        target.unlink()


def write_tiny_studies(folder: str | Path, number: int, *, first_seed: int = 0, **options: Any) -> list[Path]:
    """Write `number` studies of different patients into `folder` and return their paths."""
    paths = [Path(folder) / f"study-{first_seed + i:03d}.h5" for i in range(number)]
    for i, path in enumerate(paths):
        write_tiny_study(path, first_seed + i, **options)
    return paths


def coordinates_mm(grid: VolumeGrid) -> tuple[Array, Array, Array]:
    """Return (z, y, x) of every voxel centre, broadcastable to the volume."""
    z, y, x = ((np.arange(n) - (n - 1) / 2) * d for n, d in zip(grid.shape, grid.voxel_mm, strict=True))
    return z[:, None, None], y[None, :, None], x[None, None, :]


def _patient(
    grid: VolumeGrid, rng: np.random.Generator, *, with_defect: bool
) -> tuple[npt.NDArray[np.uint8], Truth, Array]:
    z, y, x = coordinates_mm(grid)
    depth, height, width = grid.extent_mm
    size = rng.uniform(0.92, 1.05)
    ax, ay = 0.42 * width * size, 0.34 * height * size
    wall = 1.9 * grid.voxel_mm[2]
    outer = 0.40 * min(ay, depth)
    outer = max(outer, 2.6 * grid.voxel_mm[2])
    cx, cy, cz = 0.32 * ax, -0.30 * ay, rng.uniform(-0.05, 0.05) * depth
    labels = np.zeros(grid.shape, dtype=np.uint8)
    labels[np.broadcast_to((x / ax) ** 2 + (y / ay) ** 2 < 1, grid.shape)] = LABELS["soft_tissue"]
    for side in (-1, 1):
        lung = ((x - side * 0.5 * ax) / (0.36 * ax)) ** 2 + (y / (0.65 * ay)) ** 2 < 1
        labels[np.broadcast_to(lung & (z > -0.2 * depth), grid.shape)] = LABELS["lung"]
    liver = ((x + 0.4 * ax) / (0.5 * ax)) ** 2 + (y / (0.7 * ay)) ** 2 + ((z + 0.4 * depth) / (0.25 * depth)) ** 2 < 1
    labels[liver] = LABELS["liver"]
    radius = np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (0.8 * (z - cz)) ** 2)
    labels[radius < outer] = LABELS["blood"]
    shell = (radius >= outer - wall) & (radius < outer) & (x - cx > -0.6 * outer)  # open to the right: the valve plane
    labels[shell] = LABELS["myocardium"]
    around = np.broadcast_to(np.arctan2(z - cz, -(y - cy)), grid.shape)  # 0 anterior, 90 degrees to the head
    along = np.broadcast_to((x - cx + 0.6 * outer) / (1.6 * outer), grid.shape)
    aha = _aha(shell, around, along)
    defect_map = np.zeros(grid.shape, dtype=np.uint8)
    defects: tuple[Defect, ...] = ()
    activity = np.vectorize({0: 0.0, **UPTAKE}.get, otypes=[np.float64])(labels)
    if with_defect:
        centre = rng.uniform(-math.pi, math.pi)
        inside = shell & (np.cos(around - centre) > math.cos(math.radians(50))) & (along < 0.9)
        defect_map[inside] = 1
        severity = float(rng.uniform(0.5, 0.8))
        activity[inside] *= 1 - severity
        defects = (
            Defect(
                centre_deg=math.degrees(centre) % 360,
                width_deg=100.0,
                centre_index=0.45,
                length_mm=1.44 * outer,
                wall_fraction=1.0,
                severity=severity,
                extent=float(inside.sum() / max(1, shell.sum())),
                segments=tuple(int(s) for s in np.unique(aha[inside])),
            ),
        )
    heart = HeartFrame((cx - 0.6 * outer, cy, cz), (cx + outer, cy, cz), (0.0, -1.0, 0.0), outer, wall)
    return labels, Truth(heart, aha, defects, defect_map), activity


def _aha(shell: npt.NDArray[np.bool_], around: Array, along: Array) -> npt.NDArray[np.uint8]:
    sixth = (np.floor((around % (2 * math.pi)) / (math.pi / 3)).astype(int) % 6) + 1
    fourth = (np.floor((around % (2 * math.pi)) / (math.pi / 2)).astype(int) % 4) + 13
    segment = np.where(along < 0.35, sixth, np.where(along < 0.65, sixth + 6, np.where(along < 0.9, fourth, 17)))
    return np.where(shell, segment, 0).astype(np.uint8)


def reference_projections(activity: Array, mu: Array | None, geometry: AcquisitionGeometry) -> Array:
    """Return expected primary counts (V, Z, U) by splatting every voxel: slow, plain, independent of torch."""
    n_z, n_y, n_x = geometry.volume_shape
    z, y, x = coordinates_mm(geometry.grid)
    plane_y, plane_x = (a.ravel() for a in np.broadcast_arrays(y[0], x[0]))
    bins = (np.arange(geometry.n_bins) - (geometry.n_bins - 1) / 2) * geometry.bin_mm
    steps = np.arange(1 - n_z, n_z) * (z.ravel()[1] - z.ravel()[0] if n_z > 1 else 0.0)  # mm between two planes
    out = np.zeros(geometry.projection_shape)
    for v, (theta, radius, share) in enumerate(
        zip(geometry.angles_rad, geometry.radius_mm, geometry.view_fractions, strict=True)
    ):
        sin, cos = math.sin(theta), math.cos(theta)
        depth = plane_x * sin + plane_y * cos
        across = -plane_x * cos + plane_y * sin
        sigma = geometry.fwhm_mm(np.maximum(radius - depth, 0.0)) / 2.35482
        seen = activity.reshape(n_z, n_y * n_x) * share
        if mu is not None:
            seen = seen * np.exp(-_path_integral(mu, geometry.grid, plane_y, plane_x, cos, sin))
        to_bins = _gauss(bins[None, :] - across[:, None], sigma[:, None], geometry.bin_mm, geometry.grid.voxel_mm[2])
        weights = _gauss(steps[:, None], sigma[None, :], geometry.axial_mm, 0.0)
        for target in range(n_z):
            out[v, target] = (seen * weights[target : target + n_z][::-1]).sum(axis=0) @ to_bins
    return out


def _gauss(offset: Array, sigma: Array, width_mm: float, voxel_mm: float) -> Array:
    """Return the share that a Gaussian of `sigma` puts into an interval of `width_mm`, by the error function."""
    wide = np.sqrt(sigma**2 + voxel_mm**2 / 12)
    erf = np.vectorize(math.erf, otypes=[np.float64])
    upper, lower = (offset + width_mm / 2) / (wide * math.sqrt(2)), (offset - width_mm / 2) / (wide * math.sqrt(2))
    return np.asarray(0.5 * (erf(upper) - erf(lower)))


def _path_integral(mu: Array, grid: VolumeGrid, py: Array, px: Array, cos: float, sin: float) -> Array:
    step = 0.5 * grid.voxel_mm[2]
    n_y, n_x = grid.shape[1:]
    total = np.zeros((grid.shape[0], py.size))
    for k in range(math.ceil(1.5 * max(grid.extent_mm[1:]) / step)):
        iy = np.round((py + (k + 0.5) * step * cos) / grid.voxel_mm[1] + (n_y - 1) / 2).astype(int)
        ix = np.round((px + (k + 0.5) * step * sin) / grid.voxel_mm[2] + (n_x - 1) / 2).astype(int)
        inside = (iy >= 0) & (iy < n_y) & (ix >= 0) & (ix < n_x)
        total[:, inside] += mu[:, iy[inside], ix[inside]] * step
    return total
