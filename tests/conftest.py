"""What tests share by name: the kinds of database that the records may be in."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from orchestrator.app import MIGRATIONS
from tests.support.orchestrator import Lab
from tests.support.postgres import PostgresServer, find_programs, running_postgres

NewDatabase = Callable[[], str | None]
"""Returns the URL of an empty database, None for the file in the home folder."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Yield a running PostgreSQL; skipped, and said so, where it is not installed."""
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    with running_postgres(programs) as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_server(request: pytest.FixtureRequest) -> PostgresServer | None:
    """Return what runs the databases of each kind in turn; None for SQLite, which needs nothing."""
    if request.param == "sqlite":
        return None
    server: PostgresServer = request.getfixturevalue("postgres")
    return server


@pytest.fixture(scope="session")
def new_database(database_server: PostgresServer | None) -> NewDatabase:
    """Return what makes an empty database of each kind in turn."""
    return (lambda: None) if database_server is None else database_server.fresh_url


@pytest.fixture(scope="module")  # no longer than the module: others must not get its database
def each_database(database_server: PostgresServer | None) -> Iterator[None]:
    """Run what uses it once with each kind of database below the orchestrator's services."""
    before = Lab.new_database
    if database_server is not None:
        Lab.new_database = staticmethod(partial(database_server.migrated_url, MIGRATIONS))
    yield
    Lab.new_database = before
