"""Who computes at a site: one round at a time; what waits for a person, an hour or a release gives the seat away."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Seat:
    """The one place at which a round loads data, scores and trains.

    A round that only waits does not sit here, so that it keeps no other session of the site from its turn.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def take(self, patience_s: float = 0.0) -> bool:
        """Take the seat, waiting for at most `patience_s`; tell whether it is taken now."""
        return self._lock.acquire(timeout=patience_s) if patience_s > 0 else self._lock.acquire(blocking=False)

    def leave(self) -> None:
        """Give the seat to whoever waits."""
        self._lock.release()

    @contextmanager
    def if_free(self) -> Iterator[bool]:
        """Sit for the block where nobody does; yields whether."""
        taken = self.take()
        try:
            yield taken
        finally:
            if taken:
                self.leave()
