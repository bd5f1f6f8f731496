"""One child process: spawned by module name, ready by one JSON line, ended by its whole process group."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from fl_core.errors import ComputeFailed
from fl_core.supervision.launch import PARENT_ENV
from model.io.atomic import write_atomically

LARGEST_LOG_BYTES = 20_000_000
EXIT_AFTER_EOF_S = 1.0
KILL_WAIT_S = 5.0
_PROXY_WORDS = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy")
_SECRET_ENDINGS = ("_database_url", "_proxy_password")


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """What to run and how.

    Parameters
    ----------
    name : str
        Unique within a supervisor; names the log and the configuration file.
    module : str
        Run as ``python -P -m module --config FILE``.
    config : Mapping
        Written as JSON to ``cwd/run/<name>.json`` with mode 0600 before every start; secrets belong here.
    cwd : Path
        Home folder: working directory, ``run/`` and ``logs/`` live in it.
    env : Mapping
        Added to the inherited environment, from which proxy variables and the database's address are taken out.
    restart : bool
        Whether a supervisor starts it again when it ends by itself.
    ready_timeout_s : float
        After this long without a ready line the child counts as failed.
    talks : bool
        Whether the parent writes lines to it (`Child.send`).
    """

    name: str
    module: str
    config: Mapping[str, object]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    restart: bool = True
    ready_timeout_s: float = 60.0
    talks: bool = False

    @property
    def config_path(self) -> Path:
        """Where the configuration is written."""
        return self.cwd / "run" / f"{self.name}.json"

    @property
    def log_path(self) -> Path:
        """Where stderr, and stdout after the ready line, go."""
        return self.cwd / "logs" / f"{self.name}.log"


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without proxies and the daemon's own secrets, tied to this process, with `extra` on top."""
    inherited = {key: value for key, value in os.environ.items() if key.lower() not in _PROXY_WORDS}
    kept = {key: value for key, value in inherited.items() if not key.lower().endswith(_SECRET_ENDINGS)}
    return {**kept, "PYTHONUNBUFFERED": "1", PARENT_ENV: str(os.getpid()), **extra}


def command(module: str, *arguments: str) -> list[str]:
    """Return the argument list that runs a module tied to this process."""
    return [sys.executable, "-P", "-m", "fl_core.supervision.launch", module, *arguments]


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read, atomically."""
    write_atomically(path, content)


class Child:
    """A running process made from a `ChildSpec`; a new object for every start.

    On Linux the child gets SIGTERM when the *thread* that called `start` ends, so start it from a thread that
    lives as long as the child should.

    Parameters
    ----------
    on_line : callable, optional
        Gets every line of stdout after the ready line (from a reading thread), and None at its end.
    """

    def __init__(self, spec: ChildSpec, *, on_line: Callable[[str | None], None] | None = None) -> None:
        self.spec = spec
        self._on_line = on_line
        self._process: subprocess.Popen[str] | None = None
        self._ready: dict[str, object] | None = None
        self._ready_or_gone = threading.Event()
        self.started_at = 0.0

    def start(self) -> None:
        """Write the configuration and spawn the process in a session of its own."""
        spec = self.spec
        write_private(spec.config_path, json.dumps(spec.config))
        spec.log_path.parent.mkdir(parents=True, exist_ok=True)
        if spec.log_path.exists() and spec.log_path.stat().st_size > LARGEST_LOG_BYTES:
            spec.log_path.replace(spec.log_path.with_suffix(".log.1"))
        with spec.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command(spec.module, "--config", str(spec.config_path)),
                cwd=spec.cwd,
                env=clean_environment(spec.env),
                stdin=subprocess.PIPE if spec.talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.started_at = time.monotonic()
        assert self._process.stdout is not None  # noqa: S101 - narrowing: stdout=PIPE
        threading.Thread(
            target=self._read_stdout, args=(self._process.stdout,), name=f"{spec.name}-stdout", daemon=True
        ).start()

    def _read_stdout(self, stream: IO[str]) -> None:
        with stream, self.spec.log_path.open("a", encoding="utf-8") as log:
            for line in stream:
                if self._ready is None and (answer := _ready_line(line)) is not None:
                    self._ready = answer
                    self._ready_or_gone.set()
                elif self._on_line is not None and self._ready is not None:
                    self._on_line(line)
                else:
                    log.write(line)
                    log.flush()
        self._ready_or_gone.set()
        if self._on_line is not None:
            self._on_line(None)

    def send(self, line: str) -> None:
        """Write one line to the child; raises ComputeFailed when it no longer listens."""
        if self._process is None or self._process.stdin is None:
            message = f"{self.spec.name} was not started with an open stdin"
            raise ComputeFailed(message)
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError as error:
            message = f"{self.spec.name} does not listen any more: {error}"
            raise ComputeFailed(message) from error

    @property
    def pid(self) -> int | None:
        """Process id, or None before the start."""
        return None if self._process is None else self._process.pid

    @property
    def ready(self) -> dict[str, object] | None:
        """The child's ready line, once it has been printed."""
        return self._ready

    @property
    def exit_code(self) -> int | None:
        """Exit status (negative: signal), or None while it runs or before the start."""
        return None if self._process is None else self._process.poll()

    @property
    def is_alive(self) -> bool:
        """Tell whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def wait_ready(self, timeout_s: float | None = None) -> dict[str, object]:
        """Wait for the ready line; raises ComputeFailed with the end of the log when it does not come."""
        waited_s = self.spec.ready_timeout_s if timeout_s is None else timeout_s
        spoke_or_left = self._ready_or_gone.wait(waited_s)
        if self._ready is None:
            if spoke_or_left:  # its end of the pipe closes a moment before it can be reaped
                self.wait_exit(EXIT_AFTER_EOF_S)
            state = f"is not ready after {waited_s:g} s" if self.is_alive else f"ended with {self.exit_code}"
            message = f"{self.spec.name} {state}: {tail(self.spec.log_path)}"
            raise ComputeFailed(message)
        return self._ready

    def wait_exit(self, timeout_s: float) -> int | None:
        """Wait for the end; None when it still runs."""
        if self._process is None:
            return None
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def terminate(self) -> None:
        """Send SIGTERM to the group; returns at once."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL to the group (also what an ended child left behind) and reap it."""
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self.wait_exit(KILL_WAIT_S)

    def stop(self, grace_s: float = 5.0) -> int | None:
        """SIGTERM, wait, SIGKILL to the whole group; idempotent; returns the exit status."""
        if self._process is None:
            return None
        if self.is_alive:
            self.terminate()
            self.wait_exit(grace_s)
        self.kill()
        return self.exit_code

    def _signal(self, number: int) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                self._process.send_signal(number)
            else:
                os.killpg(self._process.pid, number)


def _ready_line(line: str) -> dict[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and answer.get("ready") is True else None


def tail(path: Path, size: int = 400) -> str:
    """Return the end of a log as one line."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - size))
            return " ".join(stream.read().decode("utf-8", "replace").split())
    except OSError:
        return ""


def put_lines(stream: IO[str], lines: "queue.Queue[str | None]") -> None:
    """Move lines from a stream to a queue, then None."""
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)
