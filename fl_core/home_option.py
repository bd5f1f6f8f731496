"""The option --home of both daemons' commands: where everything of a daemon lies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def home_option(role: str, whose: str) -> Option:
    """Return the option of a daemon: the command line, else ``FLOMIR_<ROLE>_HOME``, else ``~/.flomir/<role>``."""
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path.home() / ".flomir" / role,
        show_default=f"~/.flomir/{role}",
        envvar=f"FLOMIR_{role.upper()}_HOME",
        show_envvar=True,
        callback=expanded,
        help=f"Folder that holds everything of {whose}.",
    )


def expanded(_context: click.Context, _parameter: click.Parameter, home: Path | None) -> Path | None:
    """Return the folder with ``~`` as the user's own: a shell leaves it as it is in ``--home=~/lab``."""
    try:
        return None if home is None else home.expanduser()
    except RuntimeError as error:
        message = f"{home} names the home of a user who is not known here."
        raise click.BadParameter(message) from error
