"""The command `flomir quality`: what is wrong with studies and scans, without changing them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from model.commands.refusals import refusal
from model.errors import ModelError
from model.sentences import counted, in_sentences

if TYPE_CHECKING:
    from model.io.scans import Scan
    from model.quality.report import QualityReport

MARKS = {"error": "error", "warning": "warning", "information": "note"}


@click.command("quality")
@click.argument("inputs", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="INPUT...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, pictures included.")
def quality(inputs: tuple[Path, ...], *, as_json: bool) -> None:
    """Check the quality of INPUTs: study files, DICOM NM or Interfile scans, or folders of them.

    A study that cannot be read stops no other. Exit code 1 where a study has an error and may not train, or one cannot
    be read.
    """
    rows: list[dict[str, Any]] = []
    for row in _rows(inputs):
        rows.append(row)
        if not as_json:
            _print(row)
    if as_json:
        click.echo(json.dumps({"studies": rows}))
    if any("error" in row or row["level"] == "error" for row in rows):
        sys.exit(1)


def _rows(inputs: Sequence[Path]) -> Iterator[dict[str, Any]]:
    for source in inputs:
        try:
            for name, check in _checks(source):
                yield _row(name, check)
        except (ModelError, OSError) as error:  # of the folder as a whole; those of a study are in its row
            yield {"source": source.name or str(source), "error": refusal(error)}


def _row(name: str, check: Callable[[], QualityReport]) -> dict[str, Any]:
    try:
        return {"source": name, **check().to_dict()}
    except (ModelError, OSError) as error:
        return {"source": name, "error": refusal(error)}


def _checks(source: Path) -> Iterator[tuple[str, Callable[[], QualityReport]]]:
    """Yield each study's name, with its folders below the input where they tell equal file names apart, and its check."""
    from model.io.importing import discover, nothing_found
    from model.io.study_folder import study_files
    from model.quality.check import check_file

    checks: dict[Path, Callable[[], QualityReport]] = {path: partial(check_file, path) for path in study_files(source)}
    if source.is_dir() or not checks:
        found = discover(source)
        for scan in found.scans:
            checks.setdefault(scan.path, partial(_check_scan, scan))
        if not checks:
            raise nothing_found(found)
    for path in sorted(checks):
        yield _name(path, source), checks[path]


def _check_scan(scan: Scan) -> QualityReport:
    from model.quality.check import check_study

    return check_study(scan.load(site_key=None).study)


def _name(path: Path, source: Path) -> str:
    return path.relative_to(source).as_posix() if source.is_dir() else path.name


def _print(row: dict[str, Any]) -> None:
    if "error" in row:
        problem = row["error"]
        click.echo(f"{row['source']}: {in_sentences(problem['message'], problem['remedy'])}", err=True)
        return
    findings = row["findings"]
    found = counted(len(findings), "finding", "findings") if findings else "nothing was found"
    click.echo(f"{row['source']}: {found}, {len(row['checked'])} checks")
    for finding in findings:
        click.echo(f"  {MARKS[finding['level']]}: {finding['text']} {finding['remedy']}")
