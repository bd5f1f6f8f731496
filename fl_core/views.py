"""What the UI APIs of both daemons show alike: children, activity and audit."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from fl_core.protocol.messages import Json
from fl_core.storage.journal import ActivityRow
from fl_core.supervision.supervisor import ChildStatus


class Schema(BaseModel):
    """Base of API bodies: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class ChildView(Schema):
    """A supervised child process."""

    name: str
    state: Literal["starting", "ready", "restarting", "stopped"]
    pid: int | None
    restarts: int
    since: datetime


class ActivityView(Schema):
    """GET /activity, delta `activity`: one line in words for people."""

    seq: int
    at: datetime
    kind: str
    text: str
    subject: str | None


class AuditRowView(Schema):
    """GET /audit."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Json
    hash: str


class AuditCheck(Schema):
    """GET /audit/verify."""

    ok: bool
    rows: int
    broken_at: int | None
    head: str


class ActivityList(Schema):
    """GET /activity, newest first."""

    items: list[ActivityView]


class AuditList(Schema):
    """GET /audit, oldest first."""

    items: list[AuditRowView]


def child_view(status: ChildStatus) -> ChildView:
    """Return a child as the pages see it."""
    return ChildView(
        name=status.name,
        state=status.state,
        pid=status.pid,
        restarts=status.restarts,
        since=datetime.fromtimestamp(status.since, UTC),
    )


def activity_view(row: ActivityRow) -> ActivityView:
    """Return a line of the journal as the pages see it."""
    return ActivityView(seq=row.seq, at=row.at, kind=row.kind, text=row.text, subject=row.subject)
