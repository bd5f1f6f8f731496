"""Which data folder a command of a daemon acts on."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from contributor.home_option import home_option as of_contributor
from orchestrator.command_line import home_option as of_orchestrator

OPTIONS = {"contributor": of_contributor, "orchestrator": of_orchestrator}


@pytest.fixture(params=OPTIONS)
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def asked(role: str, *words: str) -> Path:
    @click.command()
    @OPTIONS[role]
    def tell(home: Path) -> None:
        click.echo(home)

    answer = CliRunner().invoke(tell, words)
    assert answer.exit_code == 0, answer.output
    return Path(answer.output.strip())


def test_the_environment_names_the_folder_unless_the_command_line_does(
    role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(role) == Path.home() / ".flomir" / role
    monkeypatch.setenv(f"FLOMIR_{role.upper()}_HOME", "/from/environment")
    assert asked(role) == Path("/from/environment")
    assert asked(role, "--home", "/from/words") == Path("/from/words")


def test_a_tilde_is_the_users_own_folder(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert asked(role, "--home=~/lab") == Path("/somewhere/lab")
    monkeypatch.setenv(f"FLOMIR_{role.upper()}_HOME", "~/other")
    assert asked(role) == Path("/somewhere/other")
