"""The page about synthesis says what the program does."""

import re
from pathlib import Path

import click

from synthesis.commands import COMMANDS, synthesize
from synthesis.scenario import builtin_scenarios, parse_scenario

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "synthesis.md").read_text(encoding="utf-8")


def test_every_scenario_and_command_is_on_the_page() -> None:
    for name in builtin_scenarios():
        assert f"`{name}`" in PAGE
    for name in COMMANDS:
        assert f"flomir synthesize {name}" in PAGE


def test_the_scenario_on_the_page_is_valid() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    scenarios = [block for block in blocks if "schema_version" in block]
    assert scenarios
    for block in scenarios:
        parse_scenario(block)


def test_every_option_on_the_page_exists() -> None:
    lines = [line.partition("#")[0] for line in PAGE.splitlines() if line.startswith("flomir synthesize ")]
    assert len(lines) > 8
    context = click.Context(synthesize)
    for line in lines:
        name, *words = line.split()[2:]
        command = synthesize.get_command(context, name)
        assert command is not None, line
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, line


def test_every_link_of_the_page_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
