"""Patients as pseudonyms: their studies, taking one out of every use, and comparing a list of expected ones with what is here."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Mapping

from contributor.schemas_intake import ExpectedRow, PatientView, Reconciliation, UnlistedRow
from contributor.services.inspection import pseudonym_of_number
from contributor.services.studies import Studies
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput, NotFound
from fl_core.storage.site_patients import PatientStore, SourceStore, WithdrawnPatient
from fl_core.storage.site_studies import StudyRecord

MOST_ROWS = 20_000
LONGEST_NUMBER = 64
NAMES_SHOWN = 5
_HEADINGS = frozenset({
    "patientid", "patientnumber", "patientno", "patient", "id", "mrn", "pid", "patientennummer", "patientenid",
    "patientennr", "fallnummer", "medicalrecordnumber",
})  # fmt: skip
"""Headings of the column with the patients' numbers, in small letters without blanks and signs; the first that fits counts."""


class Patients:
    """Shows, withdraws, restores and reconciles."""

    def __init__(self, desk: Desk, *, studies: Studies) -> None:
        self._desk = desk
        self._store = PatientStore(desk.database)
        self._sources = SourceStore(desk.database)
        self._studies = studies

    def all(self) -> list[PatientView]:
        """Return every pseudonym, those with the newest studies first; withdrawn ones without studies too."""
        withdrawn, by_patient = self._store.withdrawn(), self._by_patient()
        views = [_view(patient, by_patient.get(patient, []), withdrawn) for patient in {**by_patient, **withdrawn}]
        return sorted(views, key=lambda view: (view.newest_at is not None, str(view.newest_at)), reverse=True)

    def withdraw(self, patient: str) -> PatientView:
        """Take every study of a patient out of use, also those that come later; a round that works with them ends.

        The audit chain is never shortened, so it names the patient's newest study, not the pseudonym: an erasure leaves no
        more of it than of a study.

        Raises
        ------
        NotFound
            When no study is this patient's.
        Conflict
            ``patient.withdrawn`` when that was done before.
        """
        with self._desk.database.begin() as tx:
            records = [record for record in self._studies.records() if record.patient == patient]
            if not records:
                message = f"no study belongs to the pseudonym {patient}"
                raise NotFound(message)
            if self._store.is_withdrawn(tx, patient):
                message = "the patient was withdrawn before"
                raise Conflict(message, code="patient.withdrawn")
            lost = [record.id for record in records if record.state == "usable"]
            actor = acted_by("professional")
            self._store.withdraw(tx, WithdrawnPatient(patient=patient, at=self._desk.now(), actor=actor, studies=lost))
            self._studies.switch_all(tx, lost, "withdrawn")
            self._desk.journal.note(
                tx,
                actor=actor,
                action="patient.withdrawn",
                subject=records[0].id,
                details={"studies": lost},
                text=f"A patient was withdrawn: {len(lost)} studies will not be used any more.",
                values={"count": len(lost)},
                kind="study",
            )
        self._studies.switched(lost)
        return self._one(patient)

    def restore(self, patient: str) -> PatientView:
        """Undo a withdrawal: the studies that it took out of use come back, and those that came since.

        Raises
        ------
        Conflict
            When the patient is not withdrawn.
        """
        withdrawn = self._store.withdrawn().get(patient)
        if withdrawn is None:
            message = "the patient is not withdrawn"
            raise Conflict(message)
        with self._desk.database.begin() as tx:
            records = [record for record in self._studies.records() if record.patient == patient]
            back = [
                record.id
                for record in records
                if record.state == "withdrawn" and (record.id in withdrawn.studies or record.added_at > withdrawn.at)
            ]
            self._store.restore(tx, patient)
            self._studies.switch_all(tx, back, "usable")
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action="patient.restored",
                subject=next((record.id for record in records), ""),
                details={"studies": back},
                text=f"The withdrawal of a patient was undone: {len(back)} studies may be used again.",
                values={"count": len(back)},
                kind="study",
            )
        self._studies.switched(back)
        return self._one(patient)

    def is_withdrawn(self, patient: str | None) -> bool:
        """Tell whether a patient is withdrawn."""
        return patient in self._store.withdrawn()

    def reconcile(self, text: str) -> Reconciliation:
        """Compare a list of patients' numbers with the studies here; nothing of it is kept.

        Raises
        ------
        InvalidInput
            ``import.no_list`` when it holds no number; too many rows.
        """
        column, numbers = numbers_of(text)
        by_patient, withdrawn, secret = self._by_patient(), self._store.withdrawn(), self._studies.secret()
        rows: list[ExpectedRow] = []
        seen: set[str] = set()
        repeated = 0
        for row, given in numbers:
            patient = pseudonym_of_number(secret, given)
            if patient in seen:
                repeated += 1
                continue
            seen.add(patient)
            records = by_patient.get(patient, [])
            state = "withdrawn" if patient in withdrawn else "available" if records else "missing"
            rows.append(
                ExpectedRow.model_validate(
                    {"row": row, "given": given, "patient": patient, "state": state, "studies": len(records)}
                )
            )
        unmatched = self._unmatched()
        unlisted = [
            UnlistedRow(patient=patient, studies=len(records), names=[one.name for one in records[:NAMES_SHOWN]])
            for patient, records in by_patient.items()
            if patient not in seen and not all(record.id in unmatched for record in records)
        ]
        listed = {record.id for patient in seen for record in by_patient.get(patient, [])}
        return Reconciliation(
            column=column, rows=rows, unlisted=unlisted, repeated=repeated, unmatched=len(unmatched - listed)
        )

    def _one(self, patient: str) -> PatientView:
        return _view(patient, self._by_patient().get(patient, []), self._store.withdrawn())

    def _by_patient(self) -> dict[str, list[StudyRecord]]:
        found: dict[str, list[StudyRecord]] = defaultdict(list)
        for record in self._studies.records():
            if record.patient is not None:
                found[record.patient].append(record)
        return found

    def _unmatched(self) -> set[str]:
        """Return the studies whose pseudonym was not made of a patient's number here."""
        sources = self._sources.by_study()
        ids = (record.id for record in self._studies.records())
        return {
            study_id for study_id in ids if (one := sources.get(study_id)) is None or one.patient_from != "site key"
        }


