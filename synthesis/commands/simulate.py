"""`flomir synthesize simulate`: project every source of a phantom file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from model.commands.replacing import force_option, refuse_taken
from synthesis.choices import SIMULATORS, with_simulator
from synthesis.commands.failures import one_sentence
from synthesis.errors import SimulationFailed


@click.command()
@click.argument("phantom", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Template file to write.")
@click.option("--simulator", default=None, type=click.Choice(SIMULATORS), help="Another simulator than the scenario's.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(min=1), help="Processes of a Monte Carlo.")
@force_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def simulate(phantom: Path, *, out: Path, simulator: str | None, workers: int, force: bool, as_json: bool) -> None:
    """Simulate the body in the file PHANTOM, every source apart; `mix` makes studies of it.

    A Monte Carlo keeps finished views beside the output file: after an interruption, run the same command again.
    """
    if out.resolve() == phantom.resolve():
        message = f"{out} is the phantom itself. Choose another name with --out."
        raise click.ClickException(message)
    refuse_taken(out, force=force)
    with one_sentence(out.name):
        found = _simulate(phantom, out, simulator, workers)
    text = (
        f"{len(found['sources'])} sources by {found['simulator']} in {found['seconds']:.1f} s, "
        f"{found['bytes'] / 1e6:.1f} MB: {out}"
    )
    click.echo(json.dumps(found) if as_json else text)


def _simulate(phantom: Path, out: Path, simulator: str | None, workers: int) -> dict[str, Any]:
    import shutil

    from synthesis.execution.process import use_one_thread
    from synthesis.sample import simulate as project
    from synthesis.template_file import read_phantom, write_template

    loaded = read_phantom(phantom)
    if simulator is not None:
        scenario = with_simulator(loaded.body.scenario, simulator)
        if scenario.simulation.oversampling != loaded.body.scenario.simulation.oversampling:
            message = f"The phantom's grid is too coarse for the {simulator} simulator."
            raise SimulationFailed(message, "Draw it with the same --simulator.")
        loaded = replace(loaded, body=replace(loaded.body, scenario=scenario))
    use_one_thread()
    views = out.with_name(f".{out.name}.views") if loaded.body.scenario.simulation.kind != "analytic" else None
    if views is not None:
        views.mkdir(parents=True, exist_ok=True)
    template = project(loaded, workers=workers, folder=views)
    write_template(out, template)
    if views is not None:
        shutil.rmtree(views, ignore_errors=True)
    return {
        "simulator": template.projections.simulator,
        "sources": list(template.projections.sources),
        "versions": dict(template.projections.versions),
        "seconds": round(template.body.seconds["projection"], 3),
        "bytes": out.stat().st_size,
    }
