"""Import phantoms that others made: an Interfile label map or activity map with its attenuation map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.geometry import VolumeGrid
from model.io.interfile import InterfileImage, read_interfile
from synthesis.errors import PhantomInvalid
from synthesis.materials import MU_PER_MM
from synthesis.phantoms.shapes import Floats
from synthesis.specs.phantom import Axis, MuUnit

TISSUE_OF_WATER = (0.15, 1.9)  # mu relative to water: from lung to trabecular bone; outside lie air, couch and metal
BONE_HU = 1500.0  # CT number of cortical bone at about 120 kV, as in `model.attenuation.hu_to_mu`


@dataclass(frozen=True, eq=False)
class VoxelPhantom:
    """An imported phantom in LPS.

    Parameters
    ----------
    grid : VolumeGrid
    activity : float32 (Z, Y, X)
        Per voxel, relative.
    mu_per_mm : float32 (Z, Y, X)
    notes : tuple of str
        What was read against the letter of the headers.
    """

    grid: VolumeGrid
    activity: Floats
    mu_per_mm: Floats
    notes: tuple[str, ...]


def read_labelmap(
    source: Path,
    attenuation: Path,
    *,
    uptakes: Mapping[int, float] | None = None,
    background: float = 0.0,
    flip: tuple[Axis, ...] = (),
    mu_unit: MuUnit = "mm^-1",
) -> VoxelPhantom:
    """Read a source map and an attenuation map of the same size.

    Parameters
    ----------
    source, attenuation : Path
        Interfile headers.
    uptakes : mapping of code to activity, optional
        For a label map; without it the source map holds activity itself.
    background : float
        Activity of tissue (by its attenuation) that no code names.
    flip : tuple of axis names
        Axes of the files that run against LPS: z to the head, y to the back, x to the patient's left.
    mu_unit : str
        Unit of the attenuation map; CT numbers are converted with two straight lines that meet at water (140.5 keV).

    Raises
    ------
    PhantomInvalid
        Sizes that differ, no spacing, a unit that cannot be right, or no activity.
    StudyFormatError, FileNotFoundError
        From the Interfile reader.
    """
    images = read_interfile(source), read_interfile(attenuation)
    grid = _common_grid(*images)
    order = tuple(slice(None, None, -1 if axis in flip else 1) for axis in ("z", "y", "x"))
    codes, density = (np.ascontiguousarray(image.array[order]) for image in images)
    mu = to_mu_per_mm(density.astype(np.float32), mu_unit)
    if uptakes is None:
        activity = codes.astype(np.float32)
    else:
        low, high = (limit * MU_PER_MM["water"] for limit in TISSUE_OF_WATER)
        activity = np.where((mu > low) & (mu < high), np.float32(background), np.float32(0))
        for code, value in uptakes.items():
            activity[codes == code] = value
    if not activity.max() > 0:
        message = f"The source map {source.name} holds none of the codes {sorted(uptakes or {})}."
        raise PhantomInvalid(message)
    return VoxelPhantom(grid, activity, mu, images[0].warnings + images[1].warnings)


def _common_grid(source: InterfileImage, attenuation: InterfileImage) -> VolumeGrid:
    if source.array.shape != attenuation.array.shape:
        message = f"The source map has {source.array.shape} voxels, the attenuation map {attenuation.array.shape}."
        raise PhantomInvalid(message)
    sizes = [size for size in source.spacing_mm if size is not None]
    if len(sizes) != 3 or source.spacing_mm != attenuation.spacing_mm:
        message = (
            f"Voxel sizes are {source.spacing_mm} mm and {attenuation.spacing_mm} mm; both must be known and equal."
        )
        raise PhantomInvalid(message)
    z, y, x = source.array.shape
    return VolumeGrid(shape=(z, y, x), voxel_mm=(sizes[0], sizes[1], sizes[2]))


def to_mu_per_mm(values: Floats, unit: MuUnit) -> Floats:
    """Convert an attenuation map to mm^-1 at 140.5 keV; PhantomInvalid if its tissue cannot be in `unit`."""
    water = np.float32(MU_PER_MM["water"])
    if unit in ("hu", "hu+1000"):
        hu = values - np.float32(1000 if unit == "hu+1000" else 0)
        slope = np.float32((MU_PER_MM["cortical_bone"] - MU_PER_MM["water"]) / BONE_HU)
        mu = np.maximum(np.where(hu <= 0, water * (1 + hu / np.float32(1000)), water + hu * slope), 0)
    else:
        mu = values * np.float32(0.1 if unit == "cm^-1" else 1.0)
    filled = mu[mu > 0.5 * water]
    typical = float(np.median(filled)) if filled.size else 0.0
    if not 0.6 * water < typical < 1.6 * water:
        message = (
            f"The attenuation map's tissue is at {typical:.3g} mm^-1, water is at {float(water):.4f}: not in {unit}."
        )
        raise PhantomInvalid(message, "Name the unit of the attenuation map.")
    converted: Floats = mu.astype(np.float32)
    return converted


def place(phantom: VoxelPhantom, grid: VolumeGrid, centre_mm: tuple[float, float, float]) -> tuple[Floats, Floats]:
    """Resample onto `grid` with the point `centre_mm` (x, y, z from the phantom's centre) on the grid's centre.

    Linear interpolation in each axis; activity is scaled by the voxels' volumes, so that totals stay.

    Returns
    -------
    activity, mu_per_mm : float32 (Z, Y, X)
    """
    shift = centre_mm[::-1]
    old, new = phantom.grid, grid
    matrices = [_linear(old.shape[i], old.voxel_mm[i], new.shape[i], new.voxel_mm[i], shift[i]) for i in range(3)]
    volume = float(np.prod(new.voxel_mm) / np.prod(old.voxel_mm))

    def resample(values: Floats) -> Floats:
        z, y, x = matrices
        result: Floats = np.einsum("az,zyx->ayx", z, values, optimize=True)
        result = np.einsum("by,ayx->abx", y, result, optimize=True)
        return np.ascontiguousarray(result @ x.T, dtype=np.float32)

    return resample(phantom.activity) * np.float32(volume), resample(phantom.mu_per_mm)


def _linear(old_size: int, old_mm: float, new_size: int, new_mm: float, shift_mm: float) -> Floats:
    """Return the (new, old) matrix that samples with a triangle as wide as the larger of the two voxels."""
    old = (np.arange(old_size) - (old_size - 1) / 2) * old_mm
    new = (np.arange(new_size) - (new_size - 1) / 2) * new_mm + shift_mm
    width = max(old_mm, new_mm)
    weights = np.clip(1 - np.abs(new[:, None] - old[None, :]) / width, 0, None)
    total = np.where(weights.sum(axis=1, keepdims=True) > 0, width / old_mm, 1.0)
    matrix: Floats = (weights / total).astype(np.float32)
    return matrix
