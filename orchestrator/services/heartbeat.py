"""The daemon's own pulse: one thread that reconciles sessions, nodes and presence, at once when woken."""

import logging
import threading
from collections.abc import Callable, Sequence

TICK_S = 2.0

logger = logging.getLogger(__name__)


class Heartbeat:
    """Runs the given duties every two seconds and at each `wake`; a failing duty is logged once per kind of failure."""

    def __init__(self, duties: Sequence[Callable[[], None]], *, tick_s: float = TICK_S) -> None:
        self._duties = duties
        self._tick_s = tick_s
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: set[tuple[int, str]] = set()

    def start(self) -> None:
        """Start the thread; the first round of duties runs at once."""
        self._woken.set()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Run the duties now."""
        self._woken.set()

    def stop(self, timeout_s: float = 3.0) -> None:
        """End the thread; idempotent."""
        self._ended.set()
        self._woken.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._woken.wait(self._tick_s)
            self._woken.clear()
            for number, duty in enumerate(self._duties):
                if self._ended.is_set():
                    return
                self._do(number, duty)

    def _do(self, number: int, duty: Callable[[], None]) -> None:
        try:
            duty()
        except Exception as error:
            key = (number, f"{type(error).__name__}: {error}")
            if key not in self._told:
                self._told.add(key)
                logger.exception("a duty of the heartbeat failed")
