"""Every registered task keeps the same promises; a new task inherits all of this by being registered."""

import dataclasses
import fnmatch
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model.checkpoint import state_arrays
from model.errors import ModelError, SampleInvalid, TrainingDiverged
from model.samples import INSPECTORS
from model.task_parameters import TaskParameters
from model.task_spec import TASK_SPECS, task_spec
from model.tasks import Sample, Task, load_task, mean_metrics
from model.training.steps import ScheduleWindow, TrainHooks, TrainProgress
from tests.support.tasks import SAMPLE_WRITERS, write_samples

TASKS = sorted(TASK_SPECS)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=TASKS)
def task(request: pytest.FixtureRequest) -> Task:
    return load_task(request.param)


@pytest.fixture(scope="module")
def paths(task: Task, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_samples(task.spec.name, tmp_path_factory.mktemp("samples"), 4)


@pytest.fixture(scope="module")
def samples(task: Task, paths: list[Path]) -> list[Sample]:
    return task.load_samples(paths)


def fresh(task: Task, seed: int = 0) -> nn.Module:
    return task.build_network(task.spec.default_network, seed=seed)


def quick(task: Task, **changes: float) -> TaskParameters:
    return task.spec.parameters(**{"local_epochs": 1, **changes})


def same(a: nn.Module, b: nn.Module) -> bool:
    mine, other = state_arrays(a), state_arrays(b)
    return list(mine) == list(other) and all(np.array_equal(mine[key], other[key]) for key in mine)


def test_every_task_of_the_registry_has_a_torch_half_and_test_samples() -> None:
    assert set(TASKS) == {load_task(name).spec.name for name in TASKS} == set(SAMPLE_WRITERS)


def test_an_unknown_task_is_refused_with_the_known_names() -> None:
    with pytest.raises(ModelError, match="spect-reconstruction") as caught:
        task_spec("weather")
    assert caught.value.code == "task.unknown"


def test_parameters_survive_json_and_their_schema_names_every_field(task: Task) -> None:
    kind = task.spec.parameters
    again = kind.model_validate_json(kind().model_dump_json())
    assert again == kind()
    schema = json.loads(json.dumps(kind.model_json_schema()))
    assert set(schema["properties"]) == set(kind.model_fields) >= set(TaskParameters.model_fields)
    assert all(entry.get("title") for entry in schema["properties"].values())
    assert schema["additionalProperties"] is False


def test_unknown_or_impossible_parameters_are_refused(task: Task) -> None:
    for wrong in ({"speed": 3}, {"local_epochs": 0}, {"learning_rate": -1.0}, {"holdout_fraction": 0.9}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            task.spec.parameters.model_validate(wrong)


def test_the_declaration_is_consistent(task: Task) -> None:
    spec = task.spec
    assert spec.primary_metric in {metric.key for metric in spec.metrics}
    assert spec.default_network["name"] in spec.networks
    keys = list(state_arrays(fresh(task)))
    for pattern in spec.local_keys:
        assert fnmatch.filter(keys, pattern), pattern
    assert spec.shared_keys(keys)
    partly_local = dataclasses.replace(spec, local_keys=(f"{keys[0]}*",))
    assert keys[0] not in partly_local.shared_keys(keys)


def test_state_keys_are_stable_and_every_value_is_finite(task: Task) -> None:
    first, second = state_arrays(fresh(task, 0)), state_arrays(fresh(task, 1))
    assert list(first) == list(second)
    assert {k: v.shape for k, v in first.items()} == {k: v.shape for k, v in second.items()}
    assert all(np.isfinite(value).all() for value in first.values())


def test_the_seed_of_a_network_decides_its_weights_and_leaves_torch_alone(task: Task) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    assert same(fresh(task, 3), fresh(task, 3))
    assert not same(fresh(task, 3), fresh(task, 4))
    assert torch.equal(before, torch.get_rng_state())


def test_a_network_of_another_task_is_refused(task: Task) -> None:
    for name in {spec.networks[0] for spec in TASK_SPECS.values()} - set(task.spec.networks) | {"nonsense"}:
        with pytest.raises(ModelError) as caught:
            task.build_network({"name": name})
        assert caught.value.code == "network.invalid"


def test_training_lowers_the_loss(task: Task, samples: list[Sample]) -> None:
    losses: list[float] = []
    outcome = task.train(
        fresh(task),
        samples,
        quick(task, local_epochs=12),
        on_progress=lambda done: losses.append(done.loss),
    )
    assert outcome.steps == len(losses)
    assert outcome.examples == len(samples)
    quarter = len(losses) // 4
    assert sum(losses[-quarter:]) < 0.95 * sum(losses[:quarter])


def test_equal_seeds_give_equal_bits_and_others_do_not(task: Task, samples: list[Sample]) -> None:
    networks = [fresh(task) for _ in range(3)]
    for network, seed in zip(networks, (5, 5, 6), strict=True):
        task.train(network, samples, quick(task, batch_size=1), seed=seed)
    assert same(networks[0], networks[1])
    assert not same(networks[0], networks[2])


def test_two_halves_of_a_schedule_use_smaller_steps_later(task: Task, samples: list[Sample]) -> None:
    def moved(window: ScheduleWindow) -> float:
        network = fresh(task)
        before = state_arrays(network)
        task.train(network, samples, quick(task, weight_decay=0.0), schedule=window)
        return sum(float(np.abs(np.subtract(value, before[key])).sum()) for key, value in state_arrays(network).items())

    assert moved(ScheduleWindow(0.9, 1.0)) < 0.3 * moved(ScheduleWindow(0.0, 0.1))


def test_a_stop_is_honoured_before_the_next_step(task: Task, samples: list[Sample]) -> None:
    seen: list[TrainProgress] = []
    outcome = task.train(
        fresh(task),
        samples,
        quick(task, local_epochs=5, batch_size=1),
        on_progress=seen.append,
        should_stop=lambda: len(seen) >= 2,
    )
    assert outcome.stopped
    assert outcome.steps == len(seen) == 2
    assert (seen[0].step, seen[0].steps, seen[0].epoch) == (1, 5 * len(samples), 1)


def test_stopping_at_once_changes_nothing(task: Task, samples: list[Sample]) -> None:
    network = fresh(task)
    outcome = task.train(network, samples, quick(task), should_stop=lambda: True)
    assert (outcome.steps, outcome.examples, outcome.stopped) == (0, 0, True)
    assert same(network, fresh(task))


def test_an_extra_loss_pulls_the_weights_and_is_not_reported_as_loss(task: Task, samples: list[Sample]) -> None:
    anchor = {name: value.detach().clone() for name, value in fresh(task).named_parameters()}

    def proximal(network: nn.Module) -> Tensor:
        terms = [(value - anchor[name]).square().sum() for name, value in network.named_parameters()]
        return 1e4 * torch.stack(terms).sum()

    def distance(network: nn.Module) -> float:
        return float(sum((value.detach() - anchor[name]).square().sum() for name, value in network.named_parameters()))

    free, held = fresh(task), fresh(task)
    task.train(free, samples, quick(task, local_epochs=4))
    outcome = task.train(held, samples, quick(task, local_epochs=4), hooks=TrainHooks(extra_loss=proximal))
    assert distance(held) < 0.5 * distance(free)
    assert outcome.mean_loss < 100


def test_a_loss_that_is_not_finite_ends_training_with_a_sentence(task: Task, samples: list[Sample]) -> None:
    network = fresh(task)
    with torch.no_grad():
        next(iter(network.parameters())).fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match="smaller learning rate"):
        task.train(network, samples, quick(task))


def test_no_patient_is_on_both_sides_of_the_split(task: Task, tmp_path: Path) -> None:
    samples = task.load_samples(write_samples(task.spec.name, tmp_path, 8, samples_per_patient=2))
    train, held = task.split(samples, 0.25, seed=1)
    assert len(held) == 2
    assert len(train) == 6
    assert not {sample.patient for sample in train} & {sample.patient for sample in held}
    again = task.split(list(reversed(samples)), 0.25, seed=1)[1]
    assert {sample.name for sample in again} == {sample.name for sample in held}
    assert task.split(samples, 0.0, seed=1)[1] == []


def test_each_case_gets_the_declared_metrics(task: Task, samples: list[Sample]) -> None:
    done: list[float] = []
    cases = task.evaluate(fresh(task), samples, done.append)
    declared = {metric.key for metric in task.spec.metrics}
    assert len(cases) == len(samples)
    assert all(set(case) == declared for case in cases)
    assert all(value is None or np.isfinite(value) for case in cases for value in case.values())
    assert all(case[task.spec.primary_metric] is not None for case in cases)
    assert done[-1] == 1
    assert set(mean_metrics(cases)) == declared


def test_scoring_does_not_change_a_network(task: Task, samples: list[Sample]) -> None:
    network = fresh(task)
    first = task.evaluate(network, samples)
    assert task.evaluate(network, samples) == first
    assert same(network, fresh(task))


def test_a_baseline_is_scored_like_a_model_or_absent(task: Task, samples: list[Sample]) -> None:
    cases = task.score_baseline(samples)
    assert cases == [] or [set(case) for case in cases] == [set(case) for case in task.evaluate(fresh(task), samples)]


def test_a_preview_has_pictures_of_one_shape(task: Task, samples: list[Sample]) -> None:
    pictures = task.preview(fresh(task), samples[0])
    assert {"input", "estimate", "reference"} == set(pictures)
    assert len({picture.shape for picture in pictures.values()}) == 1
    assert all(picture.ndim == 2 and picture.dtype == np.float32 for picture in pictures.values())
    assert all(np.isfinite(picture).all() for picture in pictures.values())


def test_a_sample_is_summarised_without_torch_objects(task: Task, paths: list[Path]) -> None:
    summary = INSPECTORS[task.spec.name](paths[0])
    assert summary.has_reference
    assert summary.kind
    assert summary.title
    assert summary.geometry_words
    json.dumps(dataclasses.asdict(summary))
    assert paths[0].suffix in task.spec.sample_suffixes


def test_a_file_that_is_no_sample_is_refused_by_code_and_sentence(task: Task, tmp_path: Path) -> None:
    suffix = task.spec.sample_suffixes[0]
    broken, empty, missing = (tmp_path / f"{name}{suffix}" for name in ("broken", "empty", "missing"))
    broken.write_bytes(b"not a sample at all" * 20)
    empty.write_bytes(b"")
    for path in (broken, empty, missing):
        for read in (INSPECTORS[task.spec.name], lambda p: task.load_samples([p])):
            with pytest.raises(SampleInvalid) as caught:
                read(path)
            assert "." in caught.value.code
            assert " " in str(caught.value)
            assert str(tmp_path) not in str(caught.value)


def test_training_on_nothing_is_refused(task: Task) -> None:
    with pytest.raises(SampleInvalid) as caught:
        task.train(fresh(task), [], quick(task))
    assert caught.value.code == "sample.no_reference"
