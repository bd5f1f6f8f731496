"""Slurm's own programs, and what they say."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from synthesis.execution.slurm.errors import SlurmMissing, SubmissionRejected

ANSWER_S = 60.0  # a busy controller may take its time
ARRAY_SIZE = 1001  # slurm.conf(5): default of MaxArraySize, one more than the largest number of a task
LATER = "Run the same command again when the cluster answers."
HOPELESS = {  # squeue(1), JOB REASON CODES: what no amount of waiting changes
    "AccountNotAllowed", "AssocMaxCpuPerJobLimit", "AssocMaxMemPerJob", "AssocMaxWallDurationPerJobLimit", "BadConstraints",
    "InvalidAccount", "InvalidQOS", "PartitionNodeLimit", "PartitionTimeLimit", "QOSMaxMemoryPerJob",
    "QOSMaxWallDurationPerJobLimit", "QOSNotAllowed",
}  # fmt: skip
REMEDIES = (  # words of sbatch's sentence -> what to change
    ("partition", "Correct `partition` in the cluster profile; `sinfo` lists the partitions."),
    ("account", "Correct `account` in the cluster profile; `sacctmgr show assoc user=$USER` lists yours."),
    ("qos", "Correct `qos` in the cluster profile; `sacctmgr show qos` lists them."),
    ("time limit", "Lower `time` in the cluster profile; `sinfo -o '%P %l'` lists the limits."),
    ("submit", "Wait until fewer of your jobs are queued, then run the same command again."),
    ("memory", "Lower `memory` in the cluster profile."),
    ("node configuration", "Lower `memory` in the cluster profile, or choose another partition."),
)


@dataclass(frozen=True)
class QueuedTask:
    """A task that Slurm still knows: waiting, running or ending."""

    job_id: str
    number: int
    state: str
    reason: str


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=ANSWER_S, check=False,
            env=os.environ | {"LC_ALL": "C"},
        )  # fmt: skip
    except FileNotFoundError as error:
        message = f"{program} is not installed here."
        raise SlurmMissing(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"{program} did not answer within {ANSWER_S:g} s."
        raise SlurmMissing(message, LATER) from error


def submit(script: Path, *, tasks: int, first: int, parallel: int | None) -> str:
    """Submit one array and return its job id.

    Raises
    ------
    SubmissionRejected
        With sbatch's own sentence.
    SlurmMissing
        Without an answer; the array may be queued all the same (`named`).
    """
    limit = "" if parallel is None else f"%{parallel}"
    done = _run("sbatch", "--parsable", f"--array=0-{tasks - 1}{limit}", str(script), str(first))
    job_id = done.stdout.strip().split(";")[0]
    if done.returncode != 0 or not job_id.isdigit():
        said = _sentence(done.stderr) or f"exit status {done.returncode}"
        if "timed out" in said.lower():
            message = f"Slurm did not say whether it took the array: {said}."
            raise SlurmMissing(message, LATER)
        message = f"Slurm refused the array: {said}."
        raise SubmissionRejected(message, _remedy(said))
    return job_id


def queued(job_ids: Sequence[str], name: str) -> list[QueuedTask] | None:
    """Return the tasks of these jobs that have not ended, None if Slurm does not answer or is not here."""
    if not job_ids:
        return []
    try:
        done = _run("squeue", "--noheader", "--array", f"--jobs={','.join(job_ids)}", "--format=%i|%T|%j|%r")
    except SlurmMissing:
        return None
    if done.returncode != 0:
        return [] if "Invalid job id" in done.stderr else None
    tasks = []
    for line in done.stdout.splitlines():
        match = re.fullmatch(r"(\d+)_(\d+)\|(\w+)\|([^|]*)\|(.*)", line.strip())
        if match and match[4] == name:
            tasks.append(QueuedTask(match[1], int(match[2]), match[3], match[5]))
    return tasks


def named(name: str) -> list[str] | None:
    """Return the ids of the arrays of this name that have not ended, None if Slurm does not answer or is not here."""
    try:
        done = _run("squeue", "--noheader", f"--name={name}", "--format=%F")
    except SlurmMissing:
        return None
    return sorted({line.strip() for line in done.stdout.splitlines()} - {""}) if done.returncode == 0 else None


def cancel(job_ids: Sequence[str]) -> None:
    """End these jobs."""
    _run("scancel", *job_ids)


def array_size() -> int:
    """Return how many tasks one array may have here."""
    match = re.search(r"^MaxArraySize\s*=\s*(\d+)", _run("scontrol", "show", "config").stdout, re.MULTILINE)
    return max(int(match[1]) if match else ARRAY_SIZE, 2) - 1


def hopeless(tasks: Sequence[QueuedTask]) -> str | None:
    """Return the reason why none of these tasks will ever start, None if one may."""
    reasons = {task.reason for task in tasks if task.state == "PENDING"}
    stuck = reasons & HOPELESS
    return min(stuck) if stuck and reasons == stuck and all(task.state == "PENDING" for task in tasks) else None


def _sentence(errors: str) -> str:
    """Return what sbatch said, without its prefixes and repetitions."""
    lines = [re.sub(r"^sbatch: (error: |fatal: )?", "", line).strip().rstrip(".") for line in errors.splitlines()]
    lines = [line for line in lines if line and not line.startswith("Try ")]
    general = [line for line in lines if line.startswith("Batch job submission failed")]
    return (general or lines or [""])[-1].removeprefix("Batch job submission failed: ")


def _remedy(said: str) -> str:
    for words, remedy in REMEDIES:
        if words in said.lower():
            return remedy
    return "Correct the cluster profile and run again."
