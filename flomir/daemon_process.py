"""Start, call and end an orchestrator or contributor daemon as a process of its own."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self
from urllib.parse import urlsplit

import httpx

from fl_core.supervision.launch import PARENT_ENV

LAUNCH = "fl_core.supervision.launch"
"""Ends what it starts when this process ends, however it does: a killed demonstration leaves nothing running."""
READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
REQUEST_TIMEOUT_S = 60.0


class DaemonError(Exception):
    """A daemon did not start, or refused a request; the message is a sentence with the remedy."""


class DaemonProcess:
    """One running daemon: its address, its API (signed in by the API token file) and its orderly end.

    Parameters
    ----------
    role : which daemon
    home : data folder of the daemon, created when missing
    arguments : further arguments of ``flomir ROLE run``
    """

    def __init__(self, role: Literal["orchestrator", "contributor"], home: Path, arguments: Sequence[str] = ()) -> None:
        self.role = role
        self.home = home
        self._arguments = list(arguments)
        self._process: subprocess.Popen[str] | None = None
        self._client: httpx.Client | None = None
        self.ready: Mapping[str, object] = {}

    def launch(self) -> None:
        """Start the process without waiting; `wait_ready` does. From the main thread: it ends when that one is gone."""
        self.home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-P", "-m", LAUNCH, "flomir", self.role, "run", "--home", str(self.home)]
        log = (self.home / "daemon.log").open("ab")
        try:
            self._process = subprocess.Popen(
                [*command, "--headless", "--json", *self._arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
                env={**os.environ, PARENT_ENV: str(os.getpid())},
            )
        finally:
            log.close()

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait for the daemon's first line; raises DaemonError with the log's place when it does not come."""
        process = self.process
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_pump, args=(process.stdout, lines.put), daemon=True).start()
        try:
            line = lines.get(timeout=timeout_s)
            self.ready = json.loads(line)
            token = Path(str(self.ready["api_token_file"])).read_text().strip()
        except (queue.Empty, ValueError, KeyError, OSError) as error:
            self.stop()
            message = f"the {self.role} did not start; see {self.home / 'daemon.log'}"
            raise DaemonError(message) from error
        self._client = httpx.Client(
            base_url=f"{self.url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=REQUEST_TIMEOUT_S,
            trust_env=False,
        )

    @property
    def process(self) -> subprocess.Popen[str]:
        """Return the process handle; raises DaemonError before `launch`."""
        if self._process is None:
            message = f"the {self.role} was not launched"
            raise DaemonError(message)
        return self._process

    @property
    def url(self) -> str:
        """Return ``http://127.0.0.1:PORT``."""
        return str(self.ready["url"]).rstrip("/")

    @property
    def port(self) -> int:
        """Return the port of the web pages."""
        return urlsplit(self.url).port or 0

    @property
    def link(self) -> str:
        """Return the one-time sign-in link for a browser."""
        return str(self.ready["link"])

    @property
    def client(self) -> httpx.Client:
        """Return the signed-in HTTP client; raises DaemonError before `wait_ready`."""
        if self._client is None:
            message = f"the {self.role} is not ready"
            raise DaemonError(message)
        return self._client

    def call(self, method: str, path: str, *, json_body: object = None) -> dict[str, object]:
        """Call the API and return its JSON object; raises DaemonError with title, detail and advice of a refusal."""
        answer = self.client.request(method, path, json=json_body)
        if answer.is_error:
            raise DaemonError(_refusal(self.role, method, path, answer))
        body = answer.json()
        if not isinstance(body, dict):
            message = f"{self.role} {method} {path}: expected an object, got {type(body).__name__}"
            raise DaemonError(message)
        return body

    def items(self, path: str) -> list[dict[str, object]]:
        """Return the items of a list route."""
        items = self.call("GET", path)["items"]
        if not isinstance(items, list):
            message = f"{self.role} GET {path}: expected a list"
            raise DaemonError(message)
        return items

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> int | None:
        """SIGTERM, then SIGKILL to the whole group; idempotent. Returns the exit code."""
        if self._client is not None:
            self._client.close()
            self._client = None
        process = self._process
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.stdout is not None:
            process.stdout.close()
        return process.returncode

    def __enter__(self) -> Self:
        self.launch()
        self.wait_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _pump(stream: IO[str] | None, deliver: Callable[[str], None]) -> None:
    """Read the pipe to its end, so that the daemon never blocks on it; an empty word tells the end."""
    if stream is None:
        return
    with suppress(ValueError):  # the pipe was closed by stop()
        for line in stream:
            deliver(line)
    deliver("")


def _refusal(role: str, method: str, path: str, answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        return f"{role} {method} {path}: {problem['title']} {problem.get('detail', '')} {problem.get('advice', '')}".strip()
    except (ValueError, KeyError, TypeError):
        return f"{role} {method} {path}: HTTP {answer.status_code}"
