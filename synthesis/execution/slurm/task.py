"""One task of an array: ``python -m synthesis.execution.slurm.task FOLDER [FIRST]`` makes the studies of its share.

A study that is there already is not made again, so a task may be started any number of times. USR1 asks it to end after
the study at hand.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from synthesis.errors import SynthesisError
from synthesis.execution.leftovers import remove_leftovers
from synthesis.execution.slurm.plan import ArrayFolder, Failure, Plan, intact
from synthesis.execution.slurm.script import STOPPED

logger = logging.getLogger(__name__)
FAILED = 1


class _PointlessError(Exception):
    """What makes further studies of this task pointless."""


def run_task(array: ArrayFolder, plan: Plan, task: int, *, stop: threading.Event, restarts: int = 0) -> int:
    """Make what is missing of a task's share and return the exit status.

    Parameters
    ----------
    array, plan
    task : int
        Number in the plan.
    stop : threading.Event
        Looked at between two studies; set when the task should end.
    restarts : int
        How often this task was started before.
    """
    array.forget_failure(task)
    status = 0
    try:
        for number in plan.numbers(task):
            if _is_done(array, plan, number):
                continue
            if stop.is_set():
                return _stopped(array, plan, task, restarts)
            status = _make(array, plan, task, number) or status
    except _PointlessError:
        return FAILED
    return status


def _is_done(array: ArrayFolder, plan: Plan, number: int) -> bool:
    records = {record.file: record for record in array.records(number)}
    request = plan.request(number, array.out)
    return all(intact(array.out, records.get(request.file_of(variant))) for variant in request.variants)


def _stopped(array: ArrayFolder, plan: Plan, task: int, restarts: int) -> int:
    if restarts < plan.max_restarts:
        logger.info("asked to stop; what is finished is kept")
        return STOPPED
    message = f"Task {task} was stopped {restarts + 1} times before it was finished."
    remedy = "Raise `time` or lower `studies_per_task` in the cluster profile, then run again."
    array.write_failure(Failure(task=task, file="", code="synthesis.too_many_restarts", message=message, remedy=remedy))
    return FAILED


def _make(array: ArrayFolder, plan: Plan, task: int, number: int) -> int:
    from synthesis.execution.worker import make_samples

    request = plan.request(number, array.out)
    remove_leftovers([request])
    logger.info("start %s", request.file)
    try:
        array.write_records(number, make_samples(request))
    except SynthesisError as error:
        logger.warning("failed %s: %s", request.file, error)
        array.write_failure(
            Failure(task=task, file=request.file, code=error.code, message=error.message, remedy=error.remedy)
        )
        return FAILED
    except OSError as error:
        sentence = f"The output folder cannot be written: {error.strerror or type(error).__name__}."
        logger.error("failed %s: %s", request.file, sentence)
        _try_to_say(array, Failure(task=task, file=request.file, code="synthesis.output_unusable", message=sentence,
                                   remedy="Check free space, quota and permissions, then run the same command again."))  # fmt: skip
        raise _PointlessError from error
    logger.info("done %s", request.file)
    return 0


def _try_to_say(array: ArrayFolder, failure: Failure) -> None:
    try:
        array.write_failure(failure)
    except OSError:
        logger.warning("no room for the reason either")


def main(arguments: list[str]) -> int:
    """Run the task that Slurm's environment names and return the exit status."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGUSR1, ask)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s")
    array = ArrayFolder(Path(arguments[0]).resolve())
    task = int(arguments[1] if len(arguments) > 1 else 0) + int(os.environ.get("SLURM_ARRAY_TASK_ID", "0"))
    restarts = int(os.environ.get("SLURM_RESTART_COUNT", "0"))
    logger.info("task %d, start %d", task, restarts + 1)
    try:
        plan = array.plan()
        from synthesis.execution.process import prepare_process

        prepare_process()
        return run_task(array, plan, task, stop=stop, restarts=restarts)
    except SynthesisError as error:
        logger.error("%s", error)
        array.write_failure(Failure(task=task, file="", code=error.code, message=error.message, remedy=error.remedy))
        return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
