"""`flomir synthesize mix`: make studies of a simulated body."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synthesis.commands.failures import one_sentence
from synthesis.errors import OutputUnusable

if TYPE_CHECKING:
    from synthesis.template import BodyRecord


@click.command()
@click.argument("projections", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the studies.")
@click.option(
    "--variants",
    default=1,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Examinations: other uptake, severity, counts and noise of the same body.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def mix(projections: Path, *, out: Path, variants: int, as_json: bool) -> None:
    """Make studies of the body in the file PROJECTIONS, as `run` names them; no simulation is needed."""
    with one_sentence("The output folder"):
        found = _mix(projections, out, variants)
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(f"{len(found['studies'])} studies of 1 body in {found['seconds']:.2f} s: {out}")


def _mix(projections: Path, out: Path, variants: int) -> dict[str, Any]:
    from model.io.study import write_study
    from synthesis.execution.request import variant_file
    from synthesis.records import describe_study
    from synthesis.template_file import read_template
    from synthesis.variants import mix_study

    template, since = read_template(projections), time.perf_counter()
    files = [variant_file(f"study-{template.body.index:05d}.h5", variant) for variant in range(variants)]
    for variant, file in enumerate(files):
        _refuse_another(out, file, template.body, variant)
    records = []
    for variant, file in enumerate(files):
        study = mix_study(template, variant)
        write_study(out / file, study)
        record = describe_study(out, file, study, index=template.body.index, variant=variant, seconds={})
        records.append(record.model_dump(mode="json"))
    return {"bodies": 1, "studies": records, "seconds": round(time.perf_counter() - since, 3)}


def _refuse_another(out: Path, file: str, body: BodyRecord, variant: int) -> None:
    """Leave a study of another body alone: bodies of other sites and seeds have the same numbers."""
    from model.errors import ModelError
    from model.io.study import read_study_header
    from synthesis.identity import differences, identity, patient_key

    try:
        found = read_study_header(out / file).provenance
    except (FileNotFoundError, ModelError):
        return
    files = body.anatomy.get("files") or {}
    expected = identity(body.scenario, body.site, body.seed, body.index, variant)
    expected |= {"patient_key": patient_key(body.scenario, body.site, body.seed, body.index, files)}
    if differences(found, expected):
        said = ", ".join(f"{name} {found[name]}" for name in ("scenario", "site", "seed") if name in found)
        message = f"{file} in the output folder is another study ({said or 'of unknown origin'})."
        raise OutputUnusable(message)
