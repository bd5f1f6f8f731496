"""`flomir synthesize run`: make the studies of a scenario."""

from __future__ import annotations

import json
from pathlib import Path

import click

from synthesis.errors import SynthesisError
from synthesis.manifest import MANIFEST_NAME, Manifest


@click.command()
@click.argument("scenario")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the studies.")
@click.option("--studies", required=True, type=click.IntRange(min=1), help="Number of studies, per site.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(min=0), help="The same seed gives the same studies."
)
@click.option("--site", default=None, help="Only this site of the scenario; otherwise every site, one folder each.")
@click.option(
    "--workers", default=None, type=click.IntRange(min=1), help="Processes; by default one for every processor."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and no progress bar.")
def run(
    scenario: str, *, out: Path, studies: int, seed: int, site: str | None, workers: int | None, as_json: bool
) -> None:
    """Make studies of SCENARIO: a built-in name (`quick`, `cardiac`, `perfusion-64` ...) or a .toml file.

    Finished studies are kept: after an interruption, run the same command again.
    """
    try:
        manifest = _generate(scenario, out, studies, seed, site, workers, quiet=as_json)
    except SynthesisError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(manifest.summary()))
        return
    summary = manifest.summary()
    click.echo(
        f"{summary['studies']} studies ({summary['with_defects']} with infarcts, {summary['bytes'] / 1e6:.1f} MB) "
        f"in {manifest.wall_s:.1f} s: {out / MANIFEST_NAME}"
    )


def _generate(
    scenario: str, out: Path, studies: int, seed: int, site: str | None, workers: int | None, *, quiet: bool
) -> Manifest:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from synthesis.pipeline import Progress as Step
    from synthesis.pipeline import generate
    from synthesis.scenario import load_scenario

    loaded = load_scenario(scenario)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bar:
        task = bar.add_task(loaded.title or loaded.name, total=None)

        def show(step: Step) -> None:
            bar.update(task, total=step.planned, completed=step.done)

        return generate(loaded, out, studies, seed, site=site, workers=workers, on_progress=show)
