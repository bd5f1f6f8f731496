"""Offers and answers, each stored whole as the signed document it arrived or left as; one that is replaced is kept."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from sqlalchemy import JSON, insert, select, type_coerce, update

from fl_core.errors import IllegalTransition, NotFound
from fl_core.protocol.messages import Consent, SessionOffer, SignedDocument
from fl_core.storage.database import Database, Transaction
from fl_core.storage.listing import Part, Wanted, contains, cut, moment, values_of
from fl_core.storage.site_tables import past_request, request

Answer = Literal["none", "agree", "decline", "withdrawn", "recalled"]
"""`recalled`: the orchestrator took its offer back."""
TITLE = type_coerce(request.c.offer["payload"].as_string(), JSON)["title"].as_string()
"""What an offer calls its session, read out of the document by the database."""


@dataclass(frozen=True, kw_only=True)
class RequestRecord:
    """A verified offer and what this site answered.

    `studies` are the ids that the consent covers, `earlier` those of each earlier agreement to the session, oldest first.
    """

    session_id: str
    received_at: datetime
    offer_document: SignedDocument
    offer_sha256: str
    answer: Answer
    consent_document: SignedDocument | None
    studies: tuple[str, ...]
    earlier: tuple[tuple[str, ...], ...] = ()

    @cached_property
    def offer(self) -> SessionOffer:
        """The content of the offer."""
        return SessionOffer.model_validate_json(self.offer_document.payload)

    @cached_property
    def consent(self) -> Consent | None:
        """The content of the answer."""
        document = self.consent_document
        return None if document is None else Consent.model_validate_json(document.payload)


class RequestStore:
    """Adds offers and records answers; one method a step, each in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, tx: Transaction, *, session_id: str, received_at: datetime, offer: SignedDocument, offer_sha256: str
    ) -> bool:
        """Store an offer; a renewed one replaces one that is not agreed to. Return whether anything changed.

        One that comes beside an agreement is not for this store.
        """
        values = {
            "received_at": received_at,
            "offer": offer.model_dump(mode="json"),
            "offer_sha256": offer_sha256,
            "answer": "none",
            "consent": None,
            "withdrawal": None,
            "studies": [],
        }
        here = request.c.session_id == session_id
        columns = (request.c.answer, request.c.offer_sha256, request.c.studies)
        present = tx.connection.execute(select(*columns).where(here)).first()
        if present is None:
            tx.connection.execute(insert(request).values(session_id=session_id, **values))
            return True
        if present.offer_sha256 == offer_sha256 or present.answer == "agree":
            return False
        _keep(tx, session_id)
        values["studies"] = studies_after(*_studies(present.studies), now=())
        tx.connection.execute(update(request).where(here).values(**values))
        return True

    def was_answered_before(self, session_id: str) -> bool:
        """Tell whether an earlier offer of a session was answered, or taken back."""
        past = past_request.c
        query = select(past.session_id).where(past.session_id == session_id, past.answer != "none").limit(1)
        with self._database.read() as tx:
            return tx.execute(query).first() is not None

    def get(self, session_id: str) -> RequestRecord:
        """Return one request; raises NotFound."""
        found = self.find(session_id)
        if found is None:
            message = f"no request is called {session_id[:60]}"
            raise NotFound(message)
        return found

    def all(self) -> list[RequestRecord]:
        """Return every request, newest first."""
        with self._database.read() as tx:
            rows = tx.execute(select(request).order_by(request.c.received_at.desc())).mappings().all()
        return [_record(dict(row)) for row in rows]

    def part(self, wanted: Wanted) -> Part[RequestRecord]:
        """Return a part of the requests. Orders: received_at."""
        query = select(request).where(*contains(wanted.search, [TITLE]))
        orders = {"received_at": moment(request.c.received_at)}
        with self._database.read() as tx:
            part = cut(tx, query, wanted, key=request.c.session_id, orders=orders, default="-received_at")
        return Part([_record(values_of(row)) for row in part.rows], part.total, part.next_cursor)

    def several(self, session_ids: Collection[str]) -> dict[str, RequestRecord]:
        """Return those of these requests that are known, by session."""
        query = select(request).where(request.c.session_id.in_(session_ids))
        with self._database.read() as tx:
            return {str(row["session_id"]): _record(dict(row)) for row in tx.execute(query).mappings()}

    def titles(self, session_ids: Collection[str]) -> dict[str, str]:
        """Return what the sessions are called, of those that are known."""
        query = select(request.c.session_id, TITLE.label("title")).where(request.c.session_id.in_(session_ids))
        with self._database.read() as tx:
            return {str(row.session_id): str(row.title) for row in tx.execute(query)}

    def answer(
        self, tx: Transaction, before: RequestRecord, answer: Answer, consent: SignedDocument, studies: tuple[str, ...]
    ) -> None:
        """Record a signed answer, unless the request has changed since it was read (IllegalTransition)."""
        values = {
            "answer": answer,
            "consent": consent.model_dump(mode="json"),
            "withdrawal": None,
            "studies": studies_after(before.studies, before.earlier, now=studies),
        }
        self._swap(tx, before, values, replaces=before.consent_document is not None)

    def withdraw(self, tx: Transaction, before: RequestRecord, withdrawal: SignedDocument) -> None:
        """Record a signed withdrawal, unless the request has changed since it was read (IllegalTransition)."""
        self._swap(tx, before, {"answer": "withdrawn", "withdrawal": withdrawal.model_dump(mode="json")})

    def recall(self, tx: Transaction, before: RequestRecord, withdrawal: SignedDocument) -> None:
        """Record that the offer was taken back by a signed withdrawal, unless the request has changed since."""
        values = {"answer": "recalled", "withdrawal": withdrawal.model_dump(mode="json")}
        self._swap(tx, before, values, replaces=before.answer == "withdrawn")

    def find(self, session_id: str) -> RequestRecord | None:
        """Return one request, if it is known."""
        with self._database.read() as tx:
            row = tx.execute(select(request).where(request.c.session_id == session_id)).mappings().first()
        return None if row is None else _record(dict(row))

    def _swap(
        self, tx: Transaction, before: RequestRecord, values: Mapping[str, object], *, replaces: bool = False
    ) -> None:
        if replaces:
            _keep(tx, before.session_id)
        changed = tx.connection.execute(
            update(request)
            .where(
                request.c.session_id == before.session_id,
                request.c.answer == before.answer,
                request.c.offer_sha256 == before.offer_sha256,
            )
            .values(**values)
        )
        if changed.rowcount != 1:
            message = f"request {before.session_id} has changed meanwhile"
            raise IllegalTransition(message)


