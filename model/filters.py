"""Smooth a volume with a Gaussian given in mm, on the device and in the type of its input."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from model.geometry import VolumeGrid

FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))


def gaussian_postfilter(volume_BZYX: Tensor, grid: VolumeGrid, fwhm_mm: float) -> Tensor:
    """Smooth with a Gaussian of `fwhm_mm`; at the edges the kernel is renormalised, so a constant stays itself.

    Parameters
    ----------
    volume_BZYX : Tensor, shape (B, Z, Y, X)
    grid : VolumeGrid
    fwhm_mm : float, mm
        0 leaves the volume as it is.
    """
    if fwhm_mm <= 0:
        return volume_BZYX
    dz, dy, dx = (fwhm_mm / FWHM_PER_SIGMA / voxel_mm for voxel_mm in grid.voxel_mm)
    return gaussian_blur(volume_BZYX, (dz, dy, dx))


def gaussian_blur(volume_BZYX: Tensor, sigmas: tuple[float, float, float]) -> Tensor:
    """Smooth with a Gaussian; `sigmas` of the axes z, y and x in voxels, all positive, edges as in `gaussian_postfilter`."""
    out = volume_BZYX
    for axis, sigma in zip((-3, -2, -1), sigmas, strict=True):
        reach = max(1, min(math.ceil(4 * sigma), out.shape[axis] - 1))
        offsets = torch.arange(-reach, reach + 1, dtype=out.dtype, device=out.device)
        kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
        kernel = (kernel / kernel.sum()).view(1, 1, -1)
        lines = out.movedim(axis, -1)
        flat = lines.reshape(-1, 1, lines.shape[-1])
        smooth = functional.conv1d(flat, kernel, padding=reach)
        inside = functional.conv1d(torch.ones_like(flat[:1]), kernel, padding=reach)
        out = (smooth / inside).view(lines.shape).movedim(-1, axis)
    return out
