"""Erases one patient: every study with what was made of it, for good; models that have learned keep what they learned.

The rows go first, in one transaction that also notes which files have to follow; then the files go, then what is left of
the rows in the database file. A kill in between leaves the note, and the next start goes on from it.
"""

import logging
import shutil
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from contributor.paths import SitePaths
from contributor.schemas import WorkProblem
from contributor.schemas_intake import Erased, ErasureSession, ErasureView
from contributor.services.imports import RESUMABLE
from contributor.services.kept_files import UNKNOWN, files_of, remove_of
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict, FlomirError, StorageFailed
from fl_core.storage.database import Transaction
from fl_core.storage.lab_work import JobState
from fl_core.storage.site_erasure import ErasureStore, Remains, Traces
from fl_core.storage.site_imports import ACTIVE, ImportRecord, ImportState, ImportStore
from fl_core.storage.site_models import ReconstructionStore
from fl_core.storage.site_requests import RequestRecord, RequestStore
from fl_core.storage.site_results import OwnResultStore
from fl_core.storage.site_sessions import SiteSessionStore
from fl_core.storage.site_studies import StudyRecord, StudyStore
from fl_core.views import Deleted
from model.task_spec import learns_without_reference

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Told:
    """Whom an erasure is told to.

    Parameters
    ----------
    permissions : called before a file is deleted, so that running rounds lose the studies first
    data : called once everything is gone
    room : called once there is more room
    import_changed : called for each import whose list became shorter
    """

    permissions: Callable[[], None]
    data: Callable[[], None]
    room: Callable[[], None]
    import_changed: Callable[[str], None]


@dataclass(frozen=True)
class _Found:
    """A patient's studies and everything that rests on them; `problem` keeps it from being erased now."""

    traces: Traces
    sessions: list[ErasureSession]
    problem: FlomirError | None


