"""The epoch loop: kept weights, early stop, resume to the bit, augmentation that is kept for a while."""

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import JsonValue
from torch import nn

from model.checkpoint import load_state_arrays, state_arrays
from model.dataset import PreparedStudy
from model.errors import ModelError, TrainingDiverged
from model.training.distributed import Group
from model.training.local import LocalTraining, derived_seed
from model.training.plan import LocalProgress
from model.training.state import CheckpointFile, RunState, differences
from model.training.targets import Example
from model.training.validation import score_of, shared_means, single_precision
from tests.support.training import prepared_studies, small_network, small_training

AUGMENTED: dict[str, object] = {"augment": True, "augment_every": 2}


@pytest.fixture(scope="module")
def studies() -> list[PreparedStudy]:
    return prepared_studies("phantom", 6)


def weights(training: LocalTraining) -> dict[str, np.ndarray]:
    return {key: np.asarray(value) for key, value in state_arrays(training.network).items()}


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return list(a) == list(b) and all(np.array_equal(a[key], b[key]) for key in a)


class Clock:
    def __init__(self, step_s: float = 1.0) -> None:
        self.now, self.step_s = 0.0, step_s

    def __call__(self) -> float:
        self.now += self.step_s
        return self.now


def test_equal_seeds_give_equal_bits_and_others_do_not(studies: list[PreparedStudy]) -> None:
    runs = [
        small_training(studies[:4], studies[4:], parameters=AUGMENTED, plan={"seed": seed, "epochs": 1})
        for seed in (3, 3, 4)
    ]
    for run in runs:
        run.run()
    assert same(weights(runs[0]), weights(runs[1]))
    assert not same(weights(runs[0]), weights(runs[2]))


@pytest.mark.parametrize("stop_after", [1, 4, 5])
def test_a_resumed_run_ends_with_the_same_bits(studies: list[PreparedStudy], tmp_path: Path, stop_after: int) -> None:
    def run(checkpoint: CheckpointFile, stop_at: int | None, *, resume: bool) -> LocalTraining:
        seen: list[LocalProgress] = []
        training: LocalTraining = small_training(
            studies[:4],
            studies[4:],
            parameters=AUGMENTED,
            plan={"epochs": 3},
            identity={"a": 1},
            checkpoint=checkpoint,
            on_progress=seen.append,
            should_stop=lambda: stop_at is not None and training.state.steps + 1 >= stop_at,
        )
        if resume:
            training.resume()
        outcome = training.run()
        assert outcome.ended == ("epochs" if stop_at is None else "interrupted")
        return training

    whole = run(CheckpointFile(tmp_path / "whole.safetensors"), None, resume=False)
    parts = CheckpointFile(tmp_path / "parts.safetensors")
    run(parts, stop_after, resume=False)
    assert parts.exists
    torch.rand(7)  # whatever the process did in between
    resumed = run(parts, None, resume=True)
    assert same(weights(whole), weights(resumed))
    assert [row["score"] for row in whole.state.curve] == [row["score"] for row in resumed.state.curve]
    assert resumed.state.steps == 12


def test_a_checkpoint_of_another_run_is_refused_and_the_difference_named(
    studies: list[PreparedStudy], tmp_path: Path
) -> None:
    checkpoint = CheckpointFile(tmp_path / "m.safetensors")
    first = small_training(
        studies[:2], studies[4:], checkpoint=checkpoint, identity={"parameters": {"heart_weight": 4.0}}
    )
    first.save()
    other = small_training(
        studies[:2], studies[4:], checkpoint=checkpoint, identity={"parameters": {"heart_weight": 8.0}}
    )
    with pytest.raises(ModelError, match=r"parameters\.heart_weight: 4\.0 then, 8\.0 now") as caught:
        other.resume()
    assert caught.value.code == "training.resume"


def test_differences_name_every_leaf() -> None:
    then: dict[str, JsonValue] = {"data": {"digest": "a", "studies": 3}, "epochs": 4, "init": None}
    now: dict[str, JsonValue] = {"data": {"digest": "b", "studies": 3}, "epochs": 4, "init": "x", "seed": 1}
    assert differences(then, now) == [
        "data.digest: a then, b now",
        "init: absent then, x now",
        "seed: absent then, 1 now",
    ]
    assert differences(now, now) == []


def test_a_kill_between_the_two_files_of_a_checkpoint_leaves_the_former_one(
    studies: list[PreparedStudy], tmp_path: Path
) -> None:
    checkpoint = CheckpointFile(tmp_path / "m.safetensors")
    training = small_training(studies[:2], studies[4:], checkpoint=checkpoint)
    training.save()
    former = checkpoint.path.read_bytes()
    (tmp_path / "m.checkpoint-7.safetensors").write_bytes(b"half of the next one")
    assert checkpoint.load().state.steps == 0
    training.state.steps = 9
    training.save()
    assert checkpoint.path.read_bytes() != former
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.checkpoint-9.safetensors", "m.checkpoint.json"]
    checkpoint.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["json", "tensors", "missing"])
