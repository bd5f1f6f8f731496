"""SQLite and PostgreSQL hold the same records: from every schema that was ever released, in one daemon's hands only."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from click.testing import CliRunner
from sqlalchemy import MetaData, insert, inspect

from contributor.core import MIGRATIONS as SITE_MIGRATIONS
from fl_core.commands import audit
from fl_core.errors import Conflict, FlomirError, InvalidInput, StorageFailed
from fl_core.storage.backup import write_backup
from fl_core.storage.database import Database, open_database
from fl_core.storage.journal import Journal
from fl_core.storage.place import FILE, NOTE, noted, parse, place_of, remember, shown
from fl_core.storage.site_erasure import ErasureStore, Remains, Traces
from fl_core.storage.site_imports import FileState, ImportStore
from fl_core.storage.site_studies import StudyRecord, StudyStore
from fl_core.supervision.child import clean_environment
from orchestrator.app import MIGRATIONS
from orchestrator.settings import OrchestratorSettings
from tests.support.postgres import PASSWORD, PostgresServer

REVISIONS = sorted(path.name[1:5] for path in (MIGRATIONS / "versions").glob("v*.py"))
SITE_REVISIONS = sorted(path.name[1:5] for path in (SITE_MIGRATIONS / "versions").glob("v*.py"))
AT = "2025-05-05T05:05:05.000000+00:00"
ROWS: dict[str, dict[str, object]] = {
    "audit": {"seq": 1, "at": AT, "actor": "manager", "action": "a", "subject": "s", "details": {}, "prev_hash": "0", "hash": "1"},
    "activity": {"at": AT, "kind": "site", "text": "kept", "subject": None},
    "model_version": {
        "id": "model-1", "name": "kept", "task": "t", "network": "n", "origin": "random", "parents": [], "sha256": "0" * 64,
        "size_bytes": 1, "parameters": 1, "metrics": {}, "card": {"network": {}}, "created_at": AT,
    },
    "account": {"id": "account-1", "name": "Kept", "name_key": "kept", "role": "viewer", "state": "invited", "created_at": AT},
    "recommended_model": {"task": "t", "model_id": "model-1", "at": AT},
}  # fmt: skip
"""Rows as an older version wrote them; of each only what the schema of that version has."""


@pytest.fixture
def place(tmp_path: Path, new_database: Callable[[], str | None]) -> Iterator[Path | str]:
    yield place_of(tmp_path, new_database())


def schema(database: Database) -> dict[str, list[tuple[str, str, bool]]]:
    """Return table -> its columns with type and whether they may be empty."""
    found = inspect(database.engine)
    return {
        table: [(column["name"], str(column["type"]), bool(column["nullable"])) for column in found.get_columns(table)]
        for table in sorted(found.get_table_names())
    }


def make_older(place: Path | str, migrations: Path, revision: str, folder: Path) -> set[str]:
    """Make the database as a release with this schema left it, with rows in it; returns the tables that got one."""
    empty = folder / "no-migrations"
    (empty / "versions").mkdir(parents=True, exist_ok=True)
    database = open_database(place, migrations=empty)
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    with database.begin() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, revision)
    tables = MetaData()
    tables.reflect(database.engine)
    filled = {name for name in ROWS if name in tables.tables}
    with database.begin() as tx:
        for name in ROWS:
            if name in filled:
                tx.connection.execute(insert(tables.tables[name]).values(ROWS[name]))
    database.close()
    return filled


@pytest.mark.parametrize(
    ("migrations", "revision"),
    [(MIGRATIONS, one) for one in REVISIONS] + [(SITE_MIGRATIONS, one) for one in SITE_REVISIONS],
    ids=[f"orchestrator-{one}" for one in REVISIONS] + [f"contributor-{one}" for one in SITE_REVISIONS],
)
def test_every_released_schema_becomes_the_present_one_and_keeps_its_rows(
    place: Path | str, migrations: Path, revision: str, tmp_path: Path, new_database: Callable[[], str | None]
) -> None:
    filled = make_older(place, migrations, revision, tmp_path)
    assert filled
    old = open_database(place, migrations=migrations)
    fresh_home = tmp_path / "fresh"
    fresh = open_database(place_of(fresh_home, _another(place, new_database)), migrations=migrations)
    try:
        assert schema(old) == schema(fresh)
        tables = MetaData()
        tables.reflect(old.engine)
        with old.read() as connection:
            counts = {name: len(connection.execute(tables.tables[name].select()).all()) for name in filled}
        assert counts == dict.fromkeys(filled, 1)
    finally:
        old.close()
        fresh.close()


def _another(place: Path | str, new_database: Callable[[], str | None]) -> str | None:
    return None if isinstance(place, Path) else new_database()


def test_an_erasure_deletes_the_same_rows_on_both(place: Path | str) -> None:
    now = datetime.now(UTC)
    database = open_database(place, migrations=SITE_MIGRATIONS)
    imports, journal = ImportStore(database), Journal(database)
    with database.begin() as tx:
        for number, study_id in enumerate(("study-a", "study-b")):
            record = StudyRecord(
                id=study_id, name=study_id, state="usable", task="t", kind="k", added_at=now, file=f"{study_id}.h5", size_bytes=1,
                sha256=str(number), patient="P-A", has_reference=False, counts=None, shape=[], geometry="", warnings=[],
                deidentified=[],
            )  # fmt: skip
            StudyStore(database).add(tx, record)
            journal.tell(tx, kind="study", text="A study was added.", subject=study_id, key="study.added", values={})
        imports.add(tx, "import-1", source="folder", place="/camera", actor="a", at=now)
        imports.found(tx, "import-1", ["a/1.dcm", "a/notes.txt", "b/2.dcm"])
        imports.settle(tx, "import-1", "a/1.dcm", FileState.ADDED, study_id="study-a")
        imports.settle(tx, "import-1", "b/2.dcm", FileState.ADDED, study_id="study-b")
        imports.change(tx, "import-1", {"total": 3})
    store = ErasureStore(database)
    whole, entries = store.entries({"study-a"}, [])
    assert (whole, sorted(entries)) == ([], [("import-1", "a/1.dcm"), ("import-1", "a/notes.txt")])
    traces = Traces(
        patient="P-A", studies=("study-a",), reconstructions=(), results=(), imports=(), entries=tuple(entries)
    )
    with database.begin() as tx:
        store.erase(tx, traces, Remains(studies=("study-a",)), at=now)
    with database.begin() as tx:
        store.erase(tx, replace(traces, entries=()), Remains(studies=("study-z",)), at=now)
    assert [one.id for one in StudyStore(database).all()] == ["study-b"]
    assert imports.settled_names("import-1") == ["b/2.dcm"]
    assert imports.get("import-1").total == 1
    assert [line.subject for line in journal.activity()] == ["study-b"]
    assert store.remains() == Remains(studies=("study-a", "study-z"))
    assert database.compact()
    store.done()
    assert store.remains() == Remains()
    database.close()


def test_a_start_waits_for_a_daemon_that_is_just_ending(tmp_path: Path, postgres: PostgresServer) -> None:
    place = place_of(tmp_path, postgres.fresh_url())
    first = open_database(place, migrations=MIGRATIONS)
    ending = threading.Timer(0.5, first.close)
    ending.start()
    try:
        open_database(place, migrations=MIGRATIONS).close()
    finally:
        ending.join()


def test_a_second_daemon_does_not_get_the_same_postgresql_database(tmp_path: Path, postgres: PostgresServer) -> None:
    place = place_of(tmp_path, postgres.fresh_url())
    first = open_database(place, migrations=MIGRATIONS)
    with pytest.raises(Conflict) as caught:
        open_database(place, migrations=MIGRATIONS)
    assert caught.value.code == "storage.database_in_use"
    first.close()
    open_database(place, migrations=MIGRATIONS).close()


def test_a_reader_sees_one_state_while_others_write(tmp_path: Path, postgres: PostgresServer) -> None:
    database = open_database(place_of(tmp_path, postgres.fresh_url()), migrations=MIGRATIONS)
    tables = MetaData()
    tables.reflect(database.engine)
    activity = tables.tables["activity"]
    with database.read() as connection:
        assert connection.execute(activity.select()).all() == []
        with database.begin() as tx:
            tx.connection.execute(insert(activity).values(ROWS["activity"]))
        assert connection.execute(activity.select()).all() == []
    with database.read() as connection:
        assert len(connection.execute(activity.select()).all()) == 1
    with pytest.raises(StorageFailed), database.read() as connection:
        connection.execute(insert(activity).values(ROWS["activity"]))
    database.close()


def test_a_server_that_is_not_there_is_said_in_a_sentence_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql://flomir:{PASSWORD}@/lab?host={tmp_path}"
    with pytest.raises(StorageFailed) as caught:
        open_database(place_of(tmp_path / "home", url), migrations=MIGRATIONS)
    assert caught.value.code == "storage.unreachable"
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://a:secret@b/c",
        "postgresql://a:secret@b",
        "sqlite:///x",
        "postgresql://a:secret@b:port/c",
    ],
)
def test_an_address_that_is_none_of_postgresql_is_refused_without_telling_it(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        place_of(tmp_path, url)
    assert caught.value.code == "storage.database_url"
    assert "secret" not in str(caught.value)


def test_records_are_never_silently_begun_anew_in_the_other_database(tmp_path: Path) -> None:
    url = "postgresql://flomir:secret@db.example/lab"
    place = place_of(tmp_path, url)
    assert isinstance(place, str)
    remember(tmp_path, place)
    assert noted(tmp_path) == "PostgreSQL, database lab on db.example" == shown(parse(url))
    assert "secret" not in (tmp_path / NOTE).read_text()
    assert place_of(tmp_path, url) == place
    with pytest.raises(FlomirError) as caught:
        place_of(tmp_path, None)
    assert caught.value.code == "storage.other_database"
    (tmp_path / NOTE).unlink()
    (tmp_path / FILE).write_bytes(b"")
    with pytest.raises(FlomirError) as caught:
        place_of(tmp_path, url)
    assert caught.value.code == "storage.other_database"


def test_backup_and_audit_say_where_the_records_are(tmp_path: Path) -> None:
    (tmp_path / NOTE).write_text(json.dumps({"database": "PostgreSQL, database lab on db.example"}))
    with pytest.raises(Conflict) as caught:
        write_backup(tmp_path, tmp_path.parent / "never.tar", role="orchestrator", version="1")
    assert caught.value.code == "backup.other_database"
    assert "pg_dump" in caught.value.entry.advice
    answer = CliRunner().invoke(audit, ["verify", "--home", str(tmp_path)])
    assert answer.exit_code == 1
    assert "db.example" in answer.output and "api GET /audit/verify" in answer.output


def test_the_address_is_a_secret_that_no_child_gets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOMIR_ORCHESTRATOR_DATABASE_URL", f"postgresql://flomir:{PASSWORD}@db.example/lab")
    settings = OrchestratorSettings(home=tmp_path)
    assert PASSWORD not in repr(settings) and PASSWORD not in settings.model_dump_json()
    assert f"{PASSWORD}@db.example" in str(settings.database)
    assert PASSWORD not in json.dumps(clean_environment({}))
