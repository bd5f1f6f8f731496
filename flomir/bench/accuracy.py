"""How true a network's images are: on held-out studies, against OSEM tuned per metric, normals and mild defects included.

Figures, pooled over the test sets and, with ``_test_1`` ... at the end, for each of them; ``_low`` and ``_high`` are the
95 % percentile bootstrap interval over cases:

``nrmse_body_ratio``, ``nrmse_heart_ratio``
    Mean over cases of the network's error over OSEM's.
``ssim_heart_gain``
    Mean over cases of the network's SSIM less OSEM's.
``contrast_error``, ``contrast_error_osem``
    Mean of abs(1 - defect contrast recovery) over the cases whose defects the truth shows.
``defect_contrast``, ``defect_contrast_osem``
    Mean defect contrast recovery over them, OSEM at the setting with its smallest contrast error.
``polar_rms``, ``polar_rms_osem``
    Mean error of the 17-segment polar map, points.
``false_defects_per_normal``, ``missed_mild_defects`` and the same with ``_osem``
    By the rule of `model.evaluation.detection`; missed is a number of defects, of ``mild_defects``.
``..._hard``, ``observer_auc``
    The same rule, and the channelised Hotelling observer, on small mild defects and the same patients without them.
``..._audit``
    The rule of detection once more, on nine times as many patients of that kind: what seven defects of the test sets leave
    open. ``fewer_missed_audit`` is OSEM's number less the network's.
``shifted_<site>_<metric>_ratio``
    Under conditions that no network was trained on, against OSEM tuned for that site; at most 1 is not worse.

Each metric of OSEM is taken at the setting that is best for that metric on validation studies, and the observer's AUC
at the best of these settings on the hard set itself: a stronger opponent than any single OSEM.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from flomir.bench.accuracy_data import AccuracyPlan, SetPlan, accuracy_plan, cache_folder
from flomir.bench.accuracy_goals import table
from flomir.bench.accuracy_osem import TUNED_METRICS, Settings, score_osem, tuned_osem
from model.evaluation.cases import CaseScores, Reconstructor, evaluate_cases, places_of
from model.evaluation.detection import NormalLimits, Reading, common_depth, normal_limits, read_map
from model.evaluation.observer import Place, observer_auc
from model.evaluation.statistics import Estimate, mean, mean_difference, mean_ratio, ratio_of_means, total

OURS = "network"
DETECTING_OSEM = "polar_rms"
"""The OSEM whose maps are read for defects: the one with the truest maps."""
PARTS = ("tests", "hard", "audit", "shifted")
Stage = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Pair:
    """The same cases under the network and under OSEM."""

    ours: list[CaseScores]
    osem: list[CaseScores]

    def __add__(self, other: Pair) -> Pair:
        """Return the cases of both."""
        return Pair(self.ours + other.ours, self.osem + other.osem)

    def columns(self, metric: str) -> tuple[list[float | None], list[float | None]]:
        """Return a metric of every case under both, OSEM at the setting that is best for it."""
        return [c.value(OURS, metric) for c in self.ours], [c.value(metric, metric) for c in self.osem]


@dataclass(frozen=True, eq=False)
class Accuracy:
    """What the bench found; every figure an `Estimate` with its interval."""

    figures: dict[str, Estimate]
    osem_settings: dict[str, Settings]
    sets: dict[str, Pair] = field(repr=False)

    def flat(self) -> dict[str, float]:
        """Return name -> value, with ``_low`` and ``_high`` beside it."""
        rows: dict[str, float] = {}
        for name, estimate in self.figures.items():
            rows |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        return rows

    def settings_to_dict(self) -> dict[str, dict[str, dict[str, float]]]:
        """Return set -> metric -> OSEM's iterations and post-filter in mm."""
        return {
            name: {m: {"iterations": s.iterations, "postfilter_fwhm_mm": s.postfilter_fwhm_mm} for m, s in used.items()}
            for name, used in self.osem_settings.items()
        }

    def counts(self) -> dict[str, int]:
        """Return how many studies each set has."""
        return {name: len(pair.ours) for name, pair in self.sets.items()}

    def lines(self) -> list[str]:
        """Return a table for people."""
        rows = table(self.figures)
        for name, used in self.osem_settings.items():
            chosen = ", ".join(f"{m} {s.iterations} x {s.postfilter_fwhm_mm:g} mm" for m, s in used.items())
            rows.append(f"  OSEM tuned for {name} (iterations x post-filter): {chosen}")
        return rows


