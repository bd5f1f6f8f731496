"""The report's tables: means, paired comparisons, bands of counts, every study; the best of a column is marked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from model.evaluation.cases import CaseScores
from model.evaluation.statistics import LEVEL, Estimate
from model.evaluation.summary import BY_KEY, MetricInfo, by_counts
from model.report import page
from model.report.content import ReportInput
from model.report.page import Cell

ERRORS = ("nrmse_body", "nrmse_heart", "ssim_heart", "polar_rms", "psnr_body", "psnr_heart")
HEART = ("defect_contrast", "contrast_error", "myocardial_bias", "wall_to_blood_contrast")
MORE = ("deviance", "seconds")
PAIRED = ("nrmse_body", "nrmse_heart", "ssim_heart", "polar_rms", "contrast_error", "seconds")
EXTRA = {
    "observer_auc": ("Observer AUC", 3, "high"),
    "false_defects_per_normal": ("Invented segments per normal", 2, "low"),
    "missed_mild_share": ("Share of mild defects missed", 2, "low"),
}


def figures(given: ReportInput) -> str:
    """Return means, what a reader would see, and the paired comparisons."""
    share = f"{100 * LEVEL:.0f} %"
    intro = f"Means over the studies, below each its {share} interval; the best of a column is marked."
    parts = [
        page.paragraph(intro),
        _means(given, ERRORS, "Error of the images"),
        _means(given, HEART, "The heart"),
        _means(given, MORE, "Further figures"),
    ]
    if any(summary.extra for summary in given.summaries.values()):
        parts.append(_extra(given))
    if len(given.summaries) > 1:
        parts += [page.paragraph(_PAIRED.format(against=given.against)), _paired(given)]
    return "".join(parts)


_PAIRED = (
    "Compared study by study with {against}: a ratio below 1 and, for SSIM and PSNR, a difference above 0 are better. "
    "An interval that holds 1 (ratio) or 0 (difference) shows no clear difference."
)


def _means(given: ReportInput, keys: Sequence[str], caption: str) -> str:
    infos = [BY_KEY[key] for key in keys if any(key in s.means for s in given.summaries.values())]
    best = {info.key: _best_of({n: s.means[info.key].value for n, s in given.summaries.items() if info.key in s.means},
                               info.best) for info in infos}  # fmt: skip
    rows = [
        (name, [_estimate(s.means.get(info.key), info.digits, best=best[info.key] == name) for info in infos])
        for name, s in given.summaries.items()
    ]
    return page.table(caption, ["Method", *(header_of(info) for info in infos)], rows)


def _extra(given: ReportInput) -> str:
    keys = [key for key in EXTRA if any(key in s.extra for s in given.summaries.values())]
    best = {key: _best_of({n: s.extra[key].value for n, s in given.summaries.items() if key in s.extra}, EXTRA[key][2])
            for key in keys}  # fmt: skip
    rows = [
        (name, [_estimate(s.extra.get(key), EXTRA[key][1], best=best[key] == name) for key in keys])
        for name, s in given.summaries.items()
    ]
    return page.table("What a reader would see", ["Method", *(EXTRA[key][0] for key in keys)], rows)


def _paired(given: ReportInput) -> str:
    infos = [BY_KEY[key] for key in PAIRED]
    infos = [i for i in infos if any(i.key in s.differences for s in given.summaries.values())]
    header = ["Method", *(f"{i.title}, {'ratio' if i.as_ratio else 'difference'}" for i in infos)]
    rows = [
        (
            name,
            [
                _estimate((s.ratios if i.as_ratio else s.differences).get(i.key), 3 if i.digits > 1 else 2)
                for i in infos
            ],
        )
        for name, s in given.summaries.items()
        if name != given.against
    ]
    return page.table(f"Paired with {given.against}", header, rows)


def counts(given: ReportInput) -> str:
    """Return the means in bands of measured counts."""
    keys = [
        key
        for key in ("nrmse_body", "nrmse_heart", "polar_rms")
        if any(key in s.means for s in given.summaries.values())
    ]
    parts = [page.paragraph("Studies divided by the counts that were measured in the photopeak.")]
    for key in keys:
        info = BY_KEY[key]
        rows = [
            (band, [Cell(str(number)), *(_estimate(means.get(name), info.digits) for name in given.summaries)])
            for band, number, means in by_counts(given.cases, given.summaries, key)
        ]
        parts.append(page.table(header_of(info), ["Counts", "Studies", *given.summaries], rows))
    return "".join(parts)


def cases(given: ReportInput) -> str:
    """Return every study under every method."""
    parts = []
    for key in ("nrmse_body", "nrmse_heart", "polar_rms", "defect_contrast"):
        info = BY_KEY[key]
        rows = []
        for case in given.cases:
            values = {name: case.value(name, key) for name in given.summaries}
            known = {name: value for name, value in values.items() if value is not None}
            if not known:
                continue
            best = _best_of(known, info.best)
            cells = [Cell(_number(values[name], info.digits), best=name == best) for name in given.summaries]
            rows.append((case.name, [Cell(f"{case.counts / 1e6:.2f}"), Cell(defects_in_words(case)), *cells]))
        if rows:
            parts.append(page.table(header_of(info), ["Study", "Counts, million", "Defects", *given.summaries], rows))
    return "".join(parts)


def failures(given: ReportInput) -> str:
    """Return what failed; empty where nothing did."""
    rows = [
        (case.name, [Cell(name or "reading the file"), Cell(text)])
        for case in given.cases
        for name, text in case.failures.items()
    ]
    return page.table("Studies without an image", ["Study", "Method", "What happened"], rows) if rows else ""


def header_of(info: MetricInfo) -> str:
    """Return the title of a column."""
    return f"{info.title}, {info.unit}" if info.unit else info.title


def _estimate(estimate: Estimate | None, digits: int, *, best: bool = False) -> Cell:
    if estimate is None:
        return Cell("–")
    interval = f"{_number(estimate.low, digits)} to {_number(estimate.high, digits)}"
    below = "of one study" if estimate.cases == 1 else interval
    return Cell(_number(estimate.value, digits), below, best)


def _number(value: float | None, digits: int) -> str:
    text = "–" if value is None else f"{value:.{digits}f}"
    return text.replace("-", "−")


def defects_in_words(case: CaseScores) -> str:
    """Return the severity of each defect."""
    if not case.has_heart:
        return "unknown"
    return ", ".join(f"{100 * d.severity:.0f} %" for d in case.defects) or "none"


def _best_of(values: Mapping[str, float], best: str) -> str | None:
    distance = {"low": lambda v: v, "high": lambda v: -v, "zero": abs, "one": lambda v: abs(v - 1)}
    measure: Callable[[float], float] | None = distance.get(best)
    return None if measure is None or len(values) < 2 else min(values, key=lambda name: measure(values[name]))
