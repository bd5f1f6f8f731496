"""Which sites are there: a site is online while it asks for events, or asked a moment ago."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

GONE_AFTER_S = 8.0
"""A site that holds no request open and sent none for this long counts as offline."""


class Presence:
    """Counts the requests each site holds open; in memory, because it means nothing after a restart."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._heard: dict[str, float] = {}
        self._shown: frozenset[str] = frozenset()

    @contextmanager
    def held(self, site_id: str) -> Iterator[None]:
        """Count the site as online while the block runs, and a moment longer."""
        with self._lock:
            self._held[site_id] += 1
            self._heard[site_id] = self._clock()
        try:
            yield
        finally:
            with self._lock:
                self._held[site_id] -= 1
                self._heard[site_id] = self._clock()

    def touch(self, site_id: str) -> None:
        """Note a request of the site."""
        with self._lock:
            self._heard[site_id] = self._clock()

    def forget(self, site_id: str) -> None:
        """Count the site as offline at once (its trust was taken back)."""
        with self._lock:
            self._heard.pop(site_id, None)

    def is_online(self, site_id: str) -> bool:
        """Tell whether the site is there."""
        with self._lock:
            return self._is_online(site_id)

    def online(self) -> frozenset[str]:
        """Return the sites that are there."""
        with self._lock:
            return self._online()

    def changed(self) -> frozenset[str]:
        """Return the sites that came or went since the last call."""
        with self._lock:
            online = self._online()
            changed, self._shown = online ^ self._shown, online
            return changed

    def _online(self) -> frozenset[str]:
        return frozenset(site_id for site_id in self._heard if self._is_online(site_id))

    def _is_online(self, site_id: str) -> bool:
        heard = self._heard.get(site_id)
        return heard is not None and (self._held[site_id] > 0 or self._clock() - heard < GONE_AFTER_S)
