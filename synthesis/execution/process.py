"""How a process of a pool behaves: one thread, deaf to Ctrl-C, gone when its parent is."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.synchronize import Event
from types import FrameType

import torch


class _LongWork:
    """Work of this process that is ended in its middle when the pool ends, because it would take hours."""

    def __init__(self) -> None:
        self.stop: Event | None = None
        self.active = False

    def watch(self, stop: Event) -> None:
        self.stop = stop
        threading.Thread(target=self._end, args=(stop,), name="stop-watch", daemon=True).start()

    def _end(self, stop: Event) -> None:
        stop.wait()
        if self.active:
            os.kill(os.getpid(), signal.SIGTERM)

    @contextmanager
    def section(self) -> Iterator[None]:
        if self.stop is None:
            yield
            return
        before = signal.signal(signal.SIGTERM, _raise)
        self.active = True
        try:
            if self.stop.is_set():
                raise KeyboardInterrupt
            yield
        finally:
            self.active = False
            signal.signal(signal.SIGTERM, before)


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


_LONG_WORK = _LongWork()


def prepare_process(stop: Event | None = None) -> None:
    """Use one thread, so that workers share the processor fairly, leave Ctrl-C to the parent, and end with it.

    A worker that was being started while its parent was interrupted is unknown to the pool, which then never ends it.
    `stop` is set when the pool ends; then `long_work` is ended, everything else goes on to its end.
    """
    use_one_thread()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    if stop is not None:
        _LONG_WORK.watch(stop)


def long_work() -> AbstractContextManager[None]:
    """Mark what may be ended by KeyboardInterrupt when the pool ends: it keeps its own intermediate results."""
    return _LONG_WORK.section()


def use_one_thread() -> None:
    """Compute in one thread, as every study is computed: the order of sums depends on their number."""
    torch.set_num_threads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
