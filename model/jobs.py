"""Answer one request in a child process: JSON on stdin, JSON lines on stdout, exit code 0 or 1.

``python -P -m model.jobs`` reads one request (an object with ``kind``), writes ``{"progress": 0..1}`` lines while it
works and one last line, the answer or ``{"error": {"code", "message"}}``. Nothing else goes to stdout; a trace of an
unexpected failure goes to stderr. Files appear by atomic rename.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from pydantic import JsonValue

from model.errors import ModelError
from model.io.atomic import write_atomically
from model.io.study import read_study
from model.io.weights import content_hash, load_arrays, read_tensors_header, save_card
from model.job_protocol import Report, parse_request, serve
from model.job_requests import (
    REQUESTS,
    CheckWeightsRequest,
    CompareWeightsRequest,
    EvaluateRequest,
    InitialiseRequest,
    ListShippedRequest,
    ReconstructRequest,
    Request,
    TuneOsemRequest,
)
from model.task_spec import task_spec
from model.weight_differences import weight_differences

Answer = dict[str, JsonValue]
Progress = Callable[[float], None]
BOOTSTRAP_SEED = 0
PROGRESS_STEP = 0.01


def initialise(request: InitialiseRequest, progress: Progress) -> Answer:
    """Return ``path``, ``content_hash`` and the ``card``; an existing file of the same content is kept."""
    from model.checkpoint import save_model
    from model.tasks import load_task

    del progress
    if request.shipped is not None:
        return _shipped_start(request, request.shipped)
    config = request.network or task_spec(request.task).default_network
    network = load_task(request.task).build_network(config, seed=request.seed)
    saved = save_model(
        request.out,
        network,
        task=request.task,
        config=config,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        training={"origin": "random", "seed": request.seed},
        terms=request.terms,
    )
    return {
        "path": str(saved.path),
        "content_hash": saved.card.content_hash,
        "parameters": saved.card.parameters,
        "card": saved.card.model_dump(mode="json"),
    }


def _shipped_start(request: InitialiseRequest, name: str) -> Answer:
    """Copy shipped weights under their content hash; their card comes with them."""
    from model.checkpoint import load_shipped
    from model.shipped import shipped_path

    _, card = load_shipped(name)
    if card.task != request.task:
        message = f"the shipped weights are for the task {card.task}, the session is for {request.task}"
        raise ModelError(code="weights.task", message=message)
    if request.terms:
        card = card.model_copy(update={"terms": request.terms})
    path = request.out / f"{card.content_hash}.safetensors"
    save_card(path, card)
    write_atomically(path, shipped_path(name).read_bytes())
    return {
        "path": str(path),
        "content_hash": card.content_hash,
        "parameters": card.parameters,
        "card": card.model_dump(mode="json"),
    }


def list_shipped(request: ListShippedRequest, progress: Progress) -> Answer:
    """Return ``default`` and ``shipped``: name, parameters, content hash and figures of each."""
    from model.shipped import DEFAULT_NETWORK, shipped_card, shipped_networks

    del request, progress
    cards = {name: shipped_card(name) for name in shipped_networks()}
    rows: list[JsonValue] = [
        {"name": name, "parameters": card.parameters, "content_hash": card.content_hash, "metrics": dict(card.metrics)}
        for name, card in cards.items()
    ]
    return {"default": DEFAULT_NETWORK, "shipped": rows}


def check_weights(request: CheckWeightsRequest, progress: Progress) -> Answer:
    """Return what a usable file holds; `WeightsError` names what does not fit."""
    from model.checkpoint import load_weights
    from model.networks import parse_network
    from model.tasks import load_task

    del progress
    config = request.network or _network_with_these_tensors(request)
    network = load_task(request.task).build_network(config)
    load_weights(request.path, network)
    header = read_tensors_header(request.path)
    return {
        "content_hash": content_hash(request.path),
        "network": parse_network(config).model_dump(mode="json"),
        "tensors": {name: {"shape": list(entry.shape), "dtype": entry.dtype} for name, entry in header.items()},
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }


def _network_with_these_tensors(request: CheckWeightsRequest) -> dict[str, JsonValue]:
    """Return the first of the task's networks, in its usual size, that a file fits; the default one if none."""
    from model.checkpoint import expected_tensors
    from model.tasks import load_task

    task = load_task(request.task)
    default, found = task.spec.default_network, read_tensors_header(request.path)
    others: list[dict[str, JsonValue]] = [{"name": name} for name in task.spec.networks if name != default.get("name")]
    return next((c for c in (default, *others) if expected_tensors(task.build_network(c)) == found), default)


def compare_weights(request: CompareWeightsRequest, progress: Progress) -> Answer:
    """Return the norms of both models' tensors and of their differences (`model.weight_differences`)."""
    del progress
    return weight_differences(load_arrays(request.first), load_arrays(request.second)).model_dump(mode="json")


