"""The site's studies: taken whole or not at all, withdrawn and restored, counted for the orchestrator."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from contributor.paths import SitePaths
from contributor.ready import Ready
from contributor.schemas import StudyList, StudyView
from contributor.services.inspection import Volume, pseudonym, read_volume
from contributor.services.quality import Quality, judged
from contributor.services.sharing import distributions_of
from contributor.services.study_files import StudyFiles
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict
from fl_core.protocol.ids import new_id
from fl_core.protocol.messages import DataSummary
from fl_core.storage.database import Transaction
from fl_core.storage.listing import Wanted
from fl_core.storage.site_patients import PatientStore, SourceRecord, SourceStore
from fl_core.storage.site_studies import StudyRecord, StudyState, StudyStore
from fl_core.trust.files import write_private
from model.quality.report import QualityReport


class Studies:
    """Takes in, shows and withdraws studies; what reads scans is `contributor.services.imports`.

    Parameters
    ----------
    usage : study id -> in how many agreed sessions it is covered
    permissions_changed : called first when a study is withdrawn or restored, before anybody is told
    data_changed : called after every change of what the site has
    quality : keeps what was found in each study
    tells_distributions : whether the spread of the studies may be told
    """

    def __init__(
        self,
        desk: Desk,
        *,
        paths: SitePaths,
        usage: Callable[[], Mapping[str, int]],
        permissions_changed: Callable[[], None],
        data_changed: Callable[[], None],
        quality: Quality,
        tells_distributions: Callable[[], bool] = lambda: False,
    ) -> None:
        self._desk = desk
        self._store = StudyStore(desk.database)
        self._sources = SourceStore(desk.database)
        self._patients = PatientStore(desk.database)
        self._paths = paths
        self._usage = usage
        self._permissions_changed = permissions_changed
        self._data_changed = data_changed
        self._quality = quality
        self._files = StudyFiles(desk, paths=paths)
        self._tells_distributions = tells_distributions

    def all(self) -> list[StudyView]:
        """Return every study, newest first."""
        usage = self._usage()
        return [_view(record, usage) for record in self._store.all()]

    def part(self, wanted: Wanted) -> StudyList:
        """Return a part of the studies."""
        usage, part = self._usage(), self._store.part(wanted)
        items = [_view(record, usage) for record in part.rows]
        return StudyList(items=items, total=part.total, next_cursor=part.next_cursor)

    def get(self, study_id: str) -> StudyView:
        """Return one study; raises NotFound."""
        return _view(self._store.get(study_id), self._usage())

    def path(self, study_id: str) -> Path:
        """Return where a study's file is."""
        return self._paths.studies / self._store.get(study_id).file

    def withdraw(self, study_id: str) -> StudyView:
        """Take a study out of every use; a round that works with it ends without an update."""
        return self._switch(study_id, "usable", "withdrawn", "study.withdrawn", "will not be used any more")

    def restore(self, study_id: str) -> StudyView:
        """Make a withdrawn study usable again."""
        return self._switch(study_id, "withdrawn", "usable", "study.restored", "may be used again")

    def array(self, study_id: str, name: str) -> Volume:
        """Return one array for the viewer, with its spacing in mm."""
        record = self._store.get(study_id)
        return read_volume(record.task, self._paths.studies / record.file, name)

    def switch_all(self, tx: Transaction, study_ids: Iterable[str], state: StudyState) -> None:
        """Change the state of several studies inside the caller's transaction; `switched` must be called after it."""
        for study_id in study_ids:
            self._store.set_state(tx, study_id, state)

    def switched(self, study_ids: Iterable[str]) -> None:
        """Tell the runner which studies may be used now, then tell the pages and the orchestrator."""
        self._permissions_changed()
        for study_id in study_ids:
            view = self.get(study_id)
            self._desk.bus.publish("study", view)
        self._data_changed()

    def records(self) -> list[StudyRecord]:
        """Return every stored study, newest first."""
        return self._store.all()

    def record(self, study_id: str) -> StudyRecord:
        """Return one stored study; raises NotFound."""
        return self._store.get(study_id)

    def summary(self) -> DataSummary:
        """Return what the orchestrator is told about the data: counts, and their spread where this site permits it."""
        records = self._store.all()
        usable = [record for record in records if record.state == "usable"]
        return DataSummary(
            studies_usable=len(usable),
            studies_total=len(records),
            with_reference=sum(record.has_reference for record in usable),
            patients=len({record.patient or record.id for record in usable}),
            added_at=max((_day(record.added_at) for record in usable), default=None),
            by_task=Counter(record.task for record in usable),
            by_task_with_reference=Counter(record.task for record in usable if record.has_reference),
            distributions=distributions_of(usable) if self._tells_distributions() else None,
        )

    def usable_for(self, task: str, *, without_reference: bool) -> list[StudyRecord]:
        """Return the studies that a consent to this task would cover: usable, of the task, with a reference or all."""
        return [
            record
            for record in self._store.all()
            if record.state == "usable" and record.task == task and (record.has_reference or without_reference)
        ]

    def usable_paths(self, study_ids: Iterable[str]) -> tuple[str, ...]:
        """Return the files of those of the studies that are usable now."""
        return self._file_names(study_ids, "usable")

    def withdrawn_paths(self, study_ids: Iterable[str]) -> tuple[str, ...]:
        """Return the files of those of the studies that were withdrawn."""
        return self._file_names(study_ids, "withdrawn")

    def _file_names(self, study_ids: Iterable[str], state: StudyState) -> tuple[str, ...]:
        wanted = set(study_ids)
        records = [record for record in self._store.all() if record.id in wanted and record.state == state]
        return tuple(sorted(str(self._paths.studies / record.file) for record in records))

    def reconcile(self) -> None:
        """Compare the list with the files, as after a start."""
        self._files.reconcile()

    def take(
        self,
        ready: Ready,
        prepared: Path,
        name: str,
        *,
        import_id: str | None = None,
        entered: Callable[[Transaction, str], None] = lambda _tx, _study: None,
        said: bool = True,
        actor: str | None = None,
    ) -> StudyView:
        """Take a file that was made ready, whole or not at all; a study of a withdrawn patient comes in withdrawn.

        The same acquisition as a study whose file is gone is no other study: that one has its file again.

        Parameters
        ----------
        prepared : where the file lies, on the same disk; it is gone afterwards
        entered : called in the transaction that enters the study
        said : whether the pages' list of activity gets a line
        actor : who adds it, where that is not the account whose request this is

        Raises
        ------
        Conflict
            ``study.duplicate`` when the same file, or the same acquisition, is here; `prepared` is left then.
        """
        gone = self._gone_twin(ready)
        study_id = new_id("study") if gone is None else gone.id
        patient = None if ready.patient_key is None else pseudonym(self.secret(), ready.patient_key)
        report = None if ready.quality is None else QualityReport.from_dict(ready.quality)
        record = judged(_record(study_id, ready, name, patient), report)
        final = self._paths.studies / record.file
        prepared.replace(final)
        try:
            with self._desk.database.begin() as tx:
                if gone is None:
                    record = self._add(tx, record, _source(study_id, ready, import_id))
                else:
                    record = self._put_back(tx, record, gone)
                self._quality.keep(tx, study_id, report)
                entered(tx, study_id)
                words = "A study was added." if gone is None else "The file of a study is there again."
                self._desk.journal.note(
                    tx,
                    actor=actor or acted_by("professional"),
                    action="study.added" if gone is None else "study.found",
                    subject=study_id,
                    details={"sha256": ready.sha256, "task": ready.task},
                    text=words if said else None,
                    values={},
                )
        except BaseException:
            final.unlink(missing_ok=True)
            raise
        if gone is not None:
            self._permissions_changed()
        view = _view(record, {} if gone is None else self._usage())
        self._desk.bus.publish("study", view)
        return view

    def _add(self, tx: Transaction, record: StudyRecord, source: SourceRecord) -> StudyRecord:
        if record.state == "usable" and self._patients.is_withdrawn(tx, record.patient):
            record = replace(record, state="withdrawn")
        record = replace(record, name=self._store.free_name(tx, record.name))
        self._store.add(tx, record)
        self._sources.add(tx, source)
        return record

    def _put_back(self, tx: Transaction, record: StudyRecord, gone: StudyRecord) -> StudyRecord:
        """Enter a file anew for the study that it was once: what a person said of that one holds."""
        record = replace(record, name=gone.name, patient=gone.patient, added_at=gone.added_at)
        if record.state == "usable" and (gone.state == "withdrawn" or self._patients.is_withdrawn(tx, gone.patient)):
            record = replace(record, state="withdrawn")
        self._store.replace(tx, record)
        return record

    def _gone_twin(self, ready: Ready) -> StudyRecord | None:
        """Return the study of the same acquisition whose file is gone; raises Conflict when its file is here."""
        twin = self.twin_of(ready)
        record = None if twin is None else self._store.get(twin)
        if record is not None and not self._files.lacks(record):
            message = "the same acquisition is here already"
            raise Conflict(message, code="study.duplicate")
        return record

    def twin_of(self, ready: Ready) -> str | None:
        """Return the study with the same content, if any."""
        same_file = self._store.by_content(ready.sha256)
        return self._sources.study_with(ready.content) if same_file is None else same_file.id

    def secret(self) -> bytes:
        """Return the secret behind the pseudonyms; it is made when it is needed first."""
        path = self._paths.pseudonym_secret
        if not path.is_file():
            write_private(path, secrets.token_hex(32).encode("ascii"))
        return path.read_bytes()

    def told_later(self) -> None:
        """Tell what the site has now, after studies were taken without a word."""
        self._data_changed()

    def _switch(self, study_id: str, before: str, after: str, action: str, words: str) -> StudyView:
        record = self._store.get(study_id)
        if record.state != before:
            message = f"the study is {record.state}, not {before}"
            raise Conflict(message)
        with self._desk.database.begin() as tx:
            if after == "usable" and self._patients.is_withdrawn(tx, record.patient):
                message = "the patient of this study is withdrawn"
                raise Conflict(message, code="patient.withdrawn")
            self._store.set_state(tx, study_id, "usable" if after == "usable" else "withdrawn")
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action=action,
                subject=study_id,
                text=f"A study {words}.",
                values={},
            )
        self._permissions_changed()
        view = self.get(study_id)
        self._desk.bus.publish("study", view)
        self._data_changed()
        return view


def _record(study_id: str, ready: Ready, name: str, patient: str | None) -> StudyRecord:
    return StudyRecord(
        id=study_id,
        name=name,
        state="usable",
        task=ready.task,
        kind=ready.kind,
        added_at=datetime.now(UTC),
        file=f"{study_id}{ready.suffix}",
        size_bytes=ready.size_bytes,
        sha256=ready.sha256,
        patient=patient,
        has_reference=ready.has_reference,
        counts=ready.counts,
        shape=ready.shape,
        geometry=ready.geometry,
        warnings=ready.warnings,
        deidentified=ready.removed,
    )


def _source(study_id: str, ready: Ready, import_id: str | None) -> SourceRecord:
    return SourceRecord(
        study_id=study_id,
        content=ready.content,
        patient_from=ready.patient_from,
        has_attenuation=ready.has_attenuation,
        import_id=import_id,
    )


def _view(record: StudyRecord, usage: Mapping[str, int]) -> StudyView:
    values = {key: value for key, value in vars(record).items() if key != "file"}
    return StudyView(**values, used_in_sessions=usage.get(record.id, 0))


def _day(at: datetime) -> datetime:
    """Return noon UTC of a moment's day: when exactly a patient was added concerns nobody outside."""
    return at.astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
