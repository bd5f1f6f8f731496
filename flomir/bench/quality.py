"""Measure quality control: how many broken studies it finds at three sizes of each fault, how many sound ones it doubts.

Sound studies are drawn over the cameras, counts, views and orbits of the population; each is broken in every way in turn.
Thresholds were set on other seeds (`TUNING_SEEDS`). A fault is found when a finding of at least a warning names it; any
finding of at least a warning in a sound study is a false alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from flomir.bench.figures import Figures, Outcome
from flomir.bench.quality_faults import Fault, faults, measured
from model.classical.osem import OsemSettings, Volume, reconstruct_osem
from model.classical.tuning import tune_osem
from model.evaluation.metrics import nrmse, region_masks
from model.io.study_records import Study
from model.quality.check import check_study
from model.quality.report import Finding, Level
from synthesis.sample import make_study
from synthesis.scenario import load_scenario

TUNING_SEEDS, REPORT_SEED, SIZES_SEED = (201, 9101), 9301, 9201
RISE = 1.10
Say = Callable[[str], None]


@dataclass(frozen=True)
class QualityPlan:
    """How many studies: `rounds` over all cameras, each broken once with every fault and size; `noises` of each sound one."""

    seed: int = REPORT_SEED
    rounds: int = 2
    noises: int = 4


def cameras() -> list[tuple[str, str]]:
    """Return (scenario, site) of the population: the cardiac camera, eight others, and patients of every build."""
    many = [("many-cameras", site.name) for site in load_scenario("many-cameras").sites]
    return [("perfusion-64", "cardiac"), *many, ("population", "population")]


def expected_studies(seed: int, rounds: int, say: Say) -> list[Study]:
    """Return studies of expected counts, `rounds` of every camera."""
    found = []
    for index in range(rounds):
        for number, (scenario, site) in enumerate(cameras()):
            place = index * len(cameras()) + number
            found.append(make_study(load_scenario(scenario), site, seed=seed, index=place, noise=False))
        say(f"made {len(found)} studies")
    return found


def alarms(study: Study) -> set[str]:
    """Return the codes of the findings that are at least a warning."""
    return _codes(check_study(study).findings)


def _codes(findings: Iterable[Finding]) -> set[str]:
    return {finding.code for finding in findings if finding.level is not Level.INFORMATION}


def bench_quality(plan: QualityPlan, say: Say) -> Outcome:
    """Return recall at every size, the rate of false alarms and precision, for each fault and over all."""
    studies = expected_studies(plan.seed, plan.rounds, say)
    sound = [
        alarms(measured(study, None, 0.0, np.random.default_rng([plan.seed, i, noise])))
        for i, study in enumerate(studies)
        for noise in range(plan.noises)
    ]
    say(f"checked {len(sound)} sound studies, {sum(map(bool, sound))} doubted")
    figures: dict[str, float | None] = {}
    notes: dict[str, str] = {}
    hits: dict[str, list[bool]] = {"small": [], "mid": [], "large": []}
    for number, (name, fault) in enumerate(faults().items()):
        found = _found(fault, studies, (plan.seed, number))
        wrong = sum(bool(fault.codes & one) for one in sound) / len(sound)
        key = name.replace(" ", "_")
        for label, results in found.items():
            hits[label] += results
            figures[f"{key}.recall_{label}"] = float(np.mean(results))
        figures[f"{key}.false_alarm_rate"] = wrong
        figures[f"{key}.precision"] = _precision(float(np.mean(found["mid"])), wrong)
        notes[key] = "any wrong entry" if fault.is_entry else f"{', '.join(f'{s:g}' for s in fault.sizes)} {fault.unit}"
        say(f"{name}: {', '.join(f'{label} {np.mean(results):.2f}' for label, results in found.items())}")
    rate = float(np.mean([bool(one) for one in sound]))
    figures |= {f"recall_{label}": float(np.mean(results)) for label, results in hits.items()}
    figures |= {"false_alarm_rate": rate, "precision": _precision(float(np.mean(hits["mid"])), rate)}
    figures |= {"sound_studies": len(sound), "broken_studies": sum(map(len, hits.values())), "seed": plan.seed}
    return Outcome(figures, notes | {"doubted": ", ".join(sorted(code for one in sound for code in one)) or "none"})


def _found(fault: Fault, studies: Sequence[Study], seed: tuple[int, int]) -> dict[str, list[bool]]:
    """Say for every size of a fault in which studies it is found."""
    first, number = seed
    return {
        label: [
            bool(fault.codes & alarms(measured(study, fault, size, np.random.default_rng([first, i, number, k]))))
            for i, study in enumerate(studies)
        ]
        for k, (label, size) in enumerate(_sizes(fault))
    }


def _sizes(fault: Fault) -> Sequence[tuple[str, float]]:
    return (
        [("mid", fault.sizes[1])] if fault.is_entry else list(zip(("small", "mid", "large"), fault.sizes, strict=True))
    )


def _precision(recall: float, rate: float) -> float | None:
    """Return the share of right alarms among all, were every second study broken."""
    return recall / (recall + rate) if recall + rate > 0 else None


def find_sizes(seed: int, say: Say) -> Figures:
    """Return for every physical fault the smallest size tried that raises the heart's NRMSE of tuned OSEM by 10 %.

    The rise is the mean over one study of every camera; OSEM is tuned on the sound ones by the same metric.
    """
    studies = expected_studies(seed, 1, say)
    sound = [measured(study, None, 0.0, np.random.default_rng([seed, i])) for i, study in enumerate(studies)]
    settings = tune_osem(
        sound, metric=_heart, iterations=(4, 6, 8, 10, 15, 20), fwhm_mm=(0.0, 6.0, 8.0, 10.0, 12.0, 14.0)
    )
    say(f"tuned OSEM: {settings.iterations} iterations, {settings.postfilter_fwhm_mm:g} mm")
    figures: dict[str, float | None] = {"iterations": settings.iterations, "fwhm_mm": settings.postfilter_fwhm_mm}
    plain = [_error(study, settings) for study in sound]
    for name, fault in faults().items():
        if fault.is_entry:
            continue
        base = plain if fault.breaks.__name__ != "starve" else _errors(studies, fault, 0.0, settings, seed)
        rise = 0.0
        for size in fault.search:
            rise = float(np.mean(np.divide(_errors(studies, fault, size, settings, seed), base)))
            if rise >= RISE:
                break
        figures[name.replace(" ", "_")] = size if rise >= RISE else None
        say(f"{name}: {size:g} {fault.unit} raises the NRMSE to {rise:.3f} times")
    return figures


def _errors(studies: Sequence[Study], fault: Fault, size: float, settings: OsemSettings, seed: int) -> list[float]:
    return [_error(measured(s, fault, size, np.random.default_rng([seed, i])), settings) for i, s in enumerate(studies)]


def _error(study: Study, settings: OsemSettings) -> float:
    return _heart(reconstruct_osem(study, settings), study)


def _heart(image: Volume, study: Study) -> float:
    heart = region_masks(study).heart
    assert study.reference is not None and heart is not None  # noqa: S101 (made studies have both)
    return nrmse(image[heart], study.reference[heart])
