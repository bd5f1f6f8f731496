"""Ctrl-C as a flag that is looked at between two samples, instead of an exception at any line.

Python raises KeyboardInterrupt in whatever the main thread is doing, and one that falls into a finaliser is printed
and forgotten: the run would then go on to its end as if nobody had pressed anything.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """Yield a function that raises KeyboardInterrupt if Ctrl-C was pressed since.

    Only Python's own handler is replaced, and only in the main thread; elsewhere the caller's way of stopping stays.
    """
    pressed = threading.Event()

    def check() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not ours:
        yield check
        return
    signal.signal(signal.SIGINT, lambda _number, _frame: pressed.set())
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    check()


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Take SIGTERM, and the end of the terminal, for Ctrl-C, which is obeyed in order. Main thread only.

    Ctrl-C counts also where a shell's ``&`` has it ignored; the end of the terminal does not under ``nohup``.
    """
    ends = [signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        ends.append(signal.SIGHUP)
    before = {number: signal.signal(number, _as_interrupt) for number in ends}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _as_interrupt(_number: int, _frame: object) -> None:
    os.kill(os.getpid(), signal.SIGINT)