def accuracy(
    method: Reconstructor,
    *,
    root: Path | None = None,
    plan: AccuracyPlan | None = None,
    parts: Sequence[str] = PARTS,
    workers: int = 2,
    on_stage: Stage | None = None,
) -> Accuracy:
    """Judge a method; the studies are made below `root` where they are missing.

    Parameters
    ----------
    method : callable
        Study -> float32 (Z, Y, X); picklable where `workers` is above 1, as those of `model.methods` are.
    root : Path, optional
        Where studies and OSEM's results are kept; `cache_folder` unless given.
    plan : AccuracyPlan, optional
        Which studies; all of them unless given.
    parts : sequence of str
        Some of `PARTS`.
    workers : int
    on_stage : callable, optional
        Hears what is being done and the share of it that is done.

    Raises
    ------
    RuntimeError
        If the method fails on a study: figures over the rest would flatter it.
    """
    run = _Run(method, root or cache_folder(), plan or accuracy_plan(), workers, on_stage or (lambda name, share: None))
    if {"tests", "hard", "audit"} & set(parts):
        run.judge_usual(parts)
    if "shifted" in parts:
        run.judge_shifted()
    return Accuracy(run.figures, run.settings, run.sets)


@dataclass(eq=False)
class _Run:
    method: Reconstructor
    root: Path
    plan: AccuracyPlan
    workers: int
    heard: Stage
    figures: dict[str, Estimate] = field(default_factory=dict)
    settings: dict[str, Settings] = field(default_factory=dict)
    sets: dict[str, Pair] = field(default_factory=dict)

    def judge_usual(self, parts: Sequence[str]) -> None:
        tuned = self._tuned("test", self.plan.validation)
        reader = Reader.learned_from(self._pair(self.plan.normals, tuned))
        if "tests" in parts:
            pairs = [self._pair(plan, tuned) for plan in self.plan.tests]
            for plan, pair in zip(self.plan.tests, pairs, strict=True):
                self._add(compared(pair) | reader.figures(pair), suffix="_" + plan.name.replace("-", "_"))
            pooled = sum(pairs[1:], pairs[0])
            self._add(compared(pooled) | reader.figures(pooled))
        if "hard" in parts:
            places = places_of(self._files(self.plan.hard))
            sick = self._pair(self.plan.hard, tuned, places)
            well = self._pair(self.plan.hard_healthy, tuned, places)
            self._add(compared(sick) | reader.figures(sick + well) | observed(sick, well), suffix="_hard")
        if "audit" in parts:
            plans = (self.plan.audit, self.plan.audit_healthy)
            both = self._pair(plans[0], tuned) + self._pair(plans[1], tuned)
            self._add(reader.figures(both) | reader.fewer_missed(both), suffix="_audit")

    def judge_shifted(self) -> None:
        for plan, tuning in zip(self.plan.shifted, self.plan.shifted_tuning, strict=True):
            tuned = self._tuned(plan.name, tuning)
            self._add(ratios(self._pair(plan, tuned)), prefix=f"shifted_{plan.site.replace('-', '_')}_")

    def _add(self, figures: Mapping[str, Estimate], *, prefix: str = "", suffix: str = "") -> None:
        self.figures |= {f"{prefix}{name}{suffix}": estimate for name, estimate in figures.items()}

    def _files(self, plan: SetPlan) -> list[Path]:
        made = iter(range(1, plan.studies + 1))
        return plan.make(self.root, lambda: self.heard(f"making {plan.name}", next(made, plan.studies) / plan.studies))

    def _tuned(self, name: str, plan: SetPlan) -> Settings:
        files = self._files(plan)
        heard = self._share(f"tuning OSEM on {plan.name}")
        self.settings[name] = tuned_osem(files, workers=self.workers, cache=self.root, on_progress=heard)
        return self.settings[name]

    def _pair(self, plan: SetPlan, tuned: Settings, places: Sequence[Place | None] | None = None) -> Pair:
        files = self._files(plan)
        at = places_of(files) if places is None else places
        osem = score_osem(
            files, tuned, at, workers=self.workers, cache=self.root, on_progress=self._share(f"OSEM on {plan.name}")
        )
        heard = self._share(f"the network on {plan.name}")
        ours = evaluate_cases(files, {OURS: self.method}, places=at, workers=self.workers, on_progress=heard)
        failed = [f"{case.name} of {plan.name}: {text}" for case in ours for text in case.failures.values()]
        if failed:
            msg = f"{len(failed)} of {len(ours)} studies gave no image; the first: {failed[0]}"
            raise RuntimeError(msg)
        self.sets[plan.name] = Pair(ours, osem)
        return self.sets[plan.name]

    def _share(self, name: str) -> Callable[[float], None]:
        return lambda share: self.heard(name, share)


# ---------------------------------------------------------------- figures of one set


def known(figures: Mapping[str, Estimate | None]) -> dict[str, Estimate]:
    """Return the figures that there are."""
    return {name: estimate for name, estimate in figures.items() if estimate is not None}


