"""Works off long jobs one at a time: woken, cancelled one by one, ended with the daemon.

What waits is kept elsewhere, in a database, so that it survives the daemon; the queue asks for the next one.
"""

import threading
import time
from collections.abc import Callable, Mapping

from fl_core.supervision.failures import log_without_words

FAULT_PAUSE_S = 0.5
LOOK_EVERY_S = 60.0


class JobQueue:
    """One thread a lane; the jobs of different lanes run side by side.

    Parameters
    ----------
    name : of the threads
    lanes : name of a lane -> returns the identifier of its next job, None when nothing waits
    compute : does one job, and writes down how it ended, also when the event is set, which is to end it
    done : called when a job is out of the queue, however it ended
    """

    def __init__(
        self,
        name: str,
        *,
        lanes: Mapping[str, Callable[[], str | None]],
        compute: Callable[[str, threading.Event], None],
        done: Callable[[str], None] = lambda _job: None,
    ) -> None:
        self._name = name
        self._lanes = lanes
        self._compute = compute
        self._done = done
        self._wake = threading.Condition()
        self._news = 0
        self._stopping = threading.Event()
        self._cancels: dict[str, threading.Event] = {}
        self._by_hand: set[str] = set()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start to work."""
        for lane, next_one in self._lanes.items():
            thread = threading.Thread(target=self._work, args=(next_one,), name=f"{self._name}-{lane}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def cancel_all(self) -> None:
        """Let the present jobs end, and begin none any more; returns at once."""
        self._stopping.set()
        with self._wake:
            for cancel in self._cancels.values():
                cancel.set()
            self._wake.notify_all()

    def stop(self, within_s: float) -> None:
        """End the present jobs and the threads, waiting a bounded time; idempotent."""
        self.cancel_all()
        end = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def look(self) -> None:
        """Look for the next job now: one came, or what held the queue is over."""
        with self._wake:
            self._news += 1
            self._wake.notify_all()

    def cancel(self, job: str) -> bool:
        """Let a job end because somebody wishes it; returns False when it is not being worked on."""
        with self._wake:
            cancel = self._cancels.get(job)
            if cancel is None:
                return False
            self._by_hand.add(job)
            cancel.set()
            return True

    def is_ending(self, job: str) -> bool:
        """Tell whether a job that is being worked on was cancelled by somebody (the end of the daemon is nobody)."""
        with self._wake:
            return job in self._by_hand

    def _work(self, next_one: Callable[[], str | None]) -> None:
        while not self._stopping.is_set():
            with self._wake:
                seen = self._news
            try:
                job = next_one()
                if job is not None:
                    self._one(job)
            except Exception as error:  # noqa: BLE001 - the thread must not end; words of errors may quote a path
                log_without_words(error, "a job could not be recorded", queue=self._name)
                self._stopping.wait(FAULT_PAUSE_S)
                continue
            if job is None:
                self._wait(seen)

    def _wait(self, seen: int) -> None:
        """Wait for news that the last look did not know of; what nobody told of is found in the end."""
        with self._wake:
            self._wake.wait_for(lambda: self._news != seen or self._stopping.is_set(), LOOK_EVERY_S)

    def _one(self, job: str) -> None:
        cancel = threading.Event()
        with self._wake:
            if self._stopping.is_set():
                return
            self._cancels[job] = cancel
        try:
            self._compute(job, cancel)
        finally:
            with self._wake:
                self._cancels.pop(job, None)
                self._by_hand.discard(job)
            self._done(job)
