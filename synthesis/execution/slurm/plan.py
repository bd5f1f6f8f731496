"""The plan of an array, written once, and the records that its tasks leave beside it; all files appear whole or not at all.

``OUT/_slurm/0001/`` holds ``plan.json``, ``array.sbatch``, ``jobs.json``, ``done/00000.json`` (the records of
a finished body), ``failed/00000.json`` (the sentence of a task that failed) and ``logs/``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from model.io.atomic import write_atomically
from synthesis.execution.request import SampleRequest
from synthesis.execution.slurm.errors import PlanInvalid
from synthesis.manifest import SampleRecord, file_sha256
from synthesis.scenario import Scenario

ARRAYS = "_slurm"  # cannot be the folder of a site: their names begin with a letter or a digit
PLAN, SCRIPT, JOBS, DONE, FAILED, LOGS = "plan.json", "array.sbatch", "jobs.json", "done", "failed", "logs"
RECORDS: TypeAdapter[tuple[SampleRecord, ...]] = TypeAdapter(tuple[SampleRecord, ...])
SHARED = {"scenario", "folder", "seed"}  # the same for every request of an array


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Plan(_File):
    """What one array makes: `bodies` are requests without what they share, cut into tasks of `per_task`."""

    schema_version: Literal[1] = 1
    scenario: Scenario
    scenario_digest: str
    seed: int
    per_task: int
    max_restarts: int
    bodies: tuple[dict[str, Any], ...]

    @property
    def studies(self) -> int:
        """Return the number of studies: every body has one for each of its variants."""
        return sum(len(body.get("variants", (0,))) for body in self.bodies)

    @property
    def tasks(self) -> int:
        """Return the number of tasks."""
        return -(-len(self.bodies) // self.per_task)

    def numbers(self, task: int) -> range:
        """Return which bodies task number `task` makes."""
        return range(task * self.per_task, min((task + 1) * self.per_task, len(self.bodies)))

    def request(self, number: int, folder: Path) -> SampleRequest:
        """Return body `number` as a request for the output folder `folder`."""
        shared = {"scenario": self.scenario, "folder": folder, "seed": self.seed}
        return _requests().validate_python(self.bodies[number] | shared)


class Job(_File):
    """One submitted array: its task 0 is task `first` of the plan."""

    job_id: str
    first: int
    tasks: int


class Jobs(_File):
    """Everything submitted for one plan; `name` tells the jobs from others that got the same number later.

    `asked` is what Slurm was asked for and did not answer yet, without an id: it may be queued all the same.
    """

    name: str
    jobs: tuple[Job, ...] = ()
    asked: Job | None = None


class Failure(_File):
    """Why a task could not make a study."""

    task: int
    file: str
    code: str
    message: str
    remedy: str = ""


@dataclass(frozen=True)
class ArrayFolder:
    """One array's folder inside an output folder."""

    path: Path

    @property
    def out(self) -> Path:
        """Return the folder of the studies."""
        return self.path.parent.parent

    def plan(self) -> Plan:
        """Read the plan.

        Raises
        ------
        PlanInvalid
            Unreadable, or its scenario means something else to this version than to the one that wrote it.
        """
        try:
            plan = Plan.model_validate_json((self.path / PLAN).read_text(encoding="utf-8"))
            if plan.bodies:
                plan.request(0, self.out)
        except (OSError, ValidationError, UnicodeDecodeError) as error:
            message = f"The plan of the array in {ARRAYS}/{self.path.name} cannot be read: {type(error).__name__}."
            raise PlanInvalid(message) from error
        if plan.scenario.digest != plan.scenario_digest:
            message = f"The plan of the array in {ARRAYS}/{self.path.name} was written by another version."
            raise PlanInvalid(message)
        return plan

    def jobs(self) -> Jobs | None:
        """Return what was submitted, None before the first submission."""
        try:
            return Jobs.model_validate_json((self.path / JOBS).read_text(encoding="utf-8"))
        except (OSError, ValidationError, UnicodeDecodeError):
            return None

    def write_jobs(self, jobs: Jobs) -> None:
        """Note what was submitted."""
        write_atomically(self.path / JOBS, jobs.model_dump_json(indent=1))

    def write_records(self, number: int, records: tuple[SampleRecord, ...]) -> None:
        """Note the studies of a finished body."""
        write_atomically(self.path / DONE / f"{number:05d}.json", RECORDS.dump_json(records).decode())

    def records(self, number: int) -> tuple[SampleRecord, ...]:
        """Return the records of body `number`, none where there are none that can be read."""
        try:
            return RECORDS.validate_json((self.path / DONE / f"{number:05d}.json").read_bytes())
        except (OSError, ValidationError):
            return ()

    def finished(self) -> set[int]:
        """Return the numbers of the bodies that have records."""
        return _numbers(self.path / DONE)

    def write_failure(self, failure: Failure) -> None:
        """Note why a task failed; the last word counts."""
        write_atomically(self.path / FAILED / f"{failure.task:05d}.json", failure.model_dump_json())

    def forget_failure(self, task: int) -> None:
        """Forget an earlier failure of a task that starts again."""
        (self.path / FAILED / f"{task:05d}.json").unlink(missing_ok=True)

    def failures(self) -> list[Failure]:
        """Return the failures, in the order of tasks."""
        found = []
        for number in sorted(_numbers(self.path / FAILED)):
            try:
                text = (self.path / FAILED / f"{number:05d}.json").read_bytes()
                found.append(Failure.model_validate_json(text))
            except (OSError, ValidationError):
                continue
        return found

    def last_words(self, job_id: str, number: int) -> str:
        """Return the last line that task `number` of a job logged, empty if none."""
        try:
            text = (self.path / LOGS / f"{job_id}_{number}.out").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else ""


