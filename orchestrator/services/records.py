"""What happened: activity in words, and the audit chain."""

from fl_core.storage import audit
from orchestrator.schemas import ActivityView, AuditCheck, AuditRowView
from orchestrator.services.desk import DETAIL, Desk, activity_view


class Records:
    """Reads what the journal wrote."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def activity(self, *, before: int | None, limit: int) -> list[ActivityView]:
        """Return lines in words, newest first."""
        rows = self._desk.journal.activity(before=before, limit=limit, without_kind=DETAIL)
        return [activity_view(row) for row in rows]

    def audit_rows(self, *, after: int, limit: int) -> list[AuditRowView]:
        """Return audit rows, oldest first."""
        rows = audit.page(self._desk.database, after=after, limit=limit)
        return [AuditRowView(**row.model_dump(exclude={"prev_hash"})) for row in rows]

    def verify_audit(self) -> AuditCheck:
        """Walk the whole chain."""
        rows, broken_at, head = audit.verify(self._desk.database)
        return AuditCheck(ok=broken_at is None, rows=rows, broken_at=broken_at, head=head)
