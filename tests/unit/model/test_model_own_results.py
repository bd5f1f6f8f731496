"""What a participation brought: the runner's own halves and steps, patients as units, an end that can be gone on from."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from model.checkpoint import save_model, state_arrays
from model.evaluation.statistics import Estimate
from model.hospital_jobs import main
from model.io.study import write_study
from model.io.weights import load_arrays
from model.own_results import Interrupted, OwnResultsRequest, compare_own_results, summarise, verdict
from model.task_spec import MetricSpec, task_spec
from model.tasks import CaseMetrics, load_halves, load_task, train_round
from tests.support.studies import tiny_study

TASK = "spect-reconstruction"
NETWORK: dict[str, object] = {"name": "fbp_unet", "channels": [4, 4, 4]}
ROUNDS = [1, 3]
LOWER = MetricSpec("nrmse_body", "error", "", higher_is_better=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own")
    for number in range(7):
        write_study(path / f"study-{number}.h5", tiny_study(seed=number, patient_key=f"p{number // 2}"))
    for seed, name in ((0, "initial"), (1, "federated")):
        network = load_task(TASK).build_network(NETWORK, seed=seed)
        saved = save_model(path, network, task=TASK, config=NETWORK, created_at="2026-01-01T00:00:00+00:00")
        saved.path.replace(path / f"{name}.safetensors")
        saved.path.with_suffix(".json").replace(path / f"{name}.json")
    return path


def request(folder: Path, out: str, **changes: object) -> OwnResultsRequest:
    fields: dict[str, object] = {
        "task": TASK,
        "parameters": {"local_epochs": 1, "holdout_fraction": 0.5},
        "network": NETWORK,
        "studies": [folder / f"study-{number}.h5" for number in range(7)],
        "left_out": [],
        "earlier": [],
        "rounds": ROUNDS,
        "rounds_planned": 4,
        "initial": folder / "initial.safetensors",
        "federated": folder / "federated.safetensors",
        "out": folder / out,
    }
    return OwnResultsRequest(**{**fields, **changes})  # type: ignore[arg-type]


def compare(wanted: OwnResultsRequest, stop_after: float = 2.0) -> dict[str, object]:
    last = 0.0

    def report(_stage: str, share: float) -> None:
        nonlocal last
        assert share >= last
        last = share

    return dict(compare_own_results(wanted, report, lambda: last >= stop_after))


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, object]:
    return compare(request(folder, "whole"))


def test_the_own_model_takes_the_runners_steps_on_the_runners_half(folder: Path, whole: dict[str, object]) -> None:
    task = load_task(TASK)
    parameters = task_spec(TASK).parameters.model_validate({"local_epochs": 1, "holdout_fraction": 0.5})
    halves = load_halves(task, [folder / f"study-{number}.h5" for number in range(7)], parameters)
    network = task.build_network(NETWORK, seed=0)
    steps = 0
    for number in ROUNDS:
        outcome = train_round(task, network, halves.train, parameters, number=number, rounds=4)
        steps += outcome.steps
    expected, found = state_arrays(network), load_arrays(folder / "whole" / "own-2.safetensors")
    assert all(np.array_equal(expected[name], found[name]) for name in expected)
    assert whole["steps"] == steps
    assert whole["trained_on"] == len(halves.train)
    cases = whole["cases"]
    assert isinstance(cases, list)
    assert [case["name"] for case in cases] == [sample.name for sample in halves.holdout]
    assert {sample.patient for sample in halves.train}.isdisjoint(sample.patient for sample in halves.holdout)


def test_scores_are_those_of_the_task_and_images_lie_beside_them(folder: Path, whole: dict[str, object]) -> None:
    task = load_task(TASK)
    parameters = task_spec(TASK).parameters.model_validate({"local_epochs": 1, "holdout_fraction": 0.5})
    held = load_halves(task, [folder / f"study-{number}.h5" for number in range(7)], parameters).holdout
    cases = whole["cases"]
    assert isinstance(cases, list)
    assert [case["scores"]["osem"] for case in cases] == task.score_baseline(held)
    with np.load(folder / "whole" / "case-0.npz") as images:
        assert set(images) == {"osem", "local", "federated", "reference", "voxel_mm"}
        assert images["local"].shape == images["reference"].shape
    assert len({case["patient"] for case in cases}) == whole["patients"] == 2


def test_without_references_every_method_sees_half_the_counts_and_osem_of_all_is_no_exception(folder: Path) -> None:
    bare = []
    for number in range(4):
        bare.append(folder / f"bare-{number}.h5")
        write_study(bare[-1], tiny_study(seed=number, patient_key=f"b{number}", with_reference=False))
    parameters = {"local_epochs": 1, "holdout_fraction": 0.5, "without_reference": "full-counts"}
    found = compare(request(folder, "bare", studies=bare, parameters=parameters))
    task = load_task(TASK)
    held = load_halves(task, bare, task_spec(TASK).parameters.model_validate(parameters)).holdout
    cases = found["cases"]
    assert isinstance(cases, list)
    assert found["half_counts"] == len(cases) == 2
    assert [case["scores"]["osem"] for case in cases] == task.score_baseline(held)
    assert all(case["scores"]["osem"]["nrmse_body"] > 0.01 for case in cases), "not the reference itself"


def test_what_was_ended_goes_on_and_gives_the_same_to_the_bit(folder: Path, whole: dict[str, object]) -> None:
    ended = request(folder, "ended")
    with pytest.raises(Interrupted):
        compare(ended, stop_after=0.45)
    assert json.loads((folder / "ended" / "own.json").read_bytes())["rounds"] == 1
    assert compare(ended) == whole
    first, second = (load_arrays(folder / name / "own-2.safetensors") for name in ("whole", "ended"))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_withdrawn_study_is_in_neither_half_and_moves_no_other(folder: Path, whole: dict[str, object]) -> None:
    cases = whole["cases"]
    assert isinstance(cases, list)
    gone = str(cases[0]["name"])
    studies = [folder / f"study-{number}.h5" for number in range(7)]
    found = compare(
        request(
            folder,
            "withdrawn",
            studies=[path for path in studies if path.stem != gone],
            left_out=[path for path in studies if path.stem == gone],
        )
    )
    rest = found["cases"]
    assert isinstance(rest, list)
    assert [case["name"] for case in rest] == [case["name"] for case in cases[1:]]
    assert found["left_out"] == 1


def test_patients_are_the_unit_and_too_few_of_them_say_nothing() -> None:
    rows: dict[str, list[CaseMetrics]] = {
        "osem": [{"nrmse_body": value} for value in (0.5, 0.5, 0.5, 0.2)],
        "local": [{"nrmse_body": value} for value in (0.4, 0.4, 0.4, 0.1)],
        "federated": [{"nrmse_body": value} for value in (0.3, 0.3, 0.3, 0.0)],
    }
    [entry] = summarise([LOWER], ["a", "a", "a", "b"], rows)
    assert isinstance(entry, dict)
    assert entry["methods"]["osem"]["value"] == pytest.approx(0.35)  # type: ignore[index,call-overload]
    assert entry["federated_over_local"]["verdict"] == "too_few"  # type: ignore[index,call-overload]


def test_a_difference_is_called_clear_only_when_its_interval_leaves_zero_out() -> None:
    assert verdict(Estimate(-0.1, -0.2, -0.05, 9), higher_is_better=False) == "better"
    assert verdict(Estimate(-0.1, -0.2, -0.05, 9), higher_is_better=True) == "worse"
    assert verdict(Estimate(-0.1, -0.2, 0.01, 9), higher_is_better=False) == "unclear"
    assert verdict(Estimate(-0.1, -0.2, -0.05, 4), higher_is_better=False) == "too_few"


def test_the_child_answers_with_words_when_nobody_is_held_out(folder: Path) -> None:
    wanted = request(folder, "single", studies=[folder / "study-0.h5"])
    fields = {name: getattr(wanted, name) for name in OwnResultsRequest.__dataclass_fields__}
    raw = json.dumps({"kind": "own_results", **fields}, default=str)
    out = io.StringIO()
    threads = torch.get_num_threads()
    try:
        assert main(io.StringIO(raw), out) == 1
    finally:
        torch.set_num_threads(threads)
    assert json.loads(out.getvalue().splitlines()[-1])["error"]["code"] == "evaluation.no_holdout"
