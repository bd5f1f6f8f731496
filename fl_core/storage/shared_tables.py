"""The tables both daemons have: audit, activity, accounts and sign-ins, notices.

What a migration calls (`create_0001`, ...) stays as it is; later changes are revisions of their own.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


class UtcTime(sa.TypeDecorator[datetime]):
    """A point in time: with a zone in Python, kept as UTC ISO text of fixed width, so that order is text order."""

    impl = sa.String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Turn a zoned time into text; a time without zone is a programming error."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a time without a zone"
            raise ValueError(message)
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Turn text into a UTC time."""
        return None if value is None else datetime.fromisoformat(value)


SHARED = sa.MetaData()

AUDIT = sa.Table(
    "audit",
    SHARED,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("action", sa.String(80), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Column("prev_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

ACTIVITY = sa.Table(
    "activity",
    SHARED,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("text", sa.String(500), nullable=False),
    sa.Column("subject", sa.String(200), nullable=True),
    sqlite_autoincrement=True,
)


ACCOUNT = sa.Table(
    "account",
    SHARED,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("name_key", sa.String(80), nullable=False, unique=True),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("password_hash", sa.String(200)),
    sa.Column("invite_hash", sa.String(64), unique=True),
    sa.Column("invite_expires_at", UtcTime),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("last_seen", UtcTime),
)

SIGN_IN = sa.Table(
    "sign_in",
    SHARED,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("cookie_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("browser", sa.String(80), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
)

ACTIVITY_WORDS = sa.Table(
    "activity_words",
    SHARED,
    sa.Column("seq", sa.ForeignKey("activity.seq", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column("key", sa.String(60), nullable=False),
    sa.Column("values", sa.JSON, nullable=False),
)

ACTIVITY_SEEN = sa.Table(
    "activity_seen",
    SHARED,
    sa.Column("account_id", sa.ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, nullable=False),
)


ACTIVITY_ACTOR = sa.Table(
    "activity_actor",
    SHARED,
    sa.Column("seq", sa.ForeignKey("activity.seq", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column("actor", sa.String(80), nullable=False),
)


REQUEST_KEY = sa.Table(
    "request_key",
    SHARED,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("subject", sa.String(100), nullable=False),
    sa.Column("at", UtcTime, nullable=False, index=True),
)

NOTICE = sa.Table(
    "notice",
    SHARED,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("channel", sa.String(12), nullable=False),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("next_at", UtcTime, nullable=False),
    sa.Column("problem", sa.Text, nullable=False, default=""),
    sqlite_autoincrement=True,
)


def create_0001(connection: sa.Connection) -> None:
    """Create the shared tables as of revision 0001; later changes are revisions of their own."""
    SHARED.create_all(connection, tables=[AUDIT, ACTIVITY])


def create_0002(connection: sa.Connection) -> None:
    """Create the tables of accounts and sign-ins."""
    SHARED.create_all(connection, tables=[ACCOUNT, SIGN_IN])


def create_activity_words(connection: sa.Connection) -> None:
    """Create what lets the pages word an activity in their own language, and what each account has seen of it."""
    SHARED.create_all(connection, tables=[ACTIVITY_WORDS, ACTIVITY_SEEN])


def create_activity_actor(connection: sa.Connection) -> None:
    """Create what remembers whose act a line of the activity tells about."""
    SHARED.create_all(connection, tables=[ACTIVITY_ACTOR])


def create_request_key(connection: sa.Connection) -> None:
    """Create the table of what requests with a key made."""
    SHARED.create_all(connection, tables=[REQUEST_KEY])


def create_notice(connection: sa.Connection) -> None:
    """Create the table of notices that wait."""
    SHARED.create_all(connection, tables=[NOTICE])
