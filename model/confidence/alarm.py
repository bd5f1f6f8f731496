r"""Notice a study that is unlike those a network was trained on, by how well its image explains the counts.

Three statistics and a few ranges, each compared with calibration studies (`model.confidence.calibration`):

*misfit*: the relative error of the expected counts that the deviance shows. Counts are summed over square blocks of
about 26 mm in each view, where a model error stands out from the noise. The deviance
:math:`D = 2\sum(g - y + y\ln(y/g))` has a known mean and variance under Poisson(g), which at small g are not 1 and 2
and are summed exactly here. What is beyond the mean, less two standard deviations, is
:math:`\sum(\Delta g)^2/g \approx \epsilon^2\sum y`; misfit is :math:`\epsilon`, hence the same at any number of counts.
*view misfit*: the largest misfit of a single view: a jump, or motion in a part of the scan.
*sharpness*: the power of the projections at fine structures (25 to 40 mm) over that at coarse ones (50 to 90 mm), noise
subtracted, over what the stated resolution lets through. An image can explain counts that are blurred more than stated
by being blurred itself, so the deviance cannot see that.

What it cannot see: errors that another activity explains as well, such as a wrong isotope, a scaled attenuation map or
uptake that no training image had.

numpy only.

References
----------
McCullagh & Nelder, Generalized Linear Models (1989), sec. 2.3 (deviance).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from model.io.confidence_records import AlarmRecord
from model.io.study_records import Study
from model.scatter import has_scatter, scatter_of

Counts = npt.NDArray[np.floating]
BLOCK_MM = 26.0
COARSE_MM = (50.0, 90.0)
FINE_MM = (25.0, 40.0)
SMALLEST_MEAN, LARGEST_TABULATED = 1e-4, 200.0
SMALLEST_MISFIT = 0.01
NOISE_DEVIATIONS = 2.0
FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
BODY_MU_PER_MM = 0.002
MARGINS = {"counts": 1.5, "blur": 1.15, "views": 1.2, "body": 1.15, "arc": 1.1}
"""How far beyond the calibration's smallest and largest value, as a factor, a study still counts as familiar."""
UNLIKE_MARGIN = 2.0
"""Margin to this power: from there on a value is unlike anything in the training."""


class Level(StrEnum):
    """How familiar a study is."""

    OK = "ok"
    UNUSUAL = "unusual"
    UNLIKE = "unlike"


_ORDER = {Level.OK: 0, Level.UNUSUAL: 1, Level.UNLIKE: 2}


@dataclass(frozen=True)
class Finding:
    """One thing that is out of the ordinary."""

    code: str
    level: Level
    sentence: str
    remedy: str


@dataclass(frozen=True)
class Alarm:
    """The verdict on a study: the level and words of the worst finding, and all of them.

    ``z`` is the largest statistic in units of the calibration's spread; negative where the study is better than usual.
    """

    level: Level
    code: str
    sentence: str
    remedy: str
    z: float
    findings: tuple[Finding, ...]
    statistics: Mapping[str, float]


# ---------------------------------------------------------------- deviance and its null


@lru_cache(maxsize=1)
def _null_table() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    means = np.exp(np.linspace(math.log(SMALLEST_MEAN), math.log(LARGEST_TABULATED), 400))
    k = np.arange(0, int(LARGEST_TABULATED + 15 * math.sqrt(LARGEST_TABULATED) + 30), dtype=np.float64)
    log_factorial = np.array([math.lgamma(v + 1) for v in k])
    m = means[:, None]
    probability = np.exp(k * np.log(m) - m - log_factorial)
    deviance = deviances(np.broadcast_to(k, probability.shape), np.broadcast_to(m, probability.shape))
    mean = (probability * deviance).sum(axis=1)
    return np.log(means), mean, (probability * deviance**2).sum(axis=1) - mean**2


