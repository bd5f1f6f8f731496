"""Sessions and rounds as this site lived them, fed from the runner's progress file exactly once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, and_, func, insert, select, update

from fl_core.errors import NotFound
from fl_core.protocol.messages import SessionNews, SitePhase
from fl_core.protocol.plan import ANSWERED_BEFORE, RunnerEvent, SentUpdate
from fl_core.storage.database import Database, Transaction
from fl_core.storage.listing import Part, Wanted, contains, cut, moment, values_of
from fl_core.storage.site_marks import read_mark, set_mark
from fl_core.storage.site_requests import TITLE
from fl_core.storage.site_tables import request, round_, session

MOST_LOSSES = 400
OFFSET = "progress_offset"
_ENDED = {SitePhase.SENT, SitePhase.FAILED, SitePhase.WITHDRAWN}
_SAYS_NOTHING_OF_WORK = {SitePhase.RECEIVED, SitePhase.WAITING, SitePhase.FAILED, SitePhase.WITHDRAWN}
_TERMINAL = {"completed", "stopped", "failed", "aborted"}


@dataclass(frozen=True, kw_only=True)
class SiteSessionRecord:
    """What the orchestrator tells about a session this site agreed to."""

    id: str
    state: str
    reason: str = ""
    round: int = 0
    latest_model_id: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class SiteRoundRecord:
    """One round at this site; `decision` is the professional's answer to a held update.

    A round that is asked for again keeps when it first began, its scores, and the receipt of the update that left.
    """

    session_id: str
    round: int
    phase: SitePhase
    fraction: float
    loss: float | None
    losses: tuple[float, ...]
    code: str | None
    started_at: datetime
    ended_at: datetime | None
    scores: dict[str, float] | None
    sent: SentUpdate | None
    decision: str

    @property
    def has_begun(self) -> bool:
        """Tell whether the round ever went beyond waiting for its turn."""
        worked = self.sent is not None or self.scores is not None or bool(self.losses)
        return worked or self.phase not in _SAYS_NOTHING_OF_WORK


@dataclass(frozen=True, kw_only=True)
class RoundsDigest:
    """What a list says of a session's rounds; `held` are those whose update waits for a person."""

    latest: SiteRoundRecord | None = None
    bytes_sent: int = 0
    held: tuple[int, ...] = ()