class Erasures:
    """Shows what an erasure would delete, erases, and finishes what was begun."""

    def __init__(self, desk: Desk, *, paths: SitePaths, told: Told) -> None:
        self._desk = desk
        self._store = ErasureStore(desk.database)
        self._studies = StudyStore(desk.database)
        self._reconstructions = ReconstructionStore(desk.database)
        self._results = OwnResultStore(desk.database)
        self._imports = ImportStore(desk.database)
        self._requests = RequestStore(desk.database)
        self._sessions = SiteSessionStore(desk.database)
        self._paths = paths
        self._told = told
        self._finishing = threading.Lock()

    def view(self, study_id: str) -> ErasureView:
        """Return what goes with the patient of a study, and what stays; raises NotFound."""
        found = self._find(study_id)
        traces, files = found.traces, self._files(self._remains(found.traces))
        return ErasureView(
            study_id=study_id,
            patient=traces.patient,
            studies=len(traces.studies),
            files=len(files),
            bytes=sum(path.stat().st_size for path in files if path.is_file()),
            reconstructions=len(traces.reconstructions),
            results=len(traces.results),
            import_entries=len(traces.entries),
            imports=len(traces.imports),
            sessions=found.sessions,
            problem=None if found.problem is None else WorkProblem.of(found.problem),
        )

    def erase(self, study_id: str, studies: int) -> Erased:
        """Erase the patient of a study; a round that works with the patient's studies ends without an update.

        Raises
        ------
        NotFound
            When there is no such study.
        Conflict
            ``storage.count_differs`` when `studies` is not how many the patient has; ``erasure.busy`` while an import, or
            something made of these studies, is under way; ``erasure.unread`` while files that were handed over wait to be read.
        StorageFailed
            ``erasure.unfinished`` when something could not be deleted; the next start tries again.
        """
        with self._desk.database.begin() as tx:
            found = self._find(study_id)
            traces = found.traces
            if len(traces.studies) != studies:
                message = f"the patient has {len(traces.studies)} studies here, the confirmation says {studies}"
                raise Conflict(message, code="storage.count_differs")
            if found.problem is not None:
                raise found.problem
            remains = self._remains(traces)
            erased = Erased(
                studies=len(traces.studies),
                files=len(self._files(remains)),
                reconstructions=len(traces.reconstructions),
                results=len(traces.results),
                import_entries=len(traces.entries),
            )
            shutil.rmtree(self._paths.incoming / "ready", ignore_errors=True)  # half made; no import runs now
            self._store.erase(tx, traces, remains, at=self._desk.now())
            self._note(tx, erased)
        with ExitStack() as afterwards:  # the last one first, each also where another fails
            afterwards.callback(self._told.room)
            afterwards.callback(self._told.data)
            afterwards.callback(self._publish, traces)
            afterwards.callback(self._finish)
            self._told.permissions()
        return erased

    def resume(self) -> None:
        """Finish what an earlier run began, before anything looks at the files; never keeps the program from its start."""
        if self._store.remains() == Remains():
            return
        try:
            self._finish()
        except FlomirError as error:
            logger.warning("an erasure is not finished", extra={"code": error.code})

    # --- what there is ---------------------------------------------------------------------------------------------

    def _find(self, study_id: str) -> _Found:
        one = self._studies.get(study_id)
        studies = [one] if one.patient is None else [s for s in self._studies.all() if s.patient == one.patient]
        ids = {study.id for study in studies}
        requests = {one.session_id: one for one in self._requests.all() if _may_cover(one, studies)}
        made = [one for one in self._reconstructions.all() if one.study_id in ids]
        compared = [one for one in self._results.all() if one.session_id in requests]
        imports = self._imports.all()
        whole, entries = self._store.entries(ids, [one.id for one in imports if _may_go_on(one)])
        traces = Traces(
            patient=one.patient,
            studies=tuple(study.id for study in studies),
            reconstructions=tuple(one.id for one in made),
            results=tuple(one.id for one in compared),
            imports=tuple(whole),
            entries=tuple(entries),
        )
        under_way = any(one.state == "running" for one in made) or any(
            one.state in (JobState.QUEUED, JobState.RUNNING) for one in compared
        )
        problem = _hindrance(imports, whole, under_way=under_way)
        return _Found(traces, self._used_in(list(requests.values())), problem)

    def _used_in(self, requests: list[RequestRecord]) -> list[ErasureSession]:
        """Return the sessions that trained here with what covers, or may have covered, the studies."""
        used = []
        for request in requests:
            rounds = [one for one in self._sessions.rounds(request.session_id) if one.has_begun]
            sent = sum(one.sent is not None for one in rounds)
            if rounds:
                used.append(ErasureSession(session_id=request.session_id, title=request.offer.title, updates=sent))
        return used

    def _remains(self, traces: Traces) -> Remains:
        records = (one for one in self._imports.all() if one.id in traces.imports and one.source == "files")
        return Remains(
            traces.studies, traces.reconstructions, traces.results, tuple(record.place for record in records)
        )

    def _files(self, remains: Remains) -> list[Path]:
        """Return every file that is there still."""
        named = [path for folder, name in self._named(remains) for path in files_of(folder, name)]
        tops = [*named, *(Path(place) for place in remains.places)]
        below = [path for top in tops if top.is_dir() for path in top.rglob("*") if path.is_file()]
        return [*(top for top in tops if top.is_file()), *below]

    def _named(self, remains: Remains) -> list[tuple[Path, str]]:
        """Return where to look for which id: also where a start put aside what it did not know."""
        kinds = (
            (self._paths.studies, remains.studies),
            (self._paths.reconstructions, remains.reconstructions),
            (self._paths.results, remains.results),
        )
        return [(place, one) for top, ids in kinds for place in (top, top / UNKNOWN) for one in ids]

    # --- doing it --------------------------------------------------------------------------------------------------

    def _note(self, tx: Transaction, erased: Erased) -> None:
        self._desk.journal.note(
            tx,
            actor=acted_by("administrator"),
            action="patient.erased",
            details=erased.model_dump(),
            text=f"A patient was erased: {erased.studies} studies, {erased.reconstructions} reconstructions.",
            values={"studies": erased.studies, "reconstructions": erased.reconstructions},
            kind="study",
        )

    def _publish(self, traces: Traces) -> None:
        gone = {
            "study_deleted": traces.studies,
            "reconstruction_deleted": traces.reconstructions,
            "own_result_deleted": traces.results,
            "import_deleted": traces.imports,
        }
        for kind, ids in gone.items():
            for one in ids:
                self._desk.bus.publish(kind, Deleted(id=one))
        for import_id in dict.fromkeys(one for one, _ in traces.entries if one not in traces.imports):
            self._told.import_changed(import_id)

    def _finish(self) -> None:
        """Delete the files, then what the database file still holds of the rows, then the note that this is to do."""
        with self._finishing:
            remains = self._store.remains()
            for folder, name in self._named(remains):
                remove_of(folder, name)
            for place in remains.places:
                shutil.rmtree(place, ignore_errors=True)
            left = len(self._files(remains))
            try:
                is_whole = self._desk.database.compact() and left == 0
            except StorageFailed as error:
                message = f"the database could not be written anew: {error}"
                raise StorageFailed(message, code="erasure.unfinished") from error
            if not is_whole:
                message = f"{left} files could not be deleted" if left else "the database is being read all the time"
                raise StorageFailed(message, code="erasure.unfinished")
            self._store.done()


def _may_cover(request: RequestRecord, studies: list[StudyRecord]) -> bool:
    """Tell whether an agreement covers one of the studies, or an earlier one may have: not every list of those is kept."""
    consent, offer = request.consent, request.offer
    without = learns_without_reference(offer.task_parameters)
    return any(
        any(study.id in covered for covered in (request.studies, *request.earlier))
        or (
            study.task == offer.task
            and (study.has_reference or without)
            and (consent is None or study.added_at <= consent.signed_at)
        )
        for study in studies
    )


def _may_go_on(record: ImportRecord) -> bool:
    """Tell whether an import that ended early can bring its files in again, now or once its folder is there again."""
    return record.state in RESUMABLE and (record.source == "folder" or Path(record.place).exists())


def _hindrance(imports: list[ImportRecord], whole: list[str], *, under_way: bool) -> FlomirError | None:
    if under_way or any(one.state in ACTIVE for one in imports):
        message = "an import, or something made of these studies, is under way"
        return Conflict(message, code="erasure.busy")
    unread = [
        one
        for one in imports
        if one.state is ImportState.FAILED
        and one.source == "files"
        and one.id not in whole
        and Path(one.place).exists()
    ]
    if unread:
        message = f"{len(unread)} imports stopped before all their files were read"
        return Conflict(message, code="erasure.unread")
    return None
