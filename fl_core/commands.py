"""`flomir audit`: check the audit chain of a daemon's data folder, also while the daemon runs."""

import json
from pathlib import Path

import click

from fl_core.errors import CATALOGUE, FlomirError

DATABASE = "flomir.sqlite"


@click.group()
def audit() -> None:
    """Check the record of who did what."""


@audit.command()
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Data folder of an orchestrator or a contributor.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")
def verify(home: Path, as_json: bool) -> None:
    """Walk the audit chain from its first row; exit code 1 when a row was changed, removed or added."""
    count, broken, head = _verified(home)
    if as_json:
        click.echo(json.dumps({"rows": count, "first_broken": broken, "head": head, "whole": broken is None}))
    if broken is not None:
        entry = CATALOGUE["audit.broken"]
        if as_json:
            raise SystemExit(1)
        message = f"{entry.title} Row {broken} of {count} does not fit. {entry.advice}"
        raise click.ClickException(message)
    if not as_json:
        click.echo(f"The audit chain is whole: {count} rows, head {head[:16]}.")


def _verified(home: Path) -> tuple[int, int | None, str]:
    from fl_core.storage import audit as rows
    from fl_core.storage.database import open_readonly
    from fl_core.storage.place import noted

    elsewhere = noted(home)
    if elsewhere is not None:
        message = (
            f"The records are in {elsewhere}. Ask the running daemon: flomir orchestrator audit verify --home {home}"
        )
        raise click.ClickException(message)
    try:
        database = open_readonly(home / DATABASE)
    except FlomirError as error:
        message = f"{error} in {home}. Name the data folder that the daemon was started with (--home)."
        raise click.ClickException(message) from error
    try:
        return rows.verify(database)
    except FlomirError as error:
        message = f"{error.entry.title} {error.entry.advice}"
        raise click.ClickException(message) from error
    finally:
        database.close()
