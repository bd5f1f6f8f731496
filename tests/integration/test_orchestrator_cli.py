"""The commands that steer a running orchestrator, against a real one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from flomir.daemon_process import DaemonProcess
from model.io.weights import load_card, verify_weights
from orchestrator.commands import orchestrator

TASK = "spect-reconstruction"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    with DaemonProcess("orchestrator", tmp_path_factory.mktemp("cli") / "home") as running:
        yield running


class Cli:
    """Runs commands on a home folder."""

    def __init__(self, home: Path) -> None:
        self._home = ["--home", str(home)]

    def words(self, *arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(orchestrator, [*arguments, *self._home])
        assert result.exit_code == code, result.output
        return result.output.strip()

    def parsed(self, *arguments: str) -> Any:
        return json.loads(self.words(*arguments, "--json"))


@pytest.fixture
def cli(daemon: DaemonProcess) -> Cli:
    return Cli(daemon.home)


def test_invitations_are_made_listed_and_withdrawn(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "north.flomir"
    assert str(file) in cli.words("invite", "--site-name", "Site North", "--out", str(file))
    assert file.stat().st_mode & 0o077 == 0
    (row,) = cli.parsed("invitations")["items"]
    assert (row["site_name"], row["state"]) == ("Site North", "open")
    assert "withdrawn" in cli.words("withdraw-invitation", row["id"])
    assert cli.parsed("invitations")["items"][0]["state"] == "withdrawn"
    assert cli.words("sites").startswith("No site yet")


def test_an_invitation_that_cannot_be_written_is_withdrawn_again(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = cli.words("invite", "--site-name", "South", "--out", str(tmp_path / "file" / "south.flomir"), code=1)
    assert "cannot be written" in said and "--out" in said
    assert len(said.splitlines()) == 1
    assert {row["state"] for row in cli.parsed("invitations")["items"] if row["site_name"] == "South"} == {"withdrawn"}


def test_a_model_goes_round_the_registry_and_out_and_in_again(cli: Cli, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"name": "A start", "task": TASK}))
    made = json.loads(cli.words("api", "POST", "/models/initialise", "--body", str(body)))
    assert "Another name" in cli.words("models", "rename", made["id"], "Another name")
    assert "is recommended" in cli.words("models", "recommend", made["id"])
    assert cli.parsed("models")["items"][0]["recommended"] is True
    weights = tmp_path / "weights.safetensors"
    cli.words("models", "download", made["id"], "--out", str(weights))
    card = load_card(weights)
    verify_weights(weights, card)
    assert card.content_hash == made["sha256"]
    again = cli.parsed("models", "upload", str(weights), "--name", "Uploaded", "--terms", "Research only.")
    assert again["sha256"] == made["sha256"]
    cli.words("models", "remove", again["id"])
    assert [row["id"] for row in cli.parsed("models")["items"]] == [made["id"]]
    assert "Uploaded is back" in cli.words("models", "restore", again["id"])
    cli.words("models", "remove", again["id"])
    cli.words("models", "remove-for-good", again["id"])
    assert "no deleted model" in cli.words("models", "restore", again["id"], code=1).lower()


def test_a_file_that_is_no_model_is_refused_in_one_line(cli: Cli, tmp_path: Path) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no model")
    said = cli.words("models", "upload", str(bad), "--name", "Bad", code=1)
    assert len(said.splitlines()) == 1
    assert "Traceback" not in said


def test_what_is_not_there_or_not_json_is_said_in_one_line(cli: Cli, tmp_path: Path) -> None:
    for command in (["session", "stop"], ["session", "watch"], ["jobs", "cancel"], ["jobs", "watch"], ["suspend"]):
        assert len(cli.words(*command, "nothing-here", code=1).splitlines()) == 1
    assert "There is no session nothing-here. Go" in cli.words("session", "watch", "nothing-here", code=1)
    assert "There is no file plan.json." in cli.words("session", "start", "plan.json", code=1)
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert "is not JSON" in cli.words("session", "start", str(broken), code=1)
    assert "is not JSON" in cli.words("api", "POST", "/sessions", "--body", str(broken), code=1)


def test_lists_and_switches(cli: Cli) -> None:
    assert cli.words("session", "list") == "No session yet."
    assert cli.words("jobs") == "No job yet."
    assert "on" in cli.words("drain", "on")
    assert cli.parsed("drain", "status")["on"] is True
    assert "off" in cli.words("drain", "off")
    for path in ("audit/verify", "/api/v1/audit/verify"):
        assert json.loads(cli.words("api", "GET", path))["ok"] is True
    assert cli.words("link").startswith("http://127.0.0.1:")
