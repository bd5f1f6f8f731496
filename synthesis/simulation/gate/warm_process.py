"""The parent's side of `synthesis.simulation.gate.warm`: one process that carries out one run at a time."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from synthesis.simulation.gate.data import G4Data

WARM_MODULE = "synthesis.simulation.gate.warm"
END_S = 10.0


class WarmProcess:
    """A process that has loaded GATE; not for several threads at once.

    Parameters
    ----------
    data : G4Data
    log : Path
        Takes what it prints while it loads.
    """

    def __init__(self, data: G4Data, log: Path) -> None:
        environment = {**os.environ, **data.environment(), "OMP_NUM_THREADS": "1"}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", WARM_MODULE],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, env=environment,
            )  # fmt: skip

    def run(self, job: Path, result: Path, log: Path) -> int:
        """Carry out a run and return its exit status; that of the process where it died of it, or could not load."""
        assert self._process.stdin is not None  # noqa: S101 - narrowing; it was opened as a pipe
        assert self._process.stdout is not None  # noqa: S101 - likewise
        try:
            self._process.stdin.write(json.dumps([str(job), str(result), str(log)]).encode() + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except OSError:
            answer = b""
        if answer.strip():
            return int(answer)
        return self._process.wait() or 1

    @property
    def is_alive(self) -> bool:
        """Whether it can take another run."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it, and with it the run that is going on; may be called from another thread, and twice."""
        self._process.terminate()  # the run goes down with it: see `view._end_with_parent`
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was not sent any more
                    stream.close()
