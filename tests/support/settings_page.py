"""Write docs/settings.md from the settings classes: ``python -m tests.support.settings_page > docs/settings.md``."""

import sys
from pathlib import Path

import click

from contributor.commands import contributor
from contributor.settings import ContributorSettings
from fl_core.settings import DaemonSettings
from orchestrator.commands import orchestrator
from orchestrator.settings import OrchestratorSettings

DAEMONS: dict[str, type[DaemonSettings]] = {"Orchestrator": OrchestratorSettings, "Contributor": ContributorSettings}
COMMANDS: dict[str, click.Group] = {"Orchestrator": orchestrator, "Contributor": contributor}


def home_of(title: str) -> click.Parameter:
    """Return the option --home of a daemon, which decides before there are settings to read."""
    return next(option for option in COMMANDS[title].commands["run"].params if option.name == "home")


def settings_page() -> str:
    """Return the page: one table a daemon, every field with its environment variable, default and description."""
    lines = [
        "# Settings",
        "",
        "Command line over environment over `settings.toml` in the daemon's home folder over these defaults.",
        "This page is written from the code by `make settings-page`.",
    ]
    for title, settings in DAEMONS.items():
        prefix = str(settings.model_config.get("env_prefix", ""))
        lines += ["", f"## {title}", "", "| setting | environment | default | meaning |", "|---|---|---|---|"]
        for name, field in settings.model_fields.items():
            default = f"`{field.default}`" if name != "home" else f"`~/{_below_home(home_of(title).default)}`"
            lines.append(f"| `{name}` | `{prefix}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _below_home(place: object) -> str:
    return Path(str(place)).relative_to(Path.home()).as_posix()


if __name__ == "__main__":
    sys.stdout.write(settings_page())
