"""Measure on studies with a known truth how wide a network's intervals must be and when its alarm must sound."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.alarm import Level, conditions, corrections, fit_statistics, judge, score
from model.conformal import (
    cases_needed,
    conformal_quantile,
    coverage,
    mean_with_interval,
    normal_factor,
    required_factor,
    share_with_interval,
)
from model.errors import ModelError
from model.io.confidence_records import AlarmRecord, Range, RegionCalibration, Scale, SpreadKind, UncertaintyRecord
from model.io.study import Study, read_study
from model.io.weights import ModelCard, content_hash
from model.metrics import region_masks
from model.networks.inputs import ReconstructionNetwork
from model.polar import polar_segments
from model.training import split_by_patient
from model.uncertainty import (
    Progress,
    Spread,
    body_of,
    estimate_spread,
    expected_counts,
    mean_activity,
    redo_with_network,
)

FLOOR = 0.05
"""Share of the body's mean activity: where replicates agree by chance or by the zero floor, errors are not zero."""
SEGMENT_FLOOR_POINTS = 1.0
EXTRAPOLATED = 2.0
"""`unlike` is this many times `unusual`, for no number of cases at hand could measure so rare an event."""
SMALLEST_WIDTH = 0.1
"""Of a statistic, as a logarithm: a misfit that differs by a tenth from the usual one is nothing to speak of."""
REGIONS = ("body", "heart", "segments")


@dataclass(frozen=True)
class CalibrationSettings:
    """What is promised and how spreads are made.

    Parameters
    ----------
    level : float
        Share of a region's voxels (or segments) that an interval covers in one case.
    case_level : float
        Probability with which it does so in a new case.
    false_alarm_level : float
        Share of familiar studies that may count as unusual by their statistics.
    replicates : int
        Of the bootstrap.
    share : float
        Of the patients that choose the factors; the others measure.
    seed : int
        Of the split and of the draws.
    """

    level: float = 0.95
    case_level: float = 0.9
    false_alarm_level: float = 0.05
    replicates: int = 8
    share: float = 0.6
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Case:
    """What one study with a known truth says.

    Parameters
    ----------
    ratios : mapping of region to array (N,)
        |error| / (spread + floor) of each voxel or segment.
    before : mapping of region to float
        Share inside image +- normal factor x spread.
    widths : mapping of region to float
        Mean of spread + floor, over the mean activity of the body; for segments in points.
    statistics : mapping of str to float
        `model.alarm.fit_statistics`.
    conditions : mapping of str to float
    corrections : set of str
    """

    patient: str
    ratios: Mapping[str, NDArray[np.float64]]
    before: Mapping[str, float]
    widths: Mapping[str, float]
    statistics: Mapping[str, float]
    conditions: Mapping[str, float]
    corrections: frozenset[str]


@dataclass(frozen=True)
class Calibration:
    """The two records of one calibration."""

    uncertainty: UncertaintyRecord
    alarm: AlarmRecord


def examine(study: Study, spread: Spread, *, level: float) -> Case:
    """Compare an image and its spread with the study's reference.

    Raises
    ------
    ModelError
        ``sample.no_reference``.
    """
    if study.reference is None:
        message = "a study has no reference image; calibration needs one in each"
        raise ModelError(code="sample.no_reference", message=message)
    scale = mean_activity(study, spread.image)
    error, z = np.abs(spread.image.astype(np.float64) - study.reference), normal_factor(level)
    ratios: dict[str, NDArray[np.float64]] = {}
    before: dict[str, float] = {}
    widths: dict[str, float] = {}
    for name, inside in _regions(study).items():
        width = spread.spread[inside] + FLOOR * scale
        ratios[name] = error[inside] / width
        before[name] = coverage(error[inside], z * spread.spread[inside])
        widths[name] = float(width.mean()) / scale
    truth = polar_segments(study.reference, study)
    if truth is not None and spread.segments is not None and spread.segment_spread is not None:
        known = np.isfinite(truth) & np.isfinite(spread.segments)
        off, width = np.abs(spread.segments - truth)[known], spread.segment_spread[known] + SEGMENT_FLOOR_POINTS
        ratios["segments"], widths["segments"] = off / width, float(width.mean())
        before["segments"] = coverage(off, z * spread.segment_spread[known])
    return Case(
        patient=str(study.provenance.get("patient_key") or id(study)),
        ratios=ratios,
        before=before,
        widths=widths,
        statistics=fit_statistics(study, expected_counts(study, spread.image)),
        conditions=conditions(study, scale),
        corrections=frozenset(corrections(study)),
    )


