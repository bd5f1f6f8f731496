"""Run samples on a pool of local processes, in any order, with a clean end on Ctrl-C.

The processes are forked from a server process that has imported torch once, so that later pools start at once and the
calling process never needs torch.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from multiprocessing.synchronize import Event
from typing import TypeAlias

from synthesis.errors import SimulationFailed, SynthesisError
from synthesis.execution.interrupts import interruptible
from synthesis.execution.leftovers import remove_leftovers
from synthesis.execution.request import SampleRequest
from synthesis.manifest import SampleRecord

logger = logging.getLogger(__name__)
Records: TypeAlias = tuple[SampleRecord, ...]
Failures: TypeAlias = list[tuple[SampleRequest, SynthesisError]]
MAX_DEATHS = 2  # pools in a row that lost a process before they finished a body
MAX_NAMED = 20  # bodies that one sentence names
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


def _prepare(stop: Event) -> None:
    from synthesis.execution.process import prepare_process

    prepare_process(stop)


def _make(request: SampleRequest) -> Records:
    from synthesis.execution.worker import make_samples

    return make_samples(request)


def _starting_all_at_once(pool: ProcessPoolExecutor) -> ProcessPoolExecutor:
    """Let the pool start all its processes with the first job instead of one with each.

    Before CPython 3.12 a process that starts while another one's death breaks the pool ends the pool's own thread with
    "dictionary changed size during iteration", and what had started is left running. There is no public switch.
    """
    pool._safe_to_dynamically_spawn_children = False  # type: ignore[attr-defined]
    return pool


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    context = _context()
    stop = context.Event()
    pool = _starting_all_at_once(
        ProcessPoolExecutor(max_workers=workers, mp_context=context, initializer=_prepare, initargs=(stop,))
    )
    try:
        yield pool
    except BrokenProcessPool:
        raise  # the pool ends its processes itself; `stop` would wait for ever for one killed while it waited for `stop`
    except BaseException:
        stop.set()  # a Monte Carlo of hours ends now, its finished views are kept
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)  # what runs ends within a sample's time; nothing new starts


def run_samples(requests: Sequence[SampleRequest], *, workers: int, on_done: Callable[[SampleRecord], None]) -> None:
    """Make the studies of every requested body; `on_done` is called here a study, in the order in which bodies finish.

    When a worker process dies, what was not finished goes to a new pool; the second time that no body is finished before
    one dies, the run ends. A body that cannot be made holds up no other: the first such error is raised at the end.

    Raises
    ------
    SimulationFailed
        If worker processes died again and again.
    SynthesisError
        If bodies could not be made.
    KeyboardInterrupt
        On Ctrl-C, after running samples have finished and been reported.
    """
    failures: Failures = []
    left, deaths = list(requests), 0
    while left:
        remove_leftovers(left)
        unfinished = _run_pool(left, workers, on_done, failures)
        deaths = deaths + 1 if len(unfinished) == len(left) else 0
        if unfinished and deaths >= MAX_DEATHS:
            remove_leftovers(unfinished)
            message = "A worker process ended unexpectedly, again and again, perhaps for lack of memory."
            raise SimulationFailed(message, "Run again with fewer --workers; finished studies are kept.")
        if unfinished:
            logger.warning("a worker process ended unexpectedly", extra={"bodies_left": len(unfinished)})
        left = unfinished
    if failures:
        raise _first_of(failures)


def _first_of(failures: Failures) -> SynthesisError:
    """Return the error of the first body by number; of several bodies it tells how many and which."""
    ordered = sorted(failures, key=lambda failure: (failure[0].site, failure[0].index))
    error = ordered[0][1]
    if len(ordered) == 1:
        return error
    several = len({request.site for request, _ in ordered}) > 1
    named = [f"{request.site} {request.index}" if several else str(request.index) for request, _ in ordered]
    more = f" and {len(named) - MAX_NAMED} more" if len(named) > MAX_NAMED else ""
    return error.with_message(
        f"{len(ordered)} bodies could not be made: {', '.join(named[:MAX_NAMED])}{more}. The first: {error.message}"
    )


def _run_pool(
    requests: list[SampleRequest], workers: int, on_done: Callable[[SampleRecord], None], failures: Failures
) -> list[SampleRequest]:
    """Run one pool to its end, or to the death of one of its processes; return what is not finished.

    Bodies that cannot be made are finished too: they are added to `failures`.
    """
    futures: dict[Future[Records], SampleRequest] = {}
    reported: set[Future[Records]] = set()

    def report(future: Future[Records]) -> None:
        reported.add(future)
        try:
            records = future.result()
        except SynthesisError as error:
            failures.append((futures[future], error))
            return
        for record in records:
            on_done(record)

    try:
        with interruptible() as raise_if_interrupted, _pool(min(workers, len(requests))) as pool:
            for request in requests:
                futures[pool.submit(_make, request)] = request
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, timeout=INTERRUPT_CHECK_S, return_when=FIRST_COMPLETED)
                _report_all(done, report)
                raise_if_interrupted()
    except BrokenProcessPool:
        _report_all(_unreported(futures, reported), report)
    except KeyboardInterrupt:
        _report_all(_unreported(futures, reported), report)
        raise
    finished = {id(futures[future]) for future in reported if _is_answered(future)}
    return [request for request in requests if id(request) not in finished]


def _is_answered(future: Future[Records]) -> bool:
    """Say whether a body was made, or cannot be; a process that died is no answer."""
    return future.done() and not future.cancelled() and isinstance(future.exception(), SynthesisError | None)


def _unreported(futures: Iterable[Future[Records]], reported: set[Future[Records]]) -> list[Future[Records]]:
    return [future for future in futures if future not in reported and _is_answered(future)]


def _report_all(futures: Iterable[Future[Records]], report: Callable[[Future[Records]], None]) -> None:
    for future in futures:
        report(future)
