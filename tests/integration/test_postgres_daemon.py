"""An orchestrator that keeps its records in PostgreSQL trains with a real site, is killed, and goes on."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from flomir.daemon_process import DaemonError, DaemonProcess
from tests.support.postgres import PASSWORD, PostgresServer
from tests.support.stack import Stack, running_stack

VARIABLE = "FLOMIR_ORCHESTRATOR_DATABASE_URL"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Stack]:
    os.environ[VARIABLE] = postgres.fresh_url()
    try:
        with running_stack(tmp_path_factory.mktemp("postgres"), sites=1) as running:
            yield running
    finally:
        os.environ.pop(VARIABLE, None)


def test_a_session_runs_is_killed_and_goes_on_from_postgresql(stack: Stack) -> None:
    session_id = stack.offer(rounds=2)
    stack.wait_state(session_id, "completed")
    daemon = stack.orchestrator
    before = {path: daemon.call("GET", path)["items"] for path in ("/sessions", "/models")}
    os.killpg(daemon.process.pid, signal.SIGKILL)
    daemon.process.wait()
    daemon.stop()
    daemon.launch()
    daemon.wait_ready()
    assert {path: daemon.call("GET", path)["items"] for path in before} == before
    assert daemon.call("GET", "/audit/verify")["ok"] is True
    assert not (daemon.home / "flomir.sqlite").exists()


def test_the_password_of_the_database_is_in_no_log_and_no_file(stack: Stack) -> None:
    told = [
        str(path.relative_to(stack.folder))
        for path in stack.folder.rglob("*")
        if path.is_file() and PASSWORD.encode() in path.read_bytes()
    ]
    assert told == []


def test_without_the_address_nothing_is_begun_anew(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.orchestrator.stop()
    monkeypatch.delenv(VARIABLE)
    other = DaemonProcess("orchestrator", stack.orchestrator.home)
    other.launch()
    with pytest.raises(DaemonError):
        other.wait_ready()
    log = (Path(other.home) / "daemon.log").read_text()
    assert "PostgreSQL" in log and "Traceback" not in log
