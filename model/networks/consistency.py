"""The counts have the last word: smoothed EM passes that correct the means of regions, not their noise.

A network that was trained for a small squared error pulls what is rare towards what is usual: mild defects fill in. The
projections of its image then miss the counts a little, everywhere along the same lines. Plain EM would take that back
together with the noise; here each pass changes the image by a smooth factor alone, the wider the fewer counts there are.
A pass takes every other subset of the views and the next one the rest: as good as all of them (measured), at half the
price; single subsets are too noisy. Momentum gets as far in ten passes as plain ones in twenty.

Tensors: Z, Y, X voxels.
"""

import math
from collections.abc import Iterable, Sequence

from torch import Tensor

from model.filters import FWHM_PER_SIGMA, gaussian_blur
from model.networks.blocks import from_box, in_box
from model.networks.em import SMALLEST_ACTIVITY, SMALLEST_EXPECTED
from model.networks.inputs import StudyInputs

TURNS = 2
LARGEST_FACTOR = 2.0
"""Of one pass, up or down; keeps a cold region beside a hot one from running away."""
REFERENCE_COUNTS = 50.0
"""Mean counts per voxel of the body at which the width is the one asked for."""
WIDTH_EXPONENT = 0.6
"""The width goes with the counts to minus this (chosen on validation studies among 0 to 0.9)."""
NARROWEST, WIDEST = 1.0, 8.0
"""Limits of the width in voxels."""


def closed(activity_ZYX: Tensor, inputs: StudyInputs, *, passes: int, fwhm_voxels: float) -> Tensor:
    r"""Return the image after `passes` of :math:`x \leftarrow y\, G(y_{EM}) / G(y)`, G a Gaussian, y ahead of x.

    Parameters
    ----------
    activity_ZYX : Tensor, in units of the study's scale
    inputs : StudyInputs
    passes : int
        Over half of the views each; 0 returns the image itself.
    fwhm_voxels : float
        Full width at half maximum of G at `REFERENCE_COUNTS`. The wider, the less noise comes back, and the less of a
        small defect.

    Notes
    -----
    y goes on from x by a share n / (n + 3) of the last change, as a factor. A fixed point of EM is one of these passes too.

    References
    ----------
    Silverman, Jones, Wilson & Nychka, J. R. Stat. Soc. B 52 (1990) 271 (smoothing as a part of every EM step; there the
    image is smoothed, here only its change). Nesterov, Soviet Math. Dokl. 27 (1983) 372 (momentum).
    """
    if passes == 0:
        return activity_ZYX
    subsets = range(inputs.system.subsets)
    turns = [subsets[first::TURNS] for first in range(min(TURNS, len(subsets)))]
    sensitivities = [in_box(_total([inputs.sensitivity[subset] for subset in turn]), inputs) for turn in turns]
    mask, sigma = in_box(inputs.mask, inputs), width(inputs, fwhm_voxels) / FWHM_PER_SIGMA
    now = last = in_box(activity_ZYX, inputs)
    for number in range(passes):
        turn, sensitivity = turns[number % len(turns)], sensitivities[number % len(turns)]
        ahead = now * _factor(now, last) ** (number / (number + 3))
        corrected = ahead * in_box(_explained(from_box(ahead, inputs), inputs, turn), inputs)
        corrected = corrected / sensitivity.clamp_min(1e-6)
        before, after = (gaussian_blur(image[None], (sigma, sigma, sigma))[0] for image in (ahead, corrected))
        now, last = ahead * _factor(after, before) * mask, now
    return from_box(now, inputs)


def width(inputs: StudyInputs, fwhm_voxels: float) -> float:
    """Return the full width of the smoothing in voxels for this study's counts."""
    counts = 10.0 ** float(inputs.condition[0])
    wanted = fwhm_voxels * math.pow(counts / REFERENCE_COUNTS, -WIDTH_EXPONENT)
    return min(max(wanted, NARROWEST), WIDEST)


def _factor(after: Tensor, before: Tensor) -> Tensor:
    """Return after / before within the limits; where there is next to nothing, 1 if it stays so."""
    quotient = after.clamp_min(SMALLEST_ACTIVITY) / before.clamp_min(SMALLEST_ACTIVITY)
    return quotient.clamp(1 / LARGEST_FACTOR, LARGEST_FACTOR)


def _explained(activity_ZYX: Tensor, inputs: StudyInputs, subsets: Iterable[int]) -> Tensor:
    """Return A'(y / (A x + s)) over some subsets of the views."""
    parts = []
    for subset in subsets:
        expected = inputs.system.project(activity_ZYX, subset) + inputs.scatter[subset]
        ratio = inputs.measured[subset] / expected.clamp_min(SMALLEST_EXPECTED)
        parts.append(inputs.system.backproject(ratio, subset))
    return _total(parts)


def _total(parts: Sequence[Tensor]) -> Tensor:
    return sum(parts[1:], parts[0])
