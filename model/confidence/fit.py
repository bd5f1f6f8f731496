"""Choose intervals and alarm thresholds from examined cases: conformal factors, scales, ranges, and what they achieve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.confidence.alarm import Level, judge, score
from model.confidence.conformal import conformal_quantile, mean_with_interval, required_factor, share_with_interval
from model.io.confidence_records import AlarmRecord, Range, RegionCalibration, Scale, SpreadKind, UncertaintyRecord

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


DEFAULT_SETTINGS = CalibrationSettings()


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
        `model.confidence.alarm.fit_statistics`.
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


def kind_of(members: Sequence[object]) -> SpreadKind:
    """Return which spread there is with these further networks."""
    return "both" if members else "bootstrap"


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
