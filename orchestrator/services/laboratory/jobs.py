"""The queue of the laboratory's jobs: kept in the database, worked off by two threads, followed live, cancelled, gone on with."""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from fl_core.desk import Desk
from fl_core.errors import Conflict, FlomirError, IllegalTransition, NotFound, StorageFailed
from fl_core.protocol.ids import new_id
from fl_core.protocol.messages import Json
from fl_core.storage import lab_work
from fl_core.storage.database import Transaction
from fl_core.storage.lab_work import ACTIVE, JobEvent, JobRow, JobState
from fl_core.storage.listing import Wanted
from fl_core.supervision.failures import expected, log_without_words
from fl_core.supervision.job_queue import JobQueue
from fl_core.supervision.jobs import JobCancelled
from fl_core.views import Deleted
from orchestrator.laboratory_schemas import JobList, JobLog, JobProgress, JobTold, JobView
from orchestrator.services.desk import SYSTEM, by_manager
from orchestrator.services.laboratory.views import Shown, job_summary, job_told, job_view
from orchestrator.services.laboratory.work import LEAST_FREE_BYTES, Lane, RunLongJob, Work, heard

GRACE_S = 10.0
STOP_S = 5.0
KEEP_EVERY_S = 2.0
LOG_LINES = 200
LOG_BYTES = 64_000

logger = logging.getLogger(__name__)