def compared(pair: Pair) -> dict[str, Estimate]:
    """Return the errors of both, and their ratios and gains, over one set."""
    contrast, polar = pair.columns("contrast_error"), pair.columns("polar_rms")
    return known(
        {
            "nrmse_body_ratio": mean_ratio(*pair.columns("nrmse_body")),
            "nrmse_heart_ratio": mean_ratio(*pair.columns("nrmse_heart")),
            "ssim_heart_gain": mean_difference(*pair.columns("ssim_heart")),
            "contrast_error": mean(contrast[0]),
            "contrast_error_osem": mean(contrast[1]),
            "defect_contrast": mean([c.value(OURS, "defect_contrast") for c in pair.ours]),
            "defect_contrast_osem": mean([c.value("contrast_error", "defect_contrast") for c in pair.osem]),
            "contrast_error_gain": mean_difference(contrast[1], contrast[0]),
            "polar_rms": mean(polar[0]),
            "polar_rms_osem": mean(polar[1]),
            "polar_rms_gain": mean_difference(polar[1], polar[0]),
            "nrmse_body": mean(pair.columns("nrmse_body")[0]),
            "nrmse_body_osem": mean(pair.columns("nrmse_body")[1]),
            "nrmse_heart": mean(pair.columns("nrmse_heart")[0]),
            "nrmse_heart_osem": mean(pair.columns("nrmse_heart")[1]),
            "myocardial_bias": mean(pair.columns("myocardial_bias")[0]),
        }
    )


def ratios(pair: Pair) -> dict[str, Estimate]:
    """Return how each metric's mean compares with OSEM's under shifted conditions; above 1 the network is worse."""
    figures: dict[str, Estimate | None] = {}
    for metric in ("nrmse_body", "nrmse_heart", "polar_rms", "contrast_error"):
        ours, osem = pair.columns(metric)
        figures |= {f"{metric}_ratio": ratio_of_means(ours, osem), metric: mean(ours), f"{metric}_osem": mean(osem)}
    ours, osem = pair.columns("ssim_heart")
    return known({**figures, "ssim_heart_gain": mean_difference(ours, osem)})


def observed(sick: Pair, well: Pair) -> dict[str, Estimate]:
    """Return the observer's area under the curve for the network and for the best of the OSEM settings."""

    def auc(name: str, present: list[CaseScores], absent: list[CaseScores]) -> Estimate | None:
        both = [(p.methods[name].channels, a.methods[name].channels) for p, a in zip(present, absent, strict=True)]
        usable = [(p, a) for p, a in both if p is not None and a is not None]
        found = observer_auc([p for p, _ in usable], [a for _, a in usable])
        return None if found is None else Estimate(*found, cases=2 * len(usable))

    best = max(
        (e for m in TUNED_METRICS if (e := auc(m, sick.osem, well.osem)) is not None),
        key=lambda e: e.value,
        default=None,
    )
    return known({"observer_auc": auc(OURS, sick.ours, well.ours), "observer_auc_osem": best})


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads polar maps for defects by the limits of `model.evaluation.detection`."""

    ours: NormalLimits
    osem: NormalLimits
    truth: NormalLimits

    @classmethod
    def learned_from(cls, normals: Pair) -> Self:
        """Learn the limits of each method and of the truth from the same normals."""
        truth = [case.truth_polar for case in normals.ours if case.truth_polar is not None]
        depth = common_depth(truth)

        def limits(cases: list[CaseScores], name: str) -> NormalLimits:
            maps = [polar for case in cases if (polar := case.methods[name].polar) is not None]
            return normal_limits(maps, depth)

        return cls(limits(normals.ours, OURS), limits(normals.osem, DETECTING_OSEM), normal_limits(truth, depth))

    def figures(self, pair: Pair) -> dict[str, Estimate]:
        """Return invented defects per normal and missed mild ones, for both."""
        ours, osem = self._readings(pair)
        return known(
            {
                "false_defects_per_normal": mean([r.invented for r in ours]),
                "false_defects_per_normal_osem": mean([r.invented for r in osem]),
                "missed_mild_defects": total([r.missed for r in ours]),
                "missed_mild_defects_osem": total([r.missed for r in osem]),
                "mild_defects": total([r.mild for r in ours]),
                "false_defects_remote": mean([r.invented_remote for r in ours]),
                "false_defects_remote_osem": mean([r.invented_remote for r in osem]),
            }
        )

    def fewer_missed(self, pair: Pair) -> dict[str, Estimate]:
        """Return how many mild defects more OSEM missed in the same patients."""
        ours, osem = self._readings(pair)
        return known({"fewer_missed": total([b.missed - a.missed for a, b in zip(ours, osem, strict=True)])})

    def _readings(self, pair: Pair) -> tuple[list[Reading], list[Reading]]:
        ours = [self._read(case, OURS, self.ours) for case in pair.ours]
        return ours, [self._read(case, DETECTING_OSEM, self.osem) for case in pair.osem]

    def _read(self, case: CaseScores, name: str, limits: NormalLimits) -> Reading:
        polar = case.methods[name].polar
        if polar is None or case.truth_polar is None:
            return Reading(None, None, 0, 0)
        return read_map(polar, case.truth_polar, case.defects, limits, self.truth)
