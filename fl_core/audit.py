"""The audit chain: each row holds the hash of the row before, so that a change anywhere shows."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

import rfc8785
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

GENESIS = "0" * 64


class AuditRow(BaseModel):
    """One thing that somebody did. `hash` covers every other field, `prev_hash` among them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seq: int = Field(ge=1)
    at: AwareDatetime
    actor: str
    action: str
    subject: str
    details: dict[str, object]
    prev_hash: str
    hash: str


def next_row(
    prev: AuditRow | None,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    details: dict[str, object] | None = None,
) -> AuditRow:
    """Return the row that follows `prev` (None: the first row).

    Parameters
    ----------
    prev : AuditRow or None, the chain's present head
    at : datetime with a time zone; kept in UTC to the microsecond
    actor, action, subject : who did what to what; identifiers of ours only, never of patients
    details : values that JSON can carry
    """
    bare = AuditRow(
        seq=prev.seq + 1 if prev else 1,
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        details=details or {},
        prev_hash=prev.hash if prev else GENESIS,
        hash="",
    )
    return bare.model_copy(update={"at": bare.at.astimezone(UTC), "hash": row_hash(bare)})


def row_hash(row: AuditRow) -> str:
    """Return the SHA-256 (hex) over the canonical JSON of all fields but `hash`."""
    content = row.model_dump(mode="json", exclude={"hash", "at"})
    content["at"] = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def verify_excerpt(rows: Iterable[AuditRow]) -> int | None:
    """Check rows that need not be all: each against its own hash, neighbours against each other.

    Returns
    -------
    int or None : the first sequence number that does not fit, or None; rows left out are not noticed
    """
    before: AuditRow | None = None
    for row in rows:
        if row_hash(row) != row.hash:
            return row.seq
        if before is not None and (
            row.seq <= before.seq or (row.seq == before.seq + 1 and row.prev_hash != before.hash)
        ):
            return row.seq
        before = row
    return None


def verify_rows(rows: Iterable[AuditRow], *, head: tuple[int, str] | None = None) -> int | None:
    """Walk the chain from its first row.

    Parameters
    ----------
    rows : the rows in ascending order of `seq`
    head : (seq, hash) known from elsewhere, for example a head the other side keeps: finds a shortened chain

    Returns
    -------
    int or None : the first sequence number that does not fit, or None when the chain is whole
    """
    expected, previous = 1, GENESIS
    for row in rows:
        if row.seq != expected or row.prev_hash != previous or row_hash(row) != row.hash:
            return expected
        if head is not None and row.seq == head[0] and row.hash != head[1]:
            return row.seq
        expected, previous = expected + 1, row.hash
    return expected if head is not None and head[0] >= expected else None