@cache
def _requests() -> TypeAdapter[SampleRequest]:
    return TypeAdapter(SampleRequest)


def new_array(requests: Sequence[SampleRequest], *, per_task: int, max_restarts: int) -> ArrayFolder:
    """Make the next folder of the output folder's arrays and write the plan into it."""
    first = requests[0]
    plan = Plan(
        scenario=first.scenario,
        scenario_digest=first.scenario.digest,
        seed=first.seed,
        per_task=per_task,
        max_restarts=max_restarts,
        bodies=tuple(_requests().dump_python(request, mode="json", exclude=SHARED) for request in requests),
    )
    base = first.folder.resolve() / ARRAYS
    base.mkdir(parents=True, exist_ok=True)
    number = max((int(array.path.name) for array in arrays(first.folder)), default=0) + 1
    array = ArrayFolder(base / f"{number:04d}")
    array.path.mkdir()
    for name in (DONE, FAILED, LOGS):
        (array.path / name).mkdir()
    write_atomically(array.path / PLAN, plan.model_dump_json(indent=1))
    return array


def arrays(out: Path) -> list[ArrayFolder]:
    """Return the arrays of an output folder that have a plan, oldest first."""
    base = out.resolve() / ARRAYS
    if not base.is_dir():
        return []
    return [ArrayFolder(path) for path in sorted(base.iterdir()) if re.fullmatch(r"\d{4,}", path.name)]


def matching(out: Path, scenario: Scenario, seed: int) -> Iterator[tuple[ArrayFolder, Plan]]:
    """Yield the arrays of an output folder that were made for this scenario and seed, oldest first."""
    for array in arrays(out):
        try:
            plan = array.plan()
        except PlanInvalid:
            continue
        if (plan.scenario_digest, plan.seed) == (scenario.digest, seed):
            yield array, plan


def collect_records(out: Path, scenario: Scenario, seed: int) -> dict[str, SampleRecord]:
    """Return the newest record of every study that an array made, by file name; the files are not looked at."""
    found: dict[str, SampleRecord] = {}
    for array, _plan in matching(out, scenario, seed):
        for number in sorted(array.finished()):
            found.update((record.file, record) for record in array.records(number))
    return found


def intact(out: Path, record: SampleRecord | None) -> bool:
    """Say whether the study of a record is there and as it was written."""
    return record is not None and (out / record.file).is_file() and file_sha256(out / record.file) == record.sha256


def _numbers(folder: Path) -> set[int]:
    if not folder.is_dir():
        return set()
    return {int(path.stem) for path in folder.glob("[0-9]*.json")}
