"""Describe a finished study for the manifest. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from model.io.study import Study
from synthesis.manifest import SampleRecord, file_sha256
from synthesis.quality import quality_figures

MONTE_CARLO_PARTS = ("opengate", "geant4", "g4data")  # what a simulator adds to a study's versions


def describe_study(
    folder: Path, file: str, study: Study, *, index: int, variant: int, seconds: Mapping[str, float]
) -> SampleRecord:
    """Return the record of `study`, which lies in `folder` as `file`; `seconds` is empty when it was made earlier."""
    path, provenance = folder / file, study.provenance
    monte_carlo = provenance.get("monte_carlo", {})
    return SampleRecord(
        file=file,
        site=str(provenance["site"]),
        index=index,
        variant=variant,
        patient=str(provenance.get("patient_key", "")),
        sha256=file_sha256(path),
        size_bytes=path.stat().st_size,
        counts=float(study.projections.sum(dtype="float64")),
        defects=len(study.truth.defects) if study.truth is not None else 0,
        seconds={stage: round(spent, 4) for stage, spent in seconds.items()},
        quality=quality_figures(study) | {name: float(value) for name, value in monte_carlo.items()},
        simulated_with={
            name: str(version) for name, version in provenance["versions"].items() if name in MONTE_CARLO_PARTS
        },
    )
