"""Promises of the check before and after joining: every finding has words, and each level comes from its cause."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from contributor.commands import contributor as commands
from contributor.paths import SitePaths
from contributor.preflight import computer, words
from contributor.preflight.check import Subject, check
from contributor.schemas_network import PreflightLine
from fl_core.errors import ComputeFailed
from fl_core.storage.site_connection import ConnectionRecord
from fl_core.trust.authority import SITE_LIFE, Authority
from tests.support.contributor import client_of, composed, enrol_offline, invitation_text, wait_for

STEP = {"seconds": 2.0, "update_bytes": 250_000, "peak_bytes": 7e8, "loss": 0.2}


def _subject(home: Path, **changes: object) -> Subject:
    values: dict[str, object] = {
        "home": home, "record": ConnectionRecord(since=datetime.now(UTC)), "invitation": "", "proxy": lambda: None,
        "threads": 1, "usable_studies": 0, "run": lambda *_args, **_options: STEP, **changes,
    }  # fmt: skip
    return Subject(**values)  # type: ignore[arg-type]  # the defaults above fit


def _lines(subject: Subject) -> dict[str, PreflightLine]:
    lines: list[PreflightLine] = []
    check(subject, lines.append)
    return {one.check: one for one in lines}


def test_every_finding_that_asks_for_something_says_what() -> None:
    for code, found in words.FINDINGS.items():
        assert (found.remedy != "") == (found.level in {"amber", "red"} or code == "certificate.none"), code
        assert found.text[0].isupper() or found.text.startswith(("{", "“"))
        assert found.text.endswith((".", "}."))


def test_without_an_invitation_the_computer_alone_is_looked_at(tmp_path: Path) -> None:
    lines = _lines(_subject(tmp_path))
    assert list(lines) == ["certificate", "disk", "memory", "processor", "step", "speed", "round"]
    assert lines["certificate"].code == "certificate.none"
    assert lines["step"].text == "A training step on a synthetic study took 2.0 s and 0.7 GB of memory."
    assert lines["round"].code == "round.estimate"
    assert lines["round"].values["minutes"] == 3  # 20 studies, 4 passes, 2 s


def test_an_invitation_says_where_to_look_and_a_closed_port_is_red(tmp_path: Path) -> None:
    lines = _lines(_subject(tmp_path, invitation=invitation_text(tmp_path)))
    assert lines["certificate"].code == "certificate.invitation"
    assert lines["name"].code == "name.number"
    assert (lines["port"].code, lines["port"].level) == ("port.closed", "red")
    assert "127.0.0.1" in lines["port"].text
    assert lines["speed"].code == "speed.no_way"


def test_an_expired_invitation_is_red_and_nothing_is_tried(tmp_path: Path) -> None:
    lines = _lines(_subject(tmp_path, invitation=invitation_text(tmp_path, life=-timedelta(days=1))))
    assert lines["certificate"].code == "certificate.no_invitation"
    assert "port" not in lines


@pytest.mark.parametrize(
    ("age", "code"),
    [(timedelta(0), "valid"), (SITE_LIFE - timedelta(days=3), "ends"), (SITE_LIFE - timedelta(minutes=10), "over")],
)
def test_the_certificate_is_judged_by_its_end(tmp_path: Path, age: timedelta, code: str) -> None:
    authority = Authority.create(tmp_path / "laboratory", "Test laboratory", "127.0.0.1")
    home = tmp_path / "site"
    with composed(home) as daemon:
        enrol_offline(daemon, SitePaths(home), authority, issued_at=datetime.now(UTC) - age)
        record = daemon.services.connection.record
    now = datetime.now(UTC) + (timedelta(minutes=30) if code == "over" else timedelta(0))
    lines: list[PreflightLine] = []
    check(_subject(home, record=record), lines.append, clock=lambda: now)
    assert lines[0].code == f"certificate.{code}"


def test_a_key_that_is_gone_is_red_and_the_way_is_looked_at_all_the_same(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "laboratory", "Test laboratory", "127.0.0.1")
    home = tmp_path / "site"
    with composed(home) as daemon:
        enrol_offline(daemon, SitePaths(home), authority)
        record = daemon.services.connection.record
        SitePaths(home).key.unlink()
        lines = _lines(_subject(home, record=record))
    assert lines["certificate"].code == "certificate.unusable"
    assert lines["port"].code == "port.closed"


@pytest.mark.parametrize(("free", "code"), [(9e9, "enough"), (3e9, "little"), (1e9, "short"), (None, "unknown")])
def test_memory_is_judged_by_what_is_free(free: int | None, code: str) -> None:
    lines: list[PreflightLine] = []
    computer.look_at_memory(lines.append, free_bytes=lambda: free)
    assert [one.code for one in lines] == [f"memory.{code}"]


def test_a_folder_that_cannot_be_written_is_red(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    lines: list[PreflightLine] = []
    computer.look_at_disk(tmp_path / "file" / "home", lines.append)
    assert [one.code for one in lines] == ["disk.unwritable"]


def test_a_failed_training_step_is_red_and_there_is_no_estimate(tmp_path: Path) -> None:
    def fails(*_args: object, **_options: object) -> dict[str, object]:
        message = "the process was killed"
        raise ComputeFailed(message)

    lines = _lines(_subject(tmp_path, run=fails))
    assert (lines["step"].level, lines["round"].code) == ("red", "round.unknown")
    assert "the process was killed" in lines["step"].text


def test_the_page_sees_each_line_and_a_second_wish_the_same_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contributor.services.preflight.run_job", lambda *_args, **_options: STEP)
    with composed(tmp_path) as daemon:
        client, seen = client_of(daemon), []
        daemon.bus.subscribe(lambda delta: seen.append(delta.type))
        assert client.get("/api/v1/preflight").json["state"] == "never"
        assert client.post("/api/v1/preflight", json={}).json["state"] == "running"
        wait_for(lambda: client.get("/api/v1/preflight").json["state"] == "done")
        view = client.get("/api/v1/preflight").json
    assert [one["check"] for one in view["lines"]][-1] == "round"
    assert view["round_s"] == 160.0
    assert seen.count("preflight") >= len(view["lines"])


def test_the_command_says_the_same_and_its_exit_code_tells_red_from_green(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fl_core.supervision.jobs.run_job", lambda *_args, **_options: STEP)
    file = tmp_path / "north.flomir-invitation"
    file.write_text(invitation_text(tmp_path))
    command = ["preflight", "--home", str(tmp_path / "site"), "--json"]
    alone = CliRunner().invoke(commands, command)
    assert alone.exit_code == 0, alone.output
    assert json.loads(alone.output)["red"] == 0
    closed = CliRunner().invoke(commands, [*command, "--invitation", str(file)])
    assert closed.exit_code == 1
    assert {one["code"] for one in json.loads(closed.output)["lines"] if one["level"] == "red"} == {"port.closed"}


@pytest.mark.parametrize("content", [b"", b"no database" * 1000], ids=["unfinished", "damaged"])
def test_records_that_cannot_be_read_are_a_red_line_and_the_check_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr("fl_core.supervision.jobs.run_job", lambda *_args, **_options: STEP)
    SitePaths(tmp_path).database.write_bytes(content)
    answer = CliRunner().invoke(commands, ["preflight", "--home", str(tmp_path), "--json"])
    assert answer.exit_code == 1
    lines = json.loads(answer.output)["lines"]
    assert [one["code"] for one in lines if one["level"] == "red"] == ["records.unreadable"]
    assert lines[-1]["code"] == "round.estimate"
