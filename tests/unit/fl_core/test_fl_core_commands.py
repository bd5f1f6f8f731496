"""Promises of `flomir audit verify`."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from fl_core.commands import audit
from fl_core.storage import audit as rows
from fl_core.storage.database import Database
from fl_core.storage.shared_tables import SHARED


@pytest.fixture
def home(tmp_path: Path) -> Path:
    database = Database(sa.create_engine(f"sqlite:///{tmp_path / 'flomir.sqlite'}"))
    try:
        with database.begin() as tx:
            SHARED.create_all(tx.connection)
        for number in range(3):
            with database.begin() as tx:
                rows.append(
                    tx,
                    at=datetime.now(UTC),
                    actor="manager",
                    action="site.approved",
                    subject=f"site-{number}",
                    details={"x": 1.0},
                )
    finally:
        database.close()
    return tmp_path


def run(home: Path, *more: str) -> Result:
    return CliRunner().invoke(audit, ["verify", "--home", str(home), *more])


def test_a_whole_chain_is_exit_code_0(home: Path) -> None:
    assert run(home).exit_code == 0
    assert "3 rows" in run(home).output
    assert json.loads(run(home, "--json").output)["whole"] is True


def test_a_changed_row_is_exit_code_1_and_named(home: Path) -> None:
    connection = sqlite3.connect(home / "flomir.sqlite")
    connection.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 2")
    connection.commit()
    connection.close()
    result = run(home)
    assert result.exit_code == 1
    assert "Row 2" in result.output
    assert "Traceback" not in result.output
    machine = run(home, "--json")
    assert (machine.exit_code, json.loads(machine.output)["first_broken"]) == (1, 2)


def test_a_folder_without_database_is_one_line_with_a_remedy(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "--home" in result.output
    assert len(result.output.strip().splitlines()) == 1