class SiteSessionStore:
    """Keeps sessions, rounds, and how far the progress file has been read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, tx: Transaction, session_id: str) -> None:
        """Make the session known (at the first agreement); a known one stays as it is."""
        if tx.connection.execute(select(session.c.id).where(session.c.id == session_id)).first() is None:
            tx.connection.execute(insert(session).values(id=session_id, state="offered", reason="", round=0))

    def apply_news(self, tx: Transaction, news: SessionNews, at: datetime) -> bool:
        """Take over what the orchestrator tells; return whether anything changed. Unknown sessions are kept too."""
        self.open(tx, news.session_id)
        row = tx.connection.execute(select(session).where(session.c.id == news.session_id)).mappings().one()
        terminal = news.state in _TERMINAL
        values: dict[str, object] = {
            "state": news.state,
            "reason": news.reason,
            "round": news.round,
            "ended_at": (row["ended_at"] or at) if terminal else None,
        }
        if news.state in {"starting", "running"} and row["started_at"] is None:
            values["started_at"] = at
        changed = any(row[key] != value for key, value in values.items())
        tx.connection.execute(update(session).where(session.c.id == news.session_id).values(**values))
        return changed

    def set_latest_model(self, tx: Transaction, session_id: str, model_id: str) -> None:
        """Remember the newest model of a session."""
        tx.connection.execute(update(session).where(session.c.id == session_id).values(latest_model_id=model_id))

    def get(self, session_id: str) -> SiteSessionRecord:
        """Return one session; raises NotFound."""
        found = self.find(session_id)
        if found is None:
            message = f"no session is called {session_id[:60]}"
            raise NotFound(message)
        return found

    def find(self, session_id: str) -> SiteSessionRecord | None:
        """Return one session, if it is known."""
        with self._database.read() as tx:
            row = tx.execute(select(session).where(session.c.id == session_id)).mappings().first()
        return None if row is None else SiteSessionRecord(**row)

    def all(self) -> list[SiteSessionRecord]:
        """Return every session."""
        with self._database.read() as tx:
            return [SiteSessionRecord(**row) for row in tx.execute(select(session)).mappings()]

    def part(self, wanted: Wanted) -> Part[SiteSessionRecord]:
        """Return a part of the sessions that were ever agreed to; what is searched are their titles. Orders: received_at."""
        query = select(session).join(request, request.c.session_id == session.c.id)
        query = query.where(request.c.answer.in_(("agree", "withdrawn")), *contains(wanted.search, [TITLE]))
        if wanted.states:
            query = query.where(session.c.state.in_(wanted.states))
        orders = {"received_at": moment(request.c.received_at)}
        with self._database.read() as tx:
            part = cut(tx, query, wanted, key=session.c.id, orders=orders, default="-received_at")
        return Part([SiteSessionRecord(**values_of(row)) for row in part.rows], part.total, part.next_cursor)

    def digests(self, session_ids: Collection[str]) -> dict[str, RoundsDigest]:
        """Return what a list says of the rounds of each of these sessions; the database looks through them."""
        of_these = round_.c.session_id.in_(session_ids)
        sent = func.coalesce(func.sum(round_.c.sent["bytes"].as_integer()), 0)
        sums = select(round_.c.session_id, func.max(round_.c.round).label("newest"), sent.label("bytes_sent"))
        grouped = sums.where(of_these).group_by(round_.c.session_id).subquery()
        newest = and_(round_.c.session_id == grouped.c.session_id, round_.c.round == grouped.c.newest)
        held = select(round_.c.session_id, round_.c.round).where(of_these, round_.c.phase == SitePhase.HELD.value)
        waiting: dict[str, list[int]] = {}
        with self._database.read() as tx:
            for session_id, number in tx.execute(held.order_by(round_.c.round)):
                waiting.setdefault(session_id, []).append(number)
            rows = tx.execute(select(round_, grouped.c.bytes_sent).join(grouped, newest)).mappings().all()
        found = {session_id: RoundsDigest() for session_id in session_ids}
        for row in rows:
            values = dict(row)
            sent_bytes, latest = int(values.pop("bytes_sent")), _round(values)
            found[latest.session_id] = RoundsDigest(
                latest=latest, bytes_sent=sent_bytes, held=tuple(waiting.get(latest.session_id, ()))
            )
        return found

    def rounds(self, session_id: str) -> list[SiteRoundRecord]:
        """Return the rounds of a session, oldest first."""
        query = select(round_).where(round_.c.session_id == session_id).order_by(round_.c.round)
        with self._database.read() as tx:
            return [_round(dict(row)) for row in tx.execute(query).mappings()]

    def decide(self, tx: Transaction, session_id: str, round_number: int, decision: str) -> bool:
        """Record the answer to a held update; return False when there is no undecided held update."""
        changed = tx.connection.execute(
            update(round_)
            .where(
                round_.c.session_id == session_id,
                round_.c.round == round_number,
                round_.c.phase == SitePhase.HELD.value,
                round_.c.decision == "none",
            )
            .values(decision=decision)
        )
        return bool(changed.rowcount)

    def offset(self) -> int:
        """Return up to where the progress file has been taken over."""
        return read_mark(self._database, OFFSET) or 0

    def take(self, tx: Transaction, events: Sequence[RunnerEvent], offset: int) -> list[SiteRoundRecord]:
        """Apply progress lines and move the mark in one transaction; return the rounds that changed."""
        changed: dict[tuple[str, int], SiteRoundRecord] = {}
        for event in events:
            key = (event.session_id, event.round)
            before = changed.get(key) or _read_round(tx.connection, *key)
            changed[key] = _advance(before, event)
        for record in changed.values():
            _write_round(tx.connection, record)
        set_mark(tx, OFFSET, offset)
        return list(changed.values())


def _advance(before: SiteRoundRecord | None, event: RunnerEvent) -> SiteRoundRecord:
    if before is not None and event.code == ANSWERED_BEFORE:
        return before
    if before is None:
        before = SiteRoundRecord(
            session_id=event.session_id, round=event.round, phase=event.phase, fraction=0.0, loss=None, losses=(),
            code=None, started_at=event.at, ended_at=None, scores=None, sent=None, decision="none",
        )  # fmt: skip
    elif event.phase is SitePhase.RECEIVED and before.phase in _ENDED:
        started_at = before.started_at if before.has_begun else event.at
        before = replace(before, loss=None, losses=(), started_at=started_at)
    losses = before.losses
    if event.loss is not None:
        losses = (*losses, event.loss)
        losses = losses[::2] if len(losses) > MOST_LOSSES else losses
    return replace(
        before,
        phase=event.phase,
        fraction=event.fraction,
        loss=before.loss if event.loss is None else event.loss,
        losses=losses,
        code=event.code,
        ended_at=event.at if event.phase in _ENDED else None,
        scores=event.metrics or before.scores,
        sent=event.sent or before.sent,
    )


def _read_round(tx: Connection, session_id: str, number: int) -> SiteRoundRecord | None:
    query = select(round_).where(round_.c.session_id == session_id, round_.c.round == number)
    row = tx.execute(query).mappings().first()
    return None if row is None else _round(dict(row))


def _write_round(tx: Connection, record: SiteRoundRecord) -> None:
    values = {
        **vars(record),
        "phase": record.phase.value,
        "losses": list(record.losses),
        "sent": None if record.sent is None else record.sent.model_dump(mode="json"),
    }
    here = (round_.c.session_id == record.session_id, round_.c.round == record.round)
    if tx.execute(update(round_).where(*here).values(**values)).rowcount == 0:
        tx.execute(insert(round_).values(**values))


def _round(row: dict[str, object]) -> SiteRoundRecord:
    losses, sent = row.pop("losses"), row.pop("sent")
    phase = SitePhase(str(row.pop("phase")))
    return SiteRoundRecord(
        **row,  # type: ignore[arg-type]  # a row of the table above
        phase=phase,
        losses=tuple(losses) if isinstance(losses, list) else (),
        sent=None if sent is None else SentUpdate.model_validate(sent),
    )
