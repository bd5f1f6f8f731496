"""What a site's participation brought, on its own hold-out: OS-EM, a model of its data alone, and the federated model.

The own model starts where the session started and takes the steps that the site took in it: the same training half, parameters,
rates and seeds, round by round, without the others. Both the halves and the steps are the runner's own code
(`model.tasks.load_halves`, `model.tasks.train_round`). What is drawn again for the intervals are patients, not studies.
"""

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue
from torch import nn

from model.checkpoint import load_model, load_weights, state_arrays
from model.classical.osem import OsemSettings, reconstruct_osem
from model.dataset import PreparedStudy
from model.errors import ModelError
from model.evaluation.metrics import case_metrics
from model.evaluation.statistics import LEAST_CASES, Estimate, mean, mean_difference
from model.inference import reconstruct_prepared
from model.io.atomic import write_atomically
from model.io.weights import save_arrays
from model.networks.inputs import ReconstructionNetwork
from model.task_spec import MetricSpec
from model.tasks import CaseMetrics, Sample, Task, load_halves, load_task, train_round
from model.training.steps import TrainProgress
from model.training.targets import as_scored, is_full_counts

MOST_PICTURED = 40
PAIRS = (("federated", "local"), ("federated", "osem"), ("local", "osem"))
Volume = NDArray[np.float32]
Report = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class OwnResultsRequest:
    """What to compare; `out` is a folder that also keeps what a later run goes on with.

    Parameters
    ----------
    studies : files the consent covers, in any order
    left_out : those of them that were withdrawn since: they count for the halves, and are then in neither
    earlier : the files of each earlier agreement, whose patients stay on their halves
    rounds : the rounds this site trained in, of `rounds_planned`
    initial, federated : weights files; the second has its card beside it
    """

    task: str
    parameters: Mapping[str, object]
    network: Mapping[str, object]
    studies: Sequence[Path]
    left_out: Sequence[Path]
    earlier: Sequence[Sequence[Path]]
    rounds: Sequence[int]
    rounds_planned: int
    initial: Path
    federated: Path
    out: Path


class Interrupted(Exception):  # noqa: N818 - it is no error: what is done lies in the folder
    """The work was told to end."""


def compare_own_results(
    request: OwnResultsRequest, report: Report, should_stop: Callable[[], bool]
) -> dict[str, JsonValue]:
    """Train the own model, score the three methods, write the images of the cases; return the findings.

    Raises
    ------
    Interrupted
        When `should_stop` said so; the same request goes on after the last whole round.
    ModelError
        ``evaluation.no_holdout`` where no patient with a reference is held out; what loading and training raise.
    """
    task = load_task(request.task)
    parameters = task.spec.parameters.model_validate(dict(request.parameters))
    train, held = load_halves(
        task,
        request.studies,
        parameters,
        lambda done: report("preparing", 0.1 * done),
        left_out=request.left_out,
        earlier=request.earlier,
    )
    if not held:
        message = "no study with a reference is held out at this site"
        remedy = "Add studies of at least two patients that have a reference image."
        raise ModelError(code="evaluation.no_holdout", message=message, remedy=remedy)
    _stop_if(should_stop)
    network, steps = _train_alone(request, task, train, report, should_stop)
    federated, _ = load_model(request.federated, task=request.task)
    scored = _score(task, held, {"local": network, "federated": federated}, request.out, report, should_stop)
    findings = summarise(task.spec.metrics, [sample.patient for sample in held], scored.rows)
    patients = _numbered([sample.patient for sample in held])
    cases: list[JsonValue] = [
        {
            "name": sample.name,
            "patient": patients[index],
            "scores": {method: dict(rows[index]) for method, rows in scored.rows.items()},
            "arrays": list[JsonValue](scored.arrays[index]),
        }
        for index, sample in enumerate(held)
    ]
    return {
        "metrics": findings,
        "cases": cases,
        "patients": len(set(patients)),
        "trained_on": len(train),
        "rounds": list(request.rounds),
        "steps": steps,
        "left_out": len(request.left_out),
        "half_counts": sum(isinstance(sample, PreparedStudy) and is_full_counts(sample) for sample in held),
    }


