"""What tests share by name: the kinds of database that the records may be in."""

from collections.abc import Callable, Iterator

import pytest

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
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """Return what makes an empty database of each kind in turn."""
    if request.param == "sqlite":
        return lambda: None
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh_url


@pytest.fixture(scope="module")  # no longer than the module: others must not get its database
def each_database(new_database: NewDatabase) -> Iterator[None]:
    """Run what uses it once with each kind of database below the orchestrator's services."""
    before, Lab.new_database = Lab.new_database, staticmethod(new_database)
    yield
    Lab.new_database = before
