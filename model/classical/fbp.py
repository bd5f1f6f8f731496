"""Filtered backprojection with a Hann-windowed ramp and Chang's attenuation correction: fast, and the roughest start.

Axes: B batch, V views, Z slices, Y X voxels, U bins.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from model.attenuation import AttenuationFactors
from model.geometry import ensure_shape
from model.projector import SpectProjector, projector_for


def fbp(
    projections_BVZU: Tensor,
    projector: SpectProjector,
    *,
    scatter_BVZU: Tensor | None = None,
    chang: AttenuationFactors | None = None,
    cutoff: float = 1.0,
) -> Tensor:
    """Return the filtered backprojection, shape (B, Z, Y, X), negative values kept.

    Parameters
    ----------
    projections_BVZU : Tensor, shape (B, V, Z, U)
    projector : SpectProjector
        Its geometry is used; blur and attenuation are not modelled.
    scatter_BVZU : Tensor, optional
        Subtracted first.
    chang : AttenuationFactors, optional
        First-order Chang correction by the mean transmission of each voxel over the views.
    cutoff : float, 0..1
        Where the Hann window over the ramp reaches zero, as a share of the Nyquist frequency.

    Notes
    -----
    Scaled so that the image is in counts of the whole acquisition, as OSEM's. An orbit of 180 degrees counts each line
    once, one of 360 degrees twice.

    References
    ----------
    Kak & Slaney, Principles of Computerized Tomographic Imaging (1988), ch. 3 (ramp from its spatial samples);
    Chang, IEEE Trans. Nucl. Sci. 25 (1978) 638.
    """
    geometry = projector.geometry
    ensure_shape("projections", projections_BVZU.shape[1:], geometry.projection_shape)
    lines = projections_BVZU if scatter_BVZU is None else projections_BVZU - scatter_BVZU
    share = torch.tensor(geometry.view_fractions).to(lines)[None, :, None, None]
    filtered = _ramp(lines / share, geometry.bin_mm, cutoff)
    # the perfect projector's transpose weighs a view by its share of the time and a bin by its part of the voxel
    plain = projector_for(geometry, resolution=False)
    area = geometry.grid.voxel_mm[1] * geometry.grid.voxel_mm[2]
    image = plain.backproject(filtered / share) * (math.pi / geometry.n_views) * area / geometry.bin_mm
    if chang is not None:
        transmission = chang.to(image).values.mean(0).permute(1, 2, 0)
        return image / transmission.reshape(-1, *geometry.volume_shape).clamp_min(1e-3)
    return image


def _ramp(lines_BVZU: Tensor, bin_mm: float, cutoff: float) -> Tensor:
    n_bins = lines_BVZU.shape[-1]
    padded = 1 << (2 * n_bins - 1).bit_length()
    place = torch.fft.fftfreq(padded, d=1.0 / padded).to(lines_BVZU)
    odd = place.remainder(2) == 1
    samples = torch.where(
        odd, -1.0 / (math.pi * place.where(odd, torch.ones_like(place))) ** 2, torch.zeros_like(place)
    )
    samples[0] = 0.25
    response = torch.fft.rfft(samples).real
    frequency = torch.fft.rfftfreq(padded).to(lines_BVZU) / max(0.5 * cutoff, 1e-6)
    window = torch.where(frequency <= 1, 0.5 + 0.5 * torch.cos(math.pi * frequency), torch.zeros_like(frequency))
    spectrum = torch.fft.rfft(lines_BVZU, n=padded) * response * window
    filtered: Tensor = torch.fft.irfft(spectrum, n=padded)[..., :n_bins] / bin_mm
    return filtered
