"""Answer one long request of the laboratory in a child process: train a network, compare methods, apply a model to a scan.

``python -P -m model.laboratory_jobs`` speaks as `model.job_protocol` says. A training that gets SIGTERM writes its checkpoint
and answers ``{"interrupted": true}``; the same request with ``resume`` goes on.
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from model.curves import thinned_rows
from model.errors import ModelError
from model.job_protocol import Answer, Report, parse_request, serve
from model.job_requests import OsemRequest, ReconstructRequest

if TYPE_CHECKING:
    from model.training.run import TrainRequest

CURVE_ROWS = 200
PREPARED_SHARE = 0.1


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    threads: int = Field(default=1, ge=1, le=256, description="processor threads that torch may use")


class TrainJob(_Request):
    """Train a network on folders of studies; ``out`` is the weights file, its card lies beside it."""

    kind: Literal["train"]
    data: list[Path] = Field(min_length=1)
    validation: Path | None = None
    holdout: float = Field(default=0.2, ge=0.01, le=0.5)
    network: dict[str, JsonValue]
    init: Path | None = None
    epochs: int = Field(ge=1, le=10_000)
    patience: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0)
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    out: Path
    resume: bool = False


class CompareJob(_Request):
    """Reconstruct study files by several methods and compare the images with the truth; ``out`` is a folder."""

    kind: Literal["compare"]
    studies: list[Path] = Field(min_length=1, max_length=5000)
    methods: list[str] = Field(min_length=1)
    titles: dict[str, str] = Field(default_factory=dict, description="method -> what the report calls it")
    against: str | None = None
    title: str
    out: Path


class ApplyJob(_Request):
    """Reconstruct one scan by OSEM and by a model; ``out`` is the ``.npz``.

    A ``scan`` that is no study file is imported without identifiers as ``study``; the original is removed then.
    """

    kind: Literal["apply"]
    scan: Path
    study: Path
    weights: Path | None = None
    shipped: str | None = None
    osem: OsemRequest = OsemRequest()
    intervals: bool = False
    out: Path


Request = TrainJob | CompareJob | ApplyJob
REQUESTS: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])


def train(job: TrainJob, report: Report) -> Answer:
    """Return the ``card`` and ``path`` of the best weights, or ``interrupted`` with the steps done.

    Progress lines hold ``stage``; while it trains ``step``, ``steps``, ``epoch``, ``loss``, and after each validation the
    ``curve`` so far.
    """
    from model.commands.train import stop_on_signals
    from model.training.distributed import join_group
    from model.training.run import Watch, run_training

    request = _train_request(job)
    with join_group("cpu") as group, stop_on_signals() as stopped:

        def prepared(done: int, total: int) -> None:
            report(PREPARED_SHARE * done / max(1, total), stage="preparing", done=done, total=total)
            if stopped:
                raise KeyboardInterrupt

        watch = Watch(
            on_note=_note,
            on_prepared=prepared,
            on_progress=lambda step: _told(report, step),
            should_stop=lambda: bool(stopped),
        )
        try:
            result = run_training(request, group, watch)
        except KeyboardInterrupt:
            return {"interrupted": True, "steps": 0}
    if result.saved is None:
        return {"interrupted": True, "steps": 0 if result.outcome is None else result.outcome.state.steps}
    left_out: list[JsonValue] = [{"study": item.name, "reason": item.reason} for item in result.left_out]
    return {"path": str(result.saved.path), "card": result.saved.card.model_dump(mode="json"), "left_out": left_out}


def _told(report: Report, step: object) -> None:
    from model.training.plan import LocalProgress

    assert isinstance(step, LocalProgress)  # noqa: S101 - narrowing; the training calls with nothing else
    validated = math.isnan(step.loss)
    more: dict[str, JsonValue] = {
        "stage": "training",
        "step": step.step,
        "steps": step.steps,
        "epoch": step.epoch,
        "loss": None if validated else step.loss,
    }
    if validated:
        more |= {"curve": curve_rows(step.state.curve), "best_score": step.state.best_score}
    report(PREPARED_SHARE + (1 - PREPARED_SHARE) * step.step / max(1, step.steps), news=validated, **more)


def curve_rows(curve: Sequence[Mapping[str, JsonValue]]) -> list[JsonValue]:
    """Return the validation curve without what is not finite, thinned evenly to at most `CURVE_ROWS` rows, the last kept."""
    return [{key: value for key, value in row.items() if _is_plain(value)} for row in thinned_rows(curve, CURVE_ROWS)]


def _is_plain(value: JsonValue) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _word(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _train_request(job: TrainJob) -> "TrainRequest":
    from model.networks import parse_network
    from model.training.plan import TrainPlan
    from model.training.run import TrainRequest, parse_settings

    settings = [f"{name}={_word(value)}" for name, value in job.parameters.items()]
    network = parse_network(job.network).model_dump(mode="json")
    return TrainRequest(
        data=tuple(job.data),
        validation=job.validation,
        holdout=job.holdout,
        network=network,
        out=job.out,
        plan=TrainPlan(epochs=job.epochs, seed=job.seed, patience=job.patience),
        parameters=parse_settings(settings, seed=job.seed),
        init=job.init,
        resume=job.resume,
        force=True,  # a job's folder is its own
        command=tuple(_as_command(job, str(network["name"]), settings)),
    )


def _as_command(job: TrainJob, network: str, settings: Sequence[str]) -> list[str]:
    """Return the words that do the same on the command line, for the card."""
    words = ["flomir", "train", "--model", network, "--epochs", str(job.epochs), "--seed", str(job.seed)]
    for folder in job.data:
        words += ["--data", str(folder)]
    if job.validation is not None:
        words += ["--validation", str(job.validation)]
    else:
        words += ["--holdout", f"{job.holdout:g}"]
    words += [] if job.init is None else ["--init", str(job.init)]
    words += [] if job.patience is None else ["--patience", str(job.patience)]
    for setting in settings:
        words += ["--set", setting]
    return [*words, "--out", job.out.name]


def compare(job: CompareJob, report: Report) -> Answer:
    """Write report, figures and cases into ``out``; return the figures without the single cases."""
    from model.commands.evaluate import write_evaluation
    from model.evaluation.run import EvaluationRun

    run = EvaluationRun(
        job.studies,
        job.methods,
        job.against,
        titles=job.titles,
        on_stage=lambda name, share: report(0.9 * share if name == "reconstructing" else 0.9 + 0.1 * share, stage=name),
    )
    found = run.run(job.title)
    write_evaluation(job.out, found)
    figures = {key: value for key, value in found.to_dict().items() if key not in ("cases", "machine")}
    return cast("Answer", _finite(figures))


def _finite(value: object) -> object:
    """Return JSON values in which what is not finite is None."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def apply(job: ApplyJob, report: Report) -> Answer:
    """Return what `model.reconstruction_job.reconstruct_study` does; an imported scan lies as a study file beside the images."""
    from model.reconstruction_job import reconstruct_study

    notes: list[JsonValue] = []
    if job.scan != job.study:
        report(0.0, stage="reading", news=True)
        notes = list[JsonValue](_import(job.scan, job.study))
    request = ReconstructRequest(
        kind="reconstruct",
        study=job.study,
        method="model" if job.weights is not None or job.shipped is not None else "osem",
        weights=job.weights,
        shipped=job.shipped,
        osem=job.osem,
        intervals=job.intervals,
        out=job.out,
    )
    return {**reconstruct_study(request, lambda done: report(done, stage="reconstructing")), "notes": notes}


def _import(scan: Path, study: Path) -> tuple[str, ...]:
    """Write the scan's first study without identifiers and remove the original; return what was assumed."""
    from model.io.importing import import_studies
    from model.io.study import write_study

    imported = import_studies(scan)[0]
    write_study(study, imported.study)
    scan.unlink()
    return imported.notes


def _note(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def answer_request(raw: str, report: Report) -> Answer:
    """Parse and answer one request.

    Raises
    ------
    ModelError
        ``request.invalid`` for a request that is not one of ours, else what the work itself raises.
    """
    job = parse_request(REQUESTS.validate_json, raw)
    import torch

    torch.set_num_threads(job.threads)
    match job:
        case TrainJob():
            return train(job, report)
        case CompareJob():
            return compare(job, report)
        case ApplyJob():
            return apply(job, report)


def main(stdin: TextIO, stdout: TextIO) -> int:
    """Answer the request on ``stdin``; return the exit code."""
    return serve(answer_request, stdin, stdout, expected=(ModelError,))


if __name__ == "__main__":
    sys.exit(main(sys.stdin, sys.stdout))
