"""`flomir synthesize estimate`: what a set of samples will cost."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from synthesis.choices import SIMULATORS, choose
from synthesis.commands.progress import bar
from synthesis.commands.words import bytes_in_words, seconds_in_words
from synthesis.errors import SynthesisError

if TYPE_CHECKING:
    from synthesis.inspection.estimate import Estimate


@click.command()
@click.argument("scenario")
@click.option(
    "--studies",
    default=1000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of bodies, per site, as for `run`.",
)
@click.option(
    "--variants", default=1, show_default=True, type=click.IntRange(1, 100), help="Examinations of every body."
)
@click.option("--phantom", default=None, metavar="NAME|FILE.toml", help="Other patients than the scenario's.")
@click.option("--simulator", default=None, type=click.Choice(SIMULATORS), help="Another simulator than the scenario's.")
@click.option("--cores", default=None, type=click.IntRange(min=1), help="For the wall time; by default this machine's.")
@click.option(
    "--days", default=14.0, show_default=True, type=click.FloatRange(min=0, min_open=True), help="Time to finish in."
)
@click.option("--no-probe", is_flag=True, help="Take stored rates instead of making samples; instant, less exact.")
@click.option(
    "--measure", is_flag=True, help="Measure GATE's rates here (half a minute) instead of taking stored ones."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and no progress bar.")
def estimate(
    scenario: str,
    *,
    studies: int,
    variants: int,
    phantom: str | None,
    simulator: str | None,
    cores: int | None,
    days: float,
    no_probe: bool,
    measure: bool,
    as_json: bool,
) -> None:
    """Say what samples of SCENARIO cost: core hours, disk, memory, time on a number of cores, and cores for a deadline.

    One sample of each site is made to measure it (some seconds, in a temporary folder).
    """
    from synthesis.inspection.estimate import estimate as estimated

    try:
        loaded = choose(scenario, phantom=phantom, simulator=simulator)
        if measure and loaded.simulation.kind != "gate":
            message = "--measure is about GATE; add --simulator gate."
            raise click.UsageError(message)
        with bar("Making one sample of each site", quiet=as_json) as step:
            found = estimated(
                loaded,
                studies=studies * variants * len(loaded.sites),
                cores=cores or _processors(),
                days=days,
                variants=variants,
                probe=not no_probe,
                measure=measure,
                on_site=step,
            )
    except SynthesisError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(found.to_dict()))
        return
    for line in _lines(found):
        click.echo(line)


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _lines(found: Estimate) -> list[str]:
    bodies = f" of {found.bodies} bodies" if found.variants > 1 else ""
    each = seconds_in_words(3600 * found.core_hours_per_sample)
    cores = f"{found.cores} core{'s' if found.cores > 1 else ''}"
    return [
        f"{found.studies} samples{bodies} of {found.scenario}, {found.simulator} ({found.basis})",
        f"core hours: {found.core_hours:g} ({each} a sample)",
        f"wall time: {seconds_in_words(found.wall_s)} on {cores}",
        f"disk: {bytes_in_words(found.bytes)}; memory: {bytes_in_words(found.memory_bytes)} a worker",
        *(f"note: {note}" for note in found.notes),
        f"{found.sentence()}.",
    ]