def _stop_if(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise Interrupted


def _train_alone(
    request: OwnResultsRequest, task: Task, train: Sequence[Sample], report: Report, should_stop: Callable[[], bool]
) -> tuple[nn.Module, int]:
    """Return the own model and the steps it took; each whole round is kept, so that a later run goes on after it."""
    parameters = task.spec.parameters.model_validate(dict(request.parameters))
    network = task.build_network(request.network, seed=parameters.seed)
    done, steps = _kept(request, network)
    for number in request.rounds[done:]:
        position = request.rounds.index(number)

        def progress(at: TrainProgress, position: int = position) -> None:
            share = (position + at.step / max(at.steps, 1)) / len(request.rounds)
            report("training", 0.1 + 0.6 * share)

        outcome = train_round(
            task,
            network,
            train,
            parameters,
            number=number,
            rounds=request.rounds_planned,
            on_progress=progress,
            should_stop=should_stop,
        )
        if outcome.stopped:
            raise Interrupted
        steps += outcome.steps
        _keep(request.out, network, position + 1, steps)
    return network, steps


def _kept(request: OwnResultsRequest, network: nn.Module) -> tuple[int, int]:
    """Load what an earlier run kept, else the session's first weights; return the rounds and steps done."""
    try:
        state = json.loads((request.out / "own.json").read_bytes())
        load_weights(request.out / str(state["weights"]), network)
        return int(state["rounds"]), int(state["steps"])
    except (OSError, ValueError, KeyError, ModelError):
        load_weights(request.initial, network)
        return 0, 0


def _keep(folder: Path, network: nn.Module, rounds: int, steps: int) -> None:
    """Write the weights under a new name, then the note that names them: a reader sees the old pair or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"own-{rounds}.safetensors"
    save_arrays(folder / name, state_arrays(network))
    note = json.dumps({"weights": name, "rounds": rounds, "steps": steps})
    write_atomically(folder / "own.json", note.encode())
    (folder / f"own-{rounds - 1}.safetensors").unlink(missing_ok=True)


@dataclass(frozen=True)
class _Scored:
    """Scores by method, a row a case, and which images of each case were written."""

    rows: dict[str, list[CaseMetrics]]
    arrays: list[list[str]]


def _score(
    task: Task,
    held: Sequence[Sample],
    networks: Mapping[str, nn.Module],
    folder: Path,
    report: Report,
    should_stop: Callable[[], bool],
) -> _Scored:
    """Score the hold-out by every method; where the task makes volumes, its first cases are written as images too."""
    settings = OsemSettings()
    rows: dict[str, list[CaseMetrics]] = {}
    arrays: list[list[str]] = []
    for index, sample in enumerate(held):
        _stop_if(should_stop)
        if isinstance(sample, PreparedStudy):
            seen, brightness = as_scored(sample)
            images = {"osem": reconstruct_osem(seen.study, settings)} | {
                name: reconstruct_prepared(_reconstruction(network), seen) for name, network in networks.items()
            }
            images = {name: image / np.float32(brightness) for name, image in images.items()}
            for name, image in images.items():
                scores = case_metrics(image, sample.study)
                rows.setdefault(name, []).append({metric.key: scores.get(metric.key) for metric in task.spec.metrics})
            arrays.append(_written(folder, index, sample, images))
        else:
            for name, network in networks.items():
                rows.setdefault(name, []).extend(task.evaluate(network, [sample]))
            arrays.append([])
        report("scoring", 0.7 + 0.3 * (index + 1) / len(held))
    return _Scored(rows, arrays)


def _written(folder: Path, index: int, sample: PreparedStudy, images: Mapping[str, Volume]) -> list[str]:
    if index >= MOST_PICTURED or sample.study.reference is None:
        return []
    shown = {**images, "reference": sample.study.reference}
    buffer = io.BytesIO()
    voxel_mm = np.asarray(sample.study.geometry.grid.voxel_mm, dtype=np.float32)
    np.savez_compressed(buffer, allow_pickle=False, voxel_mm=voxel_mm, **shown)
    write_atomically(folder / f"case-{index}.npz", buffer.getvalue())
    return list(shown)


def _reconstruction(network: nn.Module) -> ReconstructionNetwork:
    if not isinstance(network, ReconstructionNetwork):
        message = f"a reconstruction network is needed, got {type(network).__name__}"
        raise TypeError(message)
    return network


def _numbered(patients: Sequence[str]) -> list[str]:
    """Name the patients by their order, so that no key leaves the study files."""
    order = list(dict.fromkeys(patients))
    return [f"{order.index(patient) + 1}" for patient in patients]


def summarise(
    metrics: Sequence[MetricSpec], patients: Sequence[str], rows: Mapping[str, Sequence[CaseMetrics]]
) -> list[JsonValue]:
    """Return means and paired differences of every metric that some case has, with intervals over patients.

    A patient's studies are averaged first, so that one with many counts once.
    """
    found: list[JsonValue] = []
    for metric in metrics:
        by_method = {name: _by_patient(patients, [row.get(metric.key) for row in rows[name]]) for name in rows}
        means = {name: mean(values) for name, values in by_method.items()}
        if all(value is None for value in means.values()):
            continue
        entry: dict[str, JsonValue] = {
            "key": metric.key,
            "higher_is_better": metric.higher_is_better,
            "methods": {name: _plain(value) for name, value in means.items() if value is not None},
        }
        for first, second in PAIRS:
            both = first in by_method and second in by_method
            difference = mean_difference(by_method[first], by_method[second]) if both else None
            entry[f"{first}_over_{second}"] = (
                None
                if difference is None
                else {
                    **_plain(difference),
                    "verdict": verdict(difference, higher_is_better=metric.higher_is_better),
                }
            )
        found.append(entry)
    return found


def _by_patient(patients: Sequence[str], values: Sequence[float | None]) -> list[float | None]:
    known: dict[str, list[float]] = {patient: [] for patient in patients}
    for patient, value in zip(patients, values, strict=True):
        if value is not None and math.isfinite(value):
            known[patient].append(value)
    return [sum(own) / len(own) if own else None for own in known.values()]


def _plain(estimate: Estimate) -> dict[str, JsonValue]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "patients": estimate.cases}


def verdict(difference: Estimate, *, higher_is_better: bool) -> str:
    """Say what a paired difference shows: ``better``, ``worse``, ``unclear`` (0 is within), ``too_few`` patients."""
    if difference.cases < LEAST_CASES:
        return "too_few"
    if difference.low <= 0 <= difference.high:
        return "unclear"
    return "better" if (difference.value > 0) == higher_is_better else "worse"
