"""The closing passes: what the counts say is kept, what a network filled in comes back, the noise does not."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from model.inference import reconstruct
from model.networks.consistency import LARGEST_FACTOR, NARROWEST, REFERENCE_COUNTS, WIDEST, closed, width
from model.networks.inputs import StudyInputs
from model.training.losses import poisson_deviance
from tests.support.networks import small_network, small_sample, small_study


def inputs_of(*, noise: bool) -> tuple[StudyInputs, Tensor]:
    """Return a prepared study, said to hold as many counts as the width is meant for, and its true image."""
    sample = small_sample(small_network("unrolled_em"), small_study(noise=noise))
    assert sample.target is not None
    return with_counts(sample.inputs, REFERENCE_COUNTS), sample.target


def with_counts(inputs: StudyInputs, counts: float) -> StudyInputs:
    """Return the inputs with another word on how many counts a voxel of the body holds."""
    condition = inputs.condition.clone()
    condition[0] = math.log10(counts)
    return replace(inputs, condition=condition)


def explained(inputs: StudyInputs, image: Tensor) -> StudyInputs:
    """Return the inputs as if `image` had been measured without noise."""
    counts = tuple(inputs.system.project(image, s) + inputs.scatter[s] for s in range(inputs.system.subsets))
    return replace(inputs, measured=counts)


def deviance(inputs: StudyInputs, image: Tensor) -> float:
    parts = (
        poisson_deviance(inputs.system.project(image, s) + inputs.scatter[s], inputs.measured[s]).sum()
        for s in range(inputs.system.subsets)
    )
    return float(sum(parts))


def roughness(volume: Tensor) -> float:
    """Return the mean squared step between neighbours of one row."""
    return float((volume[:, :, 1:] - volume[:, :, :-1]).square().mean())


def hole(inputs: StudyInputs) -> tuple[slice, slice, slice]:
    """Return a block in the middle of the body."""
    z, y, x = (int(index.float().mean()) for index in torch.where(inputs.mask > 0))
    return slice(z - 1, z + 2), slice(y - 1, y + 2), slice(x - 1, x + 2)


def test_no_pass_is_no_change_and_an_image_that_explains_the_counts_stays() -> None:
    inputs, image = inputs_of(noise=False)
    assert closed(image, inputs, passes=0, fwhm_voxels=2.0) is image
    image = (image + 0.1) * inputs.mask
    same = closed(image, explained(inputs, image), passes=3, fwhm_voxels=2.0)
    assert torch.allclose(same, image, rtol=1e-3, atol=1e-3)


def test_a_defect_that_was_filled_in_comes_back_and_the_counts_are_explained_better() -> None:
    inputs, image = inputs_of(noise=False)
    healthy = (0.2 * image + 1.0) * inputs.mask
    sick = healthy.clone()
    sick[hole(inputs)] *= 0.4
    inputs = explained(inputs, sick)
    one, six = (closed(healthy, inputs, passes=n, fwhm_voxels=2.0) for n in (1, 6))
    mean = [float(found[hole(inputs)].mean()) for found in (healthy, one, six, sick)]
    assert mean == sorted(mean, reverse=True)
    assert mean[2] < mean[0] - 0.33 * (mean[0] - mean[3])
    scores = [deviance(inputs, found) for found in (healthy, one, six)]
    assert scores == sorted(scores, reverse=True)


def test_less_noise_comes_back_than_by_as_many_passes_of_em() -> None:
    inputs, image = inputs_of(noise=True)
    smooth = (0.0 * image + float(image.sum() / inputs.mask.sum())) * inputs.mask
    rough, calm = (closed(smooth, inputs, passes=4, fwhm_voxels=fwhm) for fwhm in (NARROWEST, 3.0))
    assert roughness(calm) < 0.7 * roughness(rough)


def test_the_fewer_the_counts_the_wider_the_smoothing() -> None:
    inputs, image = inputs_of(noise=True)
    smooth = (0.0 * image + float(image.sum() / inputs.mask.sum())) * inputs.mask
    widths = [width(with_counts(inputs, counts), 2.0) for counts in (1e5, 200.0, REFERENCE_COUNTS, 10.0, 0.1)]
    assert widths == sorted(widths)
    assert widths[0] == NARROWEST
    assert widths[2] == pytest.approx(2.0)
    assert widths[-1] == WIDEST
    few, many = (closed(smooth, with_counts(inputs, n), passes=4, fwhm_voxels=2.0) for n in (10.0, 200.0))
    assert roughness(few) < roughness(many)


def test_a_pass_changes_nothing_by_more_than_its_limit_and_leaves_the_outside_empty() -> None:
    inputs, image = inputs_of(noise=True)
    image = (image + 0.5) * inputs.mask
    found = closed(image, replace(inputs, measured=tuple(100 * m for m in inputs.measured)), passes=1, fwhm_voxels=1.0)
    assert float((found / image.clamp_min(1e-6)).max()) <= LARGEST_FACTOR * 1.0001
    assert not found[inputs.mask == 0].any()


@pytest.mark.parametrize("name", ["unrolled_em", "unrolled_unet"])
def test_a_network_with_a_closing_is_another_image_and_can_be_trained_through_it(name: str) -> None:
    study = small_study()
    plain, close = (small_network(name, closing_passes=n) for n in (0, 2))
    assert {n: v.shape for n, v in plain.state_dict().items()} == {n: v.shape for n, v in close.state_dict().items()}
    assert np.abs(reconstruct(study, plain) - reconstruct(study, close)).max() > 0
    close(small_sample(close).inputs).square().mean().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in close.parameters())


@pytest.mark.parametrize("scale", [0.5, 20.0])
def test_the_closing_is_linear_in_the_scale(scale: float) -> None:
    inputs, image = inputs_of(noise=True)
    image = (image + 0.2) * inputs.mask
    bigger = replace(
        inputs, measured=tuple(scale * m for m in inputs.measured), scatter=tuple(scale * s for s in inputs.scatter)
    )
    once = closed(image, inputs, passes=2, fwhm_voxels=2.0)
    assert torch.allclose(closed(scale * image, bigger, passes=2, fwhm_voxels=2.0), scale * once, rtol=1e-3, atol=1e-3)
