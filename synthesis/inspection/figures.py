"""The statistics of a set of studies as plain figures, ready for JSON and for the page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from model.evaluation.polar import SEGMENT_NAMES, SEGMENTS, TERRITORIES
from synthesis.inspection.facts import DefectFacts, StudyFacts
from synthesis.inspection.outliers import FIGURES

QUANTILES = (0.05, 0.5, 0.95)


def distribution(values: Sequence[float | None]) -> dict[str, float] | None:
    """Return n, mean, SD, smallest, largest and the 5th, 50th and 95th percentiles; None where nothing is known."""
    known = np.asarray([v for v in values if v is not None and math.isfinite(v)], dtype=np.float64)
    if known.size == 0:
        return None
    low, middle, high = np.quantile(known, QUANTILES)
    spread = float(known.std(ddof=1)) if known.size > 1 else 0.0
    return {
        "n": int(known.size),
        "mean": _short(known.mean()),
        "sd": _short(spread),
        "min": _short(known.min()),
        "p5": _short(low),
        "median": _short(middle),
        "p95": _short(high),
        "max": _short(known.max()),
    }


def set_figures(facts: Sequence[StudyFacts]) -> dict[str, Any]:
    """Return bodies, distributions, defects, sites and time per stage of a set."""
    return {
        "studies": len(facts),
        "bodies": bodies(facts),
        "copies": len(facts) - len({study.noise for study in facts}),
        "grids": dict(Counter(study.grid for study in facts).most_common()),
        "sex": sexes(facts),
        "distributions": {key: distribution([get(f) for f in facts]) for key, (_, _, get) in FIGURES.items()},
        "defects": defect_figures(facts),
        "sites": site_figures(facts),
        "stages_s": _by_name([study.seconds for study in facts]),
        "quality": _by_name([study.quality for study in facts]),
    }


def bodies(facts: Sequence[StudyFacts]) -> dict[str, int]:
    """Return how many bodies were meant (numbers of studies without their variants) and how many differ."""
    return {
        "planned": len({(f.group, f.site, f.index) for f in facts}),
        "distinct": len({f.body for f in facts if f.body}),
        "most_studies_of_one": max(Counter(f.body for f in facts if f.body).values(), default=0),
    }


def sexes(facts: Sequence[StudyFacts]) -> dict[str, int]:
    """Count women, men, and studies that do not say."""
    found = Counter(study.female for study in facts)
    return {"women": found[True], "men": found[False], "unknown": found[None]}


def defect_figures(facts: Sequence[StudyFacts]) -> dict[str, Any]:
    """Return how often and how severely each segment and territory is hit."""
    defects = [defect for study in facts for defect in study.defects]
    sick = [study for study in facts if study.defects]
    hits = [sum(any(n in d.segments for d in study.defects) for study in sick) for n in range(1, SEGMENTS + 1)]
    return {
        "studies_with": len(sick),
        "studies_without": len(facts) - len(sick),
        "defects": len(defects),
        "hits_by_segment": hits,
        "never_hit": [SEGMENT_NAMES[i] for i, count in enumerate(hits) if count == 0],
        "by_territory": {name: sum(main_territory(defect) == name for defect in defects) for name in TERRITORIES},
        "severity": distribution([defect.severity for defect in defects]),
        "extent": distribution([defect.extent for defect in defects]),
        "shown_share_of_loss": distribution([_shown(study) for study in facts]),
    }


def main_territory(defect: DefectFacts) -> str | None:
    """Return the coronary territory that holds most of the defect's segments; None for one without segments."""
    shares = {name: sum(n in segments for n in defect.segments) for name, segments in TERRITORIES.items()}
    return max(shares, key=lambda name: shares[name]) if any(shares.values()) else None


def _shown(study: StudyFacts) -> float | None:
    if study.shown_defect is None or study.expected_defect is None or study.expected_defect >= 1:
        return None
    return (1 - study.shown_defect) / (1 - study.expected_defect)


def site_figures(facts: Sequence[StudyFacts]) -> dict[str, dict[str, Any]]:
    """Return the same few figures for every site."""
    means: dict[str, Callable[[StudyFacts], float | None]] = {
        key: FIGURES[key][2] for key in ("counts", "scatter_fraction", "width_mm", "heart_length_mm")
    }
    found: dict[str, dict[str, Any]] = {}
    for site in sorted({study.site for study in facts}):
        own = [study for study in facts if study.site == site]
        found[site] = {
            "studies": len(own),
            "bodies": len({(f.group, f.index) for f in own}),
            "with_defects": sum(bool(study.defects) for study in own),
            "women": sexes(own)["women"],
            "grid": own[0].grid if len({study.grid for study in own}) == 1 else "several",
        } | {key: distribution([get(study) for study in own]) for key, get in means.items()}
    return found


def _by_name(rows: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float] | None]:
    """Return the spread of every named figure, in the order in which names appear."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: distribution([row.get(name) for row in rows]) for name in names}


def _short(value: float | np.floating[Any]) -> float:
    return float(f"{float(value):.6g}")
