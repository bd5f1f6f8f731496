"""Submit what is missing as an array job, wait for its records, say in one sentence why some do not come."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from model.io.atomic import write_atomically
from synthesis.execution.interrupts import interruptible
from synthesis.execution.request import SampleRequest
from synthesis.execution.slurm import scheduler
from synthesis.execution.slurm.errors import ArrayFailed, ArrayLeftRunning, SlurmMissing, SubmissionRejected
from synthesis.execution.slurm.plan import (
    LOGS,
    SCRIPT,
    ArrayFolder,
    Job,
    Jobs,
    Plan,
    collect_records,
    intact,
    matching,
    new_array,
)  # fmt: skip
from synthesis.execution.slurm.profile import ClusterProfile
from synthesis.execution.slurm.script import batch_script
from synthesis.manifest import SampleRecord

LOOK_S = 0.5  # between two looks at the records
ASK_S = (2.0, 15.0)  # between two questions to Slurm: at first, and later (sites dislike frequent questions)
OnDone = Callable[[SampleRecord], None]
T = TypeVar("T")


@dataclass
class _Watched:
    """One array whose records are waited for."""

    array: ArrayFolder
    plan: Plan
    jobs: Jobs
    seen: set[int] = field(default_factory=set)

    @property
    def job_ids(self) -> list[str]:
        return [job.job_id for job in self.jobs.jobs]

    def live(self) -> list[scheduler.QueuedTask] | None:
        return scheduler.queued(self.job_ids, self.jobs.name)

    def numbers(self, tasks: Sequence[scheduler.QueuedTask]) -> set[int]:
        """Return which bodies these tasks make."""
        first = {job.job_id: job.first for job in self.jobs.jobs}
        return {number for task in tasks for number in self.plan.numbers(first[task.job_id] + task.number)}

    def files(self, number: int) -> set[str]:
        request = self.plan.request(number, self.array.out)
        return {request.file_of(variant) for variant in request.variants}


def run_array(
    requests: Sequence[SampleRequest], *, profile: ClusterProfile, on_done: OnDone, wait: bool = True
) -> tuple[str, ...]:
    """Make the requested studies on a Slurm cluster; `on_done` is called here, a study, as their records appear.

    Studies that an earlier array finished are reported at once, those that a queued or running array will make are
    waited for, and only the rest is submitted.

    Parameters
    ----------
    requests : sequence of SampleRequest
        Of one scenario, seed and output folder.
    profile : ClusterProfile
    on_done : callable
    wait : bool
        False returns as soon as the array is submitted.

    Returns
    -------
    tuple of str
        Ids of the jobs that were still at work when this was called or were submitted by it.

    Raises
    ------
    SlurmMissing, SubmissionRejected
    ArrayFailed
        The array ended and studies are missing; the sentence of a task that failed is passed on.
    ArrayLeftRunning
        On Ctrl-C while waiting.
    """
    if not requests:
        return ()
    wanted = _Wanted(requests, on_done)
    watched = wanted.take_over()
    if wanted.uncovered:
        watched.append(_submit(wanted.uncovered, profile))
    job_ids = tuple(job_id for each in watched for job_id in each.job_ids)
    if wait and watched:
        try:
            with interruptible() as raise_if_interrupted:
                _Wait(wanted, watched, profile.settle_s).run(raise_if_interrupted)
        except KeyboardInterrupt:
            folder = str(requests[0].folder)
            raise ArrayLeftRunning(wanted.planned - len(wanted.files), wanted.planned, job_ids, folder) from None
    return job_ids


class _Wanted:
    """Which files are still to come."""

    def __init__(self, requests: Sequence[SampleRequest], on_done: OnDone) -> None:
        self.requests = requests
        self.on_done = on_done
        self.files = {request.file_of(variant) for request in requests for variant in request.variants}
        self.planned = len(self.files)
        self.uncovered: list[SampleRequest] = list(requests)

    def take(self, record: SampleRecord) -> None:
        """Report a study that was waited for."""
        if record.file in self.files:
            self.files.discard(record.file)
            self.on_done(record)

    def take_over(self) -> list[_Watched]:
        """Report what earlier arrays finished and return those that are still at work on something wanted."""
        first = self.requests[0]
        for record in collect_records(first.folder, first.scenario, first.seed).values():
            if record.file in self.files and intact(first.folder, record):
                self.take(record)
        watched, covered = [], set[str]()
        for array, plan in matching(first.folder, first.scenario, first.seed):
            jobs = array.jobs()
            if jobs is None or len(array.finished()) == len(plan.bodies):
                continue
            each = _Watched(array, plan, _adopted(array, jobs))
            files = set[str]().union(*(each.files(number) for number in each.numbers(_answered(each.live()))))
            if files & self.files:
                watched.append(each)
                covered |= files
        self.uncovered = [
            request
            for request in self.requests
            if any(request.file_of(variant) in self.files - covered for variant in request.variants)
        ]
        return watched


def _adopted(array: ArrayFolder, jobs: Jobs) -> Jobs:
    """Take over the job that Slurm queued without saying so."""
    if jobs.asked is None:
        return jobs
    new = set(_answered(scheduler.named(jobs.name))) - {job.job_id for job in jobs.jobs}
    if not new:
        return jobs
    job = jobs.asked.model_copy(update={"job_id": min(new)})
    jobs = Jobs(name=jobs.name, jobs=(*jobs.jobs, job))
    array.write_jobs(jobs)
    return jobs


def _answered(found: list[T] | None) -> list[T]:
    if found is None:
        message = "Slurm does not say whether an earlier array is still at work."
        raise SlurmMissing(message, "Run the same command again, on a login node, when squeue answers.")
    return found


def _submit(requests: Sequence[SampleRequest], profile: ClusterProfile) -> _Watched:
    """Write plan and script, and submit as many arrays as the cluster's limit asks for."""
    limit = scheduler.array_size()
    limit = min(limit, profile.array_size or limit)
    single = requests[0].scenario.simulation.kind == "gate"
    per_task = 1 if single else profile.studies_per_task
    array = new_array(requests, per_task=per_task, max_restarts=profile.max_restarts)
    plan = array.plan()
    jobs = Jobs(name=f"flomir-{secrets.token_hex(4)}")
    write_atomically(array.path / SCRIPT, batch_script(profile, array.path, jobs.name))
    for first in range(0, plan.tasks, limit):
        tasks = min(limit, plan.tasks - first)
        job = Job(job_id="", first=first, tasks=tasks)
        array.write_jobs(jobs.model_copy(update={"asked": job}))  # for the case that the answer never comes
        try:
            job_id = scheduler.submit(array.path / SCRIPT, tasks=tasks, first=first, parallel=profile.parallel_tasks)
        except SubmissionRejected as error:
            if not jobs.jobs:
                _forget(array)
                raise
            array.write_jobs(jobs)
            message = f"Slurm took {first} of {plan.tasks} tasks and not the rest. {error.message}"
            raise SubmissionRejected(message, error.remedy) from error
        jobs = jobs.model_copy(update={"jobs": (*jobs.jobs, job.model_copy(update={"job_id": job_id}))})
        array.write_jobs(jobs)
    return _Watched(array, plan, jobs)


