"""The command line: one line on failure, no heavy import for help."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from flomir.cli import cli
from flomir.demo.command import demo


def _modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_help_imports_neither_torch_nor_flwr() -> None:
    loaded = _modules_after(
        "from click.testing import CliRunner; from flomir.cli import cli; assert CliRunner().invoke(cli, ['--help']).exit_code == 0"
    )
    assert not loaded & {"torch", "flwr", "flask"}


def test_every_registered_command_loads_and_explains_itself() -> None:
    runner = CliRunner()
    for name in cli.list_commands(None):  # type: ignore[arg-type]
        answer = runner.invoke(cli, [name, "--help"])
        assert answer.exit_code == 0, f"{name}: {answer.output}"
        assert "Usage:" in answer.output


def test_an_unknown_command_is_bad_usage() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "flomir", "nonsense"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "No such command" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("option", "value"), [("--contributors", "0"), ("--rounds", "0"), ("--studies", "1")])
def test_the_demo_refuses_numbers_that_make_no_sense_and_leaves_nothing_behind(
    option: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answer = CliRunner().invoke(demo, [option, value])
    assert answer.exit_code == 2
    assert option.removeprefix("--") in answer.output
    assert not list(tmp_path.iterdir())


def test_a_module_in_the_working_folder_cannot_shadow_ours(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("raise SystemExit('shadowed')\n")
    script = "import model.geometry; print(model.geometry.__file__)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "shadowed" not in done.stderr


@pytest.mark.parametrize(
    ("group", "option", "command"),
    [
        (["orchestrator", "models"], ["--home", "elsewhere"], ["rename", "one", "two"]),
        (["orchestrator", "jobs"], ["--home", "elsewhere"], ["cancel", "one"]),
        (["orchestrator", "jobs"], ["--json"], ["cancel", "one"]),
        (["models"], ["--json"], ["show", "default"]),
    ],
)
def test_an_option_of_a_list_is_refused_where_a_command_follows_that_would_not_hear_of_it(
    group: list[str], option: list[str], command: list[str]
) -> None:
    answer = CliRunner().invoke(cli, [*group, *option, *command])
    assert answer.exit_code == 2
    assert f"{option[0]} before {command[0]} is for the list alone; write it after {command[0]}." in answer.output


NOTHING_TO_TELL = {"orchestrator open", "contributor open"}
ONLY_JSON = {"orchestrator openapi", "contributor openapi", "orchestrator api"}


def commands_of(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for part in command.list_commands(context):
        below = command.get_command(context, part)
        assert below is not None
        yield from commands_of(below, f"{name} {part}".strip())


def test_every_command_with_a_result_prints_json() -> None:
    found = dict(commands_of(cli))
    without = {name for name, command in found.items() if not any("--json" in part.opts for part in command.params)}
    assert without == NOTHING_TO_TELL | ONLY_JSON
    assert len(found) > 50
