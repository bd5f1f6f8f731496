"""What happened, for the pages of both daemons: activity in words, and the audit chain."""

from collections.abc import Iterator

from fl_core.audit import AuditRow
from fl_core.storage import audit
from fl_core.storage.audit import Wanted
from fl_core.storage.database import Database
from fl_core.storage.journal import Journal
from fl_core.views import ActivityView, AuditCheck, AuditRowView, activity_view


class Records:
    """Reads what the journal wrote.

    Parameters
    ----------
    without_kind : kind of the lines that the list of activity leaves out
    """

    def __init__(self, database: Database, journal: Journal, *, without_kind: str | None = None) -> None:
        self._database = database
        self._journal = journal
        self._without_kind = without_kind

    def activity(self, *, before: int | None, limit: int) -> list[ActivityView]:
        """Return lines in words, newest first."""
        rows = self._journal.activity(before=before, limit=limit, without_kind=self._without_kind)
        return [activity_view(row) for row in rows]

    def audit_rows(self, *, after: int, limit: int) -> list[AuditRowView]:
        """Return audit rows, oldest first."""
        rows = audit.page(self._database, after=after, limit=limit)
        return [_audit_view(row) for row in rows]

    def find_audit(self, wanted: Wanted, *, before: int | None, limit: int) -> list[AuditRowView]:
        """Return audit rows that are looked for, newest first."""
        return [_audit_view(row) for row in audit.find(self._database, wanted, before=before, limit=limit)]

    def every_audit(self, wanted: Wanted) -> Iterator[AuditRowView]:
        """Yield every audit row that is looked for, oldest first."""
        for row in audit.every(self._database, wanted):
            yield _audit_view(row)

    def actors_and_areas(self) -> tuple[list[str], list[str]]:
        """Return who has acted, and the first words of what was done."""
        return audit.actors_and_areas(self._database)

    def verify_audit(self) -> AuditCheck:
        """Walk the whole chain."""
        rows, broken_at, head = audit.verify(self._database)
        return AuditCheck(ok=broken_at is None, rows=rows, broken_at=broken_at, head=head)


def _audit_view(row: AuditRow) -> AuditRowView:
    return AuditRowView(**row.model_dump())
