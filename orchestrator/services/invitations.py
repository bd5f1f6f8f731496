"""Invitations: single use, expiring; only the hash of the secret is stored."""

import re
from collections.abc import Callable
from datetime import timedelta

from fl_core.desk import Desk
from fl_core.errors import Conflict
from fl_core.protocol.ids import new_id
from fl_core.protocol.messages import InvitationDocument
from fl_core.storage import lab_sites, request_keys
from fl_core.storage.lab_sites import InvitationRow
from fl_core.storage.listing import Wanted
from fl_core.trust.invitation import FILE_SUFFIX, encode_file, encode_text, new_token, token_hash
from fl_core.trust.qr import encode_code
from orchestrator.schemas import InvitationCreate, InvitationIssued, InvitationList, InvitationView
from orchestrator.schemas_sites import QrView
from orchestrator.services.desk import by_manager
from orchestrator.services.system import Identity

Draw = Callable[[str], tuple[int, str]]


class Invitations:
    """Makes, lists and withdraws invitations; `draw` makes the picture of a code (see `fl_core.trust.qr.draw`)."""

    def __init__(self, desk: Desk, identity: Identity, draw: Draw) -> None:
        self._desk = desk
        self._identity = identity
        self._draw = draw

    def part(self, wanted: Wanted) -> InvitationList:
        """Return a part of the list, newest first unless asked otherwise."""
        with self._desk.database.read() as connection:
            part = lab_sites.list_invitations(connection, wanted, at=self._desk.now())
        items = [self._view(row) for row in part.rows]
        return InvitationList(items=items, total=part.total, next_cursor=part.next_cursor)

    def create(self, wanted: InvitationCreate) -> InvitationIssued:
        """Make an invitation; the answer is the only place where its token appears.

        The same request sent again gets the same invitation with a fresh token: nobody has seen the first.
        """
        made = request_keys.made_before(self._desk.database)
        if made is not None:
            return self._issue_again(made)
        token, now = new_token(), self._desk.now()
        row = InvitationRow(
            id=new_id("inv"),
            site_name=wanted.site_name,
            token_hash=token_hash(token),
            state="open",
            created_at=now,
            expires_at=now + timedelta(hours=wanted.valid_hours),
        )
        with self._desk.database.begin() as tx:
            lab_sites.add_invitation(tx, row)
            request_keys.note(tx, row.id, at=now)
            self._desk.journal.note(
                tx,
                actor=by_manager(),
                action="invitation.created",
                subject=row.id,
                details={"site_name": row.site_name, "expires_at": row.expires_at.isoformat()},
                text=f"Invitation made{f' for {row.site_name}' if row.site_name else ''}.",
                values={"name": row.site_name or ""},
            )
            tx.after_commit(lambda: self.publish(row.id))
        return self._issued(row, token)

    def _issue_again(self, invitation_id: str) -> InvitationIssued:
        token = new_token()
        with self._desk.database.begin() as tx:
            row = lab_sites.invitation_by_id(tx.connection, invitation_id)
            if self._view(row).state != "open":
                message = f"invitation {invitation_id} is {self._view(row).state}"
                raise Conflict(message)
            lab_sites.change_token(tx, invitation_id, token_hash(token))
        return self._issued(row, token)

    def _issued(self, row: InvitationRow, token: str) -> InvitationIssued:
        document = InvitationDocument(
            orchestrator=self._identity.name,
            address=self._identity.public_address,
            ca_pem=self._identity.ca_pem,
            token=token,
            site_name=row.site_name,
            expires_at=row.expires_at,
        )
        code = encode_code(document)
        size, path = self._draw(code)
        stem = re.sub(r"[^A-Za-z0-9]+", "-", row.site_name or row.id).strip("-").lower() or row.id
        return InvitationIssued(
            invitation=self._view(row),
            filename=f"{stem}{FILE_SUFFIX}",
            file=encode_file(document),
            text=encode_text(document),
            code=code,
            qr=QrView(size=size, path=path),
        )

    def withdraw(self, invitation_id: str) -> InvitationView:
        """Withdraw an open invitation; raises Conflict when it is used, expired or withdrawn."""
        with self._desk.database.begin() as tx:
            row = lab_sites.invitation_by_id(tx.connection, invitation_id)
            if self._view(row).state != "open" or not lab_sites.take_invitation(tx, invitation_id, "withdrawn"):
                message = f"invitation {invitation_id} is {self._view(row).state}"
                raise Conflict(message)
            self._desk.journal.note(
                tx,
                actor=by_manager(),
                action="invitation.withdrawn",
                subject=invitation_id,
                text="Invitation withdrawn.",
                values={"name": row.site_name or ""},
            )
            tx.after_commit(lambda: self.publish(invitation_id))
        return self.view(invitation_id)

    def view(self, invitation_id: str) -> InvitationView:
        """Return one invitation."""
        with self._desk.database.read() as connection:
            return self._view(lab_sites.invitation_by_id(connection, invitation_id))

    def publish(self, invitation_id: str) -> None:
        """Tell the pages about an invitation."""
        self._desk.bus.publish("invitation", lambda: self.view(invitation_id))

    def _view(self, row: InvitationRow) -> InvitationView:
        is_over = row.state == "open" and row.expires_at <= self._desk.now()
        return InvitationView.model_validate(
            {
                "id": row.id,
                "site_name": row.site_name,
                "state": "expired" if is_over else row.state,
                "created_at": row.created_at,
                "expires_at": row.expires_at,
            }
        )
