"""Appends events to a progress file, the durable truth, and hints the daemon on loopback that there are new ones."""

import json
import logging
import threading
import urllib.error
import urllib.request
from pathlib import Path

from pydantic import BaseModel

from fl_core.flower.progress_file import append_line, end_torn_line

HINT_TIMEOUT_S = 2.0

logger = logging.getLogger(__name__)


class Hints:
    """Tells the daemon `{"session_id": ...}` from a thread of its own; hints that pile up become one."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._session_id = ""
        self._wake = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        if url:
            threading.Thread(target=self._run, name="progress-hints", daemon=True).start()

    def __call__(self, session_id: str) -> None:
        """Schedule a hint; returns at once."""
        if self._url:
            self._session_id = session_id
            self._idle.clear()
            self._wake.set()

    def flush(self, timeout_s: float = HINT_TIMEOUT_S) -> None:
        """Wait until the last hint went out (or could not)."""
        self._idle.wait(timeout_s)

    def _run(self) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while self._wake.wait():
            self._wake.clear()
            request = urllib.request.Request(  # noqa: S310 - the daemon's own loopback address
                self._url,
                json.dumps({"session_id": self._session_id}).encode(),
                {"Content-Type": "application/json", "X-Flomir-Progress": self._token},
                method="POST",
            )
            try:
                with opener.open(request, timeout=HINT_TIMEOUT_S):
                    pass
            except (urllib.error.URLError, OSError, ValueError) as error:
                logger.debug("hint not delivered", extra={"error": str(error)})
            if not self._wake.is_set():
                self._idle.set()


class EventLog:
    """An append-only file of JSON lines with rising sequence numbers; goes on after what is there."""

    def __init__(self, path: Path, hints: Hints) -> None:
        self._path, self._hints = path, hints
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._next = end_torn_line(path) + 1

    def append(self, session_id: str, event: BaseModel) -> None:
        """Give the event its number, write it to disk, hint the daemon."""
        with self._lock:
            numbered = event.model_copy(update={"seq": self._next})
            append_line(self._path, numbered.model_dump_json().encode())
            self._next += 1
        self._hints(session_id)
