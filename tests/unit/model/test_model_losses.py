"""Losses: zero where they should be, linear where they say so, blind where a weight is zero."""

import pytest
import torch

from model.training.losses import (
    IGNORED_LABEL,
    charbonnier,
    contrast_loss,
    dice_cross_entropy,
    poisson_deviance,
    reconstruction_loss,
    region_loss,
    soft_dice,
)

TARGET = torch.arange(24.0).reshape(2, 3, 4)


def test_a_perfect_image_has_no_loss_and_an_error_costs_its_square() -> None:
    ones = torch.ones_like(TARGET)
    assert float(reconstruction_loss(TARGET, TARGET, ones, charbonnier_weight=0.1)) == pytest.approx(0, abs=1e-6)
    assert float(reconstruction_loss(TARGET + 3, TARGET, ones, charbonnier_weight=0)) == pytest.approx(9)
    with_robust = reconstruction_loss(TARGET + 3, TARGET, ones, charbonnier_weight=0.5)
    assert float(with_robust) == pytest.approx(9 + 0.5 * 3, rel=1e-3)


def test_voxels_of_weight_zero_do_not_count() -> None:
    weight = torch.zeros_like(TARGET)
    weight[0] = 1
    wrong_outside = TARGET.clone()
    wrong_outside[1] += 100
    assert float(reconstruction_loss(wrong_outside, TARGET, weight, charbonnier_weight=0.1)) == pytest.approx(
        0, abs=1e-6
    )


def test_charbonnier_is_an_absolute_value_with_a_smooth_tip() -> None:
    assert float(charbonnier(torch.tensor(-2.0))) == pytest.approx(2, abs=2e-3)
    zero = torch.zeros((), requires_grad=True)
    (slope,) = torch.autograd.grad(charbonnier(zero), zero)
    assert float(slope) == 0


def test_noise_inside_a_region_is_free_but_a_bias_is_not() -> None:
    voxels = torch.tensor([0, 1, 2, 3])
    averages = torch.tensor([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]])
    noise = torch.zeros_like(TARGET)
    noise.view(-1)[:4] = torch.tensor([1.0, -1.0, 2.0, -2.0])
    assert float(region_loss(TARGET + noise, TARGET, voxels, averages)) == pytest.approx(0)
    assert float(region_loss(TARGET + 2, TARGET, voxels, averages)) == pytest.approx(4)


def test_poisson_deviance_is_zero_at_the_data_and_about_one_for_noise() -> None:
    expected = torch.full((20000,), 50.0)
    counts = torch.poisson(expected, generator=torch.Generator().manual_seed(0))
    assert float(poisson_deviance(counts, counts).abs().max()) == pytest.approx(0, abs=1e-4)
    assert float(poisson_deviance(expected, counts).mean()) == pytest.approx(1, abs=0.05)


def logits(labels: torch.Tensor, classes: int = 3) -> torch.Tensor:
    return 30.0 * torch.nn.functional.one_hot(labels, classes).movedim(-1, 1).float()


def test_dice_is_one_for_the_truth_and_small_for_the_opposite() -> None:
    labels = torch.tensor([[[0, 1, 2], [2, 1, 0]]])
    assert torch.allclose(soft_dice(logits(labels).softmax(1), labels), torch.ones(3), atol=1e-4)
    assert float(soft_dice(logits((labels + 1) % 3).softmax(1), labels).max()) < 0.3
    loss = dice_cross_entropy(logits(labels), labels, dice_weight=1, cross_entropy_weight=1)
    assert float(loss) == pytest.approx(0, abs=1e-4)


def test_padding_counts_nowhere() -> None:
    labels = torch.tensor([[[0, 1, 2], [2, 1, 0]]])
    padded = torch.nn.functional.pad(labels, (0, 2), value=IGNORED_LABEL)
    guess = torch.randn((1, 3, 2, 5), generator=torch.Generator().manual_seed(0))
    whole = dice_cross_entropy(guess, padded, dice_weight=1, cross_entropy_weight=1)
    inside = dice_cross_entropy(guess[..., :3], labels, dice_weight=1, cross_entropy_weight=1)
    assert float(whole) == pytest.approx(float(inside), rel=1e-5)


def test_each_term_can_be_left_out() -> None:
    labels = torch.zeros((1, 2, 2), dtype=torch.long)
    guess = torch.zeros((1, 3, 2, 2))
    both = dice_cross_entropy(guess, labels, dice_weight=1, cross_entropy_weight=1)
    dice = dice_cross_entropy(guess, labels, dice_weight=1, cross_entropy_weight=0)
    entropy = dice_cross_entropy(guess, labels, dice_weight=0, cross_entropy_weight=1)
    assert float(both) == pytest.approx(float(dice + entropy))
    assert float(entropy) == pytest.approx(1.0986, abs=1e-3)


def test_the_contrast_loss_counts_a_mild_defect_as_much_as_a_deep_one() -> None:
    voxels, rows = torch.arange(4), torch.tensor([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]])

    def loss(found: float, true: float) -> float:
        estimate, target = torch.tensor([[[1 - found] * 2 + [1.0] * 2]]), torch.tensor([[[1 - true] * 2 + [1.0] * 2]])
        return float(contrast_loss(5 * estimate, 5 * target, voxels, rows))

    assert loss(0.2, 0.2) == pytest.approx(0.0, abs=1e-6)
    assert loss(0.1, 0.2) == pytest.approx(loss(0.4, 0.8), rel=1e-4)
    assert loss(0.0, 0.2) == pytest.approx(0.905, abs=0.001)  # sqrt(1 + 0.1^2) - 0.1
    assert loss(0.05, 0.0) == pytest.approx(0.41, abs=0.001)  # nothing is divided by a contrast that is not there


def test_the_deviance_has_a_gradient_where_nothing_was_counted() -> None:
    expected = torch.tensor([0.5, 2.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(poisson_deviance(expected, torch.tensor([0.0, 1.0])).sum(), expected)
    assert gradient.tolist() == pytest.approx([2.0, 1.0])  # 2 (1 - y / g)
