"""The shared loop: its schedule, its split and its arithmetic, on a network of one number."""

import math

import pytest
import torch
from torch import Tensor, nn

from model.errors import TrainingDiverged
from model.task_parameters import TaskParameters
from model.training.steps import WARM_UP_STEPS, ScheduleWindow, TrainHooks, split_by_patient, train_network, warm_up


class OneNumber(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(1.0))

    def forward(self) -> Tensor:
        return self.value


def distance_to(targets: list[float]) -> object:
    def loss(network: nn.Module, batch: list[int], _: torch.Generator) -> Tensor:
        return torch.stack([(network() - targets[i]).square() for i in batch]).mean()

    return loss


def run(network: nn.Module, targets: list[float], **changes: object) -> object:
    return train_network(
        network,
        distance_to(targets),  # type: ignore[arg-type]  # object only to keep the helper short
        n_samples=len(targets),
        parameters=TaskParameters.model_validate({"learning_rate": 0.05, "weight_decay": 0.0, **changes}),
        schedule=ScheduleWindow(),
        seed=0,
        hooks=TrainHooks(),
    )


def test_the_windows_of_the_rounds_join_into_one_cosine() -> None:
    whole = [ScheduleWindow().factor(step, 12) for step in range(12)]
    rounds = [ScheduleWindow(r / 3, (r + 1) / 3).factor(step, 4) for r in range(3) for step in range(4)]
    assert rounds == pytest.approx(whole)
    assert whole[0] == 1
    assert whole == sorted(whole, reverse=True)
    assert ScheduleWindow().factor(12, 12) == pytest.approx(0)


@pytest.mark.parametrize("window", [(-0.1, 1.0), (0.5, 0.4), (0.0, 1.1)])
def test_a_window_outside_the_schedule_is_refused(window: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="within 0 and 1"):
        ScheduleWindow(*window)


def test_training_finds_the_minimum() -> None:
    network = OneNumber()
    run(network, [3.0, 5.0], local_epochs=50, batch_size=2, learning_rate=0.5)
    assert float(network.value.detach()) == pytest.approx(4.0, abs=0.1)


def test_a_last_incomplete_batch_counts_as_a_step() -> None:
    outcome = run(OneNumber(), [1.0, 2.0, 3.0], local_epochs=2, batch_size=2)
    assert (outcome.steps, outcome.examples) == (4, 3)  # type: ignore[attr-defined]
    assert math.isfinite(outcome.mean_loss)  # type: ignore[attr-defined]


def test_the_rate_rises_over_the_first_steps_whatever_the_size_of_the_gradient() -> None:
    network = OneNumber()
    run(network, [1e6], local_epochs=1)
    assert float(network.value.detach()) == pytest.approx(1 + 0.05 / WARM_UP_STEPS, abs=1e-4)
    factors = [warm_up(step) for step in range(2 * WARM_UP_STEPS)]
    assert factors == sorted(factors)
    assert factors[WARM_UP_STEPS - 1 :] == [1.0] * (WARM_UP_STEPS + 1)


def test_divergence_leaves_the_weights_before_the_bad_step() -> None:
    network = OneNumber()
    with pytest.raises(TrainingDiverged, match="step 1"):
        run(network, [math.inf])
    assert float(network.value.detach()) == 1.0


def test_a_gradient_that_is_not_finite_is_caught_too() -> None:
    network = OneNumber()

    def steep_at_its_foot(module: nn.Module) -> Tensor:
        return sum(((value - value.detach()).sqrt() for value in module.parameters()), torch.zeros(()))

    with pytest.raises(TrainingDiverged, match="gradient"):
        train_network(
            network,
            distance_to([2.0]),  # type: ignore[arg-type]  # as above
            n_samples=1,
            parameters=TaskParameters(local_epochs=1),
            schedule=ScheduleWindow(),
            seed=0,
            hooks=TrainHooks(extra_loss=steep_at_its_foot),
        )
    assert float(network.value.detach()) == 1.0


@pytest.mark.parametrize(("first", "then", "held"), [(10, 20, 4), (1, 2, 1), (3, 4, 1), (10, 11, 2), (20, 10, 2)])
def test_who_is_on_a_side_stays_there_and_the_others_fill_up_the_share(first: int, then: int, held: int) -> None:
    keys = [f"p{number}" for number in range(max(first, then))]
    for seed in range(20):
        _, chosen = split_by_patient(keys[:first], 0.2, seed)
        sides = {key: index in chosen for index, key in enumerate(keys[:first])}
        train, holdout = split_by_patient(keys[:then], 0.2, seed, sides=sides)
        assert all(sides.get(keys[index], True) for index in holdout), "nobody who was trained on is held out"
        assert not any(sides.get(keys[index], False) for index in train)
        assert first > then or len(holdout) == held


@pytest.mark.parametrize(
    ("patients", "fraction", "held"), [(12, 0.2, 2), (12, 0.0, 0), (3, 0.1, 1), (2, 0.5, 1), (1, 0.5, 0)]
)
def test_the_share_of_patients_held_back(patients: int, fraction: float, held: int) -> None:
    keys = [f"p{i // 2}" for i in range(2 * patients)]
    train, holdout = split_by_patient(keys, fraction, seed=3)
    assert len({keys[i] for i in holdout}) == held
    assert sorted(train + holdout) == list(range(2 * patients))
    assert not {keys[i] for i in train} & {keys[i] for i in holdout}


def test_another_seed_holds_back_others() -> None:
    keys = [f"p{i}" for i in range(30)]
    assert split_by_patient(keys, 0.2, seed=0) == split_by_patient(keys, 0.2, seed=0)
    assert split_by_patient(keys, 0.2, seed=0) != split_by_patient(keys, 0.2, seed=1)
