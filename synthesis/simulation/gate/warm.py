"""Child process that has loaded opengate and ITK, and forks once for every run: ``python -m synthesis.simulation.gate.warm``.

Loading takes four seconds of processor time, a third of a usual run. Nothing of Geant4 is set up before the fork, so every
run still begins in a state of its own. One request a line on standard input, ``[job, result, log]`` as JSON; one exit status
a line on the standard output of the start. When the input ends, so do this process and the run that is going on.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from types import FrameType

import numpy as np

from synthesis.simulation.gate.images import write_mha

BROKEN = 1


def main() -> int:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what opengate prints while it loads is no answer
    _load()
    wake, poke = os.pipe()
    os.set_blocking(poke, False)
    signal.signal(signal.SIGCHLD, _nothing)  # with a handler the wake-up pipe is written to
    signal.set_wakeup_fd(poke)
    waiting = b""
    while True:
        while b"\n" not in waiting:
            more = os.read(0, 65536)
            if not more:
                return 0
            waiting += more
        line, _, waiting = waiting.partition(b"\n")
        job, result, log = (Path(part) for part in json.loads(line))
        status = _run(job, result, log, wake)
        if status is None:
            return BROKEN
        print(status, file=answers, flush=True)


def _load() -> None:
    """Load everything that a run uses; ITK loads most of itself at the first image only."""
    import itk
    import opengate
    import opengate.contrib.spect.spect_config  # noqa: F401 - likewise

    from synthesis.simulation.gate import view  # noqa: F401 - likewise

    with tempfile.TemporaryDirectory(prefix="gate-") as folder:
        for number, kind in enumerate((np.float32, np.int16)):
            path = Path(folder) / f"{number}.mha"
            write_mha(path, np.zeros((2, 2, 2), dtype=kind), (1.0, 1.0, 1.0))
            itk.array_from_image(itk.imread(str(path)))


def _run(job: Path, result: Path, log: Path, wake: int) -> int | None:
    """Fork for one run and wait for it; None when the input ended meanwhile, and the run with it."""
    child = os.fork()
    if child == 0:
        _be_the_run(job, result, log)
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 512)
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
        if 0 in ready and not os.read(0, 1):  # nothing is sent while a run goes on: this is the end
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None


def _be_the_run(job: Path, result: Path, log: Path) -> None:
    """Carry out the run and end; everything it prints goes to its own log."""
    from synthesis.simulation.gate import view

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    status = BROKEN
    try:
        status = view.main([str(job), str(result)])
    except BaseException:  # noqa: BLE001 - the log is read by the parent, whatever it was
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        ctypes.CDLL(None).fflush(None)  # what Geant4 printed, overlaps among it
        os._exit(status)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Take a signal."""


if __name__ == "__main__":
    raise SystemExit(main())
