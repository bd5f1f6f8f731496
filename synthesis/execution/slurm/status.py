"""How far the arrays of an output folder are: from their done files, and from Slurm where it answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from synthesis.errors import SynthesisError
from synthesis.execution.slurm import scheduler
from synthesis.execution.slurm.plan import ArrayFolder, Failure, Jobs, Plan, arrays


@dataclass(frozen=True)
class ArrayStatus:
    """One array: bodies planned and done, studies of all bodies, tasks that run or wait (None: Slurm does not answer), failures, job ids."""

    name: str
    planned: int
    studies: int
    done: int
    running: int | None
    waiting: int | None
    reasons: tuple[str, ...]
    failures: tuple[Failure, ...]
    job_ids: tuple[str, ...]

    def sentence(self) -> str:
        """Return one line for a person."""
        parts = [
            f"array {self.name} (job {' '.join(self.job_ids) or 'none'}): {self.done} of {self.planned} bodies done"
        ]
        if self.running is None:
            parts.append("Slurm does not answer here")
        elif self.running or self.waiting:
            why = f" ({', '.join(self.reasons)})" if self.reasons else ""
            parts.append(f"{self.running} tasks running, {self.waiting} waiting{why}")
        elif self.done < self.planned:
            parts.append("ended before all was done: run the same command again")
        if self.failures:
            parts.append(
                f"{len(self.failures)} tasks failed, first {self.failures[0].file or 'task'}: {self.failures[0].message}"
            )
        return "; ".join(parts)


def array_status(out: Path) -> tuple[ArrayStatus, ...]:
    """Return how far each array of an output folder is, oldest first; empty without arrays."""
    found = []
    for array in arrays(out):
        try:
            plan = array.plan()
        except SynthesisError:
            continue
        found.append(_status(array, plan, array.jobs() or Jobs(name="")))
    return tuple(found)


def _status(array: ArrayFolder, plan: Plan, jobs: Jobs) -> ArrayStatus:
    job_ids = tuple(job.job_id for job in jobs.jobs)
    done = array.finished()
    live = [] if len(done) == len(plan.bodies) else scheduler.queued(job_ids, jobs.name)
    pending = [task for task in live or () if task.state == "PENDING"]
    return ArrayStatus(
        name=array.path.name,
        planned=len(plan.bodies),
        studies=plan.studies,
        done=len(done),
        running=None if live is None else len(live) - len(pending),
        waiting=None if live is None else len(pending),
        reasons=tuple(
            sorted({task.reason for task in pending} - {"None", "Priority", "Resources", "JobArrayTaskLimit"})
        ),
        failures=tuple(array.failures()),
        job_ids=job_ids,
    )
