"""The menu entry and the service: what other programs make of them, and that uninstalling leaves the data alone."""

import configparser
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from contributor.commands import contributor
from fl_core import install_commands
from fl_core.desktop import Desktop, serves, write_entry, write_unit
from orchestrator.commands import orchestrator

ODD = 'a "quoted" $HOME `x` 100% \\ folder'
GROUPS = {"orchestrator": orchestrator, "contributor": contributor}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", "")  # no systemctl: a test must not touch the user's services
    return Desktop.of_user()


def value(path: Path, section: str, key: str) -> str:
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    parser.read(path)
    return parser[section][key]


@pytest.mark.parametrize("role", GROUPS)
def test_installing_writes_both_files_and_uninstalling_removes_them_and_nothing_else(
    role: str, place: Desktop, tmp_path: Path
) -> None:
    home = tmp_path / ODD
    home.mkdir()
    (home / "kept").write_text("data")
    result = CliRunner().invoke(GROUPS[role], ["install", "--service", "--home", str(home), "--json"])
    assert result.exit_code == 1, result.output  # both are written, but nothing started the service
    assert json.loads(result.output) == {
        "written": [str(place.entry(role)), str(place.unit(role))],
        "service_started": False,
    }
    assert Path(value(place.entry(role), "Desktop Entry", "Icon")).parent.name == "web"
    removed = CliRunner().invoke(GROUPS[role], ["uninstall"])
    assert removed.output.count("Removed: ") == 2
    assert not place.entry(role).exists()
    assert not place.unit(role).exists()
    assert (home / "kept").read_text() == "data"
    assert "Nothing was installed" in CliRunner().invoke(GROUPS[role], ["uninstall"]).output


def test_the_command_of_the_entry_names_the_home_folder_whatever_its_letters(place: Desktop, tmp_path: Path) -> None:
    home = tmp_path / ODD
    path = write_entry(place, "orchestrator", title="T", comment="C", home=home, icon=tmp_path / "icon.svg")
    unescaped = value(path, "Desktop Entry", "Exec").replace("\\\\", "\\")
    words = [word.replace("%%", "%") for word in shlex.split(unescaped)]
    assert [word.replace("\\`", "`").replace("\\$", "$") for word in words] == [
        sys.executable, "-m", "flomir", "orchestrator", "open", "--home", str(home),
    ]  # fmt: skip


def test_the_service_runs_without_a_window_and_for_its_owner_only(place: Desktop, tmp_path: Path) -> None:
    path = write_unit(place, "contributor", title="T", home=tmp_path / "home")
    command = shlex.split(value(path, "Service", "ExecStart"))
    assert command == [
        sys.executable, "-m", "flomir", "contributor", "run", "--home", str(tmp_path / "home"), "--headless",
    ]  # fmt: skip
    assert value(path, "Service", "UMask") == "0077"


VALIDATOR, ANALYZE = shutil.which("desktop-file-validate"), shutil.which("systemd-analyze")


