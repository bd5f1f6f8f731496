"""`flomir audit`: check the audit chain of a daemon's data folder, also while the daemon runs."""

import json
from pathlib import Path

import click

from fl_core.errors import CATALOGUE, FlomirError
from fl_core.home_option import expanded

DATABASE = "flomir.sqlite"


@click.group()
def audit() -> None:
    """Check the record of who did what."""


@audit.command()
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    callback=expanded,
    help="Data folder of an orchestrator or a contributor.",
)
@click.option(
    "--file",
    "exported",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Instead of a folder: an audit log that was exported as JSON.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")
def verify(home: Path | None, exported: Path | None, as_json: bool) -> None:
    """Walk the audit chain from its first row; exit code 1 when a row was changed, removed or added.

    An export that was filtered is an excerpt: its rows are checked, but not that none is missing.
    """
    if (home is None) == (exported is None):
        message = "Name either a data folder (--home) or an exported file (--file)."
        raise click.UsageError(message)
    excerpt = False
    if home is not None:
        count, broken, head = _verified(home)
    else:
        count, broken, head, excerpt = _verified_file(exported or Path())
    if as_json:
        whole = broken is None and not excerpt
        facts = {"rows": count, "first_broken": broken, "head": head, "whole": whole, "excerpt": excerpt}
        click.echo(json.dumps(facts))
    if broken is not None:
        entry = CATALOGUE["audit.broken"]
        if as_json:
            raise SystemExit(1)
        message = f"{entry.title} Row {broken} of {count} does not fit. {entry.advice}"
        raise click.ClickException(message)
    if as_json:
        return
    if excerpt:
        click.echo(f"An excerpt of the audit log: each of its {count} rows is unchanged; rows may be left out.")
    else:
        click.echo(f"The audit chain is whole: {count} rows, head {head[:16]}.")


def _verified_file(exported: Path) -> tuple[int, int | None, str, bool]:
    """Return number of rows, first one that does not fit, hash of the last, and whether the rows are an excerpt."""
    from pydantic import TypeAdapter, ValidationError

    from fl_core.audit import GENESIS, AuditRow, verify_excerpt, verify_rows

    try:
        rows = TypeAdapter(list[AuditRow]).validate_json(exported.read_bytes())
    except (OSError, ValidationError) as error:
        message = f"{exported.name} is not an audit log exported as JSON. Export it again on the page of the daemon."
        raise click.ClickException(message) from error
    whole = [row.seq for row in rows] == list(range(1, len(rows) + 1))
    broken = verify_rows(rows) if whole else verify_excerpt(rows)
    return len(rows), broken, rows[-1].hash if rows else GENESIS, not whole


def _verified(home: Path) -> tuple[int, int | None, str]:
    from fl_core.storage import audit as rows
    from fl_core.storage.database import open_readonly
    from fl_core.storage.place import noted

    elsewhere = noted(home)
    if elsewhere is not None:
        message = (
            f"The records are in {elsewhere}. Ask the running daemon: "
            f"flomir orchestrator api GET /audit/verify --home {home}"
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
