"""A daemon that cannot start says why in one line, with the remedy, and ends with 1."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from contributor.commands import contributor
from orchestrator.commands import orchestrator

GROUPS = {"orchestrator": orchestrator, "contributor": contributor}
FAULTS = {
    "unknown": (b"surprise = 1\n", "There is no setting surprise."),
    "wrong": (b'port = "many"\n', "The setting port does not fit: input should be a valid integer"),
    "cut": (b"port = \n", "settings.toml is not TOML: Invalid value (at line 1"),
    "binary": (b"\xff\xfe\n", "settings.toml is not TOML:"),
}


def refused(group: click.Group, *arguments: str | Path) -> str:
    result: Result = CliRunner().invoke(group, [str(word) for word in arguments])
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    assert len(result.output.strip().splitlines()) == 1, result.output
    return result.output


@contextmanager
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("role", GROUPS)
def test_settings_that_do_not_fit_are_told_with_their_place(role: str, fault: str, tmp_path: Path) -> None:
    content, words = FAULTS[fault]
    (tmp_path / "settings.toml").write_bytes(content)
    said = refused(GROUPS[role], "run", "--home", tmp_path, "--headless")
    assert words in said
    assert str(tmp_path / "settings.toml") in said and "docs/settings.md" in said


@pytest.mark.parametrize(
    "host", ["lab_pc", "lab.example.org:8443", "[::1]:8443", "https://lab.example.org", "1.2.3", ""]
)
def test_a_public_host_that_is_no_name_or_address_is_refused_before_anything_is_made(host: str, tmp_path: Path) -> None:
    said = refused(orchestrator, "run", "--home", tmp_path / "home", "--headless", "--public-host", host)
    assert f"without a port, not {host}; the port is a setting of its own, public_port" in said
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("role", GROUPS)
def test_an_environment_that_does_not_fit_is_told_by_its_variable(
    role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"FLOMIR_{role.upper()}_LOGIN_DAYS"
    monkeypatch.setenv(variable, "soon")
    assert variable in refused(GROUPS[role], "run", "--home", tmp_path, "--headless")


def test_preflight_reads_the_same_settings(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("surprise = 1\n")
    assert "There is no setting surprise." in refused(contributor, "preflight", "--home", tmp_path)


@pytest.mark.parametrize("role", GROUPS)
def test_a_home_folder_that_cannot_be_made_is_told(role: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = refused(GROUPS[role], "run", "--home", tmp_path / "file" / "home", "--headless")
    assert "Not a directory" in said and "--home" in said


@pytest.mark.parametrize("role", GROUPS)
def test_a_port_that_is_taken_is_told(role: str, tmp_path: Path) -> None:
    with taken() as port:
        said = refused(GROUPS[role], "run", "--home", tmp_path, "--headless", "--port", str(port))
    assert f"Port {port} is taken." in said and "--port" in said


def test_a_port_for_the_sites_that_cannot_be_opened_names_its_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.children.PORT_PATIENCE_S", 0.0)
    words = ["run", "--home", str(tmp_path), "--headless"]
    with taken() as port:
        said = refused(orchestrator, *words, "--public-port", str(port))
    assert f"Port {port} for the sites is used by another program." in said and "--public-port" in said
    for address in ("192.0.2.1", "no such name"):
        said = refused(orchestrator, *words, "--bind", address)
        assert address in said and "--bind" in said


@pytest.mark.parametrize("command", [["preflight", "--invitation"], ["enrol", "--name", "N"]])
def test_an_invitation_that_is_no_text_is_told(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "scan.dcm"
    file.write_bytes(b"\x89HDF\r\n\x1a\n")
    said = refused(contributor, *command, file, "--home", tmp_path / "home")
    assert "scan.dcm is not an invitation." in said and "learning manager" in said


FAILING = """
from fl_core.errors import FlomirError, StorageFailed
from fl_core.web import serving

def compose():
    error = StorageFailed("the floor is wet", code="storage.disk_full")
    error.remedy = "Mop it."
    raise error

try:
    serving.serve(serving.bind(0), compose, threads=8)
except FlomirError as error:
    print(error.code, error, error.remedy)
"""


def test_what_fails_inside_the_server_arrives_as_the_error_that_it_is() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", FAILING],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert done.stdout.strip() == "storage.disk_full the floor is wet Mop it."
    assert done.stderr == ""
