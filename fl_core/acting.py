"""Who a request acts for: set around every request of a page or script, read where an act is written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_NOBODY = ""
_name: ContextVar[str] = ContextVar("acting", default=_NOBODY)


def acted_by(otherwise: str) -> str:
    """Return the name of the signed-in account of this request, `otherwise` outside of one."""
    return _name.get() or otherwise


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Act for an account until the end of the block."""
    token = _name.set(name)
    try:
        yield
    finally:
        _name.reset(token)
