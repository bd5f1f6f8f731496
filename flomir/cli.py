"""The `flomir` command: gathers the commands that each package registers by entry point."""

import importlib.metadata
import sys
from collections.abc import Iterable

import click

ENTRY_POINT_GROUP = "flomir.commands"


class LazyCommands(click.Group):
    """Load a package's commands only when they are asked for, so that `flomir --help` imports no torch."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every registered command."""
        return sorted(point.name for point in _entry_points())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that was asked for."""
        for point in _entry_points():
            if point.name == cmd_name:
                command = point.load()
                if not isinstance(command, click.Command):
                    message = f"entry point {point.value} is not a click command"
                    raise TypeError(message)
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List names only: help texts would import every package."""
        with formatter.section("Commands"):
            formatter.write_text("  ".join(self.list_commands(ctx)))


def _entry_points() -> Iterable[importlib.metadata.EntryPoint]:
    return importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)


@click.group(cls=LazyCommands)
@click.version_option(package_name="flomir")
def cli() -> None:
    """Train one SPECT reconstruction network across hospitals while every scan stays in the house."""


def main() -> None:
    """Run the command line: exit code 0, 1 (failed, one line with the remedy), 2 (bad usage) or 130 (Ctrl-C)."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
