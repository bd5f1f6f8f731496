"""OSEM as the measure of `flomir bench accuracy`: for each metric at the setting that is best for it on validation data.

Tuning and scoring depend on the studies and on the code of the physics and of the metrics alone, so their results are
kept in the studies' folder under a digest of both.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from model.classical.osem import OsemSettings, Volume
from model.classical.tuning import FWHM_MM, ITERATIONS, Tuning, osem_candidates, tune_osem_by
from model.evaluation.cases import CaseScores, empty_case, in_parallel, score_image
from model.evaluation.metrics import case_metrics
from model.evaluation.observer import Place
from model.io.atomic import write_atomically
from model.io.study import Study, read_study

TUNED_METRICS = ("nrmse_body", "nrmse_heart", "ssim_heart", "contrast_error", "polar_rms")
HIGHER_IS_BETTER = frozenset({"ssim_heart"})
_SOURCES = (
    "model.classical.osem", "model.projector", "model.attenuation", "model.footprint", "model.collimator", "model.filters",
    "model.geometry", "model.classical.tuning", "model.evaluation.metrics", "model.evaluation.polar", "model.evaluation.observer", "model.evaluation.deviance",
    "model.evaluation.cases", "model.bags", "model.scatter", "model.training.losses",
)  # fmt: skip

Settings = dict[str, OsemSettings]
"""Metric -> the setting that is best for it."""
Grid = tuple[tuple[int, ...], tuple[float, ...]]
"""Iterations and post-filters in mm that are tried."""
GRID: Grid = (ITERATIONS, FWHM_MM)
Heard = Callable[[float], None]


def tuned_osem(
    files: Sequence[Path],
    *,
    workers: int,
    cache: Path,
    grid: Grid | None = None,
    on_progress: Heard | None = None,
) -> Settings:
    """Return OSEM's best setting for each of `TUNED_METRICS` on validation files.

    The grid is iterations {2..24} x post-filter {0..12 mm}, attenuation, resolution and scatter modelled; each study
    is iterated once. A metric that no study has keeps the setting of the body's NRMSE.
    """
    grid = grid or GRID
    key = _digest(files, "tuning", repr(grid))
    kept = _read(cache / f"osem-tuning-{key}.json")
    if kept is not None:
        return {metric: OsemSettings(**values) for metric, values in kept.items()}
    parts = in_parallel(_tune_one, [(path, grid) for path in files], workers=workers, on_progress=on_progress)
    together = Tuning.joined(parts)
    found = {metric: best[0] for metric in TUNED_METRICS if (best := together.best(metric)) is not None}
    settings = {metric: found.get(metric, found["nrmse_body"]) for metric in TUNED_METRICS}
    _write(cache / f"osem-tuning-{key}.json", {metric: asdict(s) for metric, s in settings.items()})
    return settings


def _tune_one(job: tuple[Path, Grid]) -> Tuning[OsemSettings]:
    path, (iterations, fwhm_mm) = job
    studies = [read_study(path)]
    return tune_osem_by(
        studies, case_metrics, higher_is_better=HIGHER_IS_BETTER, iterations=iterations, fwhm_mm=fwhm_mm
    )


def score_osem(
    files: Sequence[Path],
    settings: Settings,
    places: Sequence[Place | None],
    *,
    workers: int,
    cache: Path,
    on_progress: Heard | None = None,
) -> list[CaseScores]:
    """Score OSEM on files; the methods of a case are the metrics that each setting is best for."""
    used = json.dumps({m: asdict(s) for m, s in settings.items()}, sort_keys=True)
    key = _digest(files, "scores", used, repr(list(places)))
    kept = _read(cache / f"osem-scores-{key}.json")
    if kept is not None:
        return [CaseScores.from_dict(case) for case in kept["cases"]]
    jobs = [(path, settings, place) for path, place in zip(files, places, strict=True)]
    cases = in_parallel(_score_one, jobs, workers=workers, on_progress=on_progress)
    _write(cache / f"osem-scores-{key}.json", {"cases": [case.to_dict() for case in cases]})
    return cases


def _score_one(job: tuple[Path, Settings, Place | None]) -> CaseScores:
    path, settings, place = job
    study = read_study(path)
    case = empty_case(study, path.stem)
    images = osem_images(study, settings)
    case.methods.update({name: score_image(image, study, place=place) for name, image in images.items()})
    return case


def osem_images(study: Study, settings: Mapping[str, OsemSettings]) -> dict[str, Volume]:
    """Return one image a name; all of them from one run to the largest number of iterations."""
    some = next(iter(settings.values()))
    base = replace(some, iterations=1, postfilter_fwhm_mm=0.0)
    stops = sorted({s.iterations for s in settings.values()})
    widths = sorted({s.postfilter_fwhm_mm for s in settings.values()})
    wanted = set(settings.values())
    made = {s: image for s, image in osem_candidates(stops, widths, base)(study) if s in wanted}
    return {name: made[s] for name, s in settings.items()}


# ---------------------------------------------------------------- kept results


def _digest(files: Sequence[Path], *parts: str) -> str:
    text = hashlib.sha256()
    for part in (*parts, *(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files)):
        text.update(part.encode() + b"\0")
    for name in _SOURCES:
        found = importlib.util.find_spec(name)
        if found is not None and found.origin is not None:
            text.update(Path(found.origin).read_bytes())
    return text.hexdigest()[:16]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, value: Mapping[str, object]) -> None:
    write_atomically(path, json.dumps(value))
