"""Networks: configurations are strict, reconstructions obey counts, geometry and physics."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from model.dataset import PreparedStudy, prepare_study, thinned
from model.errors import ModelError, SampleInvalid
from model.inference import fitted, reconstruct
from model.io.study import Study
from model.networks import build_network, parse_network
from model.networks.em import spread_order
from model.networks.inputs import StartRecipe
from model.networks.unrolled_em import ResidualCnn, UnrolledEm
from model.transforms import body_mask, bounding_box, study_scale
from tests.support.studies import tiny_study

RECIPE = StartRecipe("osem", subsets=4, passes=2)
SMALL = {"name": "unrolled_em", "subsets": 4, "channels": 8, "blocks": 2}


def small_study(seed: int = 0, **options: Any) -> Study:
    return tiny_study(seed, shape=(6, 14, 14), voxel_mm=22.0, views=12, **options)


def prepared(study: Study) -> PreparedStudy:
    return prepare_study(study, name="s", recipe=RECIPE)


def network(seed: int = 0, **changes: int) -> UnrolledEm:
    """Return a network whose CNNs do something: their last layers start at zero otherwise."""
    built = build_network(SMALL | changes, seed=seed)
    assert isinstance(built, UnrolledEm)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for block in built.blocks:
            assert isinstance(block, ResidualCnn)
            block.last.weight.normal_(0, 0.02, generator=generator)
    return built


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({}, "name"),
        ({"name": "resnet"}, "name"),
        ({"name": "unrolled_em", "blocks": 0}, "blocks"),
        ({"name": "unrolled_em", "depth": 3}, "depth"),
        ({"name": "unet_2d", "classes": 1}, "classes"),
    ],
)
def test_a_wrong_configuration_is_refused_by_field(config: dict[str, object], place: str) -> None:
    with pytest.raises(ModelError, match=place) as caught:
        parse_network(config)
    assert caught.value.code == "network.invalid"


def test_a_configuration_is_completed_and_stable() -> None:
    whole = parse_network({"name": "unrolled_em"}).model_dump(mode="json")
    assert parse_network(whole).model_dump(mode="json") == whole
    assert {"blocks", "updates", "subsets", "channels"} <= set(whole)


def test_the_default_network_is_small() -> None:
    size = sum(p.numel() for p in build_network({"name": "unrolled_em"}).parameters())
    assert 10_000 < size < 60_000


def test_the_stacked_convolutions_are_a_three_dimensional_convolution() -> None:
    cnn = ResidualCnn(2, 5, 0)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in cnn.parameters():
            parameter.normal_(0, 0.3, generator=generator)
    x = torch.randn((4, 2, 6, 7), generator=generator)
    first = cnn.first.weight.reshape(5, 3, 2, 3, 3).permute(0, 2, 1, 3, 4)
    condition = torch.tensor([0.3, -0.2, 0.1])
    bias = cnn.first.bias
    assert bias is not None
    hidden = nn.functional.conv3d(x.permute(1, 0, 2, 3)[None], first, bias + cnn.condition(condition), padding=1)
    hidden = nn.functional.leaky_relu(hidden, 0.1)
    expected = nn.functional.conv3d(hidden, cnn.last.weight.permute(1, 0, 2, 3)[None], padding=1)[0, 0]
    assert torch.allclose(cnn(x, condition), expected, atol=1e-5)


def test_an_image_is_non_negative_finite_and_empty_outside_the_body() -> None:
    study = small_study()
    image = reconstruct(study, network())
    assert study.attenuation is not None
    mask = body_mask(torch.from_numpy(study.attenuation), study.geometry.volume_shape).numpy()
    assert image.dtype == np.float32
    assert image.shape == study.geometry.volume_shape
    assert np.isfinite(image).all()
    assert image.min() >= 0
    assert image[mask == 0].max() == 0
    assert image.sum() > 0


def test_the_image_scales_with_the_counts_when_noise_is_said_to_be_equal() -> None:
    study = small_study(noise=False)
    assert study.scatter is not None
    louder = replace(study, projections=study.projections * 8, scatter=study.scatter * 8)
    one, eight = prepared(study), prepared(louder)
    assert eight.scale == pytest.approx(8 * one.scale, rel=1e-5)
    net = network()
    with torch.no_grad():
        base = net(one.inputs)
        scaled = net(replace(eight.inputs, condition=one.inputs.condition))
    assert torch.allclose(base, scaled, rtol=1e-3, atol=1e-4)


def test_an_untrained_network_is_plain_os_em() -> None:
    study = small_study(noise=False)
    sample = prepared(study)
    net = build_network(SMALL, seed=0)
    with torch.no_grad():
        image = net(sample.inputs)
    assert sample.target is not None
    error = float((image - sample.target).square().sum() / sample.target.square().sum()) ** 0.5
    start = float((sample.inputs.start - sample.target).square().sum() / sample.target.square().sum()) ** 0.5
    assert error < start < 0.6


def test_every_weight_gets_a_gradient() -> None:
    sample, net = prepared(small_study()), network()
    assert sample.target is not None
    (net(sample.inputs) - sample.target).square().mean().backward()
    assert all(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in net.parameters())


def test_the_gradient_is_the_slope_through_physics_and_network() -> None:
    sample, net = prepared(small_study()), network()
    sample = replace(sample, inputs=replace(sample.inputs, mask=torch.ones_like(sample.inputs.mask)))
    target = torch.full_like(sample.inputs.start, 0.7)
    weight = net.blocks[0].get_parameter("last.weight")
    direction = torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)) * 0.01

    def loss(step: float) -> torch.Tensor:
        with torch.no_grad():
            weight.add_(direction, alpha=step)
        value: torch.Tensor = (net(sample.inputs) - target).square().mean()
        with torch.no_grad():
            weight.sub_(direction, alpha=step)
        return value

    (net(sample.inputs) - target).square().mean().backward()
    assert weight.grad is not None
    slope = float((weight.grad * direction).sum())
    with torch.no_grad():
        numeric = float(loss(0.05) - loss(-0.05)) / 0.1
    assert slope == pytest.approx(numeric, rel=0.05)


def test_a_study_without_attenuation_map_scatter_or_with_few_views_still_reconstructs() -> None:
    bare = replace(small_study(scatter_fraction=0.0), attenuation=None)
    assert reconstruct(bare, network()).sum() > 0
    few = tiny_study(0, shape=(6, 14, 14), voxel_mm=22.0, views=3)
    assert reconstruct(few, network(subsets=10)).sum() > 0


def test_a_study_without_counts_is_refused() -> None:
    study = small_study()
    with pytest.raises(SampleInvalid) as caught:
        prepared(replace(study, projections=np.zeros_like(study.projections)))
    assert caught.value.code == "sample.empty"


def test_two_geometries_go_through_one_network() -> None:
    net = network()
    assert reconstruct(small_study(), net).shape != reconstruct(tiny_study(1), net).shape


def test_a_sample_prepared_for_another_network_is_prepared_again() -> None:
    sample = prepared(small_study())
    assert fitted(sample, network(warm_passes=2)) is sample
    assert fitted(sample, network(subsets=6, warm_passes=2)).inputs.system.subsets == 6


def test_the_scale_is_the_mean_activity_that_explains_the_counts() -> None:
    sensitivity, mask = torch.full((2, 3, 3), 0.5), torch.zeros(2, 3, 3)
    mask[0] = 1
    measured, scatter = torch.full((4, 2, 3), 3.0), torch.full((4, 2, 3), 1.0)
    assert study_scale(measured, scatter, sensitivity, mask) == pytest.approx(48 / 4.5)
    assert study_scale(scatter, measured, sensitivity, mask) > 0


def test_the_reference_and_the_counts_agree_in_scale() -> None:
    sample = prepared(small_study(noise=False))
    assert sample.target is not None
    inputs = sample.inputs
    for s in range(inputs.system.subsets):
        primary = float((inputs.measured[s] - inputs.scatter[s]).sum())
        assert float(inputs.system.project(sample.target, s).sum()) == pytest.approx(primary, rel=0.05)


def test_the_box_holds_the_mask_and_stays_in_the_plane() -> None:
    mask = torch.zeros(3, 12, 10)
    mask[1, 5:11, 7:10] = 1
    y0, y1, x0, x1 = bounding_box(mask)
    assert mask[:, y0:y1, x0:x1].sum() == mask.sum()
    assert ((y1 - y0) % 4, (x1 - x0) % 4) == (0, 0)
    assert (y1, x1) <= (12, 10)
    assert bounding_box(torch.zeros(3, 12, 10)) == (0, 12, 0, 10)


@pytest.mark.parametrize("subsets", [1, 2, 6, 10, 60])
def test_each_subset_is_used_once_and_neighbours_are_far_apart(subsets: int) -> None:
    order = spread_order(subsets)
    assert sorted(order) == list(range(subsets))
    if subsets >= 6:
        gaps = [min(abs(a - b), subsets - abs(a - b)) for a, b in pairwise(order)]
        assert np.mean(gaps) > subsets / 5


def test_thinning_keeps_the_target_and_lowers_the_counts_by_the_fraction() -> None:
    sample = prepared(small_study(counts=1e6))
    fewer = thinned(sample, 0.5, torch.Generator().manual_seed(0))
    assert fewer.scale == pytest.approx(sample.scale / 2)
    assert fewer.target is sample.target
    kept = sum(float(m.sum()) for m in fewer.inputs.measured) * fewer.scale
    assert kept == pytest.approx(0.5 * float(sample.study.projections.sum()), rel=0.01)
    assert float(fewer.inputs.condition[0]) == pytest.approx(float(sample.inputs.condition[0]) - 0.30103, abs=1e-4)
