"""Networks: configurations are strict, reconstructions obey counts, geometry and physics."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from model.dataset import PreparedStudy, prepare_study, thinned
from model.errors import ModelError, SampleInvalid
from model.inference import reconstruct
from model.io.study import Study
from model.networks import parse_network
from model.networks.blocks import SliceUnet, in_box
from model.networks.em import spread_order
from model.networks.inputs import CONDITIONS, StartRecipe
from model.networks.primal_dual import PrimalDual
from model.networks.unrolled_em import ResidualCnn
from model.study_system import StudySystem
from model.transforms import bounding_box, study_scale
from tests.support.networks import small_network, small_study, wake
from tests.support.studies import tiny_study

RECIPE = StartRecipe("osem", subsets=4, passes=2)


def prepared(study: Study) -> PreparedStudy:
    return prepare_study(study, name="s", recipe=RECIPE)


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({}, "name"),
        ({"name": "resnet"}, "name"),
        ({"name": "unrolled_em", "blocks": 0}, "blocks"),
        ({"name": "unrolled_em", "depth": 3}, "depth"),
        ({"name": "unet_2d", "classes": 1}, "classes"),
        ({"name": "osem_unet", "channels": [32]}, "channels"),
        ({"name": "fbp_unet", "channels": [2, 8]}, "channels"),
        ({"name": "unrolled_unet", "start_passes": 0}, "start_passes"),
        ({"name": "primal_dual", "memory": 0}, "memory"),
        ({"name": "encoder_decoder", "plane": [64]}, "plane"),
        ({"name": "encoder_decoder", "plane": [64, 0]}, "plane"),
    ],
)
def test_a_wrong_configuration_is_refused_by_field(config: dict[str, object], place: str) -> None:
    with pytest.raises(ModelError, match=place) as caught:
        parse_network(config)
    assert caught.value.code == "network.invalid"


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


def test_a_study_without_counts_is_refused() -> None:
    study = small_study()
    with pytest.raises(SampleInvalid) as caught:
        prepared(replace(study, projections=np.zeros_like(study.projections)))
    assert caught.value.code == "sample.empty"


def test_two_geometries_go_through_one_network() -> None:
    net = small_network("unrolled_em")
    assert reconstruct(small_study(), net).shape != reconstruct(tiny_study(1), net).shape


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


def test_a_folded_unet_takes_any_size_and_starts_at_zero() -> None:
    unet = SliceUnet(2, (4, 6, 8), CONDITIONS)
    condition = torch.zeros(CONDITIONS)
    for shape in [(1, 2, 3, 5), (7, 2, 16, 12), (4, 2, 9, 30)]:
        assert not unet(torch.rand(shape), condition).any()
    wake(unet)
    for shape in [(1, 2, 3, 5), (7, 2, 16, 12), (4, 2, 9, 30)]:
        out = unet(torch.rand(shape), condition)
        assert out.shape == (shape[0], *shape[2:])
        assert out.any()


def test_a_shared_unet_is_told_its_block() -> None:
    net = small_network("unrolled_unet", shared=True)
    own = small_network("unrolled_unet", shared=False)
    assert sum(p.numel() for p in own.parameters()) > 1.9 * sum(p.numel() for p in net.parameters())
    with torch.no_grad():
        inputs = prepare_study(small_study(), name="s", recipe=net.recipe).inputs
        before = net(inputs)
        shift = net.get_parameter("unets.0.shift_fine.weight")
        shift[:, CONDITIONS:] = shift[:, CONDITIONS:].flip(1)
        assert not torch.equal(before, net(inputs))


@pytest.mark.parametrize(("passes", "kind"), [(0, "uniform"), (1, "osem")])
def test_a_primal_dual_starts_from_passes_or_from_the_uniform_body(passes: int, kind: str) -> None:
    net = small_network("primal_dual", start_passes=passes)
    assert net.recipe.kind == kind
    inputs = prepare_study(small_study(), name="s", recipe=net.recipe).inputs
    assert torch.equal(inputs.start, inputs.mask) == (passes == 0)


def test_an_fbp_start_is_near_the_reference_and_never_negative() -> None:
    sample = prepare_study(small_study(noise=False), name="s", recipe=StartRecipe("fbp"))
    assert sample.target is not None
    assert sample.inputs.start.min() == 0
    assert not sample.inputs.start[sample.inputs.mask == 0].any()
    assert float((sample.inputs.start - sample.target).norm() / sample.target.norm()) < 0.6
    assert float(sample.inputs.start.sum() / sample.target.sum()) == pytest.approx(1.0, abs=0.15)


def test_an_fbp_start_makes_no_system() -> None:
    sample = prepare_study(small_study(), name="s", recipe=StartRecipe("fbp"))
    system = sample.inputs.system
    assert isinstance(system, StudySystem)
    assert system._factors is None
    assert system._projector is None


def test_a_thinned_fbp_sample_is_filtered_again() -> None:
    sample = prepare_study(small_study(counts=1e6), name="s", recipe=StartRecipe("fbp"))
    fewer = thinned(sample, 0.5, torch.Generator().manual_seed(0))
    assert not torch.equal(fewer.inputs.start, sample.inputs.start)
    assert float(fewer.inputs.start.sum() / sample.inputs.start.sum()) == pytest.approx(1.0, abs=0.1)


def test_the_first_dual_residual_is_zero_at_the_truth_and_tells_where_activity_is_missing() -> None:
    net = small_network("primal_dual", active=False)
    assert isinstance(net, PrimalDual)
    sample = prepare_study(small_study(noise=False), name="s", recipe=net.recipe)
    assert sample.target is not None
    inputs = sample.inputs

    def seen(activity: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return in_box(net._dual_step(0, 0, None, in_box(activity, inputs)[:, None], inputs)[1], inputs)

    body = in_box(inputs.mask, inputs) > 0
    assert float(seen(sample.target)[body].abs().mean()) < 0.05
    assert float(seen(0.5 * sample.target)[body].mean()) > 0.2
    assert float(seen(2.0 * sample.target)[body].mean()) < -0.2