def test_a_damaged_checkpoint_is_one_sentence(studies: list[PreparedStudy], tmp_path: Path, damage: str) -> None:
    checkpoint = CheckpointFile(tmp_path / "m.safetensors")
    training = small_training(studies[:2], studies[4:], checkpoint=checkpoint)
    training.save()
    tensors = next(tmp_path.glob("*.safetensors"))
    if damage == "json":
        checkpoint.path.write_text("{")
    elif damage == "tensors":
        tensors.write_bytes(tensors.read_bytes()[:-1])
    else:
        tensors.unlink()
    with pytest.raises(ModelError) as caught:
        training.resume()
    assert caught.value.code == "training.checkpoint"
    assert "--resume" in caught.value.remedy


def test_a_checkpoint_holds_no_pickle(studies: list[PreparedStudy], tmp_path: Path) -> None:
    training = small_training(studies[:2], studies[4:], checkpoint=CheckpointFile(tmp_path / "m.safetensors"))
    training.save()
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert not content.startswith(b"\x80")
        if path.suffix == ".json":
            json.loads(content)


def test_the_best_weights_are_kept_not_the_last(studies: list[PreparedStudy]) -> None:
    training = small_training(
        studies[:4], studies[4:], plan={"epochs": 6}, parameters={"learning_rate": 0.2, "grad_clip": 1000.0}
    )
    outcome = training.run()
    scores = [float(str(row["score"])) for row in outcome.state.curve]
    assert outcome.state.best_score == min(scores)
    assert scores[-1] > min(scores)
    means = {
        "loss": float(np.mean([training.target.score(training.network, study)["loss"] or 0 for study in studies[4:]]))
    }
    assert means["loss"] == pytest.approx(min(scores), rel=1e-5)
    assert outcome.last is not None
    load_state_arrays(training.network, outcome.last)
    assert float(np.mean([training.target.score(training.network, study)["loss"] or 0 for study in studies[4:]])) == (
        pytest.approx(scores[-1], rel=1e-5)
    )


def test_training_stops_when_the_score_gets_no_better(studies: list[PreparedStudy]) -> None:
    training = small_training(
        studies[:4], studies[4:], plan={"epochs": 40, "patience": 2}, parameters={"learning_rate": 0.5}
    )
    outcome = training.run()
    assert outcome.ended == "patience"
    assert outcome.state.since_best == 2
    assert outcome.state.epoch < 40


def test_validation_may_come_every_few_steps(studies: list[PreparedStudy]) -> None:
    outcome = small_training(studies[:4], studies[4:], plan={"epochs": 2, "validate_every": 3}).run()
    assert [row["step"] for row in outcome.state.curve] == [0, 3, 6, 8]


def test_the_rate_follows_one_cosine_over_the_whole_run_after_a_warm_up(studies: list[PreparedStudy]) -> None:
    rates: list[float] = []
    training = small_training(studies[:4], studies[4:], plan={"epochs": 5}, on_progress=lambda p: rates.append(p.rate))
    training.run()
    cosine = [0.004 * 0.5 * (1 + math.cos(math.pi * step / 20)) * min(1, (step + 1) / 8) for step in range(20)]
    steps = [rate for rate, following in zip(rates[1:], [*rates[2:], None], strict=True) if rate != following]
    assert steps == pytest.approx(cosine)


def test_a_limit_in_minutes_ends_the_run_with_the_rate_at_zero(studies: list[PreparedStudy]) -> None:
    rates: list[float] = []
    training = small_training(
        studies[:4],
        studies[4:],
        plan={"epochs": 500, "max_minutes": 0.5},
        clock=Clock(0.5),
        on_progress=lambda p: rates.append(p.rate),
    )
    outcome = training.run()
    assert outcome.ended == "minutes"
    assert rates[-1] == pytest.approx(0, abs=1e-4)
    assert outcome.state.curve[-1]["step"] == outcome.state.steps


def test_a_checkpoint_comes_at_the_latest_after_two_minutes(studies: list[PreparedStudy], tmp_path: Path) -> None:
    saved: list[int] = []

    class Noted(CheckpointFile):
        def save(self, identity: object, state: RunState, *rest: object) -> None:
            saved.append(state.steps)

    clock = Clock(0.0)
    training = small_training(
        studies[:4],
        studies[4:],
        plan={"epochs": 1},
        clock=clock,
        checkpoint=Noted(tmp_path / "m.safetensors"),
        on_progress=lambda _: setattr(clock, "now", clock.now + 70),
    )
    training.run()
    assert saved == [2, 4] or saved == [1, 3, 4]


