"""bfloat16 only inside the CNNs, only without gradients, only where a check says that it pays."""

from collections.abc import Iterator

import pytest
import torch

from model.networks import NETWORKS, precision
from model.networks.precision import LARGEST_DIFFERENCE, LEAST_SPEEDUP, PrecisionCheck, check_precision, cnn_precision
from tests.support.networks import small_network, small_sample


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def says(monkeypatch: pytest.MonkeyPatch, check: PrecisionCheck) -> None:
    monkeypatch.setattr(precision, "check_precision", lambda _device: check)


def is_low(network: torch.nn.Module) -> bool:
    with cnn_precision(network, torch.zeros(1)):
        return torch.is_autocast_enabled("cpu")


def test_the_check_of_this_machine_is_near_enough_and_made_once() -> None:
    before = torch.get_rng_state()
    check = check_precision("cpu")
    assert 0 < check.difference < LARGEST_DIFFERENCE
    assert check.speedup > 0
    assert check_precision("cpu") is check
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("difference", "speedup", "pays"),
    [
        (0.005, 2.0, True),
        (2 * LARGEST_DIFFERENCE, 2.0, False),
        (0.005, 0.9 * LEAST_SPEEDUP, False),
        (float("nan"), 2.0, False),
    ],
)
def test_it_pays_only_where_it_is_both_near_and_faster(
    monkeypatch: pytest.MonkeyPatch, difference: float, speedup: float, pays: bool
) -> None:
    says(monkeypatch, PrecisionCheck(difference, speedup))
    network = small_network("fbp_unet")
    network.low_precision = True
    with torch.no_grad():
        assert is_low(network) is pays


def test_gradients_and_a_network_s_own_switch_keep_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, PrecisionCheck(0.0, 10.0))
    network = small_network("fbp_unet")
    network.low_precision = True
    assert not is_low(network)
    network.low_precision = False
    with torch.no_grad():
        assert not is_low(network)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_the_image_is_float32_and_hardly_moves(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    says(monkeypatch, PrecisionCheck(0.0, 10.0))
    network = small_network(name)
    inputs = small_sample(network).inputs
    with torch.no_grad():
        exact = network(inputs)
        network.low_precision = True
        rounded = network(inputs)
    assert rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    assert float((rounded - exact).norm() / exact.norm()) < 0.01
