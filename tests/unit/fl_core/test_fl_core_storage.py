"""Database, journal and audit: what is committed is told, what is not leaves no trace."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from fl_core.errors import FlomirError, StorageFailed
from fl_core.storage import audit
from fl_core.storage.database import Database, open_database, open_readonly
from fl_core.storage.journal import ActivityRow, Journal
from fl_core.storage.place import place_of
from fl_core.storage.shared_tables import ACTIVITY, AUDIT
from orchestrator.app import MIGRATIONS


@pytest.fixture
def database(tmp_path: Path, new_database: Callable[[], str | None]) -> Iterator[Database]:
    made = open_database(place_of(tmp_path, new_database()), migrations=MIGRATIONS)
    yield made
    made.close()


def test_what_follows_a_commit_runs_after_it_and_never_after_a_failure(database: Database) -> None:
    told: list[ActivityRow] = []
    journal = Journal(database, on_activity=told.append)
    with database.begin() as tx:
        journal.note(tx, actor="manager", action="site.renamed", subject="s", text="renamed")
        assert told == []
    assert [row.text for row in told] == ["renamed"]
    with pytest.raises(RuntimeError), database.begin() as tx:
        journal.note(tx, actor="manager", action="site.renamed", subject="s", text="never")
        raise RuntimeError
    assert len(told) == 1
    assert [row.text for row in journal.activity()] == ["renamed"]
    assert [row.seq for row in audit.page(database)] == [1]


def test_an_expected_failure_inside_a_transaction_keeps_its_own_code(database: Database) -> None:
    with pytest.raises(FlomirError) as caught, database.begin():
        raise FlomirError("x", code="model.in_use")
    assert caught.value.code == "model.in_use"


def test_a_rewritten_audit_row_is_found(database: Database) -> None:
    for number in range(3):
        with database.begin() as tx:
            audit.append(tx, at=datetime.now(UTC), actor="manager", action="a", subject=str(number))
    assert audit.verify(database)[:2] == (3, None)
    with database.begin() as tx:
        tx.connection.execute(update(AUDIT).where(AUDIT.c.seq == 2).values(subject="forged"))
    assert audit.verify(database)[1] == 2


def test_many_writers_at_once_keep_the_chain_whole(database: Database) -> None:
    def write() -> None:
        for _ in range(5):
            with database.begin() as tx:
                audit.append(tx, at=datetime.now(UTC), actor="manager", action="a", subject="s")

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert audit.verify(database)[:2] == (40, None)


def test_a_database_of_a_newer_version_is_refused_with_its_own_code(tmp_path: Path) -> None:
    path = tmp_path / "flomir.sqlite"
    made = open_database(path, migrations=MIGRATIONS)
    with made.begin() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    made.close()
    with pytest.raises(StorageFailed) as caught:
        open_database(path, migrations=MIGRATIONS)
    assert caught.value.code == "storage.schema_too_new"
    assert "9999" in str(caught.value)


@pytest.mark.parametrize("folder", ["home", "ward #3", "50%25 of ?mode=rw"])
def test_opening_again_changes_nothing_and_a_reader_cannot_write(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "flomir.sqlite"
    for _ in range(2):
        made = open_database(path, migrations=MIGRATIONS)
        with made.begin() as tx:
            audit.append(tx, at=datetime.now(UTC), actor="manager", action="a", subject="s")
        made.close()
    reader = open_readonly(path)
    assert audit.verify(reader)[:2] == (2, None)
    with pytest.raises(StorageFailed), reader.begin() as tx:
        tx.connection.execute(ACTIVITY.delete())
    reader.close()


def test_a_file_that_is_no_database_is_a_storage_failure(tmp_path: Path) -> None:
    path = tmp_path / "flomir.sqlite"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StorageFailed):
        open_database(path, migrations=MIGRATIONS)


def test_the_journal_is_in_wal_mode_and_commits_are_on_disk(tmp_path: Path) -> None:
    database = open_database(tmp_path / "flomir.sqlite", migrations=MIGRATIONS)
    with database.begin() as tx:
        audit.append(tx, at=datetime.now(UTC), actor="manager", action="a", subject="s")
        assert tx.connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert tx.connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    other = sqlite3.connect(tmp_path / "flomir.sqlite")
    try:
        assert other.execute("SELECT count(*) FROM audit").fetchone() == (1,)
    finally:
        other.close()
        database.close()


def test_times_come_back_with_their_zone_and_sort_as_they_happened(database: Database) -> None:
    journal = Journal(database)
    for word in ("first", "second"):
        with database.begin() as tx:
            journal.tell(tx, kind="k", text=word)
    with database.read() as connection:
        times = list(connection.execute(select(ACTIVITY.c.at).order_by(ACTIVITY.c.at)).scalars())
    assert times == sorted(times)
    assert all(at.tzinfo is not None for at in times)