def test_a_thinned_copy_serves_several_visits_and_not_all_change_at_once(studies: list[PreparedStudy]) -> None:
    training = small_training(studies[:4], studies[4:], parameters={"augment": True, "augment_every": 4})
    scales: list[list[float]] = []
    for epoch in range(8):
        training.state.epoch = epoch
        scales.append([training._example(index).study.scale for index in range(4)])
    changes = [[a != b for a, b in zip(before, after, strict=True)] for before, after in pairwise(scales)]
    assert all(sum(row) == 1 for row in changes)
    for index in range(4):
        assert len({row[index] for row in scales}) == 3 - (index == 0)


def test_every_epoch_visits_each_study_once_in_its_own_order(studies: list[PreparedStudy]) -> None:
    training = small_training(studies, studies[4:], plan={"epochs": 3})
    visited: list[int] = []
    loss = training.target.loss

    def noted(network: nn.Module, example: Example) -> torch.Tensor:
        visited.extend(i for i, study in enumerate(studies) if study is example.study)
        return loss(network, example)

    training.target.loss = noted  # type: ignore[method-assign]  # a spy
    training.run()
    epochs = [tuple(visited[6 * epoch : 6 * epoch + 6]) for epoch in range(3)]
    assert all(sorted(epoch) == list(range(6)) for epoch in epochs)
    assert len(set(epochs)) == 3


def test_a_batch_of_several_studies_takes_the_mean_of_their_gradients(studies: list[PreparedStudy]) -> None:
    pair = small_training(studies[:2], studies[4:], plan={"epochs": 1}, parameters={"batch_size": 2})
    assert (pair.batch, pair.steps_per_epoch, pair.planned_steps) == (2, 1, 1)
    pair.run()
    network = small_training(studies[:2], studies[4:]).network
    losses = [pair.target.loss(network, Example(study)) for study in studies[:2]]
    torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward untyped
    expected = [p.grad for p in network.parameters() if p.grad is not None and p.grad.abs().max() > 0]
    found = [p.grad for p in pair.network.parameters() if p.grad is not None and p.grad.abs().max() > 0]
    norm = torch.sqrt(torch.stack([g.square().sum() for g in expected]).sum()).clamp_min(1.0)
    assert len(expected) == len(found) > 0
    assert all(torch.allclose(g / norm, f, rtol=1e-3, atol=1e-6) for g, f in zip(expected, found, strict=True))


def test_divergence_is_an_error_with_advice(studies: list[PreparedStudy], tmp_path: Path) -> None:
    checkpoint = CheckpointFile(tmp_path / "m.safetensors")
    training = small_training(studies[:2], studies[4:], checkpoint=checkpoint)
    training.save()
    before = checkpoint.path.read_bytes()
    with torch.no_grad():
        next(iter(training.network.parameters())).fill_(math.nan)
    with pytest.raises(TrainingDiverged, match="smaller learning rate"):
        training.run()
    assert checkpoint.path.read_bytes() == before


def test_a_network_that_collapsed_does_not_waste_the_night(studies: list[PreparedStudy]) -> None:
    training = small_training(studies[:4], studies[4:], plan={"epochs": 100})
    real = training.target.loss

    def collapses(network: nn.Module, example: Example) -> torch.Tensor:
        return real(network, example) * (30.0 if training.state.steps > 20 else 1.0)

    training.target.loss = collapses  # type: ignore[method-assign]  # a spy
    with pytest.raises(TrainingDiverged, match="untrained network's"):
        training.run()
    assert training.state.steps < 80


def test_a_long_run_warms_up_longer(studies: list[PreparedStudy]) -> None:
    steps = [
        small_training(studies[:4], studies[4:], plan={"epochs": epochs}).warm_up_steps for epochs in (1, 400, 9000)
    ]
    assert steps == [8, 80, 200]


def test_a_score_names_what_there_is() -> None:
    means = {"nrmse_body": 0.2, "nrmse_heart": 0.3, "ssim_heart": 0.9, "contrast_error": None}
    assert score_of(means, "nrmse_body+nrmse_heart") == pytest.approx(0.5)
    for score in ("ssim_heart", "nonsense", "contrast_error"):
        with pytest.raises(ModelError, match="nrmse_heart") as caught:
            score_of(means, score)
        assert caught.value.code == "training.score"
    assert score_of({"loss": math.nan}, "loss") == math.inf


def test_means_skip_cases_without_the_figure() -> None:
    rows: dict[int, dict[str, float | None]] = {0: {"a": 1.0, "b": None}, 1: {"a": 3.0, "b": 5.0}}
    assert shared_means(rows, ["a", "b"], 2, Group()) == {"a": 2.0, "b": 5.0}
    assert shared_means({0: {"b": None}}, ["b"], 1, Group()) == {"b": None}


def test_derived_seeds_differ() -> None:
    assert len({derived_seed(0, 1, i, j) for i in range(5) for j in range(5)}) == 25
    assert derived_seed(1, 2) == derived_seed(1, 2) < 2**63


def test_scores_do_not_depend_on_the_clock_of_the_machine() -> None:
    network = small_network()
    with single_precision(network):
        assert network.low_precision is False
    assert network.low_precision is True
