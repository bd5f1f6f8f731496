"""A limit on how often one address may ask where no certificate is needed."""

from collections import OrderedDict

BURST = 40.0
PER_SECOND = 4.0
MOST_ADDRESSES = 10_000


class RateLimit:
    """A token bucket per address: 40 requests at once, 4 a second after that."""

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
