"""One run of an import: a child reads scan after scan, and each that is ready is entered before the next one is told."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from contributor.ready import Ready
from contributor.services.inspection import site_key
from contributor.services.storage import Storage
from contributor.services.studies import Studies
from fl_core.errors import ComputeFailed, Conflict, FlomirError, StorageFailed
from fl_core.storage.database import Database, Transaction
from fl_core.storage.site_imports import FileState, ImportRecord, ImportStore
from fl_core.supervision.jobs import JobCancelled

MODULE = "model.intake_job"
TIMEOUT_S = 7 * 86_400.0
SUMMARY_EVERY_S = 2.0
MOST_CRASHES = 50
LONGEST_NAME = 200
LEFT_OUT_CODE = "import.not_a_scan"


class RunJob(Protocol):
    """`fl_core.supervision.jobs.run_job`."""

    def __call__(
        self,
        module: str,
        request: dict[str, object],
        *,
        timeout_s: float,
        on_progress: Callable[[dict[str, object]], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> dict[str, object]:
        """Run a child and return its answer."""


class ImportRun:
    """Runs the child, again where one file made it crash, and takes over what it tells.

    Parameters
    ----------
    prepared : folder of the files in the making
    changed : called after each file
    """

    def __init__(
        self,
        *,
        record: ImportRecord,
        database: Database,
        store: ImportStore,
        studies: Studies,
        storage: Storage,
        prepared: Path,
        cancel: threading.Event,
        run: RunJob,
        changed: Callable[[], None],
    ) -> None:
        self._record = record
        self._database = database
        self._store = store
        self._studies = studies
        self._storage = storage
        self._prepared = prepared
        self._cancel = cancel
        self._run = run
        self._changed = changed
        self._reading: str | None = None
        self._failure: FlomirError | None = None
        self._told_at = time.monotonic()

    def work(self) -> None:
        """Bring everything in.

        Raises
        ------
        JobCancelled
            When the run was to end.
        StorageFailed
            ``storage.quota`` or ``storage.disk_low``: what is in stays, the rest can follow.
        FlomirError
            What keeps the whole import from going on.
        """
        for _ in range(MOST_CRASHES):
            ended = self._once()
            if ended == "done":
                return
            if ended in {"disk", "quota"}:
                message = "there is no room for the next study"
                raise StorageFailed(message, code="storage.disk_low" if ended == "disk" else "storage.quota")
        message = "too many files made the reading program end"
        raise ComputeFailed(message)

    def _once(self) -> str:
        """Run one child to its end; "crashed" when a file ended it, which is then settled as refused."""
        reserve, quota = self._storage.room()
        request: dict[str, object] = {
            "source": self._record.place,
            "handed_over": self._record.source == "files",
            "into": str(self._prepared),
            "site_key": site_key(self._studies.secret()).hex(),
            "done": self._store.settled_names(self._record.id),
            "reserve_bytes": reserve,
            "quota_bytes": quota,
        }
        self._reading = None
        try:
            answer = self._run(MODULE, request, timeout_s=TIMEOUT_S, on_progress=self._hear, cancel=self._cancel)
        except JobCancelled:
            if self._failure is None:
                raise
            raise self._failure from None
        except ComputeFailed:
            culprit = self._read_last()
            if culprit is None:
                message = "the program that reads scans did not start or ended unexpectedly"
                raise ComputeFailed(message) from None  # its last words may quote a file
            self._settle(culprit, FileState.REFUSED, code="import.crashed", detail="reading it ended the program")
            return "crashed"
        return str(answer.get("ended"))

    def _read_last(self) -> str | None:
        """Return the file that was being read when the child ended."""
        return self._reading

    def _hear(self, line: dict[str, object]) -> None:
        if self._failure is not None:
            return
        try:
            self._take(line)
        except FlomirError as error:
            self._failure = error
            self._cancel.set()  # ends the child; `_once` tells why

    def _take(self, line: dict[str, object]) -> None:
        name = line.get("name")
        if isinstance(line.get("found"), list):
            self._found(line)
        elif "sorted" in line:
            self._sorted(line)
        elif isinstance(line.get("reading"), str):
            self._reading = str(line["reading"])
        elif isinstance(name, str) and isinstance(line.get("refused"), dict):
            self._refused(name, line["refused"])
        elif isinstance(name, str) and isinstance(line.get("ready"), dict):
            self._ready(name, line["ready"])

    def _found(self, line: dict[str, object]) -> None:
        names = line["found"]
        assert isinstance(names, list)  # noqa: S101 - narrowing: the caller has looked
        with self._database.begin() as tx:
            self._store.found(tx, self._record.id, [str(name) for name in names])
        self._changed()

    def _sorted(self, line: dict[str, object]) -> None:
        not_scans, left_out = line.get("not_scans"), line.get("left_out")
        others = [(str(one[0]), str(one[1])) for one in not_scans] if isinstance(not_scans, list) else []
        with self._database.begin() as tx:
            self._store.found(tx, self._record.id, [name for name, _ in others])
            for name, reason in others:
                self._store.settle(
                    tx, self._record.id, name, FileState.REFUSED, code=LEFT_OUT_CODE, detail=reason[:300]
                )
            total = sum(self._store.counts_in(tx, self._record.id).values())
            counted = left_out if isinstance(left_out, dict) else {}
            self._store.change(tx, self._record.id, {"total": total, "left_out": counted})
        self._changed()

    def _refused(self, name: str, words: object) -> None:
        told = words if isinstance(words, dict) else {}
        self._settle(
            name,
            FileState.REFUSED,
            code=str(told.get("code", ""))[:80],
            detail=str(told.get("detail", ""))[:500],
            advice=str(told.get("advice", ""))[:500],
        )

    def _ready(self, name: str, told: object) -> None:
        try:
            ready = Ready.model_validate(told)
        except ValidationError:
            self._settle(name, FileState.REFUSED, code="import.crashed", detail="the reading program told nonsense")
            return
        prepared = self._prepared / ready.file
        try:
            self._enter(name, ready, prepared)
        except Conflict as error:
            if error.code != "study.duplicate":
                raise
            self._settle(name, FileState.DUPLICATE, study_id=self._studies.twin_of(ready), code=error.code)
        finally:
            prepared.unlink(missing_ok=True)
        self._tell_summary()

    def _enter(self, name: str, ready: Ready, prepared: Path) -> None:
        def entered(tx: Transaction, study_id: str) -> None:
            self._store.settle(tx, self._record.id, name, FileState.ADDED, study_id=study_id)

        shown = name.rpartition("/")[2][-LONGEST_NAME:]
        record = self._record
        self._studies.take(ready, prepared, shown, import_id=record.id, entered=entered, said=False, actor=record.actor)
        self._reading = None
        self._changed()

    def _settle(self, name: str, state: FileState, **words: str | None) -> None:
        with self._database.begin() as tx:
            self._store.settle(
                tx,
                self._record.id,
                name,
                state,
                study_id=words.get("study_id"),
                code=words.get("code") or "",
                detail=words.get("detail") or "",
                advice=words.get("advice") or "",
            )
        self._reading = None
        self._changed()

    def _tell_summary(self) -> None:
        """Tell the counts now and then, not once a study: each time every study is counted."""
        if time.monotonic() - self._told_at >= SUMMARY_EVERY_S:
            self._told_at = time.monotonic()
            self._studies.told_later()
