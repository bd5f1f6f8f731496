"""A request that creates something says which one it is: sent again with the same key, it makes nothing twice.

A page makes a key for what a person wants and keeps it while it tries: when an answer was lost on its way, nobody but the
daemon knows whether the thing was made. The key is stored in the transaction that makes it.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "Idempotency-Key"
PATTERN = r"[A-Za-z0-9_-]{16,80}"

_key: ContextVar[str] = ContextVar("request_key", default="")


def request_key(part: str = "") -> str:
    """Return the key of the present request as it is stored, empty without one; `part` for one of several things it makes."""
    key = _key.get()
    return key if not key or not part else _digest(key, part)


@contextmanager
def asked_as(key: str, *, who: str, what: str) -> Iterator[None]:
    """Answer a request with this key (empty: none); it counts for this person and this route only."""
    token = _key.set(_digest(who, what, key) if key else "")
    try:
        yield
    finally:
        _key.reset(token)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
