"""The command `flomir import`: scans of a hospital become study files without identifiers."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from model.commands.refusals import refusal
from model.errors import ModelError
from model.io.atomic import why_not
from model.sentences import in_sentences

if TYPE_CHECKING:
    from model.io.imported import ImportedStudy
    from model.io.scans import Scan

SITE_KEY_BYTES = 32
KEPT_REMEDY = "Remove it first to import the scan anew."


@click.command("import")
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the study files."
)
@click.option("--ct", type=click.Path(path_type=Path), help="CT series or attenuation map, for every scan.")
@click.option(
    "--site-key",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The site's secret, made if it is not there; with it, scans of one patient are known to belong together.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_scans(inputs: tuple[Path, ...], *, out: Path, ct: Path | None, site_key: Path | None, as_json: bool) -> None:
    """Read INPUTS (DICOM NM, Interfile; files or folders) and write study files that name nobody.

    A study file is named by its content, not by its scan's file, which may hold a name. What was removed is counted.
    Reference images and attenuation maps that lie with a scan are taken along. What cannot be read stops no other scan.
    A study file that is there already is kept: remove it first to import its scan anew, with another map for instance.
    """
    rows: list[dict[str, Any]] = []
    key = None if site_key is None else _key(site_key)
    if reason := why_not(out / "study.h5"):
        message = f"{out.name} cannot be written: {reason}. Choose another folder with --out."
        raise click.ClickException(message)
    for row in _rows(inputs, out, ct, key):
        rows.append(row)
        if not as_json:
            _print(row)
    if as_json:
        kept = sum(row.get("kept", False) for row in rows)
        click.echo(json.dumps({"scans": rows, "kept": kept, "failed": sum("error" in row for row in rows)}))
    if any("error" in row for row in rows):
        sys.exit(1)


def _key(path: Path) -> bytes:
    try:
        return read_site_key(path)
    except ModelError as error:
        raise click.ClickException(in_sentences(error.message, error.remedy)) from error
    except OSError as error:
        message = f"The site key cannot be read or made: {error.strerror or error}. Name another file with --site-key."
        raise click.ClickException(message) from error


def read_site_key(path: Path) -> bytes:
    """Return the secret of a file; a new one is made for its owner only.

    Raises
    ------
    ModelError
        ``import.site_key`` for a file of fewer than 16 bytes.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(secrets.token_bytes(SITE_KEY_BYTES))
    key = path.read_bytes()
    if len(key) < 16:
        message = f"the site key has {len(key)} bytes, at least 16 are needed"
        raise ModelError(code="import.site_key", message=message, remedy="Name another file; it will be made.")
    return key


def _rows(inputs: Sequence[Path], out: Path, ct: Path | None, key: bytes | None) -> Iterator[dict[str, Any]]:
    for source in inputs:
        try:
            yield from _import_all(source, out, ct, key)
        except (ModelError, OSError) as error:  # of the input as a whole; those of a scan are in its row
            yield {"source": str(source), "error": refusal(error)}


def _import_all(source: Path, out: Path, ct: Path | None, key: bytes | None) -> Iterator[dict[str, Any]]:
    from model.io.importing import discover, nothing_found

    found = discover(source, ct=ct)
    if not found.scans:
        raise nothing_found(found)
    for scan in found.scans:
        yield _import_one(scan, out, key)


def _import_one(scan: Scan, out: Path, key: bytes | None) -> dict[str, Any]:
    from model.io.study import write_study

    row: dict[str, Any] = {"source": str(scan.path)}
    try:
        imported = scan.load(site_key=key)
        target = out / f"study-{_digest(imported)}.h5"
        if target.exists():  # perhaps with a map or a patient key that this import lacks
            return row | {"out": str(target), "kept": True, "remedy": KEPT_REMEDY}
        write_study(target, imported.study)
    except (ModelError, OSError) as error:
        return row | {"error": refusal(error)}
    study = imported.study
    return row | {
        "out": str(target),
        "kept": False,
        "counts": float(study.projections[0].sum(dtype="float64")),
        "attenuation": study.attenuation is not None,
        "map_file": scan.map_file if study.attenuation is not None else None,
        "reference": study.reference is not None,
        "removed": imported.report.sentence(),
        "notes": list(imported.notes),
    }


def _digest(imported: ImportedStudy) -> str:
    """Return a name that the counts and the geometry decide, and nothing of a person."""
    geometry = json.dumps(imported.study.geometry.to_dict(), sort_keys=True).encode()
    return hashlib.sha256(imported.study.projections.tobytes() + geometry).hexdigest()[:12]


def _print(row: dict[str, Any]) -> None:
    name = Path(row["source"]).name or row["source"]
    if "error" in row:
        error = row["error"]
        click.echo(f"{name}: {in_sentences(error['message'], error['remedy'])}", err=True)
        return
    if row["kept"]:
        click.echo(f"{name}: kept {row['out']}, which exists already. {row['remedy']}")
        return
    parts = [word for word in ("attenuation", "reference") if row[word]]
    click.echo(f"{name}: {row['counts'] / 1e6:.2f} M counts{''.join(f', with {p}' for p in parts)} -> {row['out']}")
    if row["map_file"]:
        click.echo(f"  attenuation map: {row['map_file']}")
    for note in (row["removed"], *row["notes"]):
        click.echo(f"  note: {note}")
