"""The batch script of an array: one processor a task, told before its time is up, queued again where it left off."""

from __future__ import annotations

import shlex
from pathlib import Path

from synthesis.execution.slurm.plan import LOGS
from synthesis.execution.slurm.profile import ClusterProfile

TASK_MODULE = "synthesis.execution.slurm.task"
STOPPED = 75  # EX_TEMPFAIL of sysexits.h: the task stopped between two studies because it was asked to
SPARE_S = 15  # of the warning before the time limit, what requeueing itself may take
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

BODY = """\
set -u
asked=""
ask() {
  asked=yes
  kill -USR1 "$task" 2>/dev/null
  { sleep @GRACE@; kill -KILL "$task"; } 2>/dev/null &
}
task=""
trap ask USR1  # the time limit is near, or the job is about to be preempted: end the study at hand, then queue again
trap 'kill -USR1 "$task" 2>/dev/null' TERM  # cancelled or preempted: Slurm itself decides what follows
@SETUP@
"@PYTHON@" -m @MODULE@ "@FOLDER@" "$1" &
task=$!
wait "$task"; code=$?
while kill -0 "$task" 2>/dev/null; do wait "$task"; code=$?; done  # a signal ends wait, not the task
if [ -n "$asked" ] && [ "$code" -ne 0 ] && [ "$code" -ne 1 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt @RESTARTS@ ]; then
  echo "queued again after start $((${SLURM_RESTART_COUNT:-0} + 1))"
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}" && exit 0
fi
exit "$code"
"""


def batch_script(profile: ClusterProfile, folder: Path, name: str) -> str:
    """Return the script; it takes the number of the array's first task as its argument."""
    lines = [
        f"--job-name={name}",
        *_given("partition", profile.partition),
        *_given("account", profile.account),
        *_given("qos", profile.qos),
        "--nodes=1",
        "--ntasks=1",
        "--cpus-per-task=1",
        f"--mem={profile.memory}",
        f"--time={profile.time}",
        "--requeue",
        "--open-mode=append",
        f"--signal=B:USR1@{profile.signal_s}",
        f"--output={_sbatch_quoted(str(folder / LOGS / '%A_%a.out'), folder)}",
        *profile.extra,
    ]
    setup = [*profile.setup, *(f"export {name}=1" for name in THREADS), "export PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1"]
    body = BODY.replace('"@PYTHON@"', shlex.quote(profile.python)).replace('"@FOLDER@"', shlex.quote(str(folder)))
    replaced = {
        "@SETUP@": "\n".join(setup),
        "@MODULE@": TASK_MODULE,
        "@GRACE@": str(max(profile.signal_s - SPARE_S, 5)),
        "@RESTARTS@": str(profile.max_restarts),
    }
    for mark, text in replaced.items():
        body = body.replace(mark, text)
    return "\n".join(["#!/bin/bash", *(f"#SBATCH {line}" for line in lines), body])


def _given(option: str, value: str | None) -> list[str]:
    return [] if value is None else [f"--{option}={value}"]


def _sbatch_quoted(pattern: str, folder: Path) -> str:
    """Double the per cent signs of the folder's own path, which sbatch would read as a pattern, and quote blanks."""
    return f'"{pattern.replace(str(folder), str(folder).replace("%", "%%"))}"'
