import pytest
import torch

from model.dataset import prepare_study
from model.networks import build_network
from model.networks.inputs import ReconstructionNetwork
from model.task_parameters import SpectReconstructionParameters
from model.training.losses import contrast_loss, region_loss
from model.training.objective import study_loss
from tests.support.studies import tiny_study


def gradient(*, bfloat16: bool) -> torch.Tensor:
    network = build_network({"name": "unrolled_em", "blocks": 2, "channels": 8, "warm_passes": 1}, seed=3)
    assert isinstance(network, ReconstructionNetwork)
    source = torch.Generator().manual_seed(0)
    for parameter in network.parameters():  # the last layers start at zero, behind which nothing gets a gradient
        torch.nn.init.normal_(parameter, std=0.05, generator=source)
    study = prepare_study(tiny_study(), name="study", recipe=network.recipe)
    study_loss(network, study, SpectReconstructionParameters(bfloat16=bfloat16)).backward()  # type: ignore[no-untyped-call]  # as torch leaves it
    return torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])


def test_half_precision_inside_the_cnns_is_used_on_request_and_hardly_turns_the_gradient() -> None:
    exact, rounded = gradient(bfloat16=False), gradient(bfloat16=True)
    assert exact.dtype == rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    assert torch.equal(exact, gradient(bfloat16=False))
    assert float((rounded - exact).norm() / exact.norm()) < 0.03


def test_segments_and_the_contrast_of_defects_join_the_loss_with_their_weights() -> None:
    network = build_network({"name": "unrolled_em", "blocks": 1, "channels": 4, "warm_passes": 1}, seed=3)
    assert isinstance(network, ReconstructionNetwork)
    study = prepare_study(tiny_study(), name="study", recipe=network.recipe)
    wall = study.regions
    assert study.target is not None
    assert wall is not None
    assert wall.contrast is not None
    with torch.no_grad():
        plain, estimate = study_loss(network, study, SpectReconstructionParameters()), network(study.inputs)
        segments = study_loss(network, study, SpectReconstructionParameters(region_weight=0.5)) - plain
        contrast = study_loss(network, study, SpectReconstructionParameters(contrast_weight=2.0)) - plain
    assert float(segments) == pytest.approx(
        0.5 * float(region_loss(estimate, study.target, wall.voxels, wall.averages)), rel=1e-3
    )
    assert float(contrast) == pytest.approx(
        2.0 * float(contrast_loss(estimate, study.target, wall.voxels, wall.contrast)), rel=1e-3
    )
    assert float(contrast) > 0
