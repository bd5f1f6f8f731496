"""Blur arrays along their axes with Gaussians."""

from __future__ import annotations

import functools

import numpy as np

from synthesis.phantoms.shapes import Floats

FWHM_PER_SIGMA = 2.3548  # 2 sqrt(2 ln 2)


@functools.lru_cache(maxsize=64)
def gaussian_matrix(size: int, sigma: float, *, keep_sum: bool) -> Floats:
    """Return the (size, size) matrix that blurs a column vector; `sigma` in samples.

    With `keep_sum` every column adds up to one (nothing leaves at the ends), otherwise the tails are lost.
    """
    offset = np.arange(size)[:, None] - np.arange(size)[None, :]
    kernel = np.exp(-0.5 * (offset / sigma) ** 2)
    total = kernel.sum(axis=0, keepdims=True) if keep_sum else sigma * np.sqrt(2 * np.pi)
    matrix: Floats = (kernel / total).astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def gaussian_blur(values: Floats, sigmas: tuple[float, ...], *, keep_sum: bool) -> Floats:
    """Blur the last ``len(sigmas)`` axes of `values`; each sigma in samples of its axis."""
    blurred = values
    for back, sigma in enumerate(reversed(sigmas), start=1):
        matrix = gaussian_matrix(blurred.shape[-back], sigma, keep_sum=keep_sum)
        moved = np.moveaxis(blurred, -back, -1)
        blurred = np.moveaxis(moved @ matrix.T, -1, -back)
    return np.ascontiguousarray(blurred, dtype=np.float32)


@functools.lru_cache(maxsize=16)
def interpolation_matrix(size: int, factor: int) -> Floats:
    """Return the (size * factor, size) matrix that reads samples at places `factor` times as dense, on straight lines."""
    place = np.clip((np.arange(size * factor) + 0.5) / factor - 0.5, 0, size - 1)
    first = np.minimum(place.astype(np.int64), max(size - 2, 0))
    matrix = np.zeros((size * factor, size), dtype=np.float32)
    matrix[np.arange(size * factor), first] = 1 - (place - first)
    matrix[np.arange(size * factor), np.minimum(first + 1, size - 1)] += (place - first).astype(np.float32)
    matrix.flags.writeable = False
    return matrix
