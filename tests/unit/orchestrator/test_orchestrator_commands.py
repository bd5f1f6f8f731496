"""The command line: one line with the remedy where something fails, JSON where machines read."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from fl_core.storage.database import open_database
from fl_core.trust.authority import Authority
from orchestrator.app import MIGRATIONS
from orchestrator.children import child_specs, make_wiring
from orchestrator.commands import orchestrator
from orchestrator.settings import OrchestratorSettings


@pytest.mark.parametrize("arguments", [["sites"], ["models"], ["link"], ["invite"], ["session", "watch", "x"]])
def test_without_a_running_daemon_every_command_says_how_to_start_it(tmp_path: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(orchestrator, [*arguments, "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert "flomir orchestrator run" in result.output
    assert len(result.output.strip().splitlines()) == 1


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
