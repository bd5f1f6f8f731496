"""The command `flomir quality`: what is wrong with studies and scans, without changing them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from model.errors import ModelError

if TYPE_CHECKING:
    from model.quality import QualityReport

MARKS = {"error": "error", "warning": "warning", "information": "note"}


@click.command("quality")
@click.argument("inputs", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="INPUT...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, pictures included.")
def quality(inputs: tuple[Path, ...], *, as_json: bool) -> None:
    """Check the quality of INPUTs: study files, DICOM NM or Interfile scans, or folders of them.

    Exit code 1 where a study has an error and may not train, or an input cannot be read.
    """
    rows: list[dict[str, Any]] = []
    for source in inputs:
        try:
            rows += [{"source": name, **report.to_dict()} for name, report in _reports(source)]
        except ModelError as error:
            rows.append(
                {"source": source.name, "error": {"code": error.code, "message": error.message, "remedy": error.remedy}}
            )
    if as_json:
        click.echo(json.dumps({"studies": rows}))
    else:
        for row in rows:
            _print(row)
    if any("error" in row or row["level"] == "error" for row in rows):
        sys.exit(1)


def _reports(source: Path) -> Iterator[tuple[str, QualityReport]]:
    from model.quality import check_file, check_study

    studies = (
        sorted(source.rglob("*.h5"))
        if source.is_dir()
        else [source]
        if source.suffix.lower() in (".h5", ".hdf5")
        else []
    )
    for path in studies:
        yield path.name, check_file(path)
    if studies:
        return
    from model.io.importing import discover, nothing_found

    found = discover(source)
    if not found.scans:
        raise nothing_found(found)
    for scan in found.scans:
        yield scan.path.name, check_study(scan.load(site_key=None).study)


def _print(row: dict[str, Any]) -> None:
    if "error" in row:
        problem = row["error"]
        click.echo(f"{row['source']}: {problem['message']} {problem['remedy']}".strip(), err=True)
        return
    findings = row["findings"]
    click.echo(
        f"{row['source']}: {'nothing was found' if not findings else f'{len(findings)} finding(s)'}, {len(row['checked'])} checks"
    )
    for finding in findings:
        click.echo(f"  {MARKS[finding['level']]}: {finding['text']} {finding['remedy']}")
