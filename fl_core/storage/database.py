"""The daemon's database: engine, short transactions with work after the commit, schema upgrade at the start."""

import logging
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from fl_core.errors import Conflict, FlomirError, StorageFailed

BUSY_TIMEOUT_S = 10.0
_REVISION_FILE = re.compile(r"v(\d{4})_\w+\.py")
_VERSION_TABLE = "alembic_version"
_ADVISORY_LOCK = 0x464C_4F4D_4952
"""FLOMIR in ASCII."""
LOCK_PATIENCE_S = 3
"""How long a start waits for a daemon that is just ending."""
_LOCK_NOT_AVAILABLE = "55P03"

logger = logging.getLogger(__name__)


class Transaction:
    """One write transaction; what is registered by `after_commit` runs in order once it is durable, and never before."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._afterwards: list[Callable[[], None]] = []

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` after the commit, on the same thread; skipped when the transaction fails."""
        self._afterwards.append(action)

    def run_afterwards(self) -> None:
        """Run what was registered; a failing action is logged, the others still run."""
        for action in self._afterwards:
            try:
                action()
            except Exception:
                logger.exception("an action after a commit failed")


class Database:
    """An engine with the two ways in: `read()` and `begin()`.

    Writers queue on a lock of this process (fair, no busy polling): one daemon is the only writer, and the audit chain
    wants them one after the other. SQLite: WAL, foreign keys on, a commit is on disk when it returns, a writer takes the write
    lock of the file at the start (`BEGIN IMMEDIATE`). PostgreSQL: readers see one snapshot (repeatable read); an advisory
    lock, held as long as the database is open, keeps a second daemon out.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._write_lock = threading.RLock()
        is_shared = isinstance(engine.pool, StaticPool)  # in memory: one connection for every thread
        self._read_lock: AbstractContextManager[object] = self._write_lock if is_shared else nullcontext()
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._readers = engine if self._is_sqlite else engine.execution_options(**snapshot)
        self._guard: Connection | None = None

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """Open a write transaction: commits at the end, rolls back on any exception. Do not nest."""
        with self._write_lock, _translated(), self.engine.connect() as connection:
            if self._is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            transaction = Transaction(connection)
            yield transaction
            connection.commit()
        transaction.run_afterwards()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection that sees one consistent state; nothing is kept of what is written through it."""
        with self._read_lock, _translated(), self._readers.connect() as connection:
            if self._is_sqlite:
                connection.exec_driver_sql("BEGIN")
            yield connection
            connection.rollback()

    def take(self) -> None:
        """Be the only daemon on this database until `close`; raises Conflict (``storage.database_in_use``).

        A daemon that has just ended may hold it for a moment more: until the server has noticed.
        """
        if self._is_sqlite:
            return  # the home folder's own lock does it
        with _translated():
            self._guard = self.engine.connect()
            taken = _locked(self._guard)
        if not taken:
            message = "another daemon has this database open"
            raise Conflict(message, code="storage.database_in_use")

    def compact(self) -> bool:
        """Let nothing of deleted rows stay in the files; does nothing for PostgreSQL, whose server does it by itself.

        Returns False where somebody reads for so long that the old content could not be overwritten yet.
        """
        if not self._is_sqlite:
            return True
        with self._write_lock, _translated(), self.engine.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
        return busy == 0

    def close(self) -> None:
        """Close every connection, and with them give up what `take` took."""
        if self._guard is not None:
            self._guard.invalidate()
            self._guard.close()
            self._guard = None
        self.engine.dispose()


def open_database(target: Path | str, *, migrations: Path) -> Database:
    """Open a database and bring its schema up to date.

    Parameters
    ----------
    target : a file (SQLite), an SQLAlchemy URL, or ``":memory:"`` (tests)
    migrations : the daemon's Alembic folder; revisions are ``versions/v0001_name.py`` with ``revision = "0001"``

    Raises
    ------
    StorageFailed
        ``storage.schema_too_new`` when the file was written by a newer version; ``storage.failed`` otherwise.
    Conflict
        ``storage.database_in_use``.
    """
    database = Database(_engine(target))
    try:
        database.take()
        upgrade(database, migrations)
    except BaseException:
        database.close()
        raise
    return database


def _locked(guard: Connection) -> bool:
    """Take PostgreSQL's lock for one daemon, held until the connection ends; False where another has it and keeps it."""
    guard.execute(text(f"SET lock_timeout = '{LOCK_PATIENCE_S}s'"))
    try:
        guard.execute(text(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})"))
    except OperationalError as error:
        guard.rollback()
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        return False
    guard.commit()
    return True


def open_readonly(path: Path) -> Database:
    """Open an existing SQLite file for reading only, also beside a running daemon; no schema check."""
    if not path.is_file():
        message = f"there is no database {path.name}"
        raise StorageFailed(message)
    place = URL.create("sqlite", database=path.resolve().as_uri(), query={"mode": "ro", "uri": "true"})
    engine = create_engine(place, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})
    return Database(engine)


def upgrade(database: Database, migrations: Path) -> None:
    """Apply the missing revisions; imports Alembic only when there are any, so that a start stays quick."""
    known = sorted(
        match[1] for path in (migrations / "versions").iterdir() if (match := _REVISION_FILE.fullmatch(path.name))
    )
    present = _present_revision(database)
    if present is not None and present not in known:
        message = f"the database has schema {present}, this version knows up to {known[-1] if known else 'none'}"
        raise StorageFailed(message, code="storage.schema_too_new")
    if known and present != known[-1]:
        _run_alembic(database, migrations)


def _present_revision(database: Database) -> str | None:
    with database.read() as connection:
        if not inspect(connection).has_table(_VERSION_TABLE):
            return None
        found = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608 - constant
        return None if found is None else str(found)


def _run_alembic(database: Database, migrations: Path) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of each plugin at its import
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with database.begin() as transaction:
        config.attributes["connection"] = transaction.connection
        command.upgrade(config, "head")


def _engine(target: Path | str) -> Engine:
    if isinstance(target, str) and "://" in target:
        engine = _engine_by_url(target)
        if engine.dialect.name != "sqlite":
            return engine
    elif target == ":memory:":
        options = {"check_same_thread": False}
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args=options, hide_parameters=True)
    else:
        path = Path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            URL.create("sqlite", database=str(path)),  # a path may hold what separates the parts of a URL
            pool_size=16,
            max_overflow=64,
            connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
            hide_parameters=True,  # they may be names of files
        )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _engine_by_url(target: str) -> Engine:
    try:
        return create_engine(target, pool_pre_ping=True, pool_size=16, max_overflow=64, hide_parameters=True)
    except ModuleNotFoundError as error:
        message = f"the driver {error.name} is missing: pip install 'flomir[postgresql]'"
        raise StorageFailed(message, code="storage.no_driver") from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves; the driver's own guess would break BEGIN IMMEDIATE
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        "synchronous=FULL",
        f"busy_timeout={int(BUSY_TIMEOUT_S * 1e3)}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FlomirError:
        raise
    except OperationalError as error:
        words = str(error.orig)
        is_full = "disk is full" in words or "No space left" in words
        is_away = not is_full and (error.connection_invalidated or "connection" in words)
        code = "storage.disk_full" if is_full else "storage.unreachable" if is_away else "storage.failed"
        raise StorageFailed(words.partition("\n")[0], code=code) from error
    except SQLAlchemyError as error:
        raise StorageFailed(str(error)) from error
