"""What the records hold of one patient: found, deleted in one transaction, and noted until the files have gone too.

Kept are the signed documents, the receipts of what left and the audit chain; of the studies these hold random ids and
content hashes, which lead nowhere once the rows here are gone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Self

from sqlalchemy import Column, Connection, Table, delete, select, update

from fl_core.storage.database import Database, Transaction
from fl_core.storage.shared_tables import ACTIVITY, ACTIVITY_ACTOR, ACTIVITY_WORDS
from fl_core.storage.site_intake_tables import import_, import_file, study_source, withdrawn_patient
from fl_core.storage.site_quality import quality
from fl_core.storage.site_result_tables import own_result
from fl_core.storage.site_settings import SITE_SETTINGS
from fl_core.storage.site_tables import reconstruction, reconstruction_problem, study

KEY = "erasure"
Entry = tuple[str, str]
"""A line in the list of an import: the import and the file's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Ids of what goes; `imports` go whole, of others single lines of their lists."""

    patient: str | None
    studies: tuple[str, ...]
    reconstructions: tuple[str, ...]
    results: tuple[str, ...]
    imports: tuple[str, ...]
    entries: tuple[Entry, ...]
    """Every line that goes, those of `imports` among them."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What has still to go from the disk after the rows are gone: random ids, and the folders of handed-over files."""

    studies: tuple[str, ...] = ()
    reconstructions: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    @classmethod
    def of_json(cls, stored: Mapping[str, object]) -> Self:
        """Read what `to_json` wrote."""
        found = {one.name: stored.get(one.name) for one in fields(cls)}
        return cls(**{name: tuple(map(str, ids)) for name, ids in found.items() if isinstance(ids, list)})

    def to_json(self) -> dict[str, object]:
        """Return it as it is stored."""
        return {one.name: list(getattr(self, one.name)) for one in fields(self)}

    def joined(self, more: "Remains") -> "Remains":
        """Return both, each once."""
        return Remains(*(tuple(dict.fromkeys([*getattr(self, f.name), *getattr(more, f.name)])) for f in fields(self)))


class ErasureStore:
    """Finds and deletes the rows, and keeps what is still on the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(self, study_ids: Collection[str], resumable: Collection[str]) -> tuple[list[str], list[Entry]]:
        """Return the imports that go whole, and every line that goes.

        An import goes whole where it brought studies of nobody else, so that its folder may be called after the patient; and
        where it can be gone on with, as it would bring the patient back. Of others go the lines of the studies, and those
        of files without a study that lie in a folder whose studies are all this patient's.
        """
        brought = select(import_file.c.import_id).where(import_file.c.study_id.in_(study_ids)).distinct()
        columns = (import_file.c.import_id, import_file.c.name, import_file.c.study_id)
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).where(import_file.c.import_id.in_(brought))).all()
        lists: dict[str, dict[str, str | None]] = defaultdict(dict)
        for import_id, name, study_id in rows:
            lists[import_id][name] = study_id
        whole, entries = [], []
        for import_id, files in lists.items():
            others = any(one is not None and one not in study_ids for one in files.values())
            goes_whole = import_id in resumable or not others
            whole += [import_id] if goes_whole else []
            names: Iterable[str] = files if goes_whole else names_of(files, study_ids)
            entries += [(import_id, name) for name in names]
        return whole, entries

    def remains(self) -> Remains:
        """Return what an erasure has left to do."""
        with self._database.read() as connection:
            return Remains.of_json(SITE_SETTINGS.get(connection, KEY))

    def erase(self, tx: Transaction, traces: Traces, remains: Remains, *, at: datetime) -> None:
        """Delete every row, and note what has to go from the disk."""
        for table, column, ids in _rows_of(traces):
            tx.connection.execute(delete(table).where(column.in_(ids)))
        for import_id, name in traces.entries:
            here = (import_file.c.import_id == import_id) & (import_file.c.name == name)
            tx.connection.execute(delete(import_file).where(here))
            fewer = update(import_).where(import_.c.id == import_id, import_.c.total.is_not(None))
            tx.connection.execute(fewer.values(total=import_.c.total - 1))
        tx.connection.execute(delete(import_).where(import_.c.id.in_(traces.imports)))
        _forget_activity(tx.connection, traces)
        before = Remains.of_json(SITE_SETTINGS.get(tx.connection, KEY))
        SITE_SETTINGS.put(tx, KEY, before.joined(remains).to_json(), at=at)

    def done(self) -> None:
        """Note that nothing is left to do."""
        with self._database.begin() as tx:
            SITE_SETTINGS.remove(tx, KEY)


def names_of(files: Mapping[str, str | None], study_ids: Collection[str]) -> list[str]:
    """Return the names that go from a list of files with their studies (None: it became none)."""
    owners: dict[str, set[bool]] = defaultdict(set)
    for name, study_id in files.items():
        if study_id is not None:
            for folder in _folders(name):
                owners[folder].add(study_id in study_ids)
    return [
        name
        for name, study_id in files.items()
        if study_id in study_ids
        or (study_id is None and next((owners[one] for one in _folders(name) if one in owners), set()) == {True})
    ]


def _folders(name: str) -> list[str]:
    """Return the folders that a file lies in, the innermost first, the whole import last."""
    found = []
    while "/" in name:
        name = name.rpartition("/")[0]
        found.append(name)
    return [*found, ""]


def _rows_of(traces: Traces) -> list[tuple[Table, Column[str], tuple[str, ...]]]:
    patients = () if traces.patient is None else (traces.patient,)
    return [
        (study, study.c.id, traces.studies),
        (study_source, study_source.c.study_id, traces.studies),
        (quality, quality.c.study_id, traces.studies),
        (reconstruction, reconstruction.c.id, traces.reconstructions),
        (reconstruction_problem, reconstruction_problem.c.reconstruction_id, traces.reconstructions),
        (own_result, own_result.c.id, traces.results),
        (withdrawn_patient, withdrawn_patient.c.patient, patients),
    ]


def _forget_activity(connection: Connection, traces: Traces) -> None:
    """Delete the lines for people that are about what goes; an older version's name the pseudonym."""
    patient = [] if traces.patient is None else [traces.patient]
    about = [*patient, *traces.studies, *traces.reconstructions, *traces.results, *traces.imports]
    lines = select(ACTIVITY.c.seq).where(ACTIVITY.c.subject.in_(about))
    for table in (ACTIVITY_WORDS, ACTIVITY_ACTOR):
        connection.execute(delete(table).where(table.c.seq.in_(lines)))
    connection.execute(delete(ACTIVITY).where(ACTIVITY.c.subject.in_(about)))
