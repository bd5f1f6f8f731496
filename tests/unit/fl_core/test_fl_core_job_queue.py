"""The queue of long jobs: one at a time a lane, woken, cancelled by hand or by the daemon's end, and not stopped by a fault."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fl_core.supervision.job_queue import JobQueue

WAIT_S = 10.0


class Work:
    """Jobs that last until they are told to end; remembers what happened."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.present: set[str] = set()
        self.ended: list[tuple[str, str]] = []
        self.out: list[str] = []
        self.most = 0
        self.finish = threading.Event()
        self.queue: JobQueue | None = None
        self._changed = threading.Condition()

    def next_one(self) -> str | None:
        with self._changed:
            return self.waiting[0] if self.waiting else None

    def compute(self, job: str, cancel: threading.Event) -> None:
        assert self.queue is not None
        with self._changed:
            self.waiting.remove(job)
            self.present.add(job)
            self.most = max(self.most, len(self.present))
            self._changed.notify_all()
        if job.startswith("broken"):
            self._end(job, "broken")
            message = "it could not be written down"
            raise RuntimeError(message)
        while not (cancel.wait(0.005) or self.finish.is_set()):
            pass
        how = "cancelled" if self.queue.is_ending(job) else "interrupted" if cancel.is_set() else "done"
        self._end(job, how)

    def done(self, job: str) -> None:
        with self._changed:
            self.out.append(job)
            self._changed.notify_all()

    def add(self, *jobs: str) -> None:
        with self._changed:
            self.waiting.extend(jobs)
        assert self.queue is not None
        self.queue.look()

    def wait(self, claim: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(claim, WAIT_S), (self.present, self.ended, self.out)

    def _end(self, job: str, how: str) -> None:
        with self._changed:
            self.present.discard(job)
            self.ended.append((job, how))
            self._changed.notify_all()


@contextmanager
def working(*lanes: str) -> Iterator[Work]:
    work = Work()
    nexts = {lane: (lambda lane=lane: _of_lane(work, lane)) for lane in lanes} if lanes else {"": work.next_one}
    work.queue = JobQueue("test", lanes=nexts, compute=work.compute, done=work.done)
    work.queue.start()
    try:
        yield work
    finally:
        work.queue.stop(WAIT_S)


def _of_lane(work: Work, lane: str) -> str | None:
    return next((job for job in list(work.waiting) if job.startswith(lane)), None)


def test_jobs_are_done_one_at_a_time_in_the_order_that_they_are_handed_out() -> None:
    with working() as work:
        work.finish.set()
        work.add("a", "b", "c")
        work.wait(lambda: len(work.out) == 3)
        assert work.ended == [("a", "done"), ("b", "done"), ("c", "done")]
        assert work.most == 1


def test_lanes_run_side_by_side() -> None:
    with working("heavy", "light") as work:
        work.add("heavy-1", "heavy-2", "light-1")
        work.wait(lambda: work.present == {"heavy-1", "light-1"})
        work.finish.set()
        work.wait(lambda: len(work.out) == 3)


def test_a_wish_to_cancel_is_told_apart_from_the_end_of_the_daemon() -> None:
    with working() as work:
        assert work.queue is not None
        work.add("a", "b")
        work.wait(lambda: work.present == {"a"})
        assert work.queue.cancel("b") is False
        assert work.queue.cancel("a") is True
        work.wait(lambda: work.present == {"b"})
        assert not work.queue.is_ending("a")
        work.queue.stop(WAIT_S)
        assert work.ended == [("a", "cancelled"), ("b", "interrupted")]
        assert work.out == ["a", "b"]
        work.add("c")
        assert work.waiting == ["c"]


def test_a_job_that_cannot_be_recorded_does_not_stop_the_others() -> None:
    with working() as work:
        work.finish.set()
        work.add("broken", "a")
        work.wait(lambda: work.out == ["broken", "a"])
        assert work.ended == [("broken", "broken"), ("a", "done")]