def numbers_of(text: str) -> tuple[str, list[tuple[int, str]]]:
    """Return the column's heading (empty: none) and (line, number) of each row of a list.

    One number a line, or CSV with commas, semicolons or tabs. With a heading that names a patient's number, that column
    counts; else the first one.

    Raises
    ------
    InvalidInput
        ``import.no_list``, or too many rows.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    first = next((line for line in lines if line.strip()), "")
    divider = max(";\t,", key=first.count)
    rows = [
        (number, [cell.strip() for cell in cells])
        for number, cells in enumerate(csv.reader(io.StringIO("\n".join(lines)), delimiter=divider), 1)
        if any(cell.strip() for cell in cells)
    ]
    if len(rows) > MOST_ROWS:
        message = f"the list has {len(rows)} rows, at most {MOST_ROWS} are compared at once"
        raise InvalidInput(message)
    heading, place = "", 0
    if rows:
        plain = [re.sub(r"[\W_]", "", cell.lower()) for cell in rows[0][1]]
        places = [index for index, cell in enumerate(plain) if cell in _HEADINGS]
        if places:
            place = places[0]
            heading = rows.pop(0)[1][place]
    found = [(number, cells[place][:LONGEST_NUMBER]) for number, cells in rows if len(cells) > place and cells[place]]
    if not found:
        message = "the list holds no patient's number"
        raise InvalidInput(message, code="import.no_list")
    return heading, found


def _view(patient: str, records: list[StudyRecord], withdrawn: Mapping[str, WithdrawnPatient]) -> PatientView:
    gone = withdrawn.get(patient)
    return PatientView(
        patient=patient,
        studies=len(records),
        usable=sum(record.state == "usable" for record in records),
        newest_at=max((record.added_at for record in records), default=None),
        withdrawn_at=None if gone is None else gone.at,
        withdrawn_by=None if gone is None else gone.actor,
    )
