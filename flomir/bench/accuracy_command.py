"""The command `flomir bench accuracy`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flomir.bench.figures import measure
from model.io.atomic import why_not, write_atomically

if TYPE_CHECKING:
    from flomir.bench.accuracy import Accuracy, Stage

CASES, SETS = 20, 3


@click.command()
@click.option(
    "--model", default="default", show_default=True, help="Shipped network, classical method or weights file."
)
@click.option(
    "--cases",
    default=CASES,
    show_default=True,
    type=click.IntRange(3, 200),
    help="Studies of each test set; five times as many of each shifted condition.",
)
@click.option("--sets", default=SETS, show_default=True, type=click.IntRange(1, SETS), help="Number of test sets.")
@click.option("--quick", is_flag=True, help="A few studies only: shows that it works, no figures to quote.")
@click.option("--no-shifted", is_flag=True, help="Leave out the conditions that no network was trained on.")
@click.option(
    "--monte-carlo",
    is_flag=True,
    help="Also judge on studies simulated with GATE 10 (`make gate`); where they are missing, about an hour and a half on one core.",
)
@click.option("--no-hard", is_flag=True, help="Leave out the set of small mild defects.")
@click.option(
    "--no-audit", is_flag=True, help="Leave out the larger set on which missed and invented defects are counted."
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the studies and OSEM's results, kept for the next run; by default in the user's cache.",
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the tables as a page, FILE.html."
)
@click.option("--workers", default=2, show_default=True, type=click.IntRange(min=1), help="Processes of one thread.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def accuracy(
    *,
    model: str,
    cases: int,
    sets: int,
    quick: bool,
    no_shifted: bool,
    monte_carlo: bool,
    no_hard: bool,
    no_audit: bool,
    data: Path | None,
    out: Path | None,
    workers: int,
    as_json: bool,
) -> None:
    """Judge a network on held-out studies against OSEM tuned for each metric.

    Studies that are missing are simulated first (about a second each); the same seeds always give the same studies.
    """
    from flomir.bench.accuracy import PARTS
    from flomir.bench.accuracy import accuracy as judge
    from flomir.bench.accuracy_data import accuracy_plan
    from flomir.bench.accuracy_goals import goals
    from model.errors import ModelError
    from model.methods import resolve_method
    from model.sentences import in_sentences
    from synthesis.errors import SynthesisError

    if monte_carlo and no_shifted:
        message = "--monte-carlo is one of the conditions that --no-shifted leaves out"
        raise click.UsageError(message)
    _check_page(out)
    found: list[Accuracy] = []
    left_out = {
        name for name, unwanted in (("hard", no_hard), ("audit", no_audit), ("shifted", no_shifted)) if unwanted
    }
    try:
        method = resolve_method(model)
        plan = accuracy_plan(cases=cases, sets=sets, quick=quick, monte_carlo=monte_carlo)
        with _bar(quiet=as_json) as heard:

            def run() -> dict[str, float]:
                parts = [part for part in PARTS if part not in left_out]
                found.append(judge(method, root=data, plan=plan, parts=parts, workers=workers, on_stage=heard))
                return found[0].flat()

            result = measure("accuracy", run)
    except ModelError as error:
        raise click.ClickException(in_sentences(error.message, error.remedy)) from error
    except (SynthesisError, RuntimeError) as error:
        raise click.ClickException(str(error)) from error
    judged = found[0]
    if as_json:
        row = json.loads(result.to_json())
        row["goals"] = [goal.to_dict() for goal in goals(judged.figures)]
        row |= {"model": method.describe(), "quick": quick, "osem": judged.settings_to_dict(), "sets": judged.counts()}
        click.echo(json.dumps(row))
    else:
        click.echo(f"accuracy of {model} on {result.machine}, commit {result.commit}, {result.seconds} s")
        for line in judged.lines():
            click.echo(line)
    if out is not None:  # after the figures, which took an hour: a disk that refuses the page does not cost them
        from flomir.bench.accuracy_page import accuracy_page

        _write_page(out, accuracy_page(judged, plan, result, model))


def _check_page(out: Path | None) -> None:
    if out is not None and (reason := why_not(out)):
        raise _not_written(out, reason)


def _write_page(out: Path, page: str) -> None:
    try:
        write_atomically(out, page)
    except OSError as error:
        raise _not_written(out, error.strerror or str(error)) from error


def _not_written(out: Path, reason: str) -> click.ClickException:
    return click.ClickException(f"{out.name} cannot be written: {reason}. Choose another place with --out.")


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Stage]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:40}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as progress:
        task = progress.add_task("", total=1.0)
        yield lambda name, share: progress.update(task, description=name, completed=share)
