"""Run samples on a pool of local processes, in any order, with a clean end on Ctrl-C.

The processes are forked from a server process that has imported torch once, so that later pools start at once and the
calling process never needs torch.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import BaseContext

from synthesis.errors import SimulationFailed
from synthesis.execution.interrupts import interruptible
from synthesis.execution.request import SampleRequest
from synthesis.manifest import SampleRecord

WORKER_MODULE = "synthesis.execution.worker"
SAFE_PATH = "PYTHONSAFEPATH"
INTERRUPT_CHECK_S = 0.2


def _context() -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([WORKER_MODULE])
    with _safe_path():
        forkserver.ensure_running()
    return context


@contextmanager
def _safe_path() -> Iterator[None]:
    """Keep the working folder out of the import path of processes started meanwhile: a `model.py` there is not ours."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before


def _prepare() -> None:
    from synthesis.execution.process import prepare_process

    prepare_process()


def _make(request: SampleRequest) -> SampleRecord:
    from synthesis.execution.worker import make_sample

    return make_sample(request)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    pool = ProcessPoolExecutor(max_workers=workers, mp_context=_context(), initializer=_prepare)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)  # what runs ends within a sample's time; nothing new starts


def run_samples(requests: Sequence[SampleRequest], *, workers: int, on_done: Callable[[SampleRecord], None]) -> None:
    """Make every requested study; `on_done` is called here, in the order in which they finish.

    Raises
    ------
    SimulationFailed
        If a worker process died.
    KeyboardInterrupt
        On Ctrl-C, after running samples have finished and been reported.
    """
    if not requests:
        return
    futures: list[Future[SampleRecord]] = []
    reported: set[Future[SampleRecord]] = set()
    try:
        with interruptible() as raise_if_interrupted, _pool(min(workers, len(requests))) as pool:
            futures.extend(pool.submit(_make, request) for request in requests)
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, timeout=INTERRUPT_CHECK_S, return_when=FIRST_COMPLETED)
                for future in done:
                    reported.add(future)
                    on_done(future.result())
                raise_if_interrupted()
    except BrokenProcessPool as error:
        message = "A worker process ended unexpectedly, perhaps for lack of memory."
        raise SimulationFailed(message, "Run again with fewer --workers; finished studies are kept.") from error
    except KeyboardInterrupt:
        for future in futures:
            if future not in reported and future.done() and not future.cancelled() and future.exception() is None:
                on_done(future.result())
        raise