def tune(request: TuneOsemRequest, progress: Progress) -> Answer:
    """Return the best ``settings`` on the studies, in the form `OsemRequest` takes."""
    from model.classical.tuning import tune_osem

    del progress
    best = tune_osem([read_study(path) for path in request.studies])
    settings: Answer = {
        "iterations": best.iterations,
        "subsets": best.subsets,
        "postfilter_fwhm_mm": best.postfilter_fwhm_mm,
    }
    return {"settings": settings, "studies": len(request.studies)}


def evaluate(request: EvaluateRequest, progress: Progress) -> Answer:
    """Return metrics per case for the model and the baseline, means, and paired ratios model / baseline.

    ``summary[metric]`` holds the means ``model`` and ``baseline`` and, where both exist for a case, ``ratio`` and its
    95 % bootstrap interval ``ci95``; ``better`` counts the cases where the model wins.
    """
    from model.tasks import load_task

    task = load_task(request.task)
    samples = task.load_samples(request.studies, lambda done: progress(0.2 * done))
    cases: list[dict[str, JsonValue]] = [{"name": sample.name} for sample in samples]
    baseline = task.score_baseline(samples, lambda done: progress(0.2 + 0.4 * done), settings=request.osem.model_dump())
    scored: list[dict[str, float | None]] = []
    if isinstance(request.weights, Path):
        from model.checkpoint import load_model

        network, _ = load_model(request.weights, task=request.task)
        scored = task.evaluate(network, samples, lambda done: progress(0.6 + 0.4 * done))
    for name, rows in (("baseline", baseline), ("model", scored)):
        for case, row in zip(cases, rows, strict=False):
            case[name] = dict(row)
    answer: Answer = {
        "task": request.task,
        "cases": list(cases),
        "baseline_settings": request.osem.model_dump() if baseline else None,
        "summary": {
            metric.key: _summary(metric.key, scored, baseline, higher_is_better=metric.higher_is_better)
            for metric in task.spec.metrics
        },
    }
    if request.out is not None:
        write_atomically(request.out, (json.dumps(answer, indent=1, sort_keys=True) + "\n").encode())
        answer["out"] = str(request.out)
    return answer


def _summary(
    key: str,
    scored: list[dict[str, float | None]],
    baseline: list[dict[str, float | None]],
    *,
    higher_is_better: bool,
) -> dict[str, JsonValue]:
    from model.evaluation.metrics import bootstrap_ratio

    summary: dict[str, JsonValue] = {}
    for name, rows in (("model", scored), ("baseline", baseline)):
        values = [value for row in rows if (value := row.get(key)) is not None]
        if values:
            summary[name] = sum(values) / len(values)
    pairs = [
        (a, b)
        for mine, other in zip(scored, baseline, strict=False)
        if (a := mine.get(key)) is not None and (b := other.get(key)) is not None and b > 0
    ]
    if pairs:
        ratio, low, high = bootstrap_ratio([a for a, _ in pairs], [b for _, b in pairs], BOOTSTRAP_SEED)
        wins = sum(a > b if higher_is_better else a < b for a, b in pairs)
        summary |= {"ratio": ratio, "ci95": [low, high], "better": wins, "pairs": len(pairs)}
    return summary


def answer_request(raw: str, progress: Progress) -> Answer:
    """Parse and answer one request.

    Raises
    ------
    ModelError
        ``request.invalid`` for a request that is not one of ours, else what the work itself raises.
    """
    request = parse_request(REQUESTS.validate_json, raw)
    return _do(request, progress)


def _do(request: Request, progress: Progress) -> Answer:
    import torch

    torch.set_num_threads(request.threads)
    match request:
        case InitialiseRequest():
            return initialise(request, progress)
        case ListShippedRequest():
            return list_shipped(request, progress)
        case CheckWeightsRequest():
            return check_weights(request, progress)
        case CompareWeightsRequest():
            return compare_weights(request, progress)
        case ReconstructRequest():
            from model.reconstruction_job import reconstruct_study

            return reconstruct_study(request, progress)
        case TuneOsemRequest():
            return tune(request, progress)
        case EvaluateRequest():
            return evaluate(request, progress)


def main(stdin: TextIO, stdout: TextIO) -> int:
    """Answer the request on ``stdin``; return the exit code."""
    last = -1.0

    def answered(raw: str, report: Report) -> Answer:
        def progress(done: float) -> None:
            nonlocal last
            if done - last >= PROGRESS_STEP:
                last = done
                report(done, news=True)

        return answer_request(raw, progress)

    return serve(answered, stdin, stdout, expected=(ModelError,))


if __name__ == "__main__":
    sys.exit(main(sys.stdin, sys.stdout))
