"""Run one computation in a child of its own: a JSON request in, JSON lines with progress out, one result."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from fl_core.errors import ComputeFailed, Conflict, FlomirError, InvalidInput, StorageFailed, StudyUnusable
from fl_core.supervision.child import clean_environment, command, put_lines

POLL_S = 0.1
GRACE_S = 2.0
_STUDY_CODES = ("study.", "sample.", "interfile.", "model.geometry_")
_INPUT_CODES = ("input.", "request.", "synthesis.scenario", "synthesis.output", "training.", "evaluation.", "import.")
_MODEL_CODES = ("weights.", "network.", "model.")


class JobCancelled(Conflict):
    """The caller asked to stop the job."""


def job_error(code: str, message: str, remedy: str = "") -> FlomirError:
    """Translate a job's error line into an expected failure; the job's own code is kept in the detail."""
    found = _as_failure(code, f"{message} ({code})")
    found.remedy = remedy
    return found


def _as_failure(code: str, detail: str) -> FlomirError:
    if code.endswith("diverged"):
        return ComputeFailed(detail, code="compute.diverged")
    if code.endswith("disk_full"):
        return StorageFailed(detail, code="storage.disk_full")
    if code.startswith(_STUDY_CODES):
        return StudyUnusable(detail)
    if code.startswith(_MODEL_CODES):
        return InvalidInput(detail, code="model.invalid")
    if code == "task.unknown":
        return InvalidInput(detail, code="task.unknown")
    return InvalidInput(detail) if code.startswith(_INPUT_CODES) else ComputeFailed(detail)


def run_job(
    module: str,
    request: Mapping[str, object],
    *,
    timeout_s: float,
    on_progress: Callable[[dict[str, object]], None] | None = None,
    cancel: threading.Event | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    grace_s: float = GRACE_S,
) -> dict[str, object]:
    """Run ``python -P -m module`` with the request on stdin and return its last JSON line.

    Parameters
    ----------
    on_progress : callable, optional
        Gets every line that holds ``progress``.
    cancel : threading.Event, optional
        When set, the job is asked to end (SIGTERM), and killed after `grace_s`.
    log : Path, optional
        Where the job's remarks (stderr) are added.
    grace_s : float
        How long a job that is to end may take to put its work away.

    Raises
    ------
    FlomirError
        As translated by `job_error`; ComputeFailed when the process died or took too long; JobCancelled.
    """
    with _log(log) as remarks:
        process = subprocess.Popen(
            command(module),
            env=clean_environment(env or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=remarks,
            text=True,
            start_new_session=True,
        )
        try:
            answer = _converse(process, request, time.monotonic() + timeout_s, on_progress, cancel)
        finally:
            _end(process, grace_s)
        if answer is None:
            remarks.seek(0, os.SEEK_END)
            remarks.seek(max(0, remarks.tell() - 600))
            message = f"{module} ended with {process.returncode} and no result: {' '.join(remarks.read().split())}"
            raise ComputeFailed(message)
    error = answer.get("error")
    if isinstance(error, dict):
        raise job_error(
            str(error.get("code", "compute.failed")),
            str(error.get("message", "no message")),
            str(error.get("remedy") or ""),
        )
    return answer


def _log(path: Path | None) -> IO[str]:
    if path is None:
        return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a+", encoding="utf-8", errors="replace")


def _converse(
    process: "subprocess.Popen[str]",
    request: Mapping[str, object],
    end: float,
    on_progress: Callable[[dict[str, object]], None] | None,
    cancel: threading.Event | None,
) -> dict[str, object] | None:
    assert process.stdin is not None and process.stdout is not None  # noqa: S101 - narrowing: both are PIPE
    with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(json.dumps(request) + "\n")
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=put_lines, args=(process.stdout, lines), daemon=True).start()
    answer: dict[str, object] | None = None
    while True:
        if cancel is not None and cancel.is_set():
            message = "the job was cancelled"
            raise JobCancelled(message)
        if time.monotonic() > end:
            message = "the job took longer than it may"
            raise ComputeFailed(message)
        try:
            line = lines.get(timeout=POLL_S)
        except queue.Empty:
            continue
        if line is None:
            return answer
        answer = _take(line, on_progress) or answer


def _take(line: str, on_progress: Callable[[dict[str, object]], None] | None) -> dict[str, object] | None:
    try:
        parsed = json.loads(line)
    except ValueError:
        return None
    if not isinstance(parsed, dict):
        return None
    if "progress" in parsed:
        if on_progress is not None:
            on_progress(parsed)
        return None
    return parsed


def _end(process: "subprocess.Popen[str]", grace_s: float) -> None:
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _signal(process: "subprocess.Popen[str]", number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)
