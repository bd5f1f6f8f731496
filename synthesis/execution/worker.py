"""Make the study files of one body; runs inside a process of the pool or a task of a cluster."""

from __future__ import annotations

from model.io.study import write_study
from synthesis.execution.request import SampleRequest
from synthesis.manifest import SampleRecord, file_sha256
from synthesis.sample import Stopwatch, make_study


def make_samples(request: SampleRequest) -> tuple[SampleRecord, ...]:
    """Make the requested examinations of one body, write each atomically and describe them in order."""
    return tuple(_make_sample(request, variant) for variant in request.variants)


def _make_sample(request: SampleRequest, variant: int) -> SampleRecord:
    watch = Stopwatch()
    study = make_study(request.scenario, request.site, seed=request.seed, index=request.index, watch=watch)
    path = request.folder / request.file_of(variant)
    write_study(path, study)
    watch.lap("write")
    return SampleRecord(
        file=request.file_of(variant),
        site=request.site,
        index=request.index,
        variant=variant,
        sha256=file_sha256(path),
        size_bytes=path.stat().st_size,
        counts=float(study.projections.sum(dtype="float64")),
        defects=len(study.truth.defects) if study.truth is not None else 0,
        seconds={stage: round(seconds, 4) for stage, seconds in watch.seconds.items()},
    )
