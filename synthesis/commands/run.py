"""`flomir synthesize run`: make the studies of a scenario."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synthesis.choices import SIMULATORS, choose
from synthesis.commands.progress import bar
from synthesis.commands.stopped import Stopped
from synthesis.errors import Interrupted, SynthesisError
from synthesis.manifest import MANIFEST_NAME, Manifest, read_manifest

if TYPE_CHECKING:
    from synthesis.pipeline import Runner

DEFAULT_STUDIES = 10


@click.command()
@click.argument("scenario")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the studies.")
@click.option(
    "--studies",
    default=None,
    type=click.IntRange(min=1),
    help=f"Number of bodies, per site.  [default: {DEFAULT_STUDIES}; with --resume what was planned]",
)
@click.option(
    "--seed",
    default=None,
    type=click.IntRange(min=0),
    help="The same seed gives the same studies.  [default: 0; with --resume the folder's]",
)
@click.option(
    "--variants",
    default=None,
    type=click.IntRange(1, 100),
    help="Examinations of every body, with other uptake, severity, counts and noise.  [default: 1]",
)
@click.option("--site", default=None, help="Only this site of the scenario; otherwise every site, one folder each.")
@click.option("--phantom", default=None, metavar="NAME|FILE.toml", help="Other patients than the scenario's.")
@click.option("--simulator", default=None, type=click.Choice(SIMULATORS), help="Another simulator than the scenario's.")
@click.option("--executor", default="local", show_default=True, type=click.Choice(["local", "slurm"]))
@click.option("--profile", default=None, metavar="NAME|FILE.toml", help="Cluster profile for --executor slurm.")
@click.option("--no-wait", is_flag=True, help="With --executor slurm: end as soon as the array is submitted.")
@click.option(
    "--workers",
    default=None,
    type=click.IntRange(min=1),
    help="Processes of --executor local; by default one for every processor.",
)
@click.option("--resume", is_flag=True, help="Only go on with an earlier run; refuse a folder without one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and no progress bar.")
def run(scenario: str, *, out: Path, as_json: bool, **options: Any) -> None:
    """Make studies of SCENARIO: a built-in name (`quick`, `cardiac`, `perfusion-64` ...) or a .toml file.

    Finished studies are kept: after an interruption, run the same command again.
    """
    if options["executor"] != "slurm" and (options["profile"] is not None or options["no_wait"]):
        message = "A cluster profile (--profile) and --no-wait need --executor slurm."
        raise click.UsageError(message)
    if options["executor"] == "slurm" and options["workers"] is not None:
        message = (
            "--workers has no effect with --executor slurm: a task has one process; the profile says how many run."
        )
        raise click.UsageError(message)
    job_ids: list[str] = []
    try:
        manifest = _generate(scenario, out, options, job_ids, quiet=as_json)
    except Interrupted as error:
        raise Stopped(str(error)) from error
    except SynthesisError as error:
        raise click.ClickException(str(error)) from error
    summary = manifest.summary() | ({"job_ids": job_ids} if options["no_wait"] else {})
    if as_json:
        click.echo(json.dumps(summary))
        return
    if not manifest.complete:
        from synthesis.execution.slurm.errors import how_to_follow

        jobs = f" as {' '.join(job_ids)}" if job_ids else ""
        click.echo(f"Submitted{jobs}; {summary['studies']} studies are there. {how_to_follow(str(out), job_ids)}.")
        return
    bodies = f" of {summary['bodies']} bodies" if summary["bodies"] != summary["studies"] else ""
    click.echo(
        f"{summary['studies']} studies{bodies} ({summary['with_defects']} with infarcts, "
        f"{summary['bytes'] / 1e6:.1f} MB) in {manifest.wall_s:.1f} s: {out / MANIFEST_NAME}"
    )


def _generate(scenario: str, out: Path, options: dict[str, Any], job_ids: list[str], *, quiet: bool) -> Manifest:
    from synthesis.pipeline import Progress, generate

    loaded = choose(scenario, phantom=options["phantom"], simulator=options["simulator"])
    earlier = read_manifest(out) if options["resume"] else None
    before = (earlier.planned, earlier.seed, earlier.variants) if earlier is not None else (None, None, None)
    runner = (
        _slurm(options["profile"], job_ids, wait=not options["no_wait"]) if options["executor"] == "slurm" else None
    )
    with bar(loaded.title or loaded.name, quiet=quiet) as show:

        def step(progress: Progress) -> None:
            show(progress.done, progress.planned)

        return generate(
            loaded,
            out,
            _first(options["studies"], before[0], DEFAULT_STUDIES),
            _first(options["seed"], before[1], 0),
            site=options["site"],
            workers=options["workers"],
            variants=_first(options["variants"], before[2], 1),
            resume=options["resume"],
            runner=runner,
            executor=options["executor"],
            on_progress=step,
        )


def _first(*values: int | None) -> int:
    return next(value for value in values if value is not None)


def _slurm(profile: str | None, job_ids: list[str], *, wait: bool) -> Runner:
    from synthesis.execution.slurm.array import run_array
    from synthesis.execution.slurm.profile import load_profile

    loaded = load_profile(profile or "local")

    def submit(requests: list[Any], on_done: Callable[[Any], None]) -> None:
        job_ids.extend(run_array(requests, profile=loaded, on_done=on_done, wait=wait))

    return submit