def _keep(tx: Transaction, session_id: str) -> None:
    """Keep a request's documents, before others take their place."""
    names = ("session_id", "received_at", "offer", "answer", "consent", "withdrawal")
    present = select(*(request.c[name] for name in names)).where(request.c.session_id == session_id)
    tx.connection.execute(insert(past_request).from_select(names, present))


def _record(row: dict[str, object]) -> RequestRecord:
    offer, consent = row.pop("offer"), row.pop("consent")
    studies, earlier = _studies(row.pop("studies"))
    row.pop("withdrawal")
    return RequestRecord(
        **row,  # type: ignore[arg-type]  # a row of the table above
        offer_document=SignedDocument.model_validate(offer),
        consent_document=None if consent is None else SignedDocument.model_validate(consent),
        studies=studies,
        earlier=earlier,
    )


def studies_after(covered: tuple[str, ...], earlier: tuple[tuple[str, ...], ...], *, now: tuple[str, ...]) -> object:
    """Return the column's value once a consent covers other studies: a plain list until it has replaced an agreement."""
    before = (*earlier, covered) if covered and covered not in earlier[-1:] else earlier
    return {"covered": list(now), "earlier": [list(one) for one in before]} if before else list(now)


def _studies(value: object) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    if isinstance(value, dict):
        return tuple(value["covered"]), tuple(tuple(one) for one in value["earlier"])
    return (tuple(value) if isinstance(value, list) else ()), ()
