"""A real PostgreSQL for tests: started on a Unix socket in a folder of its own, as a user that is not root, ended with the tests."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, create_engine, text

from fl_core.storage.database import Database, open_database
from flomir.waiting import wait_until

SUPERUSER = "flomir"
PASSWORD = "spoken-only-to-the-database"


def find_programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs (Debian keeps them off the PATH), None when not installed."""
    on_path = shutil.which("initdb")
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folders = [*candidates, *([Path(on_path).parent] if on_path else [])]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


class PostgresServer:
    """One running server; `fresh_url` makes an empty database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0
        self._migrated: dict[Path, str] = {}

    def url(self, database: str) -> str:
        """Return the address of a database, with a password as a real one has."""
        return f"postgresql://{SUPERUSER}:{PASSWORD}@/{database}?host={self._folder}"

    def migrated_url(self, migrations: Path) -> str:
        """Create a database of a daemon's present schema and return its address; it is a copy of one that was migrated once."""
        if migrations not in self._migrated:
            url = self.fresh_url()
            open_database(url.replace("postgresql:", "postgresql+psycopg:"), migrations=migrations).close()
            self._migrated[migrations] = f"test_{self._made}"
        return self.fresh_url(self._migrated[migrations])

    def fresh_url(self, template: str = "template1") -> str:
        """Create an empty database, or a copy of `template`, and return its address."""
        self._made += 1
        name = f"test_{self._made}"
        engine = create_engine(
            self.url("postgres").replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine.dispose()
        return self.url(name)


@contextmanager
def running_postgres(programs: Path) -> Iterator[PostgresServer]:
    """Start a server that forgets everything at its end: no network, no fsync."""
    folder = Path(tempfile.mkdtemp(prefix="flomir-postgres-"))
    user = _other_user()
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    data = folder / "data"
    identity: dict[str, Any] = {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid}
    command = [
        str(programs / "initdb"),
        "-D",
        str(data),
        "-U",
        SUPERUSER,
        "--auth=trust",
        "--encoding=UTF8",
        "--no-sync",
        "--locale=C.UTF-8",
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, **identity)
    settings = (
        "listen_addresses=",
        "fsync=off",
        "full_page_writes=off",
        "synchronous_commit=off",
        "max_connections=400",
    )
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [
                str(programs / "postgres"),
                "-D",
                str(data),
                "-k",
                str(folder),
                *(word for one in settings for word in ("-c", one)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=log,
            cwd=folder,
            **identity,
        )
    try:
        wait_until(
            lambda: (folder / ".s.PGSQL.5432").exists() or None, timeout_s=30, what="PostgreSQL to listen", poll_s=0.05
        )
        made = PostgresServer(folder)
        wait_until(lambda: _answers(made), timeout_s=30, what="PostgreSQL to answer", poll_s=0.05)
        yield made
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(server: PostgresServer) -> bool | None:
    from sqlalchemy.exc import OperationalError

    engine = create_engine(server.url("postgres").replace("postgresql:", "postgresql+psycopg:"))
    try:
        with engine.connect():
            return True
    except OperationalError:
        return None
    finally:
        engine.dispose()


def _other_user() -> str | None:
    """Return whom the server runs as when the tests run as root, who may not run it."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def everything_in(database: Database) -> str:
    """Return every row of every table as text."""
    tables = MetaData()
    tables.reflect(database.engine)
    with database.read() as connection:
        return "\n".join(str(row) for table in tables.tables.values() for row in connection.execute(table.select()))
