"""Answer one request in a child process: JSON on stdin, JSON lines on stdout, exit code 0 or 1.

``python -P -m model.jobs`` reads one request (an object with ``kind``), writes ``{"progress": 0..1}`` lines while it
works and one last line, the answer or ``{"error": {"code", "message"}}``. Nothing else goes to stdout; a trace of an
unexpected failure goes to stderr. Files appear by atomic rename.
"""

import io
import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, TextIO

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from model.errors import ModelError
from model.io.study import Study, read_study
from model.io.weights import content_hash, read_tensors_header, write_atomically
from model.task_spec import task_spec

Answer = dict[str, JsonValue]
Progress = Callable[[float], None]
BOOTSTRAP_SEED = 0
PROGRESS_STEP = 0.01


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    threads: int = Field(default=1, ge=1, le=64, description="processor threads that torch may use")


class OsemRequest(BaseModel):
    """How OS-EM runs where a request asks for it; defaults as in `model.classical.OsemSettings`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    iterations: int = Field(default=10, ge=1, le=100)
    subsets: int = Field(default=6, ge=1, le=120)
    postfilter_fwhm_mm: float = Field(default=6.0, ge=0, le=50)


class InitialiseRequest(_Request):
    """Make a network's first weights from a seed; ``out`` is a folder, the file is named by its content."""

    kind: Literal["initialise"]
    task: str
    network: dict[str, JsonValue] | None = None
    seed: int = Field(default=0, ge=0, lt=2**31)
    out: Path
    terms: str = ""


class CheckWeightsRequest(_Request):
    """Check that a weights file fits a network and holds finite numbers only."""

    kind: Literal["check_weights"]
    task: str
    network: dict[str, JsonValue] | None = None
    path: Path


class ReconstructRequest(_Request):
    """Reconstruct one study file; ``out`` is a compressed ``.npz`` (`reconstruct_study` lists its arrays)."""

    kind: Literal["reconstruct"]
    study: Path
    method: Literal["osem", "model"]
    weights: Path | None = None
    osem: OsemRequest = OsemRequest()
    out: Path


class TuneOsemRequest(_Request):
    """Choose OS-EM's iterations and post-filter by the body NRMSE on studies with a reference."""

    kind: Literal["tune_osem"]
    studies: list[Path] = Field(min_length=1)


class EvaluateRequest(_Request):
    """Score a model, or OS-EM where ``weights`` is ``"osem"``, on samples; ``out`` gets the answer as JSON."""

    kind: Literal["evaluate"]
    task: str
    weights: Path | Literal["osem"]
    studies: list[Path] = Field(min_length=1)
    osem: OsemRequest = OsemRequest()
    out: Path | None = None


Request = InitialiseRequest | CheckWeightsRequest | ReconstructRequest | TuneOsemRequest | EvaluateRequest
_REQUESTS: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])


def initialise(request: InitialiseRequest, progress: Progress) -> Answer:
    """Return ``path``, ``content_hash`` and the ``card``; an existing file of the same content is kept."""
    from model.checkpoint import save_model
    from model.tasks import load_task

    del progress
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


def check_weights(request: CheckWeightsRequest, progress: Progress) -> Answer:
    """Return what a usable file holds; `WeightsError` names what does not fit."""
    from model.checkpoint import load_weights
    from model.networks import parse_network
    from model.tasks import load_task

    del progress
    config = request.network or task_spec(request.task).default_network
    network = load_task(request.task).build_network(config)
    load_weights(request.path, network)
    header = read_tensors_header(request.path)
    return {
        "content_hash": content_hash(request.path),
        "network": parse_network(config).model_dump(mode="json"),
        "tensors": {name: {"shape": list(entry.shape), "dtype": entry.dtype} for name, entry in header.items()},
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }


def reconstruct_study(request: ReconstructRequest, progress: Progress) -> Answer:
    """Write the images and return metrics per image.

    The ``.npz`` holds float32 (Z, Y, X) arrays ``osem``, ``model`` (method model only), ``mu`` and ``reference``
    (where the study has them), in counts or mm^-1, and ``voxel_mm`` (z, y, x).
    """
    from model.classical import OsemSettings, reconstruct_osem
    from model.metrics import case_metrics

    study = read_study(request.study)
    settings = OsemSettings(**request.osem.model_dump())
    share = 0.9 if request.method == "osem" else 0.5
    started = time.perf_counter()
    images: dict[str, NDArray[np.float32]] = {
        "osem": reconstruct_osem(
            study, settings, on_iteration=lambda done: progress(share * done / settings.iterations)
        )
    }
    seconds: dict[str, JsonValue] = {"osem": time.perf_counter() - started}
    if request.method == "model":
        images["model"], seconds["model"] = _apply_model(request, study)
    scores = {} if study.reference is None else {name: case_metrics(image, study) for name, image in images.items()}
    arrays = images | {"voxel_mm": np.asarray(study.geometry.grid.voxel_mm, dtype=np.float32)}
    if study.attenuation is not None:
        arrays["mu"] = study.attenuation
    if study.reference is not None:
        arrays["reference"] = study.reference
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_atomically(request.out, buffer.getvalue())
    return {
        "out": str(request.out),
        "arrays": list[JsonValue](sorted(arrays)),
        "shape": list(study.geometry.volume_shape),
        "voxel_mm": list(study.geometry.grid.voxel_mm),
        "seconds": seconds,
        "osem_settings": request.osem.model_dump(),
        "metrics": {name: dict(values) for name, values in scores.items()},
    }


def _apply_model(request: ReconstructRequest, study: Study) -> tuple[NDArray[np.float32], float]:
    from model.checkpoint import load_model
    from model.inference import reconstruct
    from model.networks.inputs import ReconstructionNetwork

    if request.weights is None:
        message = "the method model needs weights"
        raise ModelError(code="request.invalid", message=message)
    network, _ = load_model(request.weights, task="spect-reconstruction")
    if not isinstance(network, ReconstructionNetwork):
        message = f"the model is a {type(network).__name__}, which reconstructs nothing"
        raise ModelError(code="weights.task", message=message)
    started = time.perf_counter()
    image = reconstruct(study, network)
    return image, time.perf_counter() - started


def tune(request: TuneOsemRequest, progress: Progress) -> Answer:
    """Return the best ``settings`` on the studies, in the form `OsemRequest` takes."""
    from model.tuning import tune_osem

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
    from model.metrics import bootstrap_ratio

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
    try:
        request = _REQUESTS.validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the request"
        message = f"the request is not valid at {place}: {first['msg']}"
        raise ModelError(code="request.invalid", message=message) from error
    import torch

    torch.set_num_threads(request.threads)
    match request:
        case InitialiseRequest():
            return initialise(request, progress)
        case CheckWeightsRequest():
            return check_weights(request, progress)
        case ReconstructRequest():
            return reconstruct_study(request, progress)
        case TuneOsemRequest():
            return tune(request, progress)
        case EvaluateRequest():
            return evaluate(request, progress)


def _error_line(error: Exception) -> Mapping[str, JsonValue]:
    if isinstance(error, ModelError):
        return {"error": {"code": error.code, "message": error.message, "remedy": error.remedy}}
    traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, MemoryError):
        return {"error": {"code": "job.out_of_memory", "message": "the computer has too little memory for this"}}
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return {"error": {"code": "job.file", "message": f"a file could not be read or written: {reason}"}}
    return {"error": {"code": "job.failed", "message": f"the computation failed unexpectedly ({type(error).__name__})"}}


def main(stdin: TextIO, stdout: TextIO) -> int:
    """Answer the request on ``stdin``; return the exit code."""
    last = -1.0

    def progress(done: float) -> None:
        nonlocal last
        if done - last >= PROGRESS_STEP:
            last = done
            _write(stdout, {"progress": round(min(max(done, 0.0), 1.0), 4)})

    try:
        _write(stdout, answer_request(stdin.read(), progress))
    except Exception as error:  # noqa: BLE001 - the border: every failure becomes one line with a code
        _write(stdout, _error_line(error))
        return 1
    return 0


def _write(stdout: TextIO, line: Mapping[str, JsonValue]) -> None:
    stdout.write(json.dumps(line, allow_nan=False) + "\n")
    stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.stdin, sys.stdout))
