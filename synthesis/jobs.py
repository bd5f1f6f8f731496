"""Answer one request about data sets in a child process: estimate, make, check and picture a set of studies.

``python -P -m synthesis.jobs`` speaks as `model.job_protocol` says. SIGTERM ends the making of studies as Ctrl-C does: what is
finished is kept, and the same request goes on.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from model.errors import ModelError
from model.job_protocol import Answer, Report, parse_request, serve
from synthesis.errors import SynthesisError
from synthesis.scenario import Scenario, validate_scenario

MADE_SHARE = 0.8


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EstimateJob(_Request):
    """Say what a set will cost; with ``probe`` one study of each site is made to measure it."""

    kind: Literal["estimate"]
    scenario: dict[str, Any]
    studies: int = Field(ge=1, description="bodies at each site")
    variants: int = Field(default=1, ge=1, le=100)
    cores: int = Field(ge=1)
    probe: bool = True


class MakeJob(_Request):
    """Make studies in ``folder`` and describe them in ``about``."""

    kind: Literal["make"]
    scenario: dict[str, Any]
    studies: int = Field(ge=1)
    variants: int = Field(default=1, ge=1, le=100)
    seed: int = Field(ge=0)
    workers: int = Field(ge=1)
    spare_bytes: int = Field(default=0, ge=0, description="left free on the disk whatever is made")
    folder: Path
    about: Path


class CheckJob(_Request):
    """Read every study of ``folder`` and describe them in ``about``."""

    kind: Literal["check"]
    folder: Path
    about: Path


Request = EstimateJob | MakeJob | CheckJob
REQUESTS: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])


def estimate(job: EstimateJob, report: Report) -> Answer:
    """Return the estimate's figures, and the bytes that are free in the working folder."""
    from synthesis.inspection.estimate import estimate as estimated

    scenario = validate_scenario(job.scenario)
    found = estimated(
        scenario,
        studies=job.studies * job.variants * len(scenario.sites),
        cores=job.cores,
        days=14.0,
        variants=job.variants,
        probe=job.probe,
        on_site=lambda done, total: report(done / max(1, total), stage="measuring"),
    )
    return cast("Answer", {key: value for key, value in found.to_dict().items() if key != "sites"})


def make(job: MakeJob, report: Report) -> Answer:
    """Make the studies that are missing; return what `describe` says of all.

    Raises
    ------
    OutputUnusable
        Also when the disk has less room than the set needs; nothing is made then.
    GenerationInterrupted
        On SIGTERM.
    """
    from synthesis.execution.interrupts import terminated_as_interrupted
    from synthesis.pipeline import Progress, generate

    scenario = validate_scenario(job.scenario)
    _check_room(job, scenario)

    def step(progress: Progress) -> None:
        report(
            MADE_SHARE * progress.done / max(1, progress.planned),
            stage="making",
            done=progress.done,
            total=progress.planned,
        )

    with terminated_as_interrupted():
        generate(
            scenario,
            job.folder,
            job.studies,
            job.seed,
            workers=job.workers,
            variants=job.variants,
            on_progress=step,
        )
    return _described(job.folder, job.about, report, MADE_SHARE)


def _check_room(job: MakeJob, scenario: Scenario) -> None:
    from synthesis.inspection.estimate import estimate as estimated

    studies = job.studies * job.variants * len(scenario.sites)
    needed = estimated(
        scenario, studies=studies, cores=job.workers, days=14.0, variants=job.variants, probe=False
    ).bytes
    job.folder.mkdir(parents=True, exist_ok=True)
    there = sum(path.stat().st_size for path in job.folder.rglob("*.h5"))
    free = shutil.disk_usage(job.folder).free
    if needed - there + job.spare_bytes > free:
        message = f"The set needs about {needed / 1e6:.0f} MB, {free / 1e6:.0f} MB are free."
        raise DiskTooSmall(message)


class DiskTooSmall(SynthesisError):  # noqa: N818 (named for what happened)
    """The disk has less room than the set needs."""

    def __init__(self, message: str, remedy: str = "Make fewer studies, or free some space.") -> None:
        super().__init__("synthesis.disk_full", message, remedy)


def check(job: CheckJob, report: Report) -> Answer:
    """Return what `describe` says of the studies of a folder; raises OutputUnusable when there is none to read."""
    return _described(job.folder, job.about, report, 0.0)


def _described(folder: Path, about: Path, report: Report, before: float) -> Answer:
    from synthesis.inspection.describe import describe

    def told(stage: str, done: int, total: int) -> None:
        half = 0.5 * done / max(1, total) + (0.0 if stage == "checking" else 0.5)
        report(before + (1 - before) * half, stage=stage, done=done, total=total)

    return cast("Answer", describe(folder, about, on_step=told))


def answer_request(raw: str, report: Report) -> Answer:
    """Parse and answer one request; raises ModelError (``request.invalid``) for one that is not ours, else what the work raises."""
    job = parse_request(REQUESTS.validate_json, raw)
    match job:
        case EstimateJob():
            return estimate(job, report)
        case MakeJob():
            return make(job, report)
        case CheckJob():
            return check(job, report)


def main(stdin: TextIO, stdout: TextIO) -> int:
    """Answer the request on ``stdin``; return the exit code."""
    return serve(answer_request, stdin, stdout, expected=(SynthesisError, ModelError))


if __name__ == "__main__":
    sys.exit(main(sys.stdin, sys.stdout))
