"""`flomir synthesize status`: how far a generation is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthesis.commands.progress import bar
from synthesis.commands.words import bytes_in_words, seconds_in_words
from synthesis.errors import SynthesisError

if TYPE_CHECKING:
    from synthesis.inspection.status import Status


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True, help="Compare sizes only, not checksums.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and no progress bar.")
def status(folder: Path, *, quick: bool, as_json: bool) -> None:
    """Say how far the generation in FOLDER is: planned, done, missing, damaged, running; rate, time left, disk.

    Ends with 1 if a finished study is damaged or gone.
    """
    from synthesis.inspection.status import folder_status

    try:
        with bar("Checking studies", quiet=as_json) as step:
            found = folder_status(folder, quick=quick, on_file=step)
    except SynthesisError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(found.to_dict()))
    else:
        for line in _lines(found):
            click.echo(line)
    if found.damaged or found.lost:
        raise click.ClickException(_unusable(found))


def _lines(found: Status) -> list[str]:
    planned = "an unknown number of" if found.planned is None else str(found.planned)
    head = f"{found.state}: {found.done} of {planned} studies done"
    head += "" if found.missing is None else f", {found.missing} missing"
    head += f", {found.unrecorded} not yet in the manifest" if found.unrecorded else ""
    lines = [head]
    if found.per_hour is not None:
        left = f", {seconds_in_words(found.seconds_left)} left" if found.seconds_left else ""
        lines.append(f"rate: {found.per_hour:g} studies an hour{left}")
    if found.state != "complete" and found.changed_s is not None:
        lines.append(f"last study {seconds_in_words(found.changed_s)} ago")
    expected = (
        f" of about {bytes_in_words(found.bytes_expected)}"
        if found.bytes_expected and found.state != "complete"
        else ""
    )
    lines.append(f"disk: {bytes_in_words(found.bytes_used)}{expected}, {bytes_in_words(found.bytes_free)} free")
    lines += [array.sentence() for array in found.arrays]
    if found.leftovers:
        lines.append(f"{found.leftovers} unfinished files of an interruption; they are never read")
    if found.state == "stopped":
        lines.append("Run the same `flomir synthesize run` again to make the rest.")
    return lines


def _unusable(found: Status) -> str:
    names = [*(f"{name} (damaged)" for name in found.damaged), *(f"{name} (gone)" for name in found.lost)]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (
        f"{len(names)} finished studies cannot be used: {', '.join(names[:3])}{more}. "
        "Run the same `flomir synthesize run` again to make them anew."
    )
