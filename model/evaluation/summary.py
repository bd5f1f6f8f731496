"""From the scores of cases to the figures of a report: means, paired comparisons, detection and the observer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from model.evaluation.cases import CaseScores
from model.evaluation.detection import MIN_NORMALS, common_depth, normal_limits, read_map
from model.evaluation.observer import observer_auc
from model.evaluation.statistics import Estimate, mean, mean_difference, mean_ratio

Best = Literal["low", "high", "zero", "one", "none"]


@dataclass(frozen=True)
class MetricInfo:
    """How a metric is named and printed, and which way is better; `as_ratio` where a ratio says more."""

    key: str
    title: str
    unit: str
    digits: int
    best: Best
    as_ratio: bool
    meaning: str


METRICS = (
    MetricInfo("nrmse_body", "NRMSE body", "", 3, "low", True,
               "root mean square error in the body over the root mean square of the truth there"),
    MetricInfo("nrmse_heart", "NRMSE heart", "", 3, "low", True, "the same in the box around the heart, two voxels wider"),
    MetricInfo("ssim_heart", "SSIM heart", "", 3, "high", False,
               "structural similarity in that box, windows of 7 voxels, range up to the truth's maximum"),
    MetricInfo("psnr_body", "PSNR body", "dB", 1, "high", False, "peak of the truth in the body over the error there"),
    MetricInfo("psnr_heart", "PSNR heart", "dB", 1, "high", False, "the same in the box around the heart"),
    MetricInfo("myocardial_bias", "Wall bias", "", 3, "zero", False,
               "mean of the left ventricular wall over the true mean, less 1"),
    MetricInfo("wall_to_blood_contrast", "Wall to blood", "", 3, "one", False,
               "share of the true contrast between wall and cavity that the image keeps"),
    MetricInfo("defect_contrast", "Defect contrast", "", 3, "one", False,
               "share of the true contrast between defect and remote wall that the image keeps"),
    MetricInfo("contrast_error", "Contrast error", "", 3, "low", False, "distance of the defect contrast from 1, mean of the cases"),
    MetricInfo("polar_rms", "Polar error", "points", 2, "low", True,
               "root mean square error of the 17-segment polar map; 100 is the mean of its three highest segments"),
    MetricInfo("deviance", "Deviance", "per bin", 3, "none", False,
               "Poisson deviance of the image's forward projection against the measured counts"),
    MetricInfo("seconds", "Time", "s", 2, "low", True, "seconds of one reconstruction on the machine named above"),
)  # fmt: skip
BY_KEY = {info.key: info for info in METRICS}
COUNT_BANDS = ((0.0, 1e6), (1e6, 2e6), (2e6, float("inf")))


@dataclass(frozen=True)
class MethodSummary:
    """Every figure of one method.

    Parameters
    ----------
    means : dict of metric to Estimate
    differences, ratios : dict of metric to Estimate
        Paired with the reference method: this less that, and this over that; empty for the reference itself.
    extra : dict
        ``observer_auc``, ``false_defects_per_normal``, ``missed_mild_share`` where they could be measured.
    """

    means: dict[str, Estimate]
    differences: dict[str, Estimate] = field(default_factory=dict)
    ratios: dict[str, Estimate] = field(default_factory=dict)
    extra: dict[str, Estimate] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        parts = {"means": self.means, "differences": self.differences, "ratios": self.ratios, "extra": self.extra}
        return {name: {key: e.to_dict() for key, e in part.items()} for name, part in parts.items()}


def summarise(
    cases: Sequence[CaseScores],
    methods: Iterable[str],
    against: str,
    *,
    normals: Sequence[CaseScores] = (),
) -> dict[str, MethodSummary]:
    """Return the figures of every method, in the order of `methods`.

    Parameters
    ----------
    cases : sequence of CaseScores
    methods : iterable of str
    against : str
        The method that the others are paired with.
    normals : sequence of CaseScores
        Other studies without defects, from which the limits of detection are learned; detection is left out where
        there are fewer than `model.evaluation.detection.MIN_NORMALS`.
    """
    found = {}
    for name in methods:
        ours = {info.key: [case.value(name, info.key) for case in cases] for info in METRICS}
        means = _known({key: mean(values) for key, values in ours.items()})
        differences, ratios = {}, {}
        if name != against:
            theirs = {info.key: [case.value(against, info.key) for case in cases] for info in METRICS}
            differences = _known({key: mean_difference(ours[key], theirs[key]) for key in ours})
            ratios = _known({i.key: mean_ratio(ours[i.key], theirs[i.key]) for i in METRICS if i.as_ratio})
        extra = _known({"observer_auc": _auc(cases, name), **_detection(cases, normals, name)})
        found[name] = MethodSummary(means, differences, ratios, extra)
    return found


def _known(figures: Mapping[str, Estimate | None]) -> dict[str, Estimate]:
    return {key: estimate for key, estimate in figures.items() if estimate is not None}


def _auc(cases: Sequence[CaseScores], method: str) -> Estimate | None:
    seen = [(case, case.methods[method].channels) for case in cases if method in case.methods and case.has_heart]
    present = [channels for case, channels in seen if case.defects and channels is not None]
    absent = [channels for case, channels in seen if not case.defects and channels is not None]
    found = observer_auc(present, absent)
    return None if found is None else Estimate(*found, cases=len(present) + len(absent))


def _detection(cases: Sequence[CaseScores], normals: Sequence[CaseScores], method: str) -> dict[str, Estimate | None]:
    pairs = [
        (case.truth_polar, scores.polar)
        for case in normals
        if (scores := case.methods.get(method)) is not None and not case.defects and case.truth_polar is not None
    ]
    maps = [(truth, polar) for truth, polar in pairs if polar is not None]
    if len(maps) < MIN_NORMALS:
        return {}
    depth = common_depth([truth for truth, _ in maps])
    limits, true = normal_limits([polar for _, polar in maps], depth), normal_limits([t for t, _ in maps], depth)
    readings = [
        read_map(polar, case.truth_polar, case.defects, limits, true)
        for case in cases
        if (scores := case.methods.get(method)) is not None
        and case.truth_polar is not None
        and (polar := scores.polar) is not None
    ]
    return {
        "false_defects_per_normal": mean([r.invented for r in readings]),
        "missed_mild_share": mean([r.missed / r.mild if r.mild else None for r in readings]),
    }


def by_counts(
    cases: Sequence[CaseScores], methods: Iterable[str], metric: str
) -> list[tuple[str, int, dict[str, Estimate]]]:
    """Return (band in words, cases, method -> mean) for the bands of measured counts that hold a case."""
    rows = []
    for low, high in COUNT_BANDS:
        inside = [case for case in cases if case.methods and low <= case.counts < high]
        if inside:
            means = _known({name: mean([case.value(name, metric) for case in inside]) for name in methods})
            rows.append((_band(low, high), len(inside), means))
    return rows


def _band(low: float, high: float) -> str:
    if low == 0:
        return f"below {high / 1e6:g} million"
    return f"{low / 1e6:g} million and more" if high == float("inf") else f"{low / 1e6:g} to {high / 1e6:g} million"