def _regions(study: Study) -> dict[str, NDArray[np.bool_]]:
    body = body_of(study)
    box = region_masks(study).heart
    if box is None:
        return {"body": body}
    heart = np.zeros_like(body)
    heart[box] = body[box]
    return {"body": body, "heart": heart}


def examine_studies(
    paths: Sequence[Path],
    network: ReconstructionNetwork,
    *,
    members: Sequence[ReconstructionNetwork] = (),
    settings: CalibrationSettings = CalibrationSettings(),
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[Case]:
    """Yield one case a study file, in order; several networks make the spread of both kinds."""
    for number, path in enumerate(paths):
        study = read_study(path)
        spread = estimate_spread(
            study,
            redo_with_network(study, network),
            kind=kind_of(members),
            replicates=settings.replicates,
            members=[redo_with_network(study, member) for member in members],
            seed=settings.seed + number,
            should_stop=should_stop,
        )
        yield examine(study, spread, level=settings.level)
        if on_progress is not None:
            on_progress((number + 1) / len(paths))


def kind_of(members: Sequence[object]) -> SpreadKind:
    """Return which spread there is with these further networks."""
    return "both" if members else "bootstrap"


def calibrate(
    paths: Sequence[Path],
    network: ReconstructionNetwork,
    weights: str,
    *,
    members: Mapping[str, ReconstructionNetwork] | None = None,
    settings: CalibrationSettings = CalibrationSettings(),
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Calibration:
    """Choose factors and thresholds on a part of the patients and measure them on the others.

    Parameters
    ----------
    paths : sequence of Path
        Studies with a reference that the network was not trained on, in the mixture it will meet.
    network : ReconstructionNetwork
    weights : str
        Content hash of its weights.
    members : mapping of content hash to network, optional
        Further networks of an ensemble.

    Raises
    ------
    ModelError
        ``calibration.too_few``, ``sample.no_reference``, ``uncertainty.stopped``, or what a study file breaks.
    """
    _enough(len(paths), settings)
    others = dict(members or {})
    chosen = {"members": list(others.values()), "settings": settings}
    cases = list(examine_studies(paths, network, **chosen, on_progress=on_progress, should_stop=should_stop))  # type: ignore[arg-type]
    choosing, measuring = split_by_patient([case.patient for case in cases], 1 - settings.share, settings.seed)
    return records_of(
        [cases[i] for i in choosing],
        [cases[i] for i in measuring],
        weights=weights,
        members=tuple(others),
        digest=digest_of(paths),
        settings=settings,
    )


def _enough(studies: int, settings: CalibrationSettings) -> None:
    """Refuse before hours of work what the split would refuse after it."""
    choosing = round(studies * settings.share)
    needed = max(cases_needed(settings.case_level), cases_needed(1 - settings.false_alarm_level))
    if choosing < needed:
        message = f"{studies} studies leave {choosing} to choose the factors; at least {needed} are needed"
        remedy = f"Give at least {math.ceil(needed / settings.share)} studies of different patients."
        raise ModelError(code="calibration.too_few", message=message, remedy=remedy)


def digest_of(paths: Sequence[Path]) -> str:
    """Return the SHA-256 over the sorted content hashes of files: the same data, whatever their names or order."""
    return hashlib.sha256("\n".join(sorted(content_hash(path) for path in paths)).encode()).hexdigest()


def records_of(
    choosing: Sequence[Case],
    measuring: Sequence[Case],
    *,
    weights: str,
    members: tuple[str, ...] = (),
    digest: str,
    settings: CalibrationSettings,
) -> Calibration:
    """Return the records of cases examined already; see `calibrate`."""
    regions = {}
    for name in REGIONS:
        mine = [case for case in choosing if name in case.ratios]
        if mine:
            regions[name] = _region(name, mine, [case for case in measuring if name in case.ratios], settings)
    if "body" not in regions:
        conformal_quantile([], settings.case_level)  # raises with the number of cases needed
    uncertainty = UncertaintyRecord(
        weights=weights,
        members=members,
        method=kind_of(members),
        replicates=settings.replicates,
        level=settings.level,
        case_level=settings.case_level,
        floor=FLOOR,
        segment_floor=SEGMENT_FLOOR_POINTS,
        regions=regions,
        cases=len(choosing),
        test_cases=len(measuring),
        data_digest=digest,
    )
    return Calibration(uncertainty, _alarm_record(choosing, measuring, weights, digest, settings))


def _region(
    name: str, choosing: Sequence[Case], measuring: Sequence[Case], settings: CalibrationSettings
) -> RegionCalibration:
    needed = [required_factor(case.ratios[name], np.ones_like(case.ratios[name]), settings.level) for case in choosing]
    factor = conformal_quantile(needed, settings.case_level)
    if not measuring:
        return RegionCalibration(factor=factor)
    after = [float(np.mean(case.ratios[name] <= factor)) for case in measuring]
    return RegionCalibration(
        factor=factor,
        coverage_before=mean_with_interval([case.before[name] for case in measuring]),
        coverage=mean_with_interval(after),
        cases_covered=share_with_interval(sum(share >= settings.level for share in after), len(after)),
        half_width=factor * float(np.mean([case.widths[name] for case in measuring])),
    )


def _alarm_record(
    choosing: Sequence[Case], measuring: Sequence[Case], weights: str, digest: str, settings: CalibrationSettings
) -> AlarmRecord:
    names = set.intersection(*(set(case.conditions) for case in choosing))
    record = AlarmRecord(
        weights=weights,
        statistics=_scales(choosing),
        unusual=np.inf,
        unlike=np.inf,
        false_alarm_level=settings.false_alarm_level,
        ranges={name: _range([case.conditions[name] for case in choosing]) for name in sorted(names)},
        always=tuple(sorted(frozenset.intersection(*(case.corrections for case in choosing)))),
        cases=len(choosing),
        test_cases=len(measuring),
        data_digest=digest,
    )
    scores = []
    for i, case in enumerate(choosing):  # each case against the others, as a new one would be
        others = _scales([*choosing[:i], *choosing[i + 1 :]] or choosing)
        scores.append(largest_score(case.statistics, record.model_copy(update={"statistics": others})))
    unusual = conformal_quantile(scores, 1 - settings.false_alarm_level)
    record = record.model_copy(update={"unusual": unusual, "unlike": EXTRAPOLATED * unusual})
    if not measuring:
        return record
    verdicts = [judge(case.statistics, case.conditions, case.corrections, record) for case in measuring]
    alarms = sum(verdict.level is not Level.OK for verdict in verdicts)
    return record.model_copy(update={"false_alarms": share_with_interval(alarms, len(measuring))})


def _scales(cases: Sequence[Case]) -> dict[str, Scale]:
    scales = {}
    for name in cases[0].statistics:
        values = np.array([case.statistics[name] for case in cases])
        scales[name] = Scale(middle=float(values.mean()), width=max(float(values.std()), SMALLEST_WIDTH))
    return scales


def _range(values: Sequence[float]) -> Range:
    return Range(low=min(values), high=max(values))


def largest_score(statistics: Mapping[str, float], record: AlarmRecord) -> float:
    """Return the largest of a study's scores, what `AlarmRecord.unusual` is compared with."""
    return max(score(name, statistics[name], record) for name in record.statistics)


def with_calibration(card: ModelCard, found: Calibration) -> ModelCard:
    """Return the card with the records of its own weights."""
    return card.model_copy(update={"uncertainty": found.uncertainty, "alarm": found.alarm})
