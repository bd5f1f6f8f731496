"""People who may open the pages, and the browsers they are signed in with: rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Row, delete, insert, select, update

from fl_core.errors import NotFound
from fl_core.storage.database import Transaction
from fl_core.storage.shared_tables import ACCOUNT, SIGN_IN


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """A person's account; `state` is invited, active or disabled."""

    id: str
    name: str
    name_key: str
    role: str
    state: str
    password_hash: str | None
    invite_hash: str | None
    invite_expires_at: datetime | None
    created_at: datetime
    last_seen: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRow:
    """One browser that is signed in."""

    id: str
    account_id: str
    cookie_hash: str
    browser: str
    created_at: datetime
    expires_at: datetime
    seen_at: datetime


def name_key(name: str) -> str:
    """Return what two equal names have in common: no case, single spaces."""
    return " ".join(name.split()).casefold()[:80]


def all_accounts(connection: Connection) -> list[AccountRow]:
    """Return every account, oldest first."""
    return [_account(row) for row in connection.execute(select(ACCOUNT).order_by(ACCOUNT.c.created_at, ACCOUNT.c.id))]


def by_id(connection: Connection, account_id: str) -> AccountRow:
    """Return one account or raise NotFound."""
    found = connection.execute(select(ACCOUNT).where(ACCOUNT.c.id == account_id)).first()
    if found is None:
        message = f"there is no account {account_id[:60]}"
        raise NotFound(message)
    return _account(found)


def by_name(connection: Connection, name: str) -> AccountRow | None:
    """Return the account of this name, whatever its case."""
    found = connection.execute(select(ACCOUNT).where(ACCOUNT.c.name_key == name_key(name))).first()
    return None if found is None else _account(found)


def by_invitation(connection: Connection, invite_hash: str) -> AccountRow | None:
    """Return the account that this invitation is for."""
    found = connection.execute(select(ACCOUNT).where(ACCOUNT.c.invite_hash == invite_hash)).first()
    return None if found is None else _account(found)


def add_account(tx: Transaction, row: AccountRow) -> None:
    """Store a new account."""
    values = {name: getattr(row, name) for name in AccountRow.__dataclass_fields__}
    tx.connection.execute(insert(ACCOUNT).values(**values))


def change_account(tx: Transaction, account_id: str, values: Mapping[str, object]) -> None:
    """Set columns of an account."""
    tx.connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account_id).values(**values))


def remove_account(tx: Transaction, account_id: str) -> None:
    """Remove an account with its sign-ins."""
    tx.connection.execute(delete(SIGN_IN).where(SIGN_IN.c.account_id == account_id))
    tx.connection.execute(delete(ACCOUNT).where(ACCOUNT.c.id == account_id))


def add_sign_in(tx: Transaction, row: SignInRow) -> None:
    """Store a signed-in browser."""
    values = {name: getattr(row, name) for name in SignInRow.__dataclass_fields__}
    tx.connection.execute(insert(SIGN_IN).values(**values))


def sign_in_of(connection: Connection, cookie_hash: str, *, now: datetime) -> tuple[SignInRow, AccountRow] | None:
    """Return the sign-in behind a cookie with its account, if neither has ended."""
    found = connection.execute(select(SIGN_IN).where(SIGN_IN.c.cookie_hash == cookie_hash)).first()
    if found is None:
        return None
    row = SignInRow(**found._mapping)
    account = by_id(connection, row.account_id)
    return (row, account) if row.expires_at > now and account.state == "active" else None


def sign_ins(connection: Connection, account_id: str, *, now: datetime) -> list[SignInRow]:
    """Return the browsers of an account that are still signed in, the latest first."""
    query = select(SIGN_IN).where(SIGN_IN.c.account_id == account_id, SIGN_IN.c.expires_at > now)
    return [SignInRow(**row._mapping) for row in connection.execute(query.order_by(SIGN_IN.c.seen_at.desc()))]


def touch(tx: Transaction, sign_in_id: str, account_id: str, *, at: datetime) -> None:
    """Keep when a browser was last there."""
    tx.connection.execute(update(SIGN_IN).where(SIGN_IN.c.id == sign_in_id).values(seen_at=at))
    tx.connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account_id).values(last_seen=at))


def end_sign_ins(tx: Transaction, account_id: str, *, only: str | None = None, but: str | None = None) -> list[str]:
    """End the sign-ins of an account (one of them, or all but one); returns the ids of those that ended."""
    chosen = SIGN_IN.c.account_id == account_id
    if only is not None:
        chosen &= SIGN_IN.c.id == only
    if but is not None:
        chosen &= SIGN_IN.c.id != but
    ended = [str(row.id) for row in tx.connection.execute(select(SIGN_IN.c.id).where(chosen))]
    tx.connection.execute(delete(SIGN_IN).where(chosen))
    return ended


def drop_expired(tx: Transaction, *, now: datetime) -> int:
    """Remove sign-ins whose time is over; returns how many."""
    done = cast("CursorResult[Any]", tx.connection.execute(delete(SIGN_IN).where(SIGN_IN.c.expires_at <= now)))
    return done.rowcount


def _account(row: Row[tuple[object, ...]]) -> AccountRow:
    return AccountRow(**row._mapping)