def deviances(measured: Counts, expected: Counts) -> npt.NDArray[np.float64]:
    """Return 2 (g - y + y ln(y / g)) of each element; `expected` positive."""
    y, g = np.asarray(measured, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    return np.asarray(2.0 * (g - y + y * np.log(np.where(y > 0, y, 1.0) / np.where(y > 0, g, 1.0))))


def poisson_null(expected: Counts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return mean and variance of the deviance of one count from Poisson(g), by exact sums (to 0.2 %) up to g = 200.

    Above, by the first terms of the series in 1 / g: 1 + 1 / (6 g) and 2 + 2 / (3 g).
    """
    g = np.maximum(np.asarray(expected, dtype=np.float64), SMALLEST_MEAN)
    where, means, variances = _null_table()
    large = g > LARGEST_TABULATED
    log_g = np.log(g)
    mean = np.where(large, 1 + 1 / (6 * g), np.interp(log_g, where, means))
    return mean, np.where(large, 2 + 2 / (3 * g), np.interp(log_g, where, variances))


def block_sums(counts_VZU: Counts, rows: int, bins: int) -> npt.NDArray[np.float64]:
    """Sum each view over blocks of `rows` x `bins` elements; the last ones may be smaller."""
    views, height, width = counts_VZU.shape
    padded = np.pad(np.asarray(counts_VZU, dtype=np.float64), ((0, 0), (0, -height % rows), (0, -width % bins)))
    return np.asarray(padded.reshape(views, padded.shape[1] // rows, rows, -1, bins).sum(axis=(2, 4)))


def _misfit(excess: float, variance: float, counts: float) -> float:
    certain = max(excess - NOISE_DEVIATIONS * math.sqrt(variance), 0.0)
    return max(math.sqrt(certain / max(counts, 1.0)), SMALLEST_MISFIT)


def fit_statistics(study: Study, expected_VZU: Counts) -> dict[str, float]:
    """Return the natural logarithms of the three statistics of the module docstring.

    Parameters
    ----------
    study : Study
    expected_VZU : (V, Z, U)
        A x + s of the image in question (`model.confidence.uncertainty.expected_counts`).
    """
    geometry = study.geometry
    rows, bins = max(1, round(BLOCK_MM / geometry.axial_mm)), max(1, round(BLOCK_MM / geometry.bin_mm))
    measured = block_sums(study.projections[0], rows, bins)
    expected = np.maximum(block_sums(expected_VZU, rows, bins), SMALLEST_MEAN)
    mean, variance = poisson_null(expected)
    excess = (deviances(measured, expected) - mean).sum(axis=(1, 2))
    variance, counts = variance.sum(axis=(1, 2)), measured.sum(axis=(1, 2))
    views = [_misfit(float(e), float(v), float(c)) for e, v, c in zip(excess, variance, counts, strict=True)]
    return {
        "misfit": math.log(_misfit(float(excess.sum()), float(variance.sum()), float(counts.sum()))),
        "view_misfit": math.log(max(views)),
        "sharpness": sharpness(study),
    }


def sharpness(study: Study) -> float:
    """Return ln of fine over coarse power of the net projections, over what the stated resolution lets through."""
    geometry = study.geometry
    counts = np.asarray(study.projections[0], dtype=np.float64)
    scatter = scatter_of(study)
    net = counts if scatter is None else counts - scatter
    window = np.hanning(geometry.n_axial + 2)[1:-1, None]  # the scan cuts the body off above and below
    power = (np.abs(np.fft.fft2(net * window)) ** 2).sum(axis=0) - float((counts * window**2).sum())
    along = np.fft.fftfreq(geometry.n_axial, d=geometry.axial_mm)[:, None]
    frequency = np.hypot(along, np.fft.fftfreq(geometry.n_bins, d=geometry.bin_mm))
    sigma_mm = geometry.fwhm_mm(sum(geometry.radius_mm) / geometry.n_views) / FWHM_PER_SIGMA
    passed = np.exp(-4 * (math.pi * sigma_mm * frequency) ** 2)

    def band(limits_mm: tuple[float, float]) -> float:
        inside = (frequency > 1 / limits_mm[1]) & (frequency <= 1 / limits_mm[0])
        weight = float((passed[inside] ** 2).sum())
        return float((power[inside] * passed[inside]).sum()) / weight if weight > 0 else 0.0

    coarse, fine = band(COARSE_MM), band(FINE_MM)
    return math.log(max(fine, 1e-4 * coarse) / coarse) if coarse > 0 else 0.0


# ---------------------------------------------------------------- conditions


def conditions(study: Study, mean_counts: float) -> dict[str, float]:
    """Return what a network's behaviour depends on: counts a voxel, blur in voxels, views, body size, arc.

    Parameters
    ----------
    study : Study
    mean_counts : float
        Mean activity of the body, counts per voxel.
    """
    geometry = study.geometry
    found = {
        "counts": max(mean_counts, 1e-6),
        "blur": geometry.fwhm_mm(sum(geometry.radius_mm) / geometry.n_views) / geometry.grid.voxel_mm[2],
        "views": float(geometry.n_views),
        "arc": max(math.degrees(geometry.arc_rad), 1.0),
    }
    if study.attenuation is not None:
        body = study.attenuation > BODY_MU_PER_MM
        area = float(body.sum(axis=(1, 2)).max()) * geometry.grid.voxel_mm[1] * geometry.grid.voxel_mm[2]
        found["body"] = max(2 * math.sqrt(area / math.pi), 1.0)
    return found


def corrections(study: Study) -> set[str]:
    """Return which of attenuation and scatter a study can be corrected for; a map or estimate of zeros is none."""
    scatter = has_scatter(study) if study.scatter is None else bool(study.scatter.any())
    attenuation = study.attenuation is not None and bool(study.attenuation.any())
    return {name for name, known in (("attenuation", attenuation), ("scatter", scatter)) if known}


_SAID = {
    "misfit": (
        "The image does not explain the counts as well as it does for familiar studies.",
        "Check attenuation map, rotation direction, start angle and centre of rotation before you use the image.",
    ),
    "view_misfit": (
        "Some views do not fit the others.",
        "Look at the projections as a film for motion, a jump or a damaged view.",
    ),
    "blurred": (
        "The projections are more blurred than the stated collimator and radius say.",
        "Check which collimator was mounted, the radius of rotation, and motion.",
    ),
    "sharp": (
        "The projections are sharper than the stated collimator and radius say.",
        "Check which collimator was mounted and the radius of rotation.",
    ),
}
_QUANTITIES = {
    "counts": ("counts per voxel", "Prefer OSEM, or a network trained at this number of counts."),
    "blur": ("voxels of blur at the axis", "Prefer OSEM, or a network trained with this collimator."),
    "views": ("views", "Prefer OSEM, or a network trained with this number of views."),
    "body": ("mm of body width", "Check the attenuation map; prefer OSEM for a patient of this size."),
    "arc": ("degrees of arc", "Prefer OSEM, or a network trained on this orbit."),
}
_MISSING = {
    "attenuation": ("an attenuation map", "Add the attenuation map; without it activity inside the body is too low."),
    "scatter": ("a scatter estimate", "Add a scatter window or an estimate; without it contrast is too low."),
}


def score(name: str, value: float, record: AlarmRecord) -> float:
    """Return a statistic's distance from the calibration's middle in its widths; sharpness counts on both sides."""
    scale = record.statistics[name]
    distance = (value - scale.middle) / scale.width
    return abs(distance) if name == "sharpness" else distance


def judge(
    statistics: Mapping[str, float], found: Mapping[str, float], corrected: AbstractSet[str], record: AlarmRecord
) -> Alarm:
    """Return the verdict on a study.

    Parameters
    ----------
    statistics : as from `fit_statistics`
    found : as from `conditions`
    corrected : as from `corrections`
    record : AlarmRecord
    """
    findings: list[Finding] = []
    scores = {name: score(name, statistics[name], record) for name in record.statistics}
    for name, value in scores.items():
        level = Level.UNLIKE if value > record.unlike else Level.UNUSUAL if value > record.unusual else Level.OK
        if level is not Level.OK:
            findings.append(_fit_finding(name, statistics, record, level))
    findings += _missing(corrected, record) + _out_of_range(found, record)
    findings.sort(key=lambda finding: -_ORDER[finding.level])
    worst = findings[0] if findings else Finding("alarm.ok", Level.OK, "The study is like those trained on.", "")
    z = max(scores.values())
    return Alarm(worst.level, worst.code, worst.sentence, worst.remedy, z, tuple(findings), dict(statistics))


def _fit_finding(name: str, statistics: Mapping[str, float], record: AlarmRecord, level: Level) -> Finding:
    usual, found = record.statistics[name].middle, statistics[name]
    kind = name if name != "sharpness" else ("blurred" if found < usual else "sharp")
    sentence, remedy = _SAID[kind]
    if name != "sharpness":
        sentence += f" Misfit {math.exp(found):.1%}, usually {math.exp(usual):.1%}."
    return Finding(f"alarm.{kind}", level, sentence, remedy)


def _missing(corrected: AbstractSet[str], record: AlarmRecord) -> list[Finding]:
    found = []
    for name in sorted(set(record.always) - corrected):
        what, remedy = _MISSING[name]
        sentence = f"The study lacks {what}; every study trained on had one."
        found.append(Finding(f"alarm.no_{name}", Level.UNLIKE, sentence, remedy))
    return found


def _out_of_range(values: Mapping[str, float], record: AlarmRecord) -> list[Finding]:
    found = []
    for name, value in values.items():
        known = record.ranges.get(name)
        if known is None:
            continue
        beyond = max(value / known.high, known.low / value)
        if beyond > MARGINS[name]:
            level = Level.UNLIKE if beyond > MARGINS[name] ** UNLIKE_MARGIN else Level.UNUSUAL
            what, remedy = _QUANTITIES[name]
            sentence = f"The study has {value:.3g} {what}; those trained on have {known.low:.3g} to {known.high:.3g}."
            found.append(Finding(f"alarm.range_{name}", level, sentence, remedy))
    return found