@pytest.mark.skipif(VALIDATOR is None, reason="desktop-file-validate is not installed (Debian: desktop-file-utils)")
def test_the_entry_is_valid(place: Desktop, tmp_path: Path) -> None:
    path = write_entry(place, "orchestrator", title="T", comment="C", home=tmp_path / ODD, icon=tmp_path / "icon.svg")
    done = subprocess.run([str(VALIDATOR), str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_the_service_is_valid(place: Desktop, tmp_path: Path) -> None:
    path = write_unit(place, "orchestrator", title="T", home=tmp_path / 'a "quoted" $HOME 100% folder')
    done = subprocess.run([str(ANALYZE), "verify", str(path)], capture_output=True, text=True, check=False)
    assert path.name not in done.stderr, done.stderr


def test_a_folder_that_cannot_be_written_is_said_in_one_line(place: Desktop) -> None:
    place.applications.parent.mkdir(parents=True)
    place.applications.write_text("a file")
    result = CliRunner().invoke(orchestrator, ["install"])
    assert result.exit_code == 1
    assert "cannot be written" in result.output


@pytest.mark.parametrize(("answer", "code"), [("true", 0), ("false", 1)])
def test_installing_a_service_ends_with_1_where_systemd_does_not_start_it(
    place: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.symlink_to(f"/bin/{answer}")
    monkeypatch.setenv("PATH", str(systemctl.parent))
    result = CliRunner().invoke(orchestrator, ["install", "--service", "--home", str(tmp_path / "home")])
    assert result.exit_code == code, result.output
    assert ("The service was not started. Start it with: systemctl --user" in result.output) == (code == 1)
    assert place.unit("orchestrator").exists()


def test_installing_nothing_is_bad_usage(place: Desktop, tmp_path: Path) -> None:
    result = CliRunner().invoke(orchestrator, ["install", "--no-desktop", "--home", str(tmp_path / "home")])
    assert result.exit_code == 2
    assert "With --no-desktop there is nothing to install; add --service." in result.output
    assert not place.entry("orchestrator").exists()


def test_open_asks_the_running_daemon_for_a_link_or_starts_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, Path]] = []

    def note(link: str, home: Path) -> bool:
        opened.append((link, home))
        return True

    monkeypatch.setattr("fl_core.web.window.open_window", note)
    started: list[Path] = []
    run = click.Command(
        "run", params=orchestrator.commands["run"].params, callback=lambda home, **_: started.append(home)
    )
    monkeypatch.setitem(orchestrator.commands, "run", run)
    CliRunner().invoke(orchestrator, ["open", "--home", str(tmp_path)])
    assert (opened, started) == ([], [tmp_path])
    monkeypatch.setattr("orchestrator.commands.DaemonClient", lambda _home: _Answers())
    CliRunner().invoke(orchestrator, ["open", "--home", str(tmp_path)])
    assert opened == [("http://127.0.0.1:1/enter#once", tmp_path)]
    assert started == [tmp_path]


def test_open_waits_for_the_installed_service_and_starts_no_second_daemon(
    place: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, asked = tmp_path / "home", _Late(answers_at=3)
    opened: list[str] = []

    def note(link: str, _home: Path) -> bool:
        opened.append(link)
        return True

    write_unit(place, "orchestrator", title="T", home=home)
    told = _systemctl(tmp_path, monkeypatch, exit_code=0)
    monkeypatch.setattr(install_commands, "POLL_S", 0.0)
    monkeypatch.setattr("orchestrator.commands.DaemonClient", lambda _home: asked)
    monkeypatch.setattr("fl_core.web.window.open_window", note)
    monkeypatch.setitem(
        orchestrator.commands, "run", click.Command("run", callback=lambda **_: pytest.fail("a second"))
    )
    result = CliRunner().invoke(orchestrator, ["open", "--home", str(home)])
    assert (result.exit_code, opened) == (0, ["http://127.0.0.1:1/enter#once"]), result.output
    assert told.read_text() == "--user start flomir-orchestrator.service\n"
    assert "Waiting for the service" in result.output


@pytest.mark.parametrize(("other", "exit_code"), [("other", 0), ("home", 1)])
def test_open_starts_a_daemon_where_the_service_is_of_another_folder_or_cannot_be_started(
    place: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str, exit_code: int
) -> None:
    started: list[Path] = []
    write_unit(place, "orchestrator", title="T", home=tmp_path / other)
    _systemctl(tmp_path, monkeypatch, exit_code=exit_code)
    run = click.Command(
        "run", params=orchestrator.commands["run"].params, callback=lambda home, **_: started.append(home)
    )
    monkeypatch.setitem(orchestrator.commands, "run", run)
    CliRunner().invoke(orchestrator, ["open", "--home", str(tmp_path / "home")])
    assert started == [tmp_path / "home"]


def test_a_service_that_never_answers_is_given_up_with_where_to_look() -> None:
    now = [0.0]

    def slept(seconds: float) -> None:
        now[0] += seconds

    def nobody() -> str:
        message = "No orchestrator runs."
        raise click.ClickException(message)

    with pytest.raises(click.ClickException, match="journalctl --user -u flomir-contributor") as caught:
        install_commands.link_of_service("contributor", nobody, clock=lambda: now[0], sleep=slept)
    assert "No orchestrator runs." in caught.value.message
    assert 20 < now[0] <= 40


def test_a_service_is_known_by_the_home_folder_that_it_runs(place: Desktop, tmp_path: Path) -> None:
    assert not serves(place, "contributor", tmp_path / ODD)
    write_unit(place, "contributor", title="T", home=tmp_path / ODD)
    assert serves(place, "contributor", tmp_path / ODD)
    assert not serves(place, "contributor", tmp_path)
    assert not serves(place, "orchestrator", tmp_path / ODD)


def _systemctl(folder: Path, monkeypatch: pytest.MonkeyPatch, *, exit_code: int) -> Path:
    told, program = folder / "told", folder / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {shlex.quote(str(told))}\nexit {exit_code}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return told


class _Late:
    def __init__(self, *, answers_at: int) -> None:
        self._left = answers_at

    def call(self, *_: object) -> dict[str, object]:
        self._left -= 1
        if self._left > 0:
            message = "No orchestrator runs in this folder."
            raise click.ClickException(message)
        return {"link": "http://127.0.0.1:1/enter#once"}


class _Answers:
    def call(self, *_: object) -> dict[str, object]:
        return {"link": "http://127.0.0.1:1/enter#once"}
