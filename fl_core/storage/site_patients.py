"""Where a study came from, and which patients were withdrawn; patients are pseudonyms here too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from fl_core.errors import Conflict
from fl_core.storage.database import Database, Transaction
from fl_core.storage.site_intake_tables import import_, import_file, study_source, withdrawn_patient
from fl_core.storage.site_quality import quality
from fl_core.storage.site_result_tables import own_result
from fl_core.storage.site_tables import reconstruction, reconstruction_problem, study


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """Where a study came from; `content` is equal for the same acquisition, `patient_from` says what its pseudonym is made of."""

    study_id: str
    content: str
    patient_from: str
    has_attenuation: bool
    import_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnPatient:
    """A patient none of whose studies is used; `studies` are those that were in use before."""

    patient: str
    at: datetime
    actor: str
    studies: list[str]


class SourceStore:
    """Keeps where studies came from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tx: Transaction, record: SourceRecord) -> None:
        """Keep one; raises Conflict (`study.duplicate`) when the same acquisition is here."""
        here = select(study_source.c.study_id).where(study_source.c.content == record.content)
        if tx.connection.execute(here).first() is not None:
            message = "the same acquisition is here already"
            raise Conflict(message, code="study.duplicate")
        values = {name: getattr(record, name) for name in SourceRecord.__slots__}
        tx.connection.execute(insert(study_source).values(**values))

    def study_with(self, content: str) -> str | None:
        """Return the study of the same acquisition, if any."""
        with self._database.read() as connection:
            query = select(study_source.c.study_id).where(study_source.c.content == content)
            return connection.execute(query).scalar()

    def by_study(self) -> dict[str, SourceRecord]:
        """Return every record by its study."""
        with self._database.read() as connection:
            rows = connection.execute(select(study_source)).mappings().all()
        return {str(row["study_id"]): SourceRecord(**row) for row in rows}

    def find(self, study_id: str) -> SourceRecord | None:
        """Return where a study came from; None for one that was added before this was kept."""
        with self._database.read() as connection:
            query = select(study_source).where(study_source.c.study_id == study_id)
            row = connection.execute(query).mappings().first()
        return None if row is None else SourceRecord(**row)


class PatientStore:
    """Keeps which patients were withdrawn."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def withdrawn(self) -> dict[str, WithdrawnPatient]:
        """Return the withdrawn patients by pseudonym."""
        with self._database.read() as connection:
            rows = connection.execute(select(withdrawn_patient)).mappings().all()
        return {str(row["patient"]): WithdrawnPatient(**row) for row in rows}

    def is_withdrawn(self, tx: Transaction, patient: str | None) -> bool:
        """Tell whether a patient's studies must not be used."""
        if patient is None:
            return False
        query = select(withdrawn_patient.c.patient).where(withdrawn_patient.c.patient == patient)
        return tx.connection.execute(query).first() is not None

    def withdraw(self, tx: Transaction, record: WithdrawnPatient) -> None:
        """Keep that a patient is withdrawn."""
        values = {name: getattr(record, name) for name in WithdrawnPatient.__slots__}
        tx.connection.execute(insert(withdrawn_patient).values(**values))

    def restore(self, tx: Transaction, patient: str) -> None:
        """Forget that a patient is withdrawn."""
        tx.connection.execute(delete(withdrawn_patient).where(withdrawn_patient.c.patient == patient))


def forget_everything(tx: Transaction) -> Mapping[str, int]:
    """Delete every row about studies, patients and imports; returns how many of each."""
    tables = {
        "studies": study,
        "reconstructions": reconstruction,
        "imports": import_,
        "files": import_file,
        "sources": study_source,
        "withdrawn": withdrawn_patient,
        "quality": quality,
        "results": own_result,
        "problems": reconstruction_problem,
    }
    return {name: tx.connection.execute(delete(table)).rowcount for name, table in tables.items()}
