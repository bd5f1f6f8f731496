"""`flomir synthesize merge`: join output folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthesis.commands.progress import bar
from synthesis.commands.stopped import Stopped
from synthesis.commands.words import bytes_in_words
from synthesis.errors import SynthesisError

if TYPE_CHECKING:
    from synthesis.inspection.merge import Merged, Method, Plan


@click.command()
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="New folder for all studies."
)
@click.option(
    "--link/--copy",
    "link",
    default=False,
    help="Hard links on the same disk, or copies (the default).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and no progress bar.")
def merge(folders: tuple[Path, ...], *, out: Path, link: bool, as_json: bool) -> None:
    """Join the studies of several folders into one.

    Every checksum is compared; a study that is there twice is refused; nothing is renumbered. Folders of the same scenario and
    seed become one set, others a sub-folder each. After an interruption, run the same command again.
    """
    method: Method = "link" if link else "copy"
    try:
        plan, merged = _merge(folders, out, method, quiet=as_json)
    except SynthesisError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror or error}. Check free space and permissions, then run the same command again."
        raise click.ClickException(message) from error
    except KeyboardInterrupt:
        message = "Stopped; what was merged so far is kept. Run the same command again."
        raise Stopped(message) from None
    if as_json:
        click.echo(json.dumps(_result(plan, merged, out)))
        return
    sets = ", ".join(name or "one set" for name in plan.sets)
    click.echo(
        f"{len(plan.moves)} studies of {len(merged.sources)} folders ({bytes_in_words(plan.size_bytes)}, {sets}): {out}"
    )
    for note in plan.notes:
        click.echo(f"note: {note}", err=True)


def _merge(folders: tuple[Path, ...], out: Path, method: Method, *, quiet: bool) -> tuple[Plan, Merged]:
    from synthesis.inspection import merge as merging

    with bar("Checking studies", quiet=quiet) as step:
        plan = merging.plan_merge(folders, on_file=step)
    with bar("Linking" if method == "link" else "Copying", quiet=quiet) as step:
        return plan, merging.merge(plan, out, method, on_file=step)


def _result(plan: Plan, merged: Merged, out: Path) -> dict[str, object]:
    return {
        "out": str(out),
        "studies": len(plan.moves),
        "bytes": plan.size_bytes,
        "method": merged.method,
        "sets": {name or ".": len(moves) for name, (_, moves) in plan.sets.items()},
        "sources": [source.model_dump() for source in merged.sources],
        "notes": plan.notes,
    }
