"""The people of a daemon: accounts by invitation, passwords, roles."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fl_core.account_views import AccountChange, AccountView
from fl_core.acting import acted_by
from fl_core.errors import Conflict, InvalidInput, NotTrusted
from fl_core.protocol.ids import new_id
from fl_core.protocol.messages import Json
from fl_core.storage import accounts as rows
from fl_core.storage import request_keys
from fl_core.storage.accounts import AccountRow
from fl_core.storage.database import Database, Transaction
from fl_core.storage.journal import Journal
from fl_core.web import passwords
from fl_core.web.attempts import Attempts
from fl_core.web.principal import Principal
from fl_core.web.roles import Roles
from fl_core.web.sign_ins import SignIns, digest

OWNER_ID, OWNER_NAME = "owner", "Owner"
INVITATION_VALID = timedelta(days=3)
MOST_HASHES_AT_ONCE = 2
"""Each takes 64 MiB for a moment."""


class Accounts:
    """People of one daemon; safe from several threads.

    The *owner* is whoever can read what the program prints at its start: the account is made at the first start, has the
    highest role, and signs in with a one-time link; it may set a password like everybody else.

    Parameters
    ----------
    database : Database
    journal : Journal
    roles : Roles
    valid_s : float
        How long a browser stays signed in.
    on_ended : callable
        Hears the ids of sign-ins that ended, so that their live connections close.
    now : callable
    clock : callable
        Seconds that only grow, for the waits after wrong passwords.
    """

    def __init__(
        self,
        *,
        database: Database,
        journal: Journal,
        roles: Roles,
        valid_s: float,
        on_ended: Callable[[list[str]], None] = lambda ids: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._journal = journal
        self.roles = roles
        self.sign_ins = SignIns(
            database=database, journal=journal, valid_s=valid_s, on_ended=on_ended, actor=self._actor, now=now
        )
        self._now = now
        self._attempts = Attempts(clock=clock)
        self._hashing = threading.BoundedSemaphore(MOST_HASHES_AT_ONCE)
        self._make_owner()

    # --- signing in ------------------------------------------------------------------------------------------------

    def sign_in_owner(self, browser: str) -> str:
        """Sign a browser in that came with a one-time link; returns the cookie."""
        return self.sign_ins.begin(OWNER_ID, browser)

    def sign_in(self, name: str, password: str, browser: str) -> str:
        """Sign in with name and password; returns the cookie.

        Raises
        ------
        NotTrusted
            ``auth.wrong``, the same for an unknown name; ``auth.too_many`` while further attempts have to wait.
        """
        key = rows.name_key(name)
        with self._database.read() as connection:
            account = rows.by_name(connection, name)
        stored = None if account is None or account.state != "active" else account.password_hash
        if not self._is_right(key, password, stored) or account is None:
            self._record("account.sign_in_failed", "" if account is None else account.id, actor="nobody")
            message = "name and password do not belong together"
            raise NotTrusted(message, code="auth.wrong")
        self._attempts.succeeded(key)
        return self.sign_ins.begin(account.id, browser)

    def note_owner_link(self) -> None:
        """Write down that a link was made which signs a browser in as the owner."""
        self._record("account.owner_link", OWNER_ID, actor=self._actor())

    # --- joining ---------------------------------------------------------------------------------------------------

    def invitee(self, token: str) -> AccountView:
        """Return whom an invitation link is for.

        Raises
        ------
        NotTrusted
            ``account.invitation`` when it was used, withdrawn, never given or is too old.
        """
        with self._database.read() as connection:
            return _view(self._invited(rows.by_invitation(connection, digest(token))))

    def join(self, token: str, password: str, browser: str) -> str:
        """Choose the first password of an invited account and sign in; returns the cookie."""
        passwords.check_new(password, name=self.invitee(token).name)
        with self._hashing:
            stored = passwords.hashed(password)
        with self._database.begin() as tx:
            account = self._invited(rows.by_invitation(tx.connection, digest(token)))
            values = {"password_hash": stored, "state": "active", "invite_hash": None, "invite_expires_at": None}
            rows.change_account(tx, account.id, values)
            text = f"{account.name} joined as {account.role}."
            words: Json = {"name": account.name, "role": account.role}
            self._journal.note(
                tx, actor=account.name, action="account.joined", subject=account.id, text=text, values=words
            )
        return self.sign_ins.begin(account.id, browser)

    def _invited(self, account: AccountRow | None) -> AccountRow:
        if account is None or account.invite_expires_at is None or account.invite_expires_at <= self._now():
            message = "this invitation to an account is not open"
            raise NotTrusted(message, code="account.invitation")
        return account

    # --- managing --------------------------------------------------------------------------------------------------

    def all(self) -> list[AccountView]:
        """Return every account."""
        with self._database.read() as connection:
            return [_view(row) for row in rows.all_accounts(connection)]

    def view(self, account_id: str) -> AccountView:
        """Return one account or raise NotFound."""
        with self._database.read() as connection:
            return _view(rows.by_id(connection, account_id))

    def invite(self, name: str, role: str) -> tuple[AccountView, str]:
        """Make an account that its person opens with the returned token.

        Raises
        ------
        InvalidInput
            ``account.role``.
        Conflict
            ``account.exists``.
        """
        self._check_role(role)
        made = request_keys.made_before(self._database)
        if made is not None:
            return self._invite_once_more(made)
        token, account_id = secrets.token_urlsafe(24), new_id("account")
        row = AccountRow(
            id=account_id,
            name=name,
            name_key=rows.name_key(name),
            role=role,
            state="invited",
            password_hash=None,
            invite_hash=digest(token),
            invite_expires_at=self._now() + INVITATION_VALID,
            created_at=self._now(),
            last_seen=None,
        )
        with self._database.begin() as tx:
            self._refuse_taken(tx, name)
            rows.add_account(tx, row)
            request_keys.note(tx, account_id, at=self._now())
            self._journal.note(
                tx,
                actor=self._actor(),
                action="account.invited",
                subject=account_id,
                details={"role": role},
                text=f"{name} was invited as {role}.",
                values={"name": name, "role": role},
            )
        return _view(row), token

    def _invite_once_more(self, account_id: str) -> tuple[AccountView, str]:
        """Answer a request whose first answer was lost: the same account, a fresh link, nothing else changes."""
        token = secrets.token_urlsafe(24)
        with self._database.begin() as tx:
            row = rows.by_id(tx.connection, account_id)
            if row.state != "invited":
                message = f"{row.name} has joined meanwhile"
                raise Conflict(message, code="account.exists")
            rows.change_account(tx, account_id, {"invite_hash": digest(token)})
        return self.view(account_id), token

    def invite_again(self, account_id: str) -> tuple[AccountView, str]:
        """Give an account a new link: for a lost invitation, or a forgotten password (which then works no more)."""
        token = secrets.token_urlsafe(24)
        with self._database.begin() as tx:
            row = rows.by_id(tx.connection, account_id)
            self._refuse_owner(row)
            self._refuse_last(tx, row, None)
            values: dict[str, object] = {
                "invite_hash": digest(token), "invite_expires_at": self._now() + INVITATION_VALID, "password_hash": None, "state": "invited",
            }  # fmt: skip
            rows.change_account(tx, account_id, values)
            self.sign_ins.end_all(tx, account_id)
            self._journal.note(
                tx,
                actor=self._actor(),
                action="account.invited_again",
                subject=account_id,
                text=f"{row.name} got a new invitation link.",
                values={"name": row.name},
            )
        return self.view(account_id), token

    def change(self, account_id: str, change: AccountChange) -> AccountView:
        """Change name, role or state; a disabled account is signed out everywhere.

        Raises
        ------
        Conflict
            ``account.last`` where nobody with the highest role would be left; ``account.exists``.
        """
        with self._database.begin() as tx:
            before = rows.by_id(tx.connection, account_id)
            after = self._changed(tx, before, change)
            self._refuse_last(tx, before, after)
            values = {name: getattr(after, name) for name in ("name", "name_key", "role", "state")}
            rows.change_account(tx, account_id, values)
            if after.state == "disabled":
                self.sign_ins.end_all(tx, account_id)
            changed = {
                name: value for name, value in values.items() if value != getattr(before, name) and name != "name_key"
            }
            if changed:
                text = f"{before.name}: " + ", ".join(f"{name} is now {value}" for name, value in changed.items()) + "."
                self._journal.note(
                    tx,
                    actor=self._actor(),
                    action="account.changed",
                    subject=account_id,
                    details=dict(changed),
                    text=text,
                    values={"name": before.name, **_one_change(changed)},
                )
            tx.after_commit(self.sign_ins.look_again)
        return self.view(account_id)

    def remove(self, account_id: str) -> None:
        """Remove an account; what it did stays in the audit."""
        with self._database.begin() as tx:
            row = rows.by_id(tx.connection, account_id)
            self._refuse_owner(row)
            self._refuse_last(tx, row, None)
            self.sign_ins.end_all(tx, account_id)
            rows.remove_account(tx, account_id)
            text = f"The account of {row.name} was removed."
            words: Json = {"name": row.name}
            self._journal.note(
                tx, actor=self._actor(), action="account.removed", subject=account_id, text=text, values=words
            )

    # --- the own account -------------------------------------------------------------------------------------------

    def set_password(self, who: Principal, present: str | None, new: str) -> None:
        """Set or change the own password; every other browser of the account is signed out.

        Raises
        ------
        NotTrusted
            ``auth.wrong`` when the present one is not right; ``auth.too_many``.
        InvalidInput
            ``auth.password_weak``.
        """
        with self._database.read() as connection:
            account = rows.by_id(connection, who.account_id)
        passwords.check_new(new, name=account.name)
        if account.password_hash is not None and not self._is_right(
            account.name_key, present or "", account.password_hash
        ):
            message = "the present password is not right"
            raise NotTrusted(message, code="auth.wrong")
        with self._hashing:
            stored = passwords.hashed(new)
        with self._database.begin() as tx:
            rows.change_account(tx, account.id, {"password_hash": stored})
            self.sign_ins.end_all(tx, account.id, but=who.sign_in_id)
            self._journal.note(tx, actor=self._actor(), action="account.password_set", subject=account.id)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _make_owner(self) -> None:
        with self._database.begin() as tx:
            rows.drop_expired(tx, now=self._now())
            if any(account.id == OWNER_ID for account in rows.all_accounts(tx.connection)):
                return
            owner = AccountRow(
                id=OWNER_ID,
                name=OWNER_NAME,
                name_key=rows.name_key(OWNER_NAME),
                role=self.roles.highest,
                state="active",
                password_hash=None,
                invite_hash=None,
                invite_expires_at=None,
                created_at=self._now(),
                last_seen=None,
            )
            rows.add_account(tx, owner)

    def _changed(self, tx: Transaction, before: AccountRow, change: AccountChange) -> AccountRow:
        after = before
        if change.name is not None and change.name != before.name:
            self._refuse_taken(tx, change.name, but=before.id)
            after = replace(after, name=change.name, name_key=rows.name_key(change.name))
        if change.role is not None:
            self._check_role(change.role)
            after = replace(after, role=change.role)
        if change.state is not None and change.state != before.state:
            if before.state == "invited":
                message = f"{before.name} has not opened the invitation yet"
                raise Conflict(message, code="account.invited")
            after = replace(after, state=change.state)
        return after

    def _check_role(self, role: str) -> None:
        if role not in self.roles.order:
            message = f"got role {role[:20]!r}, there are {', '.join(self.roles.order)}"
            raise InvalidInput(message, code="account.role")

    def _refuse_taken(self, tx: Transaction, name: str, *, but: str = "") -> None:
        taken = rows.by_name(tx.connection, name)
        if taken is not None and taken.id != but:
            message = f"there is an account {taken.name}"
            raise Conflict(message, code="account.exists")

    def _refuse_owner(self, row: AccountRow) -> None:
        if row.id == OWNER_ID:
            message = "the owner's account belongs to whoever starts the program"
            raise Conflict(message, code="account.owner")

    def _refuse_last(self, tx: Transaction, before: AccountRow, after: AccountRow | None) -> None:
        highest = self.roles.highest
        if after is not None and after.role == highest and after.state == "active":
            return
        others = (
            row for row in rows.all_accounts(tx.connection)
            if row.id != before.id and row.role == highest and row.state == "active"
        )  # fmt: skip
        if before.role == highest and before.state == "active" and next(others, None) is None:
            message = f"{before.name} is the last {highest}"
            raise Conflict(message, code="account.last")

    def _is_right(self, key: str, password: str, stored: str | None) -> bool:
        """Compare a password, as slowly for an unknown name; raises NotTrusted while `key` has to wait."""
        wait_s = self._attempts.wait_s(key)
        if wait_s > 0:
            message = f"further attempts have to wait {wait_s:.0f} s"
            raise NotTrusted(message, code="auth.too_many")
        with self._hashing:
            is_right = passwords.fits(password, stored)
        if not is_right:
            self._attempts.failed(key)
        return is_right

    def _record(self, action: str, subject: str, *, actor: str) -> None:
        with self._database.begin() as tx:
            self._journal.note(tx, actor=actor, action=action, subject=subject)

    def _actor(self) -> str:
        return acted_by(self.roles.highest)


def _one_change(changed: Json) -> Json:
    """Return by what a page words a change of one thing; several at once are told without details."""
    [(name, value), *others] = changed.items()
    return {} if others else {"context": name, "to": value}


def _view(row: AccountRow) -> AccountView:
    return AccountView.model_validate(
        {
            "id": row.id,
            "name": row.name,
            "role": row.role,
            "state": row.state,
            "created_at": row.created_at,
            "last_seen": row.last_seen,
            "has_password": row.password_hash is not None,
            "invited_until": row.invite_expires_at,
        }
    )
