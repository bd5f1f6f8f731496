"""Limits on how often one address may ask where no certificate is needed, and on how many requests of one are answered at once."""

import asyncio
import contextlib
import ipaddress
from collections import OrderedDict
from collections.abc import AsyncIterator

BURST = 40.0
PER_SECOND = 4.0
MOST_ADDRESSES = 10_000


def source_of(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the IPv6 network of 64 bits that every household gets whole."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))


class RateLimit:
    """A token bucket per address (see `source_of`): 40 requests at once, 4 a second after that."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, address: str, now: float) -> bool:
        """Take one token of the address; False when there is none. `now` is monotonic time in seconds."""
        tokens, at = self._buckets.pop(address, (BURST, now))
        tokens = min(BURST, tokens + (now - at) * PER_SECOND)
        allowed = tokens >= 1
        self._buckets[address] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return allowed


class Crowded(Exception):  # noqa: N818 - no failure: come again
    """One already has as many requests under way as it may, for longer than the next one waits."""


class Places:
    """So many requests of each one at a time; the next ones wait for a place, in the order they came."""

    def __init__(self, most: int, wait_s: float) -> None:
        self._most = most
        self._wait_s = wait_s
        self._free: dict[str, asyncio.Semaphore] = {}
        self._users: dict[str, int] = {}

    @contextlib.asynccontextmanager
    async def one_for(self, key: str) -> AsyncIterator[None]:
        """Hold a place; raises Crowded when none became free in time."""
        free = self._free.setdefault(key, asyncio.Semaphore(self._most))
        self._users[key] = self._users.get(key, 0) + 1
        try:
            try:
                async with asyncio.timeout(self._wait_s):
                    await free.acquire()
            except TimeoutError:
                message = f"{self._most} requests are under way"
                raise Crowded(message) from None
            try:
                yield
            finally:
                free.release()
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._free[key]
