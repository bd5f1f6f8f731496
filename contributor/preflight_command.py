"""`flomir preflight`, also `flomir contributor preflight`: the check of the page, for a terminal and for scripts."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contributor.home_option import home_option, json_option

if TYPE_CHECKING:
    from contributor.preflight.check import Tell
    from fl_core.storage.site_connection import ConnectionRecord

MARKS = {"green": ("✓", "green"), "amber": ("!", "yellow"), "red": ("✗", "red"), "skipped": ("–", None)}


@click.command()
@click.option(
    "--invitation",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Invitation file, before joining.",
)
@home_option
@json_option
def preflight(invitation: Path | None, home: Path, *, as_json: bool) -> None:
    """Check this computer and the way to the laboratory; nothing of a study is sent.

    Works before joining (with --invitation) and after, with the daemon running or not. Exit code 1 when a line is red.
    """
    from contributor.paths import SitePaths
    from contributor.preflight.check import Subject, check
    from contributor.schemas_network import PreflightLine
    from contributor.settings import ContributorSettings
    from fl_core.starting import settings_of
    from fl_core.supervision.jobs import run_job
    from fl_core.transport.proxy import load_proxy

    home = home.resolve()
    settings = settings_of(ContributorSettings, home)
    text = "" if invitation is None else read_invitation(invitation)
    lines: list[PreflightLine] = []

    def tell(found: PreflightLine) -> None:
        lines.append(found)
        if not as_json:
            mark, colour = MARKS[found.level]
            click.secho(f"{mark} ", fg=colour, bold=True, nl=False)
            click.echo(found.text)
            if found.remedy:
                click.echo(f"  {found.remedy}")

    record, usable = _standing(home, tell)
    outcome = check(
        Subject(
            home=home,
            record=record,
            invitation=text,
            proxy=lambda: settings.proxy or load_proxy(SitePaths(home).proxy),
            threads=settings.torch_threads,
            usable_studies=usable,
            run=run_job,
        ),
        tell,
    )
    red = sum(one.level == "red" for one in lines)
    if as_json:
        body = {"of": outcome.of, "round_s": outcome.round_s, "red": red, "lines": [one.model_dump() for one in lines]}
        click.echo(json.dumps(body))
    elif not red:
        click.echo("This computer is ready.")
    if red:
        sys.exit(1)


def read_invitation(file: Path) -> str:
    """Return an invitation file's text; raises `click.ClickException` for a file that is none."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"{file.name} is not an invitation. Take the file that the learning manager sent."
        raise click.ClickException(message) from error


def _standing(home: Path, tell: "Tell") -> "tuple[ConnectionRecord, int]":
    """Return how the site stands with its orchestrator and how many studies are usable, read beside a running daemon."""
    from contributor.paths import SitePaths
    from contributor.preflight.words import line
    from fl_core.errors import StorageFailed
    from fl_core.storage.database import open_readonly
    from fl_core.storage.site_connection import ConnectionRecord, ConnectionStore
    from fl_core.storage.site_studies import StudyStore

    database_file = SitePaths(home).database
    nothing_known = ConnectionRecord(since=datetime.now(UTC)), 0
    if not database_file.is_file():
        return nothing_known
    database = open_readonly(database_file)
    try:
        usable = sum(study.state == "usable" for study in StudyStore(database).all())
        return ConnectionStore(database).get(), usable
    except StorageFailed:
        tell(line("records.unreadable"))
        return nothing_known
    finally:
        database.close()
