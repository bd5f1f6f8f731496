"""Read what GATE printed: a run that met an overlap or a fatal error has wrong counts, even if it ended well."""

from __future__ import annotations

import re
from pathlib import Path

from synthesis.errors import SimulationFailed

OVERLAP, FATAL = "Overlap is detected", "Fatal"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def refuse_bad_run(status: int, log: Path, where: str) -> None:
    """Judge a finished run.

    Parameters
    ----------
    status : int
        Exit status of the process, negative for a signal.
    log : Path
        What it printed.
    where : str
        What to call the run.

    Raises
    ------
    SimulationFailed
        If volumes overlapped, the process failed, or the log tells of a fatal error.
    """
    lines = [line.strip() for line in _COLOURS.sub("", log.read_text(errors="replace")).splitlines() if line.strip()]
    if any(OVERLAP in line for line in lines):
        message = f"GATE found volumes that overlap in {where}: its counts would be wrong."
        raise SimulationFailed(message, "Raise the sites' clearance_mm so that the camera stays clear of the body.")
    if status != 0:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        message = f"GATE {how} in {where}: {lines[-1] if lines else 'it printed nothing'}"
        raise SimulationFailed(message, f"Look into {log}.")
    fatal = [line for line in lines if FATAL in line]
    if fatal:
        message = f"GATE met a fatal error in {where}: {fatal[0]}"
        raise SimulationFailed(message, f"Look into {log}.")
