"""The folder of the studies, compared with their list at each start: what is half made, what is gone, what came back."""

import hashlib
from pathlib import Path

from contributor.paths import SitePaths
from contributor.services.kept_files import settle_strays
from fl_core.desk import Desk
from fl_core.storage.database import Transaction
from fl_core.storage.incoming import PREFIX
from fl_core.storage.site_patients import PatientStore
from fl_core.storage.site_studies import StudyRecord, StudyStore

GONE = "study.unreadable"
"""Code of a study whose file is gone; nothing else makes a study that was taken unusable by it."""


class StudyFiles:
    """Keeps the states of the studies in step with the files."""

    def __init__(self, desk: Desk, *, paths: SitePaths) -> None:
        self._desk = desk
        self._store = StudyStore(desk.database)
        self._patients = PatientStore(desk.database)
        self._paths = paths

    def reconcile(self) -> None:
        """Remove what an interrupted import left; mark studies whose file is gone, and those whose file is there again."""
        self._paths.studies.mkdir(parents=True, exist_ok=True)
        for leftover in self._paths.studies.glob(f"{PREFIX}*"):
            leftover.unlink(missing_ok=True)
        known = self._store.all()
        settle_strays(self._desk, self._paths.studies, prefix="study", known={record.id for record in known})
        for record in known:
            if record.state == "usable" and not self._path(record).is_file():
                self._mark_gone(record)
            elif is_gone(record) and self._is_whole(record):
                self._mark_found(record)

    def lacks(self, record: StudyRecord) -> bool:
        """Tell whether the file of a study is gone, or was and is not known to be the same one."""
        return is_gone(record) or not self._path(record).is_file()

    def _path(self, record: StudyRecord) -> Path:
        return self._paths.studies / record.file

    def _is_whole(self, record: StudyRecord) -> bool:
        path = self._path(record)
        if not path.is_file() or path.stat().st_size != record.size_bytes:
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == record.sha256

    def _mark_gone(self, record: StudyRecord) -> None:
        with self._desk.database.begin() as tx:
            self._store.set_state(
                tx,
                record.id,
                "unusable",
                problem="The file of this study is gone.",
                code=GONE,
                advice="Add the study again from its source.",
            )
            self._note(tx, record, "study.missing", "The file of a study is gone.")

    def _mark_found(self, record: StudyRecord) -> None:
        with self._desk.database.begin() as tx:
            out = self._patients.is_withdrawn(tx, record.patient)
            self._store.set_state(tx, record.id, "withdrawn" if out else "usable")
            self._note(tx, record, "study.found", "The file of a study is there again.")

    def _note(self, tx: Transaction, record: StudyRecord, action: str, text: str) -> None:
        self._desk.journal.note(tx, actor="system", action=action, subject=record.id, text=text, values={})


def is_gone(record: StudyRecord) -> bool:
    """Tell whether a study is marked as one whose file is gone."""
    return record.state == "unusable" and record.problem_code == GONE
