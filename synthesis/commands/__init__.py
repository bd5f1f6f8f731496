"""The command group `flomir synthesize`; a subcommand's module is imported when it is called or listed."""

from __future__ import annotations

import importlib

import click

# subcommand -> module; the function in it has the subcommand's name
COMMANDS = {
    "run": "synthesis.commands.run",
    "phantom": "synthesis.commands.phantom",
    "simulate": "synthesis.commands.simulate",
    "mix": "synthesis.commands.mix",
    "estimate": "synthesis.commands.estimate",
    "inspect": "synthesis.commands.inspect",
    "status": "synthesis.commands.status",
    "merge": "synthesis.commands.merge",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - a wrong table is a fault of ours
        return command


@click.group(cls=_Lazy)
def synthesize() -> None:
    """Make synthetic SPECT studies."""
