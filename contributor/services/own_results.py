"""Before and after on the own hold-out: queues, runs and keeps comparisons of OSEM, the own model and a received one."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from contributor.paths import SitePaths
from contributor.schemas import ReceivedModelView, WorkProblem
from contributor.schemas_results import OwnCase, OwnFindings, OwnResultList, OwnResultSummary, OwnResultView
from contributor.services.inspection import Volume
from contributor.services.kept_files import remove_of, settle_strays
from contributor.services.models import ReceivedModels
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict, IllegalTransition, NotFound
from fl_core.protocol.ids import new_id
from fl_core.protocol.messages import Json
from fl_core.storage.lab_work import JobEvent, JobState
from fl_core.storage.listing import Wanted
from fl_core.storage.site_requests import RequestRecord, RequestStore
from fl_core.storage.site_results import OwnResultRecord, OwnResultStore
from fl_core.storage.site_sessions import SiteSessionStore
from fl_core.storage.site_studies import StudyStore
from fl_core.supervision.failures import expected, log_without_words
from fl_core.supervision.job_queue import JobQueue
from fl_core.supervision.jobs import JobCancelled, run_job
from fl_core.views import Deleted

MODULE = "model.hospital_jobs"
TIMEOUT_S = 48 * 3600.0
GRACE_S = 10.0
STOP_S = 2.0
_ENDINGS = {
    JobEvent.FINISHED: "is done",
    JobEvent.FAILED: "failed",
    JobEvent.CANCELLED: "was cancelled",
    JobEvent.INTERRUPTED: "was interrupted",
}

logger = logging.getLogger(__name__)


class OwnResults:
    """One comparison is computed at a time; what the end of the daemon interrupted goes on at its next start."""

    def __init__(
        self,
        desk: Desk,
        *,
        paths: SitePaths,
        models: ReceivedModels,
        threads: int,
        room_changed: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._store = OwnResultStore(desk.database)
        self._requests = RequestStore(desk.database)
        self._sessions = SiteSessionStore(desk.database)
        self._studies = StudyStore(desk.database)
        self._paths = paths
        self._models = models
        self._threads = threads
        self._room_changed = room_changed
        self._lock = threading.Lock()
        self._live: dict[str, tuple[str, float]] = {}
        self._queue = JobQueue("own-results", lanes={"": self._next}, compute=self._compute, done=self._out)

    # --- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Go on with what was queued, running or interrupted when the daemon ended; remove what belongs to nothing."""
        known = self._store.all()
        settle_strays(self._desk, self._paths.results, prefix="result", known={record.id for record in known})
        for record in reversed(known):
            with self._desk.database.begin() as tx:
                state = record.state
                if state == JobState.RUNNING:
                    state = self._store.apply(tx, record.id, JobEvent.INTERRUPTED)
                if state == JobState.INTERRUPTED:
                    self._store.apply(tx, record.id, JobEvent.RESUMED, {"ended_at": None})
        self._queue.start()

    def cancel_all(self) -> None:
        """Tell the present child to put its work away; returns at once."""
        self._queue.cancel_all()

    def stop(self) -> None:
        """End the present child and the thread within 2 s; what it did since the last whole round is done again; idempotent."""
        self._queue.stop(STOP_S)

    # --- what people do --------------------------------------------------------------------------------------------

    def part(self, wanted: Wanted) -> OwnResultList:
        """Return a part of the comparisons, newest first, without what they found."""
        part = self._store.part(wanted)
        models = self._models.several({record.model_id for record in part.rows})
        items = [self._summary(record, models[record.model_id]) for record in part.rows]
        return OwnResultList(items=items, total=part.total, next_cursor=part.next_cursor)

    def get(self, result_id: str) -> OwnResultView:
        """Return one with what it found; raises NotFound."""
        record = self._store.get(result_id)
        summary = self._summary(record, self._models.get(record.model_id))
        return OwnResultView(**vars(summary), findings=None if record.result is None else self._findings(record.result))

    def create(self, model_id: str) -> OwnResultView:
        """Queue a comparison for a received model; one that waits, runs or is done for it is returned instead.

        Raises
        ------
        Conflict
            When this site gave no update to the model's session, so that there is nothing to compare.
        """
        model = self._models.get(model_id)
        for known in self._store.all():
            if known.model_id == model_id and known.state in (JobState.QUEUED, JobState.RUNNING, JobState.DONE):
                return self.get(known.id)
        self._ask(model_id, self._paths.results / "unknown")
        if not model.fetched:
            self._models.fetch(model_id)
        record = OwnResultRecord(
            id=new_id("result"),
            session_id=model.session_id,
            model_id=model_id,
            state=JobState.QUEUED.value,
            created_at=self._desk.now(),
        )
        with self._desk.database.begin() as tx:
            self._store.add(tx, record)
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action="result.started",
                subject=record.id,
                details={"model": model_id},
                text=f"“{model.name}” is compared with OSEM and with a model of this site's data alone.",
                values={"name": model.name},
            )
        self._queue.look()
        self._publish(record.id)
        return self.get(record.id)

    def cancel(self, result_id: str) -> OwnResultView:
        """End a comparison: a queued one at once, a running one as soon as its child has put its work away."""
        if self._store.get(result_id).state == JobState.QUEUED:
            with suppress(IllegalTransition):  # it began meanwhile
                self._end(result_id, JobEvent.CANCELLED)
                return self.get(result_id)
        if not self._queue.cancel(result_id):
            message = f"the comparison is {self._store.get(result_id).state} and cannot be cancelled"
            raise IllegalTransition(message)
        self._publish(result_id)
        return self.get(result_id)

    def resume(self, result_id: str) -> OwnResultView:
        """Queue a comparison again that ended early; it goes on after its last whole round."""
        with self._desk.database.begin() as tx:
            self._store.apply(tx, result_id, JobEvent.RESUMED, {"problem": None, "ended_at": None})
            self._desk.journal.note(
                tx, actor=acted_by("professional"), action="result.resumed", subject=result_id, details={}
            )
        self._queue.look()
        self._publish(result_id)
        return self.get(result_id)

    def remove(self, result_id: str) -> Deleted:
        """Forget one with its images; raises NotFound, or Conflict (``result.running``) while it waits or runs."""
        record = self._store.get(result_id)
        with self._desk.database.begin() as tx:
            if not self._store.remove(tx, result_id):
                message = "the comparison is not over"
                raise Conflict(message, code="result.running")
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action="result.removed",
                subject=result_id,
                details={"model": record.model_id},
                text="A comparison on the own hold-out was removed with its images.",
                values={},
            )
        remove_of(self._paths.results, result_id)
        self._desk.bus.publish("own_result_deleted", Deleted(id=result_id))
        self._room_changed()
        return Deleted(id=result_id)

    def is_busy(self) -> bool:
        """Tell whether one is being computed or waits for it."""
        return any(record.state in (JobState.QUEUED, JobState.RUNNING) for record in self._store.all())

    def array(self, result_id: str, case: int, name: str) -> Volume:
        """Return one image of one case (z, y, x) with its voxel size in mm; raises NotFound, Conflict."""
        record = self._store.get(result_id)
        if record.state != JobState.DONE:
            message = f"the comparison is {record.state}"
            raise Conflict(message)
        try:
            with np.load(self._folder(record.id) / f"case-{case}.npz", allow_pickle=False) as archive:
                z, y, x = (float(size) for size in archive["voxel_mm"])
                return archive[name].astype(np.float32), (z, y, x)
        except (FileNotFoundError, KeyError) as error:
            message = f"there is no image {name} of case {case + 1}"
            raise NotFound(message) from error

    # --- what the queue asks for --------------------------------------------------------------------------------

    def _next(self) -> str | None:
        """Return the oldest that waits; one that nobody works on although it counts as running is called interrupted."""
        known = self._store.all()
        for record in known:
            if record.state == JobState.RUNNING:  # this is the one thread that works: its end could not be written
                try:
                    self._end(record.id, JobEvent.INTERRUPTED)
                except Exception as error:  # noqa: BLE001 - the next look tries again; what waits has its turn meanwhile
                    log_without_words(error, "the end of a comparison could not be written", result=record.id)
        waiting = [record.id for record in known if record.state == JobState.QUEUED]
        return waiting[-1] if waiting else None

    def _compute(self, result_id: str, cancel: threading.Event) -> None:
        try:
            with self._desk.database.begin() as tx:
                self._store.apply(tx, result_id, JobEvent.STARTED)
        except (IllegalTransition, NotFound):
            logger.info("a comparison was cancelled or removed before it began", extra={"result": result_id})
            return
        self._publish(result_id)
        self._settle(result_id, cancel)

    def _out(self, result_id: str) -> None:
        with self._lock:
            self._live.pop(result_id, None)
        with suppress(NotFound):
            self._publish(result_id)

    def _settle(self, result_id: str, cancel: threading.Event) -> None:
        """Run the child, then write down how it ended."""
        try:
            answer = self._child(result_id, cancel)
            if answer.get("interrupted") is True:
                message = "the comparison was ended from outside"
                raise JobCancelled(message)
            self._end(result_id, JobEvent.FINISHED, {"result": answer})
        except JobCancelled:
            self._end(result_id, JobEvent.CANCELLED if self._queue.is_ending(result_id) else JobEvent.INTERRUPTED)
        except Exception as error:  # noqa: BLE001 - whatever it is, the comparison has failed
            failure = expected(error, "a comparison failed unexpectedly", result=result_id)
            self._end(result_id, JobEvent.FAILED, {"problem": WorkProblem.of(failure).model_dump()})

    def _child(self, result_id: str, cancel: threading.Event) -> dict[str, object]:
        record = self._store.get(result_id)
        request = self._ask(record.model_id, self._folder(result_id))
        news = self._models.get(record.model_id)
        offer = self._request_of(record.session_id).offer
        request["federated"] = str(self._models.weights_path(record.model_id))
        limit_bytes = 2 * news.size_bytes + 2**20
        request["initial"] = str(self._models.start_weights(offer.initial_model_sha256, limit_bytes=limit_bytes))
        self._folder(result_id).mkdir(parents=True, exist_ok=True)

        def on_progress(line: dict[str, object]) -> None:
            with self._lock:
                self._live[result_id] = (str(line.get("stage", "")), float(str(line["progress"])))
            self._desk.bus.publish_progress("own_result", result_id, lambda: self._told(result_id))

        return run_job(MODULE, request, timeout_s=TIMEOUT_S, on_progress=on_progress, cancel=cancel, grace_s=GRACE_S)

    def _ask(self, model_id: str, folder: Path) -> dict[str, object]:
        """Return the child's request but for the weights, from the signed offer and the consent."""
        model = self._models.get(model_id)
        request = self._request_of(model.session_id)
        rounds = [
            one.round
            for one in self._sessions.rounds(model.session_id)
            if one.sent is not None and one.round <= model.round
        ]
        if not rounds:
            message = "this site gave no update to this session, so there is no own share to compare"
            raise Conflict(message)
        offer, covered = request.offer, set(request.studies)
        wanted = covered.union(*request.earlier)
        records = [
            one for one in self._studies.all() if one.id in wanted and (self._paths.studies / one.file).is_file()
        ]
        usable = [one.file for one in records if one.state == "usable" and one.id in covered]
        gone = [
            one.file for one in records if one.state == "withdrawn" or (one.state == "usable" and one.id not in covered)
        ]
        if not usable:
            message = "none of the studies that the consent covered can be used now"
            raise Conflict(message)
        return {
            "kind": "own_results",
            "task": offer.task,
            "parameters": offer.task_parameters,
            "network": offer.network,
            "studies": [str(self._paths.studies / file) for file in usable],
            "left_out": [str(self._paths.studies / file) for file in gone],
            "earlier": [
                [str(self._paths.studies / one.file) for one in records if one.id in studies]
                for studies in request.earlier
            ],
            "rounds": rounds,
            "rounds_planned": max(offer.rounds, rounds[-1]),
            "out": str(folder),
            "threads": self._threads,
        }

    def _request_of(self, session_id: str) -> RequestRecord:
        found = self._requests.find(session_id)
        if found is None:
            message = "this site was not asked for the session of this model"
            raise NotFound(message)
        return found

    # --- states ----------------------------------------------------------------------------------------------------

    def _end(self, result_id: str, event: JobEvent, values: Json | None = None) -> None:
        with self._desk.database.begin() as tx:
            self._store.apply(tx, result_id, event, {"ended_at": self._desk.now(), **(values or {})})
            text = f"The comparison on the own hold-out {_ENDINGS[event]}."
            self._desk.journal.note(
                tx, actor="system", action=f"result.{event.value}", subject=result_id, details={}, text=text, values={}
            )
        self._publish(result_id)

    def _publish(self, result_id: str) -> None:
        self._desk.bus.publish("own_result", lambda: self._told(result_id))

    def _told(self, result_id: str) -> OwnResultSummary:
        record = self._store.get(result_id)
        return self._summary(record, self._models.get(record.model_id))

    def _folder(self, result_id: str) -> Path:
        return self._paths.results / result_id

    def _summary(self, record: OwnResultRecord, model: ReceivedModelView) -> OwnResultSummary:
        with self._lock:
            stage, progress = self._live.get(record.id, ("", 0.0))
        return OwnResultSummary(
            id=record.id,
            session_id=record.session_id,
            session_title=model.session_title,
            model_id=record.model_id,
            model_name=model.name,
            round=model.round,
            state=JobState(record.state).value,
            ending=self._queue.is_ending(record.id),
            stage=stage,
            progress=progress,
            created_at=record.created_at,
            ended_at=record.ended_at,
            problem=None if record.problem is None else WorkProblem.model_validate(record.problem),
        )

    def _findings(self, result: Json) -> OwnFindings:
        """Name the cases as this site names its studies; the child knows their files only."""
        known = {Path(one.file).stem: one for one in self._studies.all()}
        rows, cases = result["cases"], []
        for row in rows if isinstance(rows, list) else []:
            study = known.get(str(row["name"]))
            named = (
                {"study_id": None, "name": str(row["name"])}
                if study is None
                else {"study_id": study.id, "name": study.name}
            )
            cases.append(OwnCase.model_validate({**row, **named}))
        return OwnFindings.model_validate({**result, "cases": cases})
