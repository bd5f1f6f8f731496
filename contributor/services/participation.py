"""The sessions as this site lives them: the runner's progress file is taken over exactly once and passed on."""

import threading
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from contributor.schemas import (
    ProgressDelta,
    SentBrief,
    SiteRoundBrief,
    SiteRoundView,
    SiteSessionList,
    SiteSessionSummary,
    SiteSessionView,
)
from fl_core.desk import Desk
from fl_core.errors import CATALOGUE, InvalidInput, NotFound
from fl_core.flower.progress_file import cut_off, read_lines
from fl_core.protocol.messages import Json, SessionNews, SitePhase, SiteProgress
from fl_core.protocol.plan import ANSWERED_BEFORE, RunnerEvent, SentUpdate
from fl_core.storage.database import Transaction
from fl_core.storage.listing import Wanted
from fl_core.storage.site_requests import RequestRecord, RequestStore
from fl_core.storage.site_sessions import RoundsDigest, SiteRoundRecord, SiteSessionRecord, SiteSessionStore

TICK_S = 2.0


class Participation:
    """Reads progress, shows sessions.

    Parameters
    ----------
    forward : passes a hint on to the orchestrator
    news_changed : called with a session's id after the orchestrator told something new about it
    paused : the sessions that are paused here
    address : where the laboratory is reached
    """

    def __init__(
        self,
        desk: Desk,
        *,
        progress_file: Path,
        forward: Callable[[SiteProgress], None],
        news_changed: Callable[[str], None],
        paused: Callable[[], frozenset[str]] = frozenset,
        address: Callable[[], str] = str,
    ) -> None:
        self._desk = desk
        self._store = SiteSessionStore(desk.database)
        self._requests = RequestStore(desk.database)
        self._file = progress_file
        self._forward = forward
        self._news_changed = news_changed
        self._paused = paused
        self._address = address
        self._reading = threading.Lock()

    def part(self, wanted: Wanted) -> SiteSessionList:
        """Return a part of the sessions this site agreed to, the newest offer first; of the rounds the latest only."""
        part = self._store.part(wanted)
        ids = [session.id for session in part.rows]
        requests, digests, paused = self._requests.several(ids), self._store.digests(ids), self._paused()
        items = [
            self._summary(requests[session.id], session, digests[session.id], is_paused=session.id in paused)
            for session in part.rows
        ]
        return SiteSessionList(items=items, total=part.total, next_cursor=part.next_cursor)

    def get(self, session_id: str) -> SiteSessionView:
        """Return one session with its rounds; raises NotFound."""
        summary = self._present(self._requests.get(session_id), self._store.get(session_id))
        return SiteSessionView(**vars(summary), rounds=[_round_view(one) for one in self._store.rounds(session_id)])

    def receipt(self, session_id: str, number: int) -> SentUpdate:
        """Return what left in a round; raises NotFound where nothing did."""
        sent = next((one.sent for one in self._store.rounds(session_id) if one.round == number), None)
        if sent is None:
            message = f"nothing left this site in round {number} of this session"
            raise NotFound(message)
        return sent

    def take_news(self, payload: Json) -> None:
        """Take over what the orchestrator tells about a session."""
        try:
            news = SessionNews.model_validate(payload)
        except ValidationError as error:
            message = "the news of a session cannot be read"
            raise InvalidInput(message) from error
        before = self._store.find(news.session_id)
        with self._desk.database.begin() as tx:
            changed = self._store.apply_news(tx, news, self._desk.now())
            if changed and (before is None or before.state != news.state):
                title = self._title(news.session_id)
                self._desk.journal.tell(
                    tx,
                    kind="session",
                    text=f"Session “{title}” is {news.state}.",
                    subject=news.session_id,
                    key=f"session.{news.state}",
                    values={"title": title},
                )
        if changed:
            self._news_changed(news.session_id)
            self.publish(news.session_id)

    def publish(self, session_id: str) -> None:
        """Tell the pages about a session, if this site ever agreed to it."""
        self._desk.bus.publish("session", lambda: self._known(session_id))

    def ingest(self) -> int:
        """Take over what is new in the progress file; return how many lines. Repeating it changes nothing.

        What was taken over is cut off now and then, so that the file does not grow for ever.
        """
        with self._reading:
            total = 0
            while taken := self._ingest_piece():
                total += taken
            cut_off(self._file, self._store.offset())
            return total

    def _ingest_piece(self) -> int:
        offset = self._store.offset()
        raw, offset = read_lines(self._file, offset)
        if not raw:
            return 0
        events = [event for line in raw.splitlines() if (event := _event(line)) is not None]
        before = {(one.session_id, one.round): one.phase for one in self._rounds_of(events)}
        with self._desk.database.begin() as tx:
            changed = self._store.take(tx, events, offset + len(raw))
            for event in events:
                self._note_event(tx, event)
            for record in changed:
                if before.get((record.session_id, record.round)) != record.phase:
                    self._note_phase(tx, record)
        self._tell(changed, before, events)
        return len(events) or 1

    def _rounds_of(self, events: list[RunnerEvent]) -> list[SiteRoundRecord]:
        sessions = {event.session_id for event in events}
        return [record for session_id in sessions for record in self._store.rounds(session_id)]

    def _tell(
        self, changed: list[SiteRoundRecord], before: dict[tuple[str, int], SitePhase], events: list[RunnerEvent]
    ) -> None:
        details = {(event.session_id, event.round): event.detail for event in events}
        for record in changed:
            key = (record.session_id, record.round)
            if before.get(key) != record.phase:
                self.publish(record.session_id)
            delta = ProgressDelta(session_id=record.session_id, round=_round_view(record))
            self._desk.bus.publish_progress("progress", f"{record.session_id} {record.round}", delta)
            self._forward(
                SiteProgress(
                    session_id=record.session_id,
                    round=record.round,
                    phase=record.phase,
                    fraction=min(max(record.fraction, 0.0), 1.0),
                    loss=record.loss,
                    detail=(record.code or details.get(key, ""))[:200],
                )
            )

    def _note_event(self, tx: Transaction, event: RunnerEvent) -> None:
        """Write down each update that left and each that was asked for once too often, however many come in one piece."""
        if event.phase is SitePhase.SENT and event.sent is not None:
            self._desk.journal.note(
                tx,
                actor="runner",
                action="update.sent",
                subject=event.session_id,
                details={
                    "round": event.round,
                    "destination": self._destination(event.session_id),
                    **event.sent.model_dump(mode="json", exclude={"shapes"}),
                },
                text=f"Round {event.round}: an update of {event.sent.bytes / 1e6:.2f} MB was sent; no scan left.",
                values={"round": event.round, "bytes": event.sent.bytes},
                kind="session",
            )
        elif event.code == ANSWERED_BEFORE:
            self._desk.journal.note(
                tx,
                actor="runner",
                action="round.refused",
                subject=event.session_id,
                details={"round": event.round, "code": event.code},
                text=f"Round {event.round} was asked for once more with another model; nothing was trained or sent.",
                values={"round": event.round},
                kind="session",
            )

    def _note_phase(self, tx: Transaction, record: SiteRoundRecord) -> None:
        if record.phase is SitePhase.HELD:
            text = f"Round {record.round}: the update is ready and waits for your answer before it leaves."
            self._desk.journal.tell(
                tx,
                kind="session",
                text=text,
                subject=record.session_id,
                key="update.held",
                values={"round": record.round},
            )
        elif record.phase is SitePhase.FAILED:
            self._desk.journal.note(
                tx,
                actor="runner",
                action="round.failed",
                subject=record.session_id,
                details={"round": record.round, "code": record.code or ""},
                text=f"Round {record.round} failed here ({_reason(record.code)}).",
                values={"round": record.round, "code": record.code or "", "reason": _reason(record.code)},
                kind="session",
            )

    def _destination(self, session_id: str) -> str:
        request = self._requests.find(session_id)
        return _destination("" if request is None else request.offer.orchestrator, self._address())

    def _title(self, session_id: str) -> str:
        request = self._requests.find(session_id)
        return session_id if request is None else request.offer.title

    def _known(self, session_id: str) -> SiteSessionSummary | None:
        request = self._requests.find(session_id)
        if request is None or request.answer not in {"agree", "withdrawn"}:
            return None
        session = self._store.find(session_id)
        return None if session is None else self._present(request, session)

    def _present(self, request: RequestRecord, session: SiteSessionRecord) -> SiteSessionSummary:
        digest = self._store.digests([session.id])[session.id]
        return self._summary(request, session, digest, is_paused=session.id in self._paused())

    def _summary(
        self, request: RequestRecord, session: SiteSessionRecord, digest: RoundsDigest, *, is_paused: bool
    ) -> SiteSessionSummary:
        latest = digest.latest
        return SiteSessionSummary(
            id=session.id,
            title=request.offer.title,
            task=request.offer.task,
            state=session.state,
            reason=session.reason,
            consent_state="agreed" if request.answer == "agree" else "withdrawn",
            paused=is_paused,
            orchestrator=request.offer.orchestrator,
            destination=_destination(request.offer.orchestrator, self._address()),
            round_deadline_s=request.offer.round_deadline_s,
            round=session.round if latest is None else max(session.round, latest.round),
            rounds_planned=request.offer.rounds,
            studies=len(request.studies),
            bytes_sent=digest.bytes_sent,
            latest_round=None if latest is None else _round_brief(latest),
            held=list(digest.held),
            latest_model_id=session.latest_model_id,
            started_at=session.started_at,
            ended_at=session.ended_at,
        )


def _reason(code: str | None) -> str:
    entry = CATALOGUE.get(code or "")
    return "no reason given" if entry is None else entry.title


def _destination(orchestrator: str, address: str) -> str:
    return f"{orchestrator} ({address})" if address else orchestrator


def _round_view(record: SiteRoundRecord) -> SiteRoundView:
    return SiteRoundView(**vars(_round_brief(record)), losses=list(record.losses))


def _round_brief(record: SiteRoundRecord) -> SiteRoundBrief:
    return SiteRoundBrief(
        round=record.round,
        phase=record.phase,
        fraction=record.fraction,
        loss=record.loss,
        code=record.code,
        started_at=record.started_at,
        ended_at=record.ended_at,
        scores=None if record.scores is None else _plain(record.scores),
        sent=None if record.sent is None else SentBrief(**record.sent.model_dump(exclude={"shapes"})),
    )


def _plain(scores: dict[str, float]) -> dict[str, float]:
    """Name scores as the task does; on the wire they carry a prefix."""
    return {name.removeprefix("score_"): value for name, value in scores.items()}


def _event(line: bytes) -> RunnerEvent | None:
    try:
        return RunnerEvent.model_validate_json(line)
    except ValidationError:
        return None
