"""The command line: one line with the remedy where something fails, JSON where machines read."""

import http.client
import json
import urllib.request
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner

from fl_core.protocol.messages import Json
from fl_core.storage.database import open_database
from fl_core.trust.authority import Authority
from orchestrator import session_commands
from orchestrator.app import MIGRATIONS
from orchestrator.children import child_specs, make_wiring
from orchestrator.client import DaemonClient
from orchestrator.commands import orchestrator
from orchestrator.settings import OrchestratorSettings


def test_watching_a_session_prints_every_line_once_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def view(state: str, *seqs: int) -> Json:
        log = [{"seq": seq, "at": "2026-01-01T00:00:00Z", "text": f"Line {seq}.", "key": None} for seq in seqs]
        return {"id": "s", "state": state, "title": "Heart", "reason_text": "", "log": log}

    views = [view("running", *range(1, 61)), view("running", *range(3, 63)), view("completed", *range(4, 64))]
    monkeypatch.setattr(DaemonClient, "__init__", lambda self, home: None)
    monkeypatch.setattr(DaemonClient, "call", lambda self, method, path: views.pop(0))
    monkeypatch.setattr(session_commands, "WATCH_POLL_S", 0.0)
    result = CliRunner().invoke(orchestrator, ["session", "watch", "s"])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [*(f"Line {seq}." for seq in range(1, 64)), "completed: all is well"]


