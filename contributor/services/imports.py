"""Imports: files that a page hands over, or a folder of this computer, become studies in the background."""

import logging
import shutil
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from contributor.paths import SitePaths
from contributor.schemas_intake import ImportFileList, ImportFileView, ImportList, ImportView, Received
from contributor.services.import_run import ImportRun, RunJob
from contributor.services.staging import place_in
from contributor.services.storage import Storage
from contributor.services.studies import Studies
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import (
    CATALOGUE,
    Conflict,
    IllegalTransition,
    InvalidInput,
    NotFound,
    StorageFailed,
)
from fl_core.protocol.ids import new_id
from fl_core.storage import request_keys
from fl_core.storage.database import Transaction
from fl_core.storage.incoming import pieces, receive
from fl_core.storage.listing import Wanted
from fl_core.storage.site_imports import ACTIVE, FileState, ImportEvent, ImportRecord, ImportState, ImportStore
from fl_core.supervision.failures import expected
from fl_core.supervision.job_queue import JobQueue
from fl_core.supervision.jobs import JobCancelled, run_job

STOP_S = 3.0
RESUMABLE = frozenset({ImportState.FAILED, ImportState.CANCELLED})

logger = logging.getLogger(__name__)


class Imports:
    """Takes in, queues, shows and ends imports; one is worked on at a time, and goes on after the daemon was killed.

    Parameters
    ----------
    limit_bytes : largest single file that is handed over
    run : how the reading child is run
    """

    def __init__(
        self,
        desk: Desk,
        *,
        paths: SitePaths,
        studies: Studies,
        storage: Storage,
        limit_bytes: int,
        run: RunJob = run_job,
    ) -> None:
        self._desk = desk
        self._store = ImportStore(desk.database)
        self._paths = paths
        self._studies = studies
        self._storage = storage
        self._limit_bytes = limit_bytes
        self._run = run
        self._queue = JobQueue("imports", lanes={"": self._next}, compute=self._compute)

    # --- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Forget uploads that were cut off, and go on with what was going on."""
        for record in self._store.all():
            if record.state is ImportState.RECEIVING:
                self._end(record, ImportEvent.CANCELLED)
        self._clear_leftovers()
        self._queue.start()

    def stop(self) -> None:
        """End the reading child and the thread in bounded time; a running import goes on at the next start. Idempotent."""
        self._queue.stop(STOP_S)

    def is_busy(self) -> bool:
        """Tell whether something is coming in."""
        return any(record.state in ACTIVE for record in self._store.all())

    # --- what people do --------------------------------------------------------------------------------------------

    def part(self, wanted: Wanted) -> ImportList:
        """Return a part of the imports, newest first."""
        part = self._store.part(wanted)
        counts = self._store.counts_of([record.id for record in part.rows])
        items = [self._counted(record, counts.get(record.id, {})) for record in part.rows]
        return ImportList(items=items, total=part.total, next_cursor=part.next_cursor)

    def get(self, import_id: str) -> ImportView:
        """Return one import; raises NotFound."""
        return self._view(self._store.get(import_id))

    def files(self, import_id: str, wanted: Wanted) -> ImportFileList:
        """Return a part of an import's files."""
        self._store.get(import_id)
        part = self._store.files(import_id, wanted)
        items = [
            ImportFileView(
                name=row.name,
                state=row.state.value,
                study_id=row.study_id,
                code=row.code,
                detail=row.detail,
                advice=row.advice or _advice(row.code, row.state),
            )
            for row in part.rows
        ]
        return ImportFileList(items=items, total=part.total, next_cursor=part.next_cursor)

    def open(self) -> ImportView:
        """Begin an import of files that are handed over next."""
        made = request_keys.made_before(self._desk.database)
        if made is not None:
            return self.get(made)
        self._storage.check(0)
        import_id = new_id("import")
        return self._add(import_id, "files", str(self._staged(import_id)))

    def receive(self, import_id: str, parts: Iterable[tuple[str, IO[bytes]]], *, size: int) -> Received:
        """Keep files of an import that is being handed over; each with its path below what was chosen.

        Raises
        ------
        Conflict
            When the import is past that.
        StorageFailed
            ``storage.quota``, ``storage.disk_low`` or ``storage.disk_full``.
        InvalidInput
            ``upload.too_large``.
        """
        self._receiving(import_id)
        self._storage.check(size)
        folder, files, size_bytes = self._staged(import_id), 0, 0
        for given, stream in parts:
            target = place_in(folder, given)
            held = receive(pieces(stream), folder, limit_bytes=self._limit_bytes, suffix="")
            try:
                size_bytes += held.stat().st_size
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                held.replace(target)
            except OSError as error:
                held.unlink(missing_ok=True)
                message = f"a file could not be kept: {error.strerror}"
                raise StorageFailed(message) from None  # the error itself quotes the file's name
            files += 1
        return Received(files=files, size_bytes=size_bytes)

    def begin(self, import_id: str) -> ImportView:
        """Begin to read what was handed over; asking twice changes nothing."""
        if self._store.get(import_id).state is ImportState.RECEIVING:
            with self._desk.database.begin() as tx:
                self._store.apply(tx, import_id, ImportEvent.RECEIVED)
                tx.after_commit(lambda: self._news(import_id))
        return self.get(import_id)

    def add_folder(self, given: str) -> ImportView:
        """Begin to read a folder of this computer, with all its subfolders; nothing in it is changed.

        Raises
        ------
        InvalidInput
            When there is no such folder, or it is the folder of the data itself.
        """
        made = request_keys.made_before(self._desk.database)
        if made is not None:
            return self.get(made)
        folder = Path(given).expanduser()
        if not folder.is_absolute() or not folder.exists():
            message = "path: there is no such folder on this computer; give its whole path"
            raise InvalidInput(message)
        own = (self._paths.home.resolve(), self._paths.data.resolve())
        if any(folder.resolve() == one or folder.resolve().is_relative_to(one) for one in own):
            message = "path: this is where FLoMIR keeps its own data; name the folder that the scans come from"
            raise InvalidInput(message)
        self._storage.check(0)
        view = self._add(new_id("import"), "folder", str(folder))
        self._news(view.id)
        return view

    def cancel(self, import_id: str) -> ImportView:
        """End an import; what it has added so far stays."""
        record = self._store.get(import_id)
        if self._queue.cancel(import_id):
            return self._view(record)
        self._end(record, ImportEvent.CANCELLED)
        return self.get(import_id)

    def resume(self, import_id: str) -> ImportView:
        """Go on with an import that ended early; files that were dealt with are not read again."""
        record = self._store.get(import_id)
        if record.state in RESUMABLE and not Path(record.place).exists():
            message = "the files are not here any more; add them again"
            raise Conflict(message)
        with self._desk.database.begin() as tx:
            self._store.apply(tx, import_id, ImportEvent.RESUMED, {"code": "", "detail": "", "ended_at": None})
            self._record(tx, "import.resumed", import_id)
            tx.after_commit(lambda: self._news(import_id))
        return self.get(import_id)

    def forget(self, import_id: str) -> ImportView:
        """Forget an import that is over, with its list of files; what it added stays."""
        record = self._store.get(import_id)
        if record.state in ACTIVE:
            message = "the import is going on"
            raise Conflict(message)
        view = self._view(record)
        with self._desk.database.begin() as tx:
            self._store.remove(tx, import_id)
            self._record(tx, "import.forgotten", import_id)
        self._drop_staged(record)
        return view

    # --- what the queue asks for --------------------------------------------------------------------------------

    def _next(self) -> str | None:
        record = self._store.next_one()
        return None if record is None else record.id

    def _compute(self, import_id: str, cancel: threading.Event) -> None:
        try:
            record = self._store.get(import_id)
            with self._desk.database.begin() as tx:
                self._store.apply(tx, import_id, ImportEvent.STARTED, {"started_at": self._desk.now()})
        except (IllegalTransition, NotFound):
            logger.info("an import was cancelled or forgotten before it began", extra={"import": import_id})
            return
        self.publish(record.id)
        self._clear_leftovers()
        run = ImportRun(
            record=record,
            database=self._desk.database,
            store=self._store,
            studies=self._studies,
            storage=self._storage,
            prepared=self._prepared,
            cancel=cancel,
            run=self._run,
            changed=lambda: self._desk.bus.publish_progress("import", record.id, lambda: self._known(record.id)),
        )
        try:
            run.work()
        except JobCancelled:
            if self._queue.is_ending(record.id):
                self._end(record, ImportEvent.CANCELLED)
        except Exception as error:  # noqa: BLE001 - whatever it is, the import has failed
            failure = expected(error, "an import failed unexpectedly", import_id=record.id)
            self._end(record, ImportEvent.FAILED, code=failure.code, detail=str(failure))
        else:
            self._end(record, ImportEvent.FINISHED)

    def _end(self, record: ImportRecord, event: ImportEvent, *, code: str = "", detail: str = "") -> None:
        values = {"ended_at": self._desk.now(), "code": code, "detail": detail[:300]}
        with self._desk.database.begin() as tx:
            state = self._store.apply(tx, record.id, event, values)
            counts = self._store.counts(record.id)
            added, others = counts.get(FileState.ADDED, 0), counts.get(FileState.REFUSED, 0)
            self._desk.journal.note(
                tx,
                actor=record.actor,
                action=f"import.{state.value}",
                subject=record.id,
                details={"added": added, "refused": others, "duplicate": counts.get(FileState.DUPLICATE, 0)},
                text=f"An import is {state.value}. Studies added: {added}; files not taken: {others}.",
                values={"added": added, "refused": others},
                kind="study",
            )
        if state in (ImportState.DONE, ImportState.CANCELLED):
            self._drop_staged(record)
        self._studies.told_later()
        self.publish(record.id)
        self._storage.publish()

    # --- views and places ------------------------------------------------------------------------------------------

    def publish(self, import_id: str) -> None:
        """Tell the pages about an import."""
        self._desk.bus.publish("import", lambda: self._known(import_id))

    def _known(self, import_id: str) -> ImportView | None:
        with suppress(NotFound):
            return self.get(import_id)
        return None

    def _view(self, record: ImportRecord) -> ImportView:
        return self._counted(record, self._store.counts(record.id))

    def _counted(self, record: ImportRecord, counts: Mapping[FileState, int]) -> ImportView:
        waiting = counts.get(FileState.WAITING, 0)
        settled = sum(counts.values()) - waiting
        return ImportView(
            id=record.id,
            state=record.state.value,
            source="folder" if record.source == "folder" else "files",
            folder=record.place if record.source == "folder" else None,
            created_at=record.created_at,
            started_at=record.started_at,
            ended_at=record.ended_at,
            total=record.total,
            waiting=waiting,
            added=counts.get(FileState.ADDED, 0),
            duplicate=counts.get(FileState.DUPLICATE, 0),
            refused=counts.get(FileState.REFUSED, 0),
            left_out=record.left_out,
            code=record.code,
            title=CATALOGUE[record.code].title if record.code in CATALOGUE else "",
            detail=record.detail,
            advice=CATALOGUE[record.code].advice if record.code in CATALOGUE else "",
            can_resume=record.state in RESUMABLE and Path(record.place).exists(),
            seconds_left=self._seconds_left(record, settled, waiting),
        )

    def _seconds_left(self, record: ImportRecord, settled: int, waiting: int) -> float | None:
        if record.state is not ImportState.RUNNING or record.started_at is None or record.total is None or settled < 3:
            return None
        return (self._desk.now() - record.started_at).total_seconds() / settled * waiting

    def _add(self, import_id: str, source: str, place: str) -> ImportView:
        with self._desk.database.begin() as tx:
            now = self._desk.now()
            request_keys.note(tx, import_id, at=now)
            self._store.add(tx, import_id, source=source, place=place, actor=acted_by("professional"), at=now)
            self._record(tx, "import.begun", import_id, source=source)
        self.publish(import_id)
        return self.get(import_id)

    def _record(self, tx: Transaction, action: str, import_id: str, **details: object) -> None:
        self._desk.journal.note(
            tx, actor=acted_by("professional"), action=action, subject=import_id, details={**details}
        )

    def _news(self, import_id: str) -> None:
        self._queue.look()
        self.publish(import_id)

    def _receiving(self, import_id: str) -> None:
        state = self._store.get(import_id).state
        if state is not ImportState.RECEIVING:
            message = f"the import is {state.value} and takes no more files"
            raise Conflict(message)

    @property
    def _prepared(self) -> Path:
        return self._paths.incoming / "ready"

    def _staged(self, import_id: str) -> Path:
        return self._paths.incoming / import_id

    def _drop_staged(self, record: ImportRecord) -> None:
        if record.source == "files":
            shutil.rmtree(record.place, ignore_errors=True)  # where it was put, wherever the folder is by now

    def _clear_leftovers(self) -> None:
        """Remove what was being made when an earlier run ended, and staged files that no import has."""
        shutil.rmtree(self._prepared, ignore_errors=True)
        self._prepared.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = {one.id for one in self._store.all() if one.state in ACTIVE or one.state is ImportState.FAILED}
        for folder in self._paths.incoming.iterdir():
            if folder.name.startswith("import-") and folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)


def _advice(code: str, state: FileState) -> str:
    """Return what to do about a file whose reader gave no remedy of its own."""
    if code in CATALOGUE:
        return CATALOGUE[code].advice
    return CATALOGUE["study.unusable"].advice if state is FileState.REFUSED else ""