def _forget(array: ArrayFolder) -> None:
    """Remove the folder of an array that was never queued."""
    for path in sorted(array.path.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    array.path.rmdir()


class _Wait:
    """Looks at the records often and asks Slurm now and then, until all is there or nothing more will come."""

    def __init__(self, wanted: _Wanted, watched: Sequence[_Watched], settle_s: float) -> None:
        self._wanted = wanted
        self._watched = watched
        self._settle_s = settle_s
        self._ask_every_s = ASK_S[0]

    def run(self, raise_if_interrupted: Callable[[], None]) -> None:
        asked, over_since = time.monotonic(), None
        while True:
            self._look()
            if not self._wanted.files:
                return
            raise_if_interrupted()
            now = time.monotonic()
            if over_since is None and now - asked > self._ask_every_s:
                over_since = now if self._is_over() else None
                asked, self._ask_every_s = now, min(2 * self._ask_every_s, ASK_S[1])
            elif over_since is not None and (self._failures() or now - over_since > self._settle_s):
                self._look()
                if self._wanted.files:
                    raise self._failure()
                return
            time.sleep(LOOK_S)

    def _look(self) -> None:
        for each in self._watched:
            for number in sorted(each.array.finished() - each.seen):
                records = each.array.records(number)
                awaited = [record for record in records if record.file in self._wanted.files]
                whole = [record for record in awaited if intact(each.array.out, record)]
                for record in whole:
                    self._wanted.take(record)
                if records and whole == awaited:  # a shared disk may show a record before its study
                    each.seen.add(number)

    def _is_over(self) -> bool:
        """Say whether Slurm has nothing more to run; raise if what is queued will never start."""
        over = True
        for each in self._watched:
            live = each.live()
            over = over and live == []
            reason = scheduler.hopeless(live or ())
            if reason is not None:
                scheduler.cancel(each.job_ids)
                message = f"Slurm will never start the array: {reason}. It has been cancelled."
                raise SubmissionRejected(message, _advice(reason))
        return over

    def _failures(self) -> list[str]:
        return [
            f"{failure.file or f'task {failure.task}'}: {failure.message} {failure.remedy}".strip()
            for each in self._watched
            for failure in each.array.failures()
        ]

    def _failure(self) -> ArrayFailed:
        missing, failures = len(self._wanted.files), self._failures()
        why = failures[0] if failures else self._last_words()
        logs = Path(self._watched[-1].array.path, LOGS)
        return ArrayFailed(
            f"The array ended, {missing} of {self._wanted.planned} studies are missing. {why}",
            f"Logs are in {logs}; run the same command again to make what is missing.",
        )

    def _last_words(self) -> str:
        for each in self._watched:
            for job in each.jobs.jobs:
                for number in range(job.tasks):
                    unfinished = set(each.plan.numbers(job.first + number)) - each.array.finished()
                    if unfinished:
                        said = each.array.last_words(job.job_id, number)
                        return (
                            f"Task {job.first + number} ended without a reason; last line of its log: {said or 'none'}."
                        )
        return self._lost() or "No task gave a reason."

    def _lost(self) -> str:
        """Name a study that was finished and then deleted or damaged, empty for none."""
        for each in self._watched:
            for number in sorted(each.array.finished() - each.seen):
                for record in each.array.records(number):
                    if record.file in self._wanted.files:
                        return f"{record.file} was made, and then deleted or damaged."
        return ""


def _advice(reason: str) -> str:
    if "Time" in reason or "Wall" in reason:
        return "Lower `time` in the cluster profile; `sinfo -o '%P %l'` lists the limits."
    if "Mem" in reason:
        return "Lower `memory` in the cluster profile."
    return "Correct the cluster profile; `scontrol show partition` and `sacctmgr show assoc user=$USER` say what is allowed."
