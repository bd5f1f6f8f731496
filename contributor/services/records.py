"""Audit and activity for the pages."""

from contributor.schemas import ActivityView, AuditCheck, AuditRowView
from fl_core.storage import audit
from fl_core.storage.database import Database
from fl_core.storage.journal import ActivityRow, Journal


class Records:
    """Reads what the journal wrote."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    def activity(self, *, before: int | None, limit: int) -> list[ActivityView]:
        """Return lines in words, newest first."""
        return [activity_view(row) for row in self._journal.activity(before=before, limit=limit)]

    def audit_rows(self, *, after: int, limit: int) -> list[AuditRowView]:
        """Return audit rows, oldest first."""
        rows = audit.page(self._database, after=after, limit=limit)
        return [AuditRowView(**row.model_dump(exclude={"prev_hash"})) for row in rows]

    def verify_audit(self) -> AuditCheck:
        """Check the whole chain."""
        rows, broken_at, head = audit.verify(self._database)
        return AuditCheck(ok=broken_at is None, rows=rows, broken_at=broken_at, head=head)


def activity_view(row: ActivityRow) -> ActivityView:
    """Return a line as the pages see it."""
    return ActivityView(seq=row.seq, at=row.at, kind=row.kind, text=row.text, subject=row.subject)
