"""The quality of the site's studies: checked when a study is taken, kept, and decisive for its use in training."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from contributor.schemas_quality import QualityFinding, QualityGlanceView, QualityList, QualityView
from fl_core.storage.database import Database, Transaction
from fl_core.storage.site_quality import QualityRecord, QualityStore
from fl_core.storage.site_studies import StudyRecord, StudyStore
from model.quality.report import VERSION, QualityReport

CHECKED_TASK = "spect-reconstruction"


def check_quality(task: str, path: Path) -> QualityReport | None:
    """Return what quality control finds in a file; None for data that are not checked."""
    if task != CHECKED_TASK:
        return None
    from model.quality.check import check_file

    return check_file(path)


def judged(record: StudyRecord, report: QualityReport | None) -> StudyRecord:
    """Return the study, unusable with the gravest error's code, sentence and remedy where there is an error."""
    if report is None or not report.errors:
        return record
    first = report.errors[0]
    return replace(
        record, state="unusable", problem=first.text, problem_code=f"quality.{first.code}", advice=first.remedy
    )


class Quality:
    """Keeps and shows what was found.

    Parameters
    ----------
    folder : callable
        Says where the files of the studies are.
    """

    def __init__(self, *, database: Database, folder: Callable[[], Path]) -> None:
        self._database = database
        self._store = QualityStore(database)
        self._studies = StudyStore(database)
        self._folder = folder

    def keep(self, tx: Transaction, study_id: str, report: QualityReport | None) -> None:
        """Keep a report with the study that is being added."""
        if report is not None:
            self._store.put(tx, _record(study_id, report))

    def view(self, study_id: str) -> QualityView:
        """Return a study's findings; one from before these checks is checked now. Raises NotFound."""
        study, record = self._studies.get(study_id), self._store.get(study_id)
        if record is None or QualityReport.from_dict(record.report).version != VERSION:
            record = self._checked_now(study) or record
        if record is None:
            return QualityView(study_id=study_id, level="none", findings=[], checked=[], checked_at=None)
        report = QualityReport.from_dict(record.report)
        return QualityView(
            study_id=study_id,
            level="none" if report.level is None else report.level.value,
            findings=[QualityFinding.model_validate(finding.to_dict()) for finding in report.findings],
            checked=list(report.checked),
            checked_at=record.checked_at,
        )

    def glances(self) -> QualityList:
        """Return level and number of findings of every study that was checked."""
        return QualityList(items=[QualityGlanceView.model_validate(vars(one)) for one in self._store.glances()])

    def _checked_now(self, study: StudyRecord) -> QualityRecord | None:
        path = self._folder() / study.file
        report = check_quality(study.task, path) if path.is_file() else None
        if report is None:
            return None
        record = _record(study.id, report)
        with self._database.begin() as tx:
            self._studies.get(study.id)  # it may have been erased while it was checked
            self._store.put(tx, record)
        return record


def _record(study_id: str, report: QualityReport) -> QualityRecord:
    return QualityRecord(
        study_id=study_id,
        level="none" if report.level is None else report.level.value,
        findings=len(report.findings),
        report=report.to_dict(),
        checked_at=datetime.now(UTC),
    )
