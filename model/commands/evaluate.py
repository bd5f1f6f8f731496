"""The command `flomir evaluate`: methods against each other on studies with a reference, figures and a report."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from model.io.atomic import why_not
from model.sentences import in_sentences

if TYPE_CHECKING:
    from model.evaluation.run import Evaluated, Stage

MOST_FILES = 5000
OTHER_PLACE = "Choose another place with --out."


@click.command()
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Study file, or folder of study files with a reference (searched with its subfolders).",
)
@click.option(
    "--methods",
    default="default,osem,fbp",
    show_default=True,
    help="Comma-separated: shipped networks, osem, mlem, fbp, map-osem, or paths of weights files.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="REPORT.html, or a folder for the report and its figures as JSON and CSV.",
)
@click.option(
    "--tune-on",
    type=click.Path(exists=True, path_type=Path),
    help="Other studies: OSEM's iterations and filter are chosen on them by the error in the body, and their normals give the limits of detection.",
)
@click.option("--against", help="The method the others are compared with; osem if it is among them, else the first.")
@click.option("--title", default="Reconstruction methods compared", show_default=True, help="Title of the report.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(min=1), help="Processes of one thread.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and no progress bar.")
def evaluate(
    *,
    data: Path,
    methods: str,
    out: Path,
    tune_on: Path | None,
    against: str | None,
    title: str,
    workers: int,
    as_json: bool,
) -> None:
    """Reconstruct every study by every method and compare the images with the truth.

    A study that fails is reported and left out; the others go on. Ends with 1 then; the report is written all the same.
    """
    from model.errors import ModelError
    from model.evaluation.run import EvaluationRun

    names = [name.strip() for name in methods.split(",") if name.strip()]
    if not names:
        message = "--methods names no method"
        raise click.UsageError(message)
    files, tuning = _files(data, "--data"), _files(tune_on, "--tune-on") if tune_on is not None else []
    _check_apart(files, tuning)
    if reason := why_not(_report(out)):
        message = f"the report cannot be written: {reason}"
        raise click.ClickException(in_sentences(message, OTHER_PLACE))
    try:
        with _bar(quiet=as_json) as heard:
            folder = data if data.is_dir() else data.parent
            found = EvaluationRun(files, names, against, tuning, workers, heard, folder=folder).run(title)
    except (ModelError, ValueError) as error:
        raise click.ClickException(in_sentences(str(error), getattr(error, "remedy", ""))) from error
    try:
        report = write_evaluation(out, found)
    except OSError as error:
        message = f"the report cannot be written: {error.strerror or error}"
        raise click.ClickException(in_sentences(message, OTHER_PLACE)) from error
    _print(found, report, as_json=as_json)
    if any(case.failures for case in found.cases):
        sys.exit(1)


def _files(path: Path, option: str) -> list[Path]:
    from model.io.study_folder import study_files

    files = [path] if path.is_file() else study_files(path)
    if not 0 < len(files) <= MOST_FILES:
        message = f"{option} {path.name} holds {len(files)} study files (.h5), expected 1 to {MOST_FILES}"
        raise click.ClickException(in_sentences(message, "Make some with `flomir synthesize run`, or import your own."))
    return files


def _check_apart(files: list[Path], tuning: list[Path]) -> None:
    both = {path.resolve() for path in files} & {path.resolve() for path in tuning}
    if both:
        message = f"{len(both)} studies are named by both --data and --tune-on; tuning needs studies of its own."
        raise click.ClickException(message)


def write_evaluation(out: Path, found: Evaluated) -> Path:
    """Write the report and, into a folder, the figures as JSON and CSV; return the report's path."""
    from model.io.atomic import write_atomically
    from model.report.build import build_report

    report = _report(out)
    report.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(report, build_report(found.report).encode("utf-8"))
    if report is not out:
        write_atomically(out / "figures.json", json.dumps(found.to_dict(), indent=1).encode("utf-8"))
        write_atomically(out / "cases.csv", _csv(found).encode("utf-8"))
    return report


def _report(out: Path) -> Path:
    return out if out.suffix.lower() in (".html", ".htm") else out / "report.html"


def _csv(found: Evaluated) -> str:
    from model.evaluation.summary import METRICS

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["study", "method", "counts", "defects", *(info.key for info in METRICS), "failure"])
    for case in found.cases:
        for method in found.summaries:
            values = [case.value(method, info.key) for info in METRICS]
            failure = case.failures.get(method) or case.failures.get("", "")
            writer.writerow([case.name, method, case.counts, len(case.defects), *values, failure])
    return text.getvalue()


def _print(found: Evaluated, report: Path, *, as_json: bool) -> None:
    if as_json:
        row = found.to_dict()
        del row["cases"]
        click.echo(json.dumps({**row, "learned": list(found.report.learned), "report": str(report)}))
        return
    from model.report.words import in_short

    for about, said in in_short(found.cases, found.summaries, found.report.against, found.report.learned):
        click.echo(f"{about} {said}")
    click.echo(f"Report: {report}")


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Stage]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:16}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=1.0)
        yield lambda name, share: progress.update(task, description=name, completed=share)
