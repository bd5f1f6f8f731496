"""Commands that write a file under a name that a person chose replace nothing unasked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Option = Callable[[Callable[..., Any]], Callable[..., Any]]

force_option: Option = click.option("--force", is_flag=True, help="Replace what lies there already.")


def refuse_taken(*targets: Path, force: bool) -> None:
    """Raise `click.ClickException` for the first target that is there already, unless told to replace it."""
    for target in targets:
        if target.exists() and not force:
            message = f"{target} is there already. Choose another name with --out, or replace it with --force."
            raise click.ClickException(message)
