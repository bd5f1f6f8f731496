"""What a kind of job must tell the queue: what its child is asked, what it says on the way, what its answer means."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Literal, Protocol

from fl_core.protocol.messages import Json
from fl_core.storage.database import Transaction
from fl_core.storage.lab_work import JobRow, JobState

Lane = Literal["heavy", "light"]
DAY_S = 86_400.0
LOSS_POINTS = 240
LEAST_FREE_BYTES = 200_000_000
"""No job begins with less free on the disk, and no data set takes it."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A module to run in a child, and its request."""

    module: str
    request: Mapping[str, object]
    timeout_s: float = 30 * DAY_S


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a finished job keeps."""

    result: Json = field(default_factory=dict)
    model_id: str | None = None


class Work(Protocol):
    """One kind of job; what has a body here is so unless a kind says otherwise."""

    @property
    def lane(self) -> Lane:
        """Heavy jobs run one after another; light ones beside them, one after another."""

    def can_resume(self, job: JobRow, folder: Path) -> bool:
        """Tell whether a job that ended early can be gone on with; `folder` is the job's, where it finds what it did."""
        del job, folder
        return True

    def ask(self, job: JobRow, folder: Path) -> Ask:
        """Return what the child is asked; raises FlomirError where the job cannot begin any more."""

    def finish(self, tx: Transaction, job: JobRow, answer: Mapping[str, object]) -> Outcome:
        """Keep what the child made, in the transaction that ends the job."""

    def changed(self, tx: Transaction, job: JobRow, state: JobState) -> None:
        """Follow the job's state in what belongs to it."""

    def removed(self, job: JobRow) -> None:
        """Let go of what belongs to a job that is forgotten, outside of its folder; there is nothing."""
        del job


class RunLongJob(Protocol):
    """`fl_core.supervision.jobs.run_job`, as far as it is used for long jobs."""

    def __call__(
        self,
        module: str,
        request: Mapping[str, object],
        *,
        timeout_s: float,
        on_progress: Callable[[dict[str, object]], None] | None = None,
        cancel: Event | None = None,
        log: Path | None = None,
        grace_s: float = 2.0,
    ) -> dict[str, object]:
        """Run one computation in a child and return its answer."""


def processors() -> int:
    """Return how many processors a heavy job takes: all but one, which the pages and light jobs keep."""
    affinity = getattr(os, "sched_getaffinity", None)
    return max(1, (len(affinity(0)) if affinity is not None else os.cpu_count() or 1) - 1)


def heard(live: Json, line: Mapping[str, object]) -> Json:
    """Return a job's live state after one line of its child: the latest words, and losses thinned to `LOSS_POINTS`."""
    known = {key: value for key, value in line.items() if key != "progress"}
    after = {**live, **known, "share": line["progress"]}
    step, loss = line.get("step"), line.get("loss")
    if isinstance(step, int) and isinstance(loss, float):
        before = live.get("losses")
        point = {"step": step, "loss": loss}
        losses = [*before, point] if isinstance(before, list) else [point]
        after["losses"] = losses[::2] if len(losses) > LOSS_POINTS else losses
    return after