@pytest.mark.parametrize("arguments", [["sites"], ["models"], ["link"], ["invite"], ["session", "watch", "x"]])
def test_without_a_running_daemon_every_command_says_how_to_start_it(tmp_path: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(orchestrator, [*arguments, "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert "flomir orchestrator run" in result.output
    assert len(result.output.strip().splitlines()) == 1


class Recorded:
    """Takes the place of the way to a daemon: keeps the addresses that were asked, and answers or fails."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.addresses: list[str] = []
        self._answer = answer

    def open(self, request: urllib.request.Request, timeout: float) -> BytesIO:
        self.addresses.append(request.full_url)
        if isinstance(self._answer, Exception):
            raise self._answer
        return BytesIO(self._answer)


MODEL: Json = {"id": "m", "name": "x", "sha256": "0" * 64, "card": {"task": "t"}}


@pytest.fixture
def running(tmp_path: Path) -> list[str]:
    (tmp_path / "daemon.json").write_text('{"url": "http://127.0.0.1:1"}')
    (tmp_path / "api.token").write_text("token")
    return ["--home", str(tmp_path)]


@pytest.mark.parametrize(
    ("words", "address"),
    [
        (["suspend", "Klinik Süd"], "/sites/Klinik%20S%C3%BCd/suspend"),
        (["models", "rename", "a/b?", "x"], "/models/a%2Fb%3F"),
        (["session", "watch", "eins zwei"], "/sessions/eins%20zwei"),
        (["jobs", "watch", "\udce4"], "/laboratory/jobs/%E4"),
        (["api", "GET", "/sites?name=Süd West&a=%20"], "/sites?name=S%C3%BCd%20West&a=%20"),
    ],
)
def test_whatever_a_person_types_becomes_an_address(
    running: list[str], monkeypatch: pytest.MonkeyPatch, words: list[str], address: str
) -> None:
    daemon = Recorded(
        b'{"name": "x", "id": "x", "state": "completed", "reason_text": "", "log": [], "title": "", "live": null, "problem": null, "kind": ""}'
    )
    monkeypatch.setattr("orchestrator.client._OPENER", daemon)
    CliRunner().invoke(orchestrator, [*words, *running])
    assert daemon.addresses == [f"http://127.0.0.1:1/api/v1{address}"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (http.client.IncompleteRead(b""), "The orchestrator at http://127.0.0.1:1 does not answer. Start it again."),
        (TimeoutError(), "The orchestrator did not answer within 180 s; it may still be at it. Look at its page"),
    ],
)
def test_an_answer_that_breaks_off_or_is_late_ends_in_one_line(
    running: list[str], monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    monkeypatch.setattr("orchestrator.client._OPENER", Recorded(error))
    result = CliRunner().invoke(orchestrator, ["sites", *running])
    assert result.exit_code == 1
    assert words in result.output


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        (["invite", "--out", "north.file"], "north.file"),
        (["session", "export", "s", "--out", "s.json"], "s.json"),
        (["models", "download", "m", "--out", "m.safetensors"], "m.safetensors"),
        (["models", "download", "m", "--out", "m.safetensors"], "m.json"),
    ],
)
def test_nothing_is_replaced_or_made_where_the_target_is_there_already(
    running: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], taken: str
) -> None:
    daemon = Recorded(json.dumps(MODEL | {"file": "text", "session": {"title": "x"}}).encode())
    monkeypatch.setattr("orchestrator.client._OPENER", daemon)
    (tmp_path / taken).write_text("notes")
    *command, out = words
    result = CliRunner().invoke(orchestrator, [*command, str(tmp_path / out), *running])
    assert result.exit_code == 1
    assert f"{taken} is there already. Choose another name with --out, or replace it with --force." in result.output
    assert daemon.addresses == []
    assert (tmp_path / taken).read_text() == "notes"
    forced = CliRunner().invoke(orchestrator, [*command, str(tmp_path / out), *running, "--force"])
    assert forced.exit_code == 0, forced.output
    assert (tmp_path / taken).read_text() != "notes"


def test_a_model_is_written_as_safetensors_with_its_card_and_told_to_machines(
    running: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = Recorded(json.dumps(MODEL).encode())
    monkeypatch.setattr("orchestrator.client._OPENER", daemon)
    for name in ("m.json", "m.v1"):
        refused = CliRunner().invoke(orchestrator, ["models", "download", "m", *running, "--out", str(tmp_path / name)])
        assert refused.exit_code == 1
        assert f"--out is {name}, it must end in .safetensors. Write m.safetensors." in refused.output
    assert daemon.addresses == []
    out = tmp_path / "m.safetensors"
    told = CliRunner().invoke(orchestrator, ["models", "download", "m", *running, "--out", str(out), "--json"])
    assert json.loads(told.output) == {
        "out": str(out), "card": str(tmp_path / "m.json"), "id": "m", "name": "x", "sha256": "0" * 64,
    }  # fmt: skip
    assert json.loads((tmp_path / "m.json").read_text()) == MODEL["card"]


def test_openapi_prints_a_document_with_the_whole_ui_api() -> None:
    result = CliRunner().invoke(orchestrator, ["openapi"])
    document = json.loads(result.output)
    assert "/api/v1/sessions/{session_id}/combine-now" in document["paths"]
    assert all(path.startswith("/api/v1/") for path in document["paths"])


def test_a_home_of_a_newer_version_ends_in_one_line(tmp_path: Path) -> None:
    database = open_database(tmp_path / "flomir.sqlite", migrations=MIGRATIONS)
    with database.begin() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    result = CliRunner().invoke(orchestrator, ["run", "--home", str(tmp_path), "--headless"])
    assert result.exit_code == 1
    assert "Install that version or a newer one." in result.output


def test_settings_that_do_not_fit_end_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("surprise = 1")
    result = CliRunner().invoke(orchestrator, ["run", "--home", str(tmp_path), "--headless"])
    assert result.exit_code == 1
    assert "surprise" in result.output


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("lab-1.example.org", "lab-1.example.org:9"),
        ("10.0.0.7", "10.0.0.7:9"),
        ("::1", "[::1]:9"),
        ("[::1]", "[::1]:9"),
    ],
)
def test_every_public_host_that_is_taken_gives_an_address_for_invitations(
    tmp_path: Path, host: str, address: str
) -> None:
    settings = OrchestratorSettings(home=tmp_path, public_host=host)
    made = make_wiring(tmp_path, api_port=1, public_host=settings.public_host, public_port=9, bind="127.0.0.1")
    assert made.public_address == address
    assert not Authority.create(tmp_path, "Lab", settings.public_host).orchestrator_needs_renewal(host)


def test_the_public_port_is_kept_and_the_childrens_settings_fit_their_models(tmp_path: Path) -> None:
    Authority.create(tmp_path, "Lab", "127.0.0.1")
    wirings = [
        make_wiring(tmp_path, api_port=1, public_host="127.0.0.1", public_port=0, bind="127.0.0.1") for _ in range(2)
    ]
    assert wirings[0].public_port == wirings[1].public_port
    assert wirings[0].gateway_secret != wirings[1].gateway_secret
    assert wirings[0].engine_secret != wirings[1].engine_secret
    specs = child_specs(tmp_path, wirings[0])
    assert [spec.name for spec in specs] == ["gateway", "superlink", "agent"]
    assert len({wirings[0].superlink_port, wirings[0].agent_port, wirings[0].admin_port}) == 3
