"""The counts have the last word: smoothed EM passes that correct the means of regions, not their noise.

A network that was trained for a small squared error pulls what is rare towards what is usual: mild defects fill in. The
projections of its image then miss the counts a little, everywhere along the same lines. Plain EM would take that back
together with the noise; here each pass changes the image by a smooth factor alone. A pass takes every other subset of
the views and the next one the rest: as good as all of them (measured), at half the price; single subsets are too noisy.

Tensors: Z, Y, X voxels.
"""

from collections.abc import Iterable, Sequence

from torch import Tensor

from model.filters import FWHM_PER_SIGMA, gaussian_blur
from model.networks.blocks import from_box, in_box
from model.networks.em import SMALLEST_ACTIVITY, SMALLEST_EXPECTED
from model.networks.inputs import StudyInputs

TURNS = 2
LARGEST_FACTOR = 2.0
"""Of one pass, up or down; keeps a cold region beside a hot one from running away."""


def closed(activity_ZYX: Tensor, inputs: StudyInputs, *, passes: int, fwhm_voxels: float) -> Tensor:
    r"""Return the image after `passes` of :math:`x \leftarrow x\, G(x_{EM}) / G(x)`, G a Gaussian.

    Parameters
    ----------
    activity_ZYX : Tensor, in units of the study's scale
    inputs : StudyInputs
    passes : int
        Over half of the views each; 0 returns the image itself.
    fwhm_voxels : float
        Full width at half maximum of G. The wider, the less noise comes back, and the less of a small defect.

    Notes
    -----
    A fixed point of EM is one of these passes too.

    References
    ----------
    Silverman, Jones, Wilson & Nychka, J. R. Stat. Soc. B 52 (1990) 271 (smoothing as a part of every EM step; there the
    image is smoothed, here only its change).
    """
    if passes == 0:
        return activity_ZYX
    subsets = range(inputs.system.subsets)
    turns = [subsets[first::TURNS] for first in range(min(TURNS, len(subsets)))]
    sensitivities = [_total([inputs.sensitivity[subset] for subset in turn]) for turn in turns]
    mask, sigma = in_box(inputs.mask, inputs), fwhm_voxels / FWHM_PER_SIGMA
    for number in range(passes):
        turn, sensitivity = turns[number % len(turns)], in_box(sensitivities[number % len(turns)], inputs)
        activity = in_box(activity_ZYX, inputs)
        corrected = activity * in_box(_explained(activity_ZYX, inputs, turn), inputs) / sensitivity.clamp_min(1e-6)
        before, after = (gaussian_blur(image[None], (sigma, sigma, sigma))[0] for image in (activity, corrected))
        factor = (after / before.clamp_min(SMALLEST_ACTIVITY)).clamp(1 / LARGEST_FACTOR, LARGEST_FACTOR)
        activity_ZYX = from_box(activity * factor * mask, inputs)
    return activity_ZYX


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
