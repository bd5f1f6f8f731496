"""What the UI APIs of both daemons show alike: children, activity and audit."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fl_core.protocol.messages import Json
from fl_core.storage.journal import ActivityRow
from fl_core.supervision.supervisor import ChildStatus
from model.io.notes import read_note


class Schema(BaseModel):
    """Base of API bodies: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class PartQuery(Schema):
    """The part of a list that is wanted; without `limit` the whole list."""

    search: str = Field(default="", max_length=80, description="words that must all occur, in any case")
    sort: str = Field(default="", max_length=40, description="name of an order, - in front for the other way round")
    limit: int | None = Field(default=None, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=400, description="`next_cursor` of the part before")


class ListQuery(PartQuery):
    """The part of a list whose rows have states that the database knows."""

    state: list[str] = Field(default_factory=list, max_length=12, description="states to keep; none given: all")


class PartOfList(Schema):
    """How many there are in all, and where the next part begins (null: this is the last one)."""

    total: int
    next_cursor: str | None = None


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
    key: str | None = Field(default=None, description="by which a page words the line in its own language")
    values: Json = Field(default_factory=dict)
    actor: str | None = Field(default=None, description="who acted; one's own acts are no news")


class SeenView(Schema):
    """GET and PUT /activity/seen: number of the newest line of the activity that this account has read."""

    seq: int = Field(ge=0, le=2**53)


class AuditRowView(Schema):
    """GET /audit."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Json
    prev_hash: str = Field(description="the hash of the row before, by which an export can be checked")
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


class NoteView(Schema):
    """What is worth telling about a scan, in English; a page words it by the code and the values.

    Made of the sentence alone, which is what files and databases keep.
    """

    code: str = Field(description="empty for a sentence that this version does not know")
    text: str
    values: dict[str, float | str]

    @model_validator(mode="before")
    @classmethod
    def _of_sentence(cls, given: object) -> object:
        return vars(read_note(given)) if isinstance(given, str) else given


class Deleted(Schema):
    """The answer to DELETE, and the deltas whose name ends with `_deleted`."""

    id: str


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
    return ActivityView(
        seq=row.seq, at=row.at, kind=row.kind, text=row.text, subject=row.subject, key=row.key, values=row.values,
        actor=row.actor,
    )  # fmt: skip
