"""The options that every command of the hospital's side takes."""

from pathlib import Path

import click

home_option = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path.home() / ".flomir" / "contributor",
    show_default="~/.flomir/contributor",
    help="Folder that holds everything of this site.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
