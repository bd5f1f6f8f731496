"""Checkpoints: a network comes back bit for bit, and nothing that does not fit gets in."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from model.checkpoint import SavedModel, load_model, load_state_arrays, load_weights, save_model, state_arrays
from model.errors import ModelError, WeightsError
from model.io.weights import card_path, content_hash, load_card, save_arrays, save_card
from model.networks import build_network

CONFIG = {"name": "unrolled_em", "blocks": 1, "channels": 4}
WHEN = "2026-01-01T00:00:00+00:00"


def network(seed: int = 0) -> nn.Module:
    return build_network(CONFIG, seed=seed)


def saved(folder: Path, seed: int = 0) -> SavedModel:
    return save_model(
        folder, network(seed), task="spect-reconstruction", config=CONFIG, created_at=WHEN, metrics={"nrmse": 0.1}
    )


def test_a_network_comes_back_bit_for_bit(tmp_path: Path) -> None:
    path, card = saved(tmp_path)
    again, card_again = load_model(path, task="spect-reconstruction")
    assert card == card_again
    mine, other = state_arrays(network()), state_arrays(again)
    assert all(np.array_equal(mine[key], other[key]) for key in mine)
    assert not again.training


def test_a_model_is_named_by_its_content(tmp_path: Path) -> None:
    first, same, other = saved(tmp_path / "a"), saved(tmp_path / "b"), saved(tmp_path / "a", seed=1)
    assert first.path.read_bytes() == same.path.read_bytes()
    assert first.path.name == same.path.name == f"{content_hash(first.path)}.safetensors"
    assert other.path.name != first.path.name
    assert sorted(p.suffix for p in (tmp_path / "a").iterdir()) == [".json", ".json", ".safetensors", ".safetensors"]


def test_the_card_counts_parameters_and_completes_the_network(tmp_path: Path) -> None:
    card = saved(tmp_path).card
    assert card.parameters == sum(p.numel() for p in network().parameters())
    assert card.network["subsets"] == 10
    assert card.metrics == {"nrmse": 0.1}


def test_weights_of_another_task_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"spect-reconstruction.*brain-segmentation") as caught:
        load_model(saved(tmp_path).path, task="brain-segmentation")
    assert caught.value.code == "weights.task"


def test_weights_changed_after_the_card_was_written_are_refused(tmp_path: Path) -> None:
    path, _ = saved(tmp_path)
    save_arrays(path, state_arrays(network(1)))
    with pytest.raises(WeightsError) as caught:
        load_model(path)
    assert caught.value.code == "weights.hash"


def test_a_card_with_an_unknown_network_is_refused(tmp_path: Path) -> None:
    path, card = saved(tmp_path)
    save_card(path, card.model_copy(update={"network": {"name": "shell", "command": "rm"}}))
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert caught.value.code == "network.invalid"


def test_tensors_that_do_not_fit_leave_the_network_as_it_was(tmp_path: Path) -> None:
    target, arrays = network(), state_arrays(network(1))
    first = sorted(arrays)[0]
    cases = {
        "weights.names": {k: v for k, v in arrays.items() if k != first},
        "weights.shape": arrays | {first: np.zeros((1, 2, 3), np.float32)},
        "weights.dtype": arrays | {first: arrays[first].astype(np.float64)},
        "weights.not_finite": arrays | {first: np.full_like(arrays[first], np.nan)},
    }
    for code, wrong in cases.items():
        with pytest.raises(WeightsError) as caught:
            load_state_arrays(target, wrong)
        assert caught.value.code == code
        save_arrays(tmp_path / "w.safetensors", wrong)
        with pytest.raises(WeightsError) as caught:
            load_weights(tmp_path / "w.safetensors", target)
        assert caught.value.code == code
    before = state_arrays(network())
    assert all(np.array_equal(before[key], value) for key, value in state_arrays(target).items())


def test_a_network_that_diverged_is_never_saved(tmp_path: Path) -> None:
    broken = network()
    with torch.no_grad():
        next(iter(broken.parameters())).fill_(float("inf"))
    with pytest.raises(WeightsError) as caught:
        save_model(tmp_path, broken, task="spect-reconstruction", config=CONFIG, created_at=WHEN)
    assert caught.value.code == "weights.not_finite"
    assert not list(tmp_path.iterdir())


def test_a_pickled_file_is_never_opened(tmp_path: Path) -> None:
    path, _ = saved(tmp_path)
    torch.save({"weights": torch.zeros(2)}, tmp_path / "evil.safetensors")
    card_path(tmp_path / "evil.safetensors").write_bytes(card_path(path).read_bytes())
    with pytest.raises(WeightsError):
        load_model(tmp_path / "evil.safetensors")
    with pytest.raises(WeightsError) as caught:
        load_weights(tmp_path / "evil.safetensors", network())
    assert caught.value.code == "weights.not_safetensors"
    assert load_card(path).task == "spect-reconstruction"
