"""How a process of a pool behaves: one thread, deaf to Ctrl-C, gone when its parent is."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

import torch


def prepare_process() -> None:
    """Use one thread, so that workers share the processor fairly, leave Ctrl-C to the parent, and end with it.

    A worker that was being started while its parent was interrupted is unknown to the pool, which then never ends it.
    """
    use_one_thread()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()


def use_one_thread() -> None:
    """Compute in one thread, as every study is computed: the order of sums depends on their number."""
    torch.set_num_threads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
