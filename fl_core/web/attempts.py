"""Slows down who guesses passwords: after a few failures each further one has to wait longer."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_FAILURES = 5
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 900.0
FORGOTTEN_AFTER_S = 3600.0
MOST_NAMES = 2000


@dataclass(slots=True)
class _Failures:
    number: int
    latest: float


class Attempts:
    """Failures by name, in memory, and those of all names together: guessing many names is slowed down too.

    Parameters
    ----------
    clock : callable
        Seconds that only grow.
    everybody : int
        Failures of all names together that are free.
    """

    def __init__(self, *, clock: Callable[[], float], everybody: int = 50) -> None:
        self._clock = clock
        self._everybody = everybody
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._all = _Failures(0, 0.0)

    def wait_s(self, name: str) -> float:
        """Return how long this name has to wait before its next attempt; 0 for not at all."""
        with self._lock:
            now = self._clock()
            own, shared = self._failures.get(name), self._all
            waits = [self._left(shared, self._everybody, now)]
            waits += [] if own is None else [self._left(own, FREE_FAILURES, now)]
            return max(waits)

    def failed(self, name: str) -> None:
        """Count a failure."""
        with self._lock:
            now = self._clock()
            own = self._failures.pop(name, None) or _Failures(0, now)
            self._failures[name] = self._more(own, now)
            self._all = self._more(self._all, now)
            while len(self._failures) > MOST_NAMES:
                self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget a name's failures."""
        with self._lock:
            self._failures.pop(name, None)

    @staticmethod
    def _more(failures: _Failures, now: float) -> _Failures:
        fresh = now - failures.latest > FORGOTTEN_AFTER_S
        return _Failures(1 if fresh else failures.number + 1, now)

    @staticmethod
    def _left(failures: _Failures, free: int, now: float) -> float:
        if failures.number < free or now - failures.latest > FORGOTTEN_AFTER_S:
            return 0.0
        wait = min(FIRST_WAIT_S * 2.0 ** min(failures.number - free, 10), LONGEST_WAIT_S)
        return max(0.0, failures.latest + wait - now)
