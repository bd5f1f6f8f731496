"""Wait for a condition with a bound, and say what was waited for when it does not come."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")
POLL_S = 0.2


class WaitTimeoutError(Exception):
    """The condition did not come true in time; the message names it."""


def wait_until(probe: Callable[[], Value | None], *, timeout_s: float, what: str, poll_s: float = POLL_S) -> Value:
    """Return the first truthy value of `probe`; raises WaitTimeoutError naming `what` after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() >= end:
            message = f"waited {timeout_s:.0f} s for {what}"
            raise WaitTimeoutError(message)
        time.sleep(poll_s)
