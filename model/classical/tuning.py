"""Choose the settings of a classical method by any metric on validation studies: each study is iterated once.

A method is given as its *candidates*: a function that yields (settings, image) pairs of one study. Every pair is scored
by every metric at once, so that each metric can be compared with the method at the setting that is best for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from model.classical.map_osem import MapOsemSettings, map_osem_iterates
from model.classical.osem import OsemSettings, Volume, osem_iterates, study_tensors
from model.evaluation.metrics import nrmse, region_masks
from model.filters import gaussian_postfilter
from model.io.study_records import Study

ITERATIONS = (2, 4, 6, 8, 10, 12, 16, 20, 24)
FWHM_MM = (0.0, 4.0, 6.0, 8.0, 10.0, 12.0)
USUAL_ITERATIONS = (1, 2, 4, 6, 8, 10, 15, 20, 30, 40)
USUAL_FWHM_MM = (0.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 20.0)
"""The finer grid of `tune_osem`."""
BETAS = (0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004)
PLAIN_OSEM = OsemSettings()
PLAIN_MAP_OSEM = MapOsemSettings()
Settings = TypeVar("Settings")
Candidates = Callable[[Study], Iterator[tuple[Settings, Volume]]]
Metric = Callable[[Volume, Study], float | None]
Score = Callable[[Volume, Study], Mapping[str, float | None]]
"""Several metrics of one image at once, such as `model.evaluation.metrics.case_metrics`."""


@dataclass(frozen=True, eq=False)
class Tuning(Generic[Settings]):
    """What every setting gave for every metric.

    Parameters
    ----------
    settings : tuple of length S
        In the order in which they were tried.
    values : dict of float64 (N, S)
        Metric -> value of each study at each setting, NaN where a study cannot tell.
    higher_is_better : frozenset of str
        Metrics whose largest mean is the best; of the others it is the smallest.
    """

    settings: tuple[Settings, ...]
    values: dict[str, npt.NDArray[np.float64]]
    higher_is_better: frozenset[str]

    @classmethod
    def joined(cls, parts: Sequence[Tuning[Settings]]) -> Tuning[Settings]:
        """Return the tuning over the studies of several, of the same settings, such as one a process."""
        first = parts[0]
        values = {metric: np.concatenate([part.values[metric] for part in parts]) for metric in first.values}
        return cls(first.settings, values, first.higher_is_better)

    def means(self, metric: str) -> npt.NDArray[np.float64]:
        """Return the mean of a metric over the studies that have it, (S,); NaN where none has."""
        values = self.values[metric]
        known = np.isfinite(values)
        number = known.sum(axis=0)
        total = np.where(known, values, 0.0).sum(axis=0)
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)

    def best(self, metric: str) -> tuple[Settings, float] | None:
        """Return the setting with the best mean of a metric and that mean; None where no study has the metric."""
        means = self.means(metric)
        if not np.isfinite(means).any():
            return None
        at = int(np.nanargmax(means) if metric in self.higher_is_better else np.nanargmin(means))
        return self.settings[at], float(means[at])

    def table(self, metric: str) -> list[tuple[Settings, float]]:
        """Return every setting with the mean of a metric."""
        return list(zip(self.settings, self.means(metric).tolist(), strict=True))


def tune(
    studies: Sequence[Study],
    candidates: Candidates[Settings],
    score: Score | Mapping[str, Metric],
    *,
    higher_is_better: Collection[str] = (),
    on_progress: Callable[[float], None] | None = None,
) -> Tuning[Settings]:
    """Score every candidate of every study.

    Parameters
    ----------
    studies : sequence of Study
        Validation studies, never those that are reported on.
    candidates : callable
        Yields the same settings for every study.
    score : callable (image, study) -> mapping of metric to value, or mapping of metric to callable
        None where a study cannot tell.
    higher_is_better : collection of str
        Metrics to be maximised.
    on_progress : callable, optional
        Receives the share that is done, after every study.

    Raises
    ------
    ValueError
        If there is no study, or one has no reference.
    """
    if not studies or any(s.reference is None for s in studies):
        missing = sum(s.reference is None for s in studies)
        msg = (
            f"methods are tuned on studies with a reference; got {len(studies)} studies, {missing} of them without one"
        )
        raise ValueError(msg)
    together = score if callable(score) else _together(score)
    settings: tuple[Settings, ...] = ()
    rows: list[list[Mapping[str, float | None]]] = []
    for done, study in enumerate(studies, start=1):
        tried = [(setting, together(image, study)) for setting, image in candidates(study)]
        settings = tuple(setting for setting, _ in tried)
        rows.append([scores for _, scores in tried])
        if on_progress is not None:
            on_progress(done / len(studies))
    metrics = list(dict.fromkeys(name for row in rows for scores in row for name in scores))
    values = {m: np.array([[_number(scores.get(m)) for scores in row] for row in rows]) for m in metrics}
    return Tuning(settings, values, frozenset(higher_is_better))


def _together(metrics: Mapping[str, Metric]) -> Score:
    return lambda image, study: {name: metric(image, study) for name, metric in metrics.items()}


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def osem_candidates(
    iterations: Sequence[int] = ITERATIONS,
    fwhm_mm: Sequence[float] = FWHM_MM,
    base: OsemSettings = PLAIN_OSEM,
) -> Candidates[OsemSettings]:
    """Return OSEM at every stopping point and post-filter; a study is iterated once to the largest number."""
    stops = sorted(set(iterations))

    def candidates(study: Study) -> Iterator[tuple[OsemSettings, Volume]]:
        data = study_tensors(study, base)
        iterates = osem_iterates(data.projections, data.scatter, data.attenuation, data.projector, subsets=base.subsets)
        for done in range(1, stops[-1] + 1):
            with torch.no_grad():
                image = next(iterates)
            if done in stops:
                for width in fwhm_mm:
                    smooth = gaussian_postfilter(image, study.geometry.grid, width)
                    yield replace(base, iterations=done, postfilter_fwhm_mm=float(width)), smooth[0].numpy()

    return candidates


def map_osem_candidates(
    iterations: Sequence[int] = ITERATIONS,
    betas: Sequence[float] = BETAS,
    base: MapOsemSettings = PLAIN_MAP_OSEM,
) -> Candidates[MapOsemSettings]:
    """Return MAP-OSEM at every stopping point and weight of the prior; a study is iterated once a weight."""
    stops = sorted(set(iterations))

    def candidates(study: Study) -> Iterator[tuple[MapOsemSettings, Volume]]:
        data = study_tensors(study, base)
        for beta in betas:
            iterates = map_osem_iterates(
                data.projections, data.scatter, data.attenuation, data.projector, subsets=base.subsets, beta=beta
            )
            for done in range(1, stops[-1] + 1):
                with torch.no_grad():
                    image = next(iterates)
                if done in stops:
                    yield replace(base, iterations=done, beta=float(beta)), image[0].numpy()

    return candidates


def body_nrmse(image: Volume, study: Study) -> float | None:
    """Return the NRMSE in the body, the metric that decides unless another is named."""
    assert study.reference is not None  # noqa: S101 (`tune` checks it)
    return nrmse(image, study.reference, region_masks(study).body)


def tune_osem_by(
    studies: Sequence[Study],
    score: Score | Mapping[str, Metric],
    *,
    higher_is_better: Collection[str] = (),
    iterations: Sequence[int] = ITERATIONS,
    fwhm_mm: Sequence[float] = FWHM_MM,
    base: OsemSettings = PLAIN_OSEM,
    on_progress: Callable[[float], None] | None = None,
) -> Tuning[OsemSettings]:
    """Return OSEM at every stopping point and filter, scored by every metric; arguments as in `tune`.

    ``tune_osem_by(studies, case_metrics, higher_is_better={"ssim_heart"}).best("ssim_heart")`` is the strongest OSEM
    for that metric and its mean over the studies.
    """
    candidates = osem_candidates(iterations, fwhm_mm, base)
    return tune(studies, candidates, score, higher_is_better=higher_is_better, on_progress=on_progress)


def tune_osem(
    studies: Sequence[Study],
    *,
    iterations: Sequence[int] = USUAL_ITERATIONS,
    fwhm_mm: Sequence[float] = USUAL_FWHM_MM,
    base: OsemSettings = PLAIN_OSEM,
    metric: Metric = body_nrmse,
) -> OsemSettings:
    """Choose iterations and post-filter by the smallest mean of one metric over validation studies with a reference.

    Raises
    ------
    ValueError
        If there is no study, or one has no reference, or none has the metric.
    """
    found = tune_osem_by(studies, {"metric": metric}, iterations=iterations, fwhm_mm=fwhm_mm, base=base).best("metric")
    if found is None:
        msg = f"none of the {len(studies)} studies has the metric that OSEM is to be tuned by"
        raise ValueError(msg)
    return found[0]
