"""The command `flomir reconstruct`: scans in, images out."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from model.errors import ModelError
from model.sentences import in_sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from model.batch_plan import Outcome, Plan
    from model.classical.osem import OsemSettings
    from model.geometry import Collimator

USED_BY = {
    "osem": ("iterations", "subsets", "fwhm"),
    "mlem": ("iterations", "fwhm"),
    "fbp": ("fwhm",),
    "map-osem": ("iterations", "subsets"),
}
"""The options of each classical method; another that is given would change nothing, so it is refused."""
CLASSICAL = tuple(USED_BY)
MOST_LEFT_OUT = 20
FORMATS = ("nii", "dcm", "h5", "npz")


@click.command()
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--method",
    default="default",
    show_default=True,
    metavar="NAME|FILE.safetensors",
    help="A trained network (see `flomir models`), a weights file, osem, mlem, fbp or map-osem.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A file for one scan, a folder for several; its suffix decides the format. Without it results go beside "
    "their scans, named NAME.flomir.*",
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="By default dcm for DICOM scans, nii for others.")
@click.option("--iterations", type=click.IntRange(1, 1000), help="Of osem, mlem and map-osem.")
@click.option("--subsets", type=click.IntRange(1, 120), help="Of osem and map-osem.")
@click.option("--fwhm", type=click.FloatRange(0, 50), metavar="MM", help="Gaussian post-filter of osem, mlem and fbp.")
@click.option(
    "--ct", type=click.Path(path_type=Path), help="CT series or attenuation map, instead of what lies beside the scan."
)
@click.option("--gates", is_flag=True, help="Each gate of a gated scan on its own, not their sum.")
@click.option(
    "--collimator",
    type=(click.FloatRange(0, min_open=True), click.FloatRange(0, min_open=True), click.FloatRange(0)),
    metavar="HOLE LENGTH INTRINSIC",
    help="Hole diameter, hole length and intrinsic resolution in mm, instead of what the scan says or was assumed.",
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "cpu", "cuda"]),
    help="Where a trained network runs; the classical methods use the processor.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Processor threads; by default torch's choice.")
@click.option("--quantitative", is_flag=True, help="Write Bq/mL; needs the camera's sensitivity.")
@click.option(
    "--sensitivity",
    type=click.FloatRange(0, min_open=True),
    metavar="CPS",
    help="Counts per second per MBq of one detector head, instead of what the study carries; for --quantitative.",
)
@click.option(
    "--uncertainty",
    is_flag=True,
    help="Also write the half-width of the calibrated intervals, NAME.half-width.*; trained networks only.",
)
@click.option("--force", is_flag=True, help="Replace results that are there already.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and no progress bar.")
def reconstruct(inputs: tuple[Path, ...], *, as_json: bool, **options: Any) -> None:
    """Reconstruct INPUTS: scans (DICOM NM, Interfile, study files) or folders of them.

    `flomir reconstruct scan.dcm` is enough: the default network writes scan.flomir.dcm beside it. CT series and
    attenuation maps that lie with a scan are used. A DICOM image of a DICOM scan carries the patient's name and number,
    as the scan does; other formats carry none. One line a scan; exit code 1 if any failed.
    """
    settings = _osem_settings(options)
    if options["sensitivity"] is not None and not options["quantitative"]:
        message = "--sensitivity has no effect without --quantitative; leave it out, or add --quantitative"
        raise click.UsageError(message)
    try:
        method, plan, run = _prepared(inputs, settings, options)
    except ModelError as error:
        raise click.ClickException(in_sentences(error.message, error.remedy)) from error
    outcomes: list[Outcome] = []
    with _progress(len(plan.jobs), quiet=as_json) as (on_progress, on_done):
        for outcome in run(on_progress):
            outcomes.append(outcome)
            on_done(outcome)
    if as_json:
        click.echo(json.dumps(_summary(outcomes, plan, method)))
    else:
        _print_skipped(plan)
    states = Counter(outcome.state for outcome in outcomes)
    only_kept = len(outcomes) == 1 and states["kept"]  # the one scan that was asked for was not reconstructed
    if states["failed"] or only_kept:
        sys.exit(1)


def _osem_settings(options: dict[str, Any]) -> OsemSettings | None:
    names = {"iterations": "iterations", "subsets": "subsets", "fwhm": "postfilter_fwhm_mm"}
    options_given = {name: options.pop(key) for key, name in names.items()}
    given = {name: value for name, value in options_given.items() if value is not None}
    if options["method"] in USED_BY:
        _check_used(options["method"], [key for key, name in names.items() if name in given], options["device"])
    if not given:
        return None
    if options["method"] not in CLASSICAL:
        message = f"--iterations, --subsets and --fwhm belong to {', '.join(CLASSICAL)}, not to {options['method']}"
        raise click.UsageError(message)
    from dataclasses import replace

    from model.methods import default_settings

    return replace(default_settings(options["method"]), **given)


def _check_used(method: str, given: list[str], device: str) -> None:
    used = USED_BY[method]
    unused = [key for key in given if key not in used]
    if unused:
        message = (
            f"{method} does not use {_options(unused)}; leave {'it' if len(unused) == 1 else 'them'} out. "
            f"It uses {_options(used)}."
        )
        raise click.UsageError(message)
    if device == "cuda":
        message = f"{method} runs on the processor; leave --device cuda out, or name a trained network with --method."
        raise click.UsageError(message)


def _options(keys: Sequence[str]) -> str:
    return " and ".join(f"--{key}" for key in keys) if len(keys) < 3 else f"--{', --'.join(keys)}"


def _prepared(
    inputs: tuple[Path, ...], settings: OsemSettings | None, options: dict[str, Any]
) -> tuple[Any, Plan, Callable[..., Iterator[Outcome]]]:
    import torch

    from model.batch import run_plan
    from model.batch_plan import Options, make_plan
    from model.methods import resolve_method

    if options["threads"] is not None:
        torch.set_num_threads(options["threads"])
    if options["uncertainty"] and options["method"] in CLASSICAL:
        message = f"there are no calibrated intervals for {options['method']}"
        remedy = "Name a trained network, or leave --uncertainty out."
        raise ModelError(code="uncertainty.not_calibrated", message=message, remedy=remedy)
    method = resolve_method(options["method"], osem=settings, device=_device(options["device"]))
    wanted = Options(
        out=options["out"],
        form=options["form"],
        ct=options["ct"],
        quantitative=options["quantitative"],
        sensitivity_cps_per_mbq=options["sensitivity"],
        collimator=_collimator(options["collimator"]),
        gates=options["gates"],
        uncertainty=options["uncertainty"],
        force=options["force"],
    )
    plan = make_plan(inputs, wanted)
    return method, plan, lambda on_progress: iter(run_plan(plan, method, wanted, on_progress=on_progress))


def _collimator(given: tuple[float, float, float] | None) -> tuple[Collimator, float] | None:
    if given is None:
        return None
    from model.geometry import Collimator

    hole_mm, length_mm, intrinsic_mm = given
    return Collimator("given", hole_mm, length_mm), intrinsic_mm


def _device(name: str) -> str:
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise ModelError(code="device.missing", message="there is no CUDA device here", remedy="Use --device cpu.")
    return name


def _print(outcome: Outcome) -> None:
    name = outcome.source.name
    if outcome.state == "kept":
        click.echo(f"{name}: kept {outcome.out}, which exists already (--force replaces it)")
    elif outcome.error is not None:
        click.echo(f"{name}: {in_sentences(outcome.error[1], outcome.error[2])}", err=True)
    else:
        click.echo(f"{name}: {outcome.seconds:.2f} s, {outcome.counts / 1e6:.2f} M counts -> {outcome.out}")
        if outcome.map_file:
            click.echo(f"  attenuation map: {outcome.map_file}")
        for note in outcome.notes:
            click.echo(f"  note: {note}")


def _print_skipped(plan: Plan) -> None:
    unused = [skipped for skipped in plan.skipped if not skipped.used]
    for skipped in unused[:MOST_LEFT_OUT]:
        click.echo(f"{skipped.path.name}: left out, {skipped.reason}", err=True)
    if len(unused) > MOST_LEFT_OUT:
        click.echo(f"and {len(unused) - MOST_LEFT_OUT} more files that are no scans (--json names them)", err=True)


def _summary(outcomes: list[Outcome], plan: Plan, method: Any) -> dict[str, Any]:
    states = Counter(outcome.state for outcome in outcomes)
    return {
        "method": method.describe(),
        "scans": [outcome.to_dict() for outcome in outcomes],
        "skipped": [{"source": str(s.path), "reason": s.reason} for s in plan.skipped if not s.used],
        "done": states["done"],
        "kept": states["kept"],
        "failed": states["failed"],
        "seconds": round(sum(outcome.seconds for outcome in outcomes), 3),
    }


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[tuple[Callable[[Path, float], None], Callable[[Outcome], None]]]:
    """Yield what moves the bar within a scan, and what counts a scan and prints what became of it, unless `quiet`."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.1f}/{task.total}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bar:
        task, finished = bar.add_task("reconstruct", total=total), 0

        def show(path: Path, done: float) -> None:
            bar.update(task, description=path.name, completed=finished + done)

        def tell(outcome: Outcome) -> None:
            nonlocal finished
            finished += 1
            bar.update(task, completed=finished)
            if not quiet:
                bar.stop()  # the line must not be written into the bar
                _print(outcome)
                bar.start()

        yield show, tell
