"""Studies unlike the others of their site: robust z-scores, and what cannot be right in any study."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from synthesis.inspection.facts import StudyFacts

MOST_Z = 3.5  # Iglewicz & Hoaglin, How to Detect and Handle Outliers (1993)
FEWEST = 8  # a site with fewer studies is judged together with the other sites
MOST_SIGMA = 6.0  # of a Poisson total, away from what the generator expected
TISSUE_MU_PER_CM = (0.140, 0.170)  # water at 140 keV has 0.154: outside, units or energy are wrong
VISIBLE_SHARE = 0.25  # an infarct must lose at least so much of the uptake that its severity says,
CLEAR_LOSS = 0.3  # judged where that is more than the natural unevenness of a wall
_LOGARITHMIC = {"counts"}

FIGURES: dict[str, tuple[str, str, Callable[[StudyFacts], float | None]]] = {
    "counts": ("counts", "", lambda f: f.counts),
    "scatter_fraction": ("scatter fraction", "", lambda f: f.scatter_fraction),
    "width_mm": ("body width", "mm", lambda f: f.width_mm),
    "depth_mm": ("body depth", "mm", lambda f: f.depth_mm),
    "heart_length_mm": ("heart length", "mm", lambda f: f.heart_length_mm),
    "heart_radius_mm": ("heart radius", "mm", lambda f: f.heart_radius_mm),
    "wall_mm": ("wall thickness", "mm", lambda f: f.wall_mm),
    "azimuth_deg": ("apex to the left", "degrees", lambda f: f.azimuth_deg),
    "descent_deg": ("apex downwards", "degrees", lambda f: f.descent_deg),
    "tissue_mu_per_cm": ("tissue attenuation", "1/cm", lambda f: f.tissue_mu_per_cm),
}


@dataclass(frozen=True)
class Outlier:
    """A study and why it stands out; `z` is None for what is judged by a limit of its own."""

    name: str
    figure: str
    value: float
    typical: float
    z: float | None
    reason: str


def find_outliers(facts: Sequence[StudyFacts]) -> list[Outlier]:
    """Return every study that stands out, the strangest first, those that cannot be right before all."""
    wrong = [outlier for study in facts for outlier in _impossible(study)]
    strange = [outlier for key in FIGURES for group in _groups(facts) for outlier in _strange(key, group)]
    return wrong + sorted(strange, key=lambda outlier: -abs(outlier.z or 0.0))


def _groups(facts: Sequence[StudyFacts]) -> list[list[StudyFacts]]:
    """Divide by site and setting; small groups are judged together."""
    by_site: dict[tuple[str, str], list[StudyFacts]] = {}
    for study in facts:
        by_site.setdefault((study.group, study.site), []).append(study)
    large = [group for group in by_site.values() if len(group) >= FEWEST]
    small = [study for group in by_site.values() if len(group) < FEWEST for study in group]
    return [*large, small] if len(small) >= FEWEST else large


def _strange(key: str, group: Sequence[StudyFacts]) -> list[Outlier]:
    title, unit, get = FIGURES[key]
    known = [(study, value) for study in group if (value := get(study)) is not None and value > -math.inf]
    if len(known) < FEWEST:
        return []
    scale = np.log if key in _LOGARITHMIC else np.asarray
    values = np.asarray([value for _, value in known], dtype=np.float64)
    scaled = np.asarray(scale(np.maximum(values, 1e-12)) if key in _LOGARITHMIC else values)
    middle = float(np.median(scaled))
    spread = _spread(scaled, middle)
    if spread <= 0:
        return []
    typical = float(np.exp(middle)) if key in _LOGARITHMIC else middle
    found = []
    for (study, value), z in zip(known, (scaled - middle) / spread, strict=True):
        if abs(z) > MOST_Z:
            reason = f"{title} {_shown(value)}{f' {unit}' if unit else ''}, usual is {_shown(typical)}"
            found.append(Outlier(study.name, key, value, typical, round(float(z), 2), reason))
    return found


def _spread(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], middle: float) -> float:
    """Return a robust standard deviation: from the median deviation, or from the mean one where that is zero."""
    away = np.abs(values - middle)
    return float(1.4826 * np.median(away)) or float(1.2533 * away.mean())


def _impossible(study: StudyFacts) -> list[Outlier]:
    found = []
    if study.counts <= 0:
        found.append(Outlier(study.name, "counts", study.counts, math.nan, None, "it holds no counts"))
    elif study.expected is not None and study.expected > 0:
        sigma = (study.counts - study.expected) / math.sqrt(study.expected)
        if abs(sigma) > MOST_SIGMA:
            reason = f"{study.counts:.0f} counts are {abs(sigma):.0f} standard deviations from the expected {study.expected:.0f}"
            found.append(Outlier(study.name, "counts", study.counts, study.expected, None, reason))
    mu, (low, high) = study.tissue_mu_per_cm, TISSUE_MU_PER_CM
    if mu is not None and not low < mu < high:
        reason = f"tissue attenuates {mu:.3f} 1/cm, water 0.154 at 140 keV: wrong unit, energy or material"
        found.append(Outlier(study.name, "tissue_mu_per_cm", mu, 0.154, None, reason))
    shown, expected = study.shown_defect, study.expected_defect
    clear = expected is not None and 1 - expected >= CLEAR_LOSS
    if clear and shown is not None and expected is not None and 1 - shown < VISIBLE_SHARE * (1 - expected):
        reason = f"its infarct hardly shows: {100 * shown:.0f} % of the wall's uptake inside, {100 * expected:.0f} % would be a full one"
        found.append(Outlier(study.name, "defect", shown, expected, None, reason))
    return found


def _shown(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 100 else f"{value:.3g}"
