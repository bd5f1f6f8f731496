"""The one place that knows, keeps and tells how this site stands with its orchestrator."""

import threading
from dataclasses import replace
from datetime import timedelta

from contributor.schemas import ConnectionView
from contributor.schemas_network import PreflightLine
from fl_core.desk import Desk
from fl_core.protocol.messages import Json
from fl_core.storage.database import Transaction
from fl_core.storage.site_connection import ConnectionRecord, ConnectionState, ConnectionStore
from fl_core.storage.site_outbox import OutboxStore
from fl_core.storage.site_settings import SITE_SETTINGS
from fl_core.trust.identity import fingerprint, load_certificate, short_fingerprint

CODE = "connection_code"
"""Where the code of the record's detail is kept, by which a page says it in its own language."""
KEPT_EVERY = timedelta(seconds=20)
ENROLLED: frozenset[ConnectionState] = frozenset({"connected", "reconnecting", "protocol_mismatch"})

WORDS: dict[ConnectionState, str] = {
    "not_enrolled": "This computer has left the federation.",
    "pending": "Waiting for the learning manager's approval.",
    "connected": "Connected to the orchestrator.",
    "reconnecting": "The connection was lost; it is tried again by itself.",
    "refused": "The learning manager refused this enrolment.",
    "suspended": "The learning manager has suspended this site for the time being; nothing runs meanwhile.",
    "revoked": "This site's certificate was revoked; nothing runs any more.",
    "protocol_mismatch": "The two sides speak different versions.",
}


class Connection:
    """Holds the present record; every change is stored, told to the pages and, where people care, put into words."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._store = ConnectionStore(desk.database)
        self._outbox = OutboxStore(desk.database)
        self._lock = threading.RLock()
        self._record = self._store.get()
        self._contact_kept_at = self._record.last_contact
        self._finding: PreflightLine | None = None
        with desk.database.read() as connection:
            self._code = str(SITE_SETTINGS.get(connection, CODE).get("code", ""))

    @property
    def record(self) -> ConnectionRecord:
        """The present record, read without the lock: the event bus asks for it while a writer waits for the bus."""
        return self._record

    @property
    def is_enrolled(self) -> bool:
        """Tell whether this site holds a certificate that is not known to be revoked."""
        return self.record.state in ENROLLED

    def view(self) -> ConnectionView:
        """Return what the pages see; no secret is in it."""
        record = self.record
        return ConnectionView(
            state=record.state,
            since=record.since,
            detail=record.detail,
            code=self._code,
            orchestrator=record.orchestrator,
            address=record.address,
            site_id=record.site_id,
            site_name=record.site_name,
            fingerprint=None if record.fingerprint is None else short_fingerprint(record.fingerprint),
            ca_fingerprint=None if record.ca_pem is None else ca_fingerprint(record.ca_pem),
            certificate_expires_at=record.certificate_expires_at,
            last_contact=record.last_contact,
            finding=self._finding,
        )

    def replace(
        self,
        record: ConnectionRecord,
        *,
        actor: str,
        action: str,
        text: str,
        details: dict[str, object] | None = None,
        values: dict[str, object] | None = None,
        finding: PreflightLine | None = None,
    ) -> None:
        """Begin, or end, a relation: the whole record is new, and letters to the former laboratory are dropped.

        With `values` a page words the line by the action.
        """
        with self._lock:
            with self._desk.database.begin() as tx:
                self._save(tx, record, "")
                self._outbox.clear(tx)
                self._desk.journal.note(
                    tx,
                    actor=actor,
                    action=action,
                    subject=record.site_id or "",
                    details=details,
                    text=text,
                    kind="connection",
                    values=values,
                )
            self._record, self._finding, self._code = record, finding, ""
        self._tell()

    def move(
        self,
        state: ConnectionState,
        detail: str = "",
        *,
        code: str = "",
        words: str = "",
        values: Json | None = None,
        finding: PreflightLine | None = None,
        **changes: object,
    ) -> bool:
        """Change the state (and other columns); return whether the state is another one than before.

        `code` is the detail's in the catalogue of errors. `words` replaces the usual sentence of the activity list, which
        a page words with `values`. The finding is not kept over the daemon's end.
        """
        with self._lock:
            before = self._record
            moved = before.state != state
            after = replace(
                before,
                state=state,
                detail=detail,
                since=self._desk.now() if moved else before.since,
                **changes,  # type: ignore[arg-type]  # columns of the record
            )
            if after == before and (finding, code) == (self._finding, self._code):
                return False
            with self._desk.database.begin() as tx:
                self._save(tx, after, code)
                if moved:
                    said = "" if state == "reconnecting" else detail  # the line's own words mean nothing to most people
                    self._desk.journal.note(
                        tx,
                        actor="system",
                        action=f"connection.{state}",
                        subject=after.site_id or "",
                        text=words or f"{WORDS[state]} {said}".strip(),
                        values={"detail": said, "code": code if said else "", **(values or {})},
                    )
            self._record, self._finding, self._code = after, finding, code
        self._tell()
        return moved

    def contact(self) -> None:
        """Note that the orchestrator answered just now; kept on disk now and then only."""
        now = self._desk.now()
        with self._lock:
            self._record = replace(self._record, last_contact=now)
            if self._contact_kept_at is not None and now - self._contact_kept_at < KEPT_EVERY:
                return
            self._contact_kept_at = now
            with self._desk.database.begin() as tx:
                self._store.change(tx, last_contact=now)
        self._tell()

    def handled(self, seq: int) -> None:
        """Note that the events up to a sequence number have been taken over."""
        with self._lock:
            with self._desk.database.begin() as tx:
                self._store.change(tx, last_event=seq)
            self._record = replace(self._record, last_event=seq)

    def _save(self, tx: Transaction, record: ConnectionRecord, code: str) -> None:
        self._store.save(tx, record)
        if code != self._code:
            SITE_SETTINGS.put(tx, CODE, {"code": code}, at=self._desk.now())

    def _tell(self) -> None:
        self._desk.bus.publish("connection", self.view)


def ca_fingerprint(ca_pem: str) -> str:
    """Return the short fingerprint of an authority, as both screens show it."""
    return short_fingerprint(fingerprint(load_certificate(ca_pem)))