class Jobs:
    """Queues, runs and keeps jobs; `works` says what each kind means.

    While `held` is true no job of the heavy lane begins; what was begun goes on, and what waits keeps its place.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        folder: Path,
        run: RunLongJob,
        works: Mapping[str, Work],
        held: Callable[[], bool] = lambda: False,
        free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self._desk = desk
        self._folder = folder
        self._run = run
        self._works = works
        self._held = held
        self._free_bytes = free_bytes
        self._lock = threading.Lock()
        self._live: dict[str, Json] = {}
        self._queue = JobQueue(
            "laboratory",
            lanes={"heavy": lambda: self._next("heavy"), "light": lambda: self._next("light")},
            compute=self._compute,
            done=self._out,
        )

    # --- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Call interrupted what an earlier run of the daemon left running, and begin to work."""
        self._end_left("heavy")
        self._end_left("light")
        self._queue.start()

    def stop(self) -> None:
        """Ask the present jobs to put their work away, and wait a bounded time; idempotent."""
        self._queue.stop(STOP_S)

    def look(self) -> None:
        """Look at the queue again: a job came, or what held the queue is over."""
        self._queue.look()

    def running(self) -> int:
        """Return how many jobs of the heavy lane are being worked on."""
        with self._desk.database.read() as connection:
            rows = lab_work.jobs_in(connection, JobState.RUNNING)
        return sum(self._works[row.kind].lane == "heavy" for row in rows)

    # --- what people do --------------------------------------------------------------------------------------------

    def add(self, tx: Transaction, *, kind: str, title: str, spec: Json, set_id: str | None = None) -> str:
        """Queue a job inside the caller's transaction; returns its id."""
        job_id = new_id("job")
        lab_work.add_job(
            tx,
            {
                "id": job_id,
                "kind": kind,
                "title": title[:120],
                "spec": spec,
                "set_id": set_id,
                "created_at": self._desk.now(),
            },
        )
        self._desk.journal.note(
            tx,
            actor=by_manager(),
            action=f"laboratory.{kind}",
            subject=job_id,
            details={"title": title, "set": set_id},
        )
        tx.after_commit(lambda: self._tell(job_id))
        return job_id

    def part(self, wanted: Wanted) -> JobList:
        """Return a part of the list, newest first unless asked otherwise."""
        with self._desk.database.read() as connection:
            part = lab_work.list_jobs(connection, wanted, figures=JobProgress.model_fields)
        items = [job_summary(self._shown(row)) for row in part.rows]
        return JobList(items=items, total=part.total, next_cursor=part.next_cursor)

    def get(self, job_id: str) -> JobView:
        """Return one job or raise NotFound."""
        return job_view(self._shown(self.row(job_id)))

    def row(self, job_id: str) -> JobRow:
        """Return one stored job or raise NotFound."""
        with self._desk.database.read() as connection:
            return lab_work.one_job(connection, job_id)

    def folder(self, job_id: str) -> Path:
        """Return where a job keeps its files."""
        return self._folder / job_id

    def cancel(self, job_id: str) -> JobView:
        """End a job: a queued one at once, a running one as soon as its child has put its work away."""
        job = self.row(job_id)
        if job.state == JobState.QUEUED:
            with suppress(IllegalTransition):  # it began meanwhile
                self._end(job, JobEvent.CANCELLED)
                return self.get(job_id)
        if not self._queue.cancel(job_id):
            job = self.row(job_id)
            if job.state != JobState.RUNNING:
                message = f"the job is {job.state} and cannot be cancelled"
                raise IllegalTransition(message)
            self._end(job, JobEvent.CANCELLED)  # nobody works on it: its end could not be written
        self._publish(job_id)
        return self.get(job_id)

    def resume(self, job_id: str) -> JobView:
        """Queue a job again that ended early; it goes on with what is there.

        Raises
        ------
        IllegalTransition
            When it runs, is done, or has nothing to go on with.
        """
        job = self.row(job_id)
        if not self._works[job.kind].can_resume(job, self.folder(job_id)):
            message = "this job cannot go on; start it again"
            raise IllegalTransition(message)
        with self._desk.database.begin() as tx:
            state = lab_work.apply_to_job(
                tx, job_id, JobEvent.RESUMED, at=self._desk.now(), values={"problem": None, "ended_at": None}
            )
            self._works[job.kind].changed(tx, job, state)
            self._desk.journal.note(tx, actor=by_manager(), action="laboratory.resumed", subject=job_id)
            tx.after_commit(lambda: self._tell(job_id))
        return self.get(job_id)

    def remove(self, job_id: str) -> Deleted:
        """Forget a job that is not under way, with its files; what it made (a data set, a model) stays."""
        job = self.row(job_id)
        if job.state in ACTIVE:
            message = "the job is under way"
            raise Conflict(message)
        with self._desk.database.begin() as tx:
            lab_work.remove_job(tx, job_id)
            self._desk.journal.note(tx, actor=by_manager(), action="laboratory.job_removed", subject=job_id)
            tx.after_commit(lambda: self._tell_removed(job_id))
        self._works[job.kind].removed(job)
        shutil.rmtree(self.folder(job_id), ignore_errors=True)
        return Deleted(id=job_id)

    def log(self, job_id: str) -> JobLog:
        """Return the latest lines of a job's log."""
        self.row(job_id)
        try:
            with (self.folder(job_id) / "job.log").open("rb") as stream:
                size = stream.seek(0, 2)
                stream.seek(max(0, size - LOG_BYTES))
                text = stream.read().decode("utf-8", "replace")
        except FileNotFoundError:
            text = ""
        return JobLog(lines=text.splitlines()[-LOG_LINES:])

    # --- what the queue asks for --------------------------------------------------------------------------------

    def _next(self, lane: Lane) -> str | None:
        self._end_left(lane)  # this is the lane's one thread: it works on nothing now
        if lane == "heavy" and self._held():
            return None
        with self._desk.database.read() as connection:
            waiting = lab_work.jobs_in(connection, JobState.QUEUED)
        return next((job.id for job in waiting if self._works[job.kind].lane == lane), None)

    def _end_left(self, lane: Lane) -> None:
        """Call interrupted what nobody works on although it counts as running: its end could not be written."""
        with self._desk.database.read() as connection:
            left = lab_work.jobs_in(connection, JobState.RUNNING)
        for job in left:
            if self._works[job.kind].lane == lane:
                try:
                    self._end(job, JobEvent.INTERRUPTED)
                except Exception as error:  # noqa: BLE001 - the next look tries again; what waits has its turn meanwhile
                    log_without_words(error, "the end of a job could not be written", job=job.id)

    def _compute(self, job_id: str, cancel: threading.Event) -> None:
        try:
            job = self.row(job_id)
            with self._desk.database.begin() as tx:
                now = self._desk.now()
                state = lab_work.apply_to_job(
                    tx, job_id, JobEvent.STARTED, at=now, values={"started_at": now, "ended_at": None}
                )
                self._works[job.kind].changed(tx, job, state)
                tx.after_commit(lambda: self._publish(job_id))
        except (IllegalTransition, NotFound):
            logger.info("a job was cancelled or removed before it began", extra={"job": job_id})
            return
        self._settle(job, cancel)

    def _out(self, job_id: str) -> None:
        with self._lock:
            self._live.pop(job_id, None)
        self._publish(job_id)

    def _settle(self, job: JobRow, cancel: threading.Event) -> None:
        """Run the child, then write down how it ended."""
        work = self._works[job.kind]
        try:
            answer = self._child(job, work, cancel)
            if answer.get("interrupted") is True:
                message = "the job was ended from outside"
                raise JobCancelled(message)
            with self._desk.database.begin() as tx:
                outcome = work.finish(tx, job, answer)
                values = {"result": outcome.result, "model_id": outcome.model_id}
                self._apply(tx, job, JobEvent.FINISHED, values)
        except JobCancelled:
            self._end(job, JobEvent.CANCELLED if self._queue.is_ending(job.id) else JobEvent.INTERRUPTED)
        except Exception as error:  # noqa: BLE001 - whatever it is, the job has failed
            failure = expected(error, "a job of the laboratory failed unexpectedly", job=job.id)
            self._end(job, JobEvent.FAILED, problem=_problem(failure))

    def _child(self, job: JobRow, work: Work, cancel: threading.Event) -> dict[str, object]:
        folder = self.folder(job.id)
        folder.mkdir(parents=True, exist_ok=True)
        free = self._free_bytes(folder)
        if free < LEAST_FREE_BYTES:
            message = f"{free / 1e6:.0f} MB are free, a job needs at least {LEAST_FREE_BYTES / 1e6:.0f} MB"
            raise StorageFailed(message, code="storage.disk_full")
        ask = work.ask(job, folder)
        first = time.monotonic()
        kept_at = first
        begun: float | None = None

        def on_progress(line: dict[str, object]) -> None:
            nonlocal kept_at, begun
            now, share = time.monotonic(), float(str(line["progress"]))
            begun = share if begun is None else begun
            gained = share - begun
            left = (now - first) * (1 - share) / gained if gained > 0.02 else None
            with self._lock:
                live = self._live[job.id] = {**heard(self._live.get(job.id, job.live), line), "left_s": left}
            if "curve" in line or now - kept_at > KEEP_EVERY_S:
                kept_at = now
                self._keep_live(job.id, live)
            self._desk.bus.publish_progress("laboratory_job", job.id, lambda: self._present(job.id))

        try:
            return self._run(
                ask.module,
                ask.request,
                timeout_s=ask.timeout_s,
                on_progress=on_progress,
                cancel=cancel,
                log=folder / "job.log",
                grace_s=GRACE_S,
            )
        finally:
            with self._lock:
                last = self._live.get(job.id)
            if last is not None:
                self._keep_live(job.id, {**last, "left_s": None})

    def _keep_live(self, job_id: str, live: Json) -> None:
        with self._desk.database.begin() as tx:
            lab_work.update_job(tx, job_id, {"live": live})

    # --- states ----------------------------------------------------------------------------------------------------

    def _end(self, job: JobRow, event: JobEvent, *, problem: Json | None = None) -> None:
        with self._desk.database.begin() as tx:
            self._apply(tx, job, event, {"problem": problem})

    def _apply(self, tx: Transaction, job: JobRow, event: JobEvent, values: Mapping[str, object]) -> None:
        now = self._desk.now()
        state = lab_work.apply_to_job(tx, job.id, event, at=now, values={"ended_at": now, **values})
        self._works[job.kind].changed(tx, job, state)
        self._desk.journal.note(
            tx,
            actor=SYSTEM,
            action=f"laboratory.job_{event.value}",
            subject=job.id,
            details={"kind": job.kind},
            text=f"{_KIND_WORDS[job.kind]} “{job.title}” {_ENDINGS[event]}.",
            values={"kind": job.kind, "title": job.title},
        )
        tx.after_commit(lambda: self._publish(job.id))

    def _tell(self, job_id: str) -> None:
        self._publish(job_id)
        self.look()

    def _publish(self, job_id: str) -> None:
        self._desk.bus.publish("laboratory_job", lambda: self._present(job_id))

    def _tell_removed(self, job_id: str) -> None:
        self._desk.bus.publish("laboratory_job_deleted", Deleted(id=job_id))

    def _present(self, job_id: str) -> JobTold | None:
        with suppress(NotFound):
            return job_told(self._shown(self.row(job_id)))
        return None

    def _shown(self, row: JobRow) -> Shown:
        with self._lock:
            live = self._live.get(row.id)
        can_resume = self._works[row.kind].can_resume(row, self.folder(row.id))
        return Shown(
            row=row if live is None else replace(row, live=live),
            can_resume=can_resume,
            ending=self._queue.is_ending(row.id),
        )


_KIND_WORDS = {
    "synthesis": "Making the data set",
    "check": "Checking the data set",
    "training": "The training",
    "comparison": "The comparison",
    "reconstruction": "The reconstruction",
}
_ENDINGS = {
    JobEvent.FINISHED: "is done",
    JobEvent.FAILED: "failed",
    JobEvent.CANCELLED: "was cancelled",
    JobEvent.INTERRUPTED: "was interrupted",
}


def _problem(error: FlomirError) -> Json:
    entry = error.entry
    return {
        "code": error.code,
        "title": entry.title,
        "detail": str(error)[:600],
        "advice": entry.advice,
        "remedy": error.remedy,
    }
