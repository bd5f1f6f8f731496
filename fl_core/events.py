"""Deltas for the pages: typed events with sequence numbers, published in order, progress coalesced."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel

PROGRESS_INTERVAL_S = 0.25
"""Progress of one key is told at most four times a second; the last word always arrives."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delta:
    """One change: `type` names the resource, `data` is the whole resource as JSON values, `at` when it was published (Unix time, ms)."""

    seq: int
    type: str
    data: object
    at: float


Listener = Callable[[Delta], None]
Model = BaseModel | Callable[[], BaseModel | None]


class EventBus:
    """Numbers what is published and hands it to the listeners, one at a time.

    Sequence numbers grow by one; they start at the wall clock in ms, so that they also grow over a restart. A callable is
    evaluated inside the lock: of two changes of one thing, the later number always carries the later state.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._seq = int(time.time() * 1000)
        self._listeners: list[Listener] = []
        self._wake = threading.Condition(threading.Lock())
        self._waiting: dict[tuple[str, str], Model] = {}
        self._told_at: dict[tuple[str, str], float] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def seq(self) -> int:
        """Number of the newest delta; read it before a snapshot's data."""
        with self._lock:
            return self._seq

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every delta, in order, on the publishing thread; it must be quick."""
        with self._lock:
            self._listeners.append(listener)

    def publish(self, type_: str, model: Model) -> int:
        """Publish a resource now (None from a callable: nothing to tell) and return the newest number."""
        at = time.time() * 1000
        with self._lock:
            data = model() if callable(model) else model
            if data is None:
                return self._seq
            self._seq += 1
            delta = Delta(self._seq, type_, data.model_dump(mode="json"), at)
            for listener in self._listeners:
                try:
                    listener(delta)
                except Exception:
                    logger.exception("a listener of live events failed")
            return self._seq

    def publish_progress(self, type_: str, key: str, model: Model) -> None:
        """Publish at most four times a second per key; what is held back is replaced by what comes after it."""
        with self._wake:
            if self._closed:
                return
            self._waiting[type_, key] = model
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="progress-deltas", daemon=True)
                self._thread.start()
            self._wake.notify()

    def close(self) -> None:
        """End the progress thread; idempotent."""
        with self._wake:
            self._closed = True
            thread, self._thread = self._thread, None
            self._wake.notify_all()
        if thread is not None:
            thread.join(2.0)

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._closed:
                    return
                now = self._clock()
                due = [key for key in self._waiting if now >= self._told_at.get(key, -1e9) + PROGRESS_INTERVAL_S]
                if not due:
                    soonest = (
                        min((self._told_at[key] for key in self._waiting), default=now + 3600) + PROGRESS_INTERVAL_S
                    )
                    self._wake.wait(max(0.001, soonest - now))
                    continue
                models = [(key, self._waiting.pop(key)) for key in due]
                self._told_at = {key: at for key, at in self._told_at.items() if now - at < 60}
                self._told_at.update(dict.fromkeys(due, now))
            for (type_, _key), model in models:
                try:
                    self.publish(type_, model)
                except Exception:
                    logger.exception("progress could not be told", extra={"resource": type_})
