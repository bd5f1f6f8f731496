"""`flomir synthesize inspect`: a page with a contact sheet and statistics of a set of studies."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthesis.commands.progress import bar
from synthesis.errors import SynthesisError

if TYPE_CHECKING:
    from synthesis.inspection.collect import Inspection

PAGE_NAME = "inspect.html"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help=f"The page; by default {PAGE_NAME} in the folder."
)
@click.option("--show", default=24, show_default=True, type=click.IntRange(0, 1000), help="Most studies with pictures.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object and no progress bar.")
def inspect(folder: Path, *, out: Path | None, show: int, as_json: bool) -> None:
    """Check every study in FOLDER against its manifest, and draw what is there: contact sheet, variety, outliers.

    Ends with 1 if a file is damaged or missing; the page is written all the same.
    """
    target = out or folder / PAGE_NAME
    try:
        found = _inspect(folder, target, show, quiet=as_json)
    except SynthesisError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        message = f"The page cannot be written to {target}: {error.strerror or error}. Choose another file with --out."
        raise click.ClickException(message) from error
    if as_json:
        click.echo(json.dumps(found.to_dict() | {"page": str(target)}))
    else:
        _say(found, target)
    if found.problems:
        raise click.ClickException(_unusable(found))


def _inspect(folder: Path, target: Path, show: int, *, quiet: bool) -> Inspection:
    from model.io.atomic import write_atomically
    from synthesis.inspection.collect import inspect_folder
    from synthesis.inspection.view import build_view

    with bar("Checking studies", quiet=quiet) as step:
        found = inspect_folder(folder, on_file=step)
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    version = importlib.metadata.version("flomir")
    with bar("Drawing", quiet=quiet) as step:
        text = build_view(found, show=show, made_at=now, version=version, on_study=step)
    write_atomically(target, text.encode())
    return found


def _say(found: Inspection, target: Path) -> None:
    figures = found.figures
    click.echo(
        f"{figures['studies']} studies of {figures['bodies']['distinct']} bodies, "
        f"{figures['defects']['studies_with']} with infarcts, {len({o.name for o in found.outliers})} outliers: {target}"
    )
    for about, text in found.warnings:
        click.echo(f"{about} {text}", err=True)


def _unusable(found: Inspection) -> str:
    first = ", ".join(f"{problem.name} ({problem.state})" for problem in found.problems[:3])
    more = f" and {len(found.problems) - 3} more" if len(found.problems) > 3 else ""
    return (
        f"{len(found.problems)} of {found.checked} files cannot be used: {first}{more}. "
        "Run `flomir synthesize run` with the same scenario, seed and folder to make them again."
    )
