"""Make the study files of one body; runs inside a process of the pool or a task of a cluster."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePath

from model.io.study import Study, write_study
from synthesis.errors import TemplateUnusable
from synthesis.execution.process import long_work
from synthesis.execution.request import SampleRequest
from synthesis.manifest import SampleRecord
from synthesis.phantoms.files import file_hashes
from synthesis.records import describe_study
from synthesis.sample import Stopwatch, make_study, make_template, needs_template
from synthesis.template import Template
from synthesis.template_file import read_template, write_template
from synthesis.variants import mix_study

TEMPLATES = "templates"  # folder of what a Monte Carlo cost, beside the studies


def make_samples(request: SampleRequest) -> tuple[SampleRecord, ...]:
    """Make the requested examinations of one body, write each atomically and describe them in order.

    The body is simulated at most once, source by source, for all of them that are mixed from a template.
    """
    records, template = [], None
    for variant in request.variants:
        watch = Stopwatch()
        if needs_template(request.scenario, variant):
            template = template or _template(request, watch)
            study = mix_study(template, variant)
            watch.lap("mix")
        else:
            study = make_study(request.scenario, request.site, seed=request.seed, index=request.index, watch=watch)
        records.append(_with_cost(_write(request, variant, study, watch), template, watch))
    return tuple(records)


def _write(request: SampleRequest, variant: int, study: Study, watch: Stopwatch) -> SampleRecord:
    file = request.file_of(variant)
    write_study(request.folder / file, study)
    watch.lap("write")
    return describe_study(
        request.folder, file, study, index=request.index, variant=variant, seconds=watch.seconds
    )  # fmt: skip


def _with_cost(record: SampleRecord, template: Template | None, watch: Stopwatch) -> SampleRecord:
    """Note the processor time of a Monte Carlo beside the wall times of the study that it was started for."""
    spent = template.projections.seconds.get("gate_cpu") if template is not None else None
    if spent is None or "projection" not in watch.seconds:
        return record
    return record.model_copy(update={"quality": record.quality | {"gate_cpu_s": round(spent, 1)}})


def _template(request: SampleRequest, watch: Stopwatch) -> Template:
    """Simulate the body; what a Monte Carlo made is kept on disk, finished views first, then the template."""
    scenario, site, seed, index = request.scenario, request.site, request.seed, request.index
    if scenario.simulation.kind == "analytic":
        return make_template(scenario, site, seed=seed, index=index, watch=watch)
    path = template_path(request)
    kept = _kept(path, request)
    if kept is not None:
        return kept
    views = path.with_suffix(".views")
    views.mkdir(parents=True, exist_ok=True)
    with long_work():
        template = make_template(
            scenario, site, seed=seed, index=index, watch=watch, folder=views, workers=request.workers
        )
    write_template(path, template)
    shutil.rmtree(views, ignore_errors=True)
    watch.lap("write")
    return template


def template_path(request: SampleRequest) -> Path:
    """Return where the template of a request's body is kept: as the study, in a folder of its own."""
    file = PurePath(request.file)
    return request.folder / TEMPLATES / file.parent / file.name.replace("study-", "body-", 1)


def _kept(path: Path, request: SampleRequest) -> Template | None:
    """Return the template of an earlier run if it is whole and of this very body."""
    try:
        template = read_template(path)
    except TemplateUnusable:
        return None
    body = template.body
    found = (body.scenario.digest, body.site, body.seed, body.index)
    if found != (request.scenario.digest, request.site, request.seed, request.index):
        return None
    files = file_hashes(request.scenario.phantom)  # the digest knows their names, not what they hold
    return template if files is None or files == (body.anatomy.get("files") or {}) else None
