"""Put the report together: words first, then tables with intervals, pictures, profiles, polar maps, every case."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue

from model.classical import Volume
from model.detection import DEPTH_SD, MILD_SEVERITY
from model.evaluation import CaseScores
from model.io.study_records import Study
from model.polar import polar_segments
from model.report import charts, page, pictures
from model.report.page import Cell
from model.report.words import in_short
from model.statistics import LEVEL, RESAMPLES, Estimate
from model.summary import BY_KEY, METRICS, MethodSummary, MetricInfo, by_counts

DIFFERENCE_SHARE = 0.3  # of the grey scale's maximum, where a difference picture is fully red or blue
MAIN = (
    "nrmse_body", "nrmse_heart", "ssim_heart", "polar_rms", "defect_contrast", "contrast_error",
    "myocardial_bias", "wall_to_blood_contrast",
)  # fmt: skip
MORE = ("psnr_body", "psnr_heart", "deviance", "seconds")
EXTRA = {
    "observer_auc": ("Observer AUC", 3, "high"),
    "false_defects_per_normal": ("Invented defects per normal", 2, "low"),
    "missed_mild_share": ("Mild defects missed", 2, "low"),
}
MM_PER_TICK = 50


@dataclass(frozen=True, eq=False)
class Shown:
    """A study whose images the report shows, and why this one."""

    name: str
    why: str
    study: Study
    images: Mapping[str, Volume]


@dataclass(frozen=True, eq=False)
class ReportInput:
    """Everything the report says.

    Parameters
    ----------
    title, created_at, machine, version : str
    cases : sequence of CaseScores
    summaries : dict of method to MethodSummary
        In the order of the tables.
    methods : dict of method to its `describe()`
    against : str
        The method that the others are compared with.
    studies : sequence of (name, value)
        What was reconstructed, in words.
    shown : sequence of Shown
    normals : int
        Normal studies that the limits of detection were learned from.
    """

    title: str
    created_at: str
    machine: str
    version: str
    cases: Sequence[CaseScores]
    summaries: Mapping[str, MethodSummary]
    methods: Mapping[str, Mapping[str, JsonValue]]
    against: str
    studies: Sequence[tuple[str, str]]
    shown: Sequence[Shown]
    normals: int


def build_report(given: ReportInput) -> str:
    """Return the page."""
    sections = [
        ("summary", "In short", page.bullets(in_short(given.cases, given.summaries, given.against))),
        ("figures", "Figures", _figures(given)),
        ("counts", "Few and many counts", _counts(given)),
        ("images", "Images", "".join(_shown(given, shown) for shown in given.shown)),
        ("cases", "Every study", _cases(given)),
        ("how", "How it was measured", _how(given)),
    ]
    failures = _failures(given)
    if failures:
        sections.insert(-1, ("failures", "What failed", failures))
    subtitle = f"{given.created_at}, FLoMIR {given.version}, on {given.machine}"
    return page.page(given.title, subtitle, sections)


# ---------------------------------------------------------------- tables


def _figures(given: ReportInput) -> str:
    share = f"{100 * LEVEL:.0f} %"
    intro = f"Means over the studies, below each its {share} interval; the best of a column is marked."
    parts = [page.paragraph(intro), _means(given, MAIN, "Truth of the images"), _means(given, MORE, "Further figures")]
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
    return page.table(caption, ["Method", *(_header(info) for info in infos)], rows)


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
    infos = [BY_KEY[key] for key in (*MAIN[:4], "contrast_error", "psnr_heart", "seconds")]
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


def _counts(given: ReportInput) -> str:
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
        parts.append(page.table(_header(info), ["Counts", "Studies", *given.summaries], rows))
    return "".join(parts)


def _cases(given: ReportInput) -> str:
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
            rows.append((case.name, [Cell(f"{case.counts / 1e6:.2f}"), Cell(_defects(case)), *cells]))
        if rows:
            parts.append(page.table(_header(info), ["Study", "Counts, million", "Defects", *given.summaries], rows))
    return "".join(parts)


def _failures(given: ReportInput) -> str:
    rows = [
        (case.name, [Cell(name or "reading the file"), Cell(text)])
        for case in given.cases
        for name, text in case.failures.items()
    ]
    return page.table("Studies without an image", ["Study", "Method", "What happened"], rows) if rows else ""


def _header(info: MetricInfo) -> str:
    return f"{info.title}, {info.unit}" if info.unit else info.title


def _estimate(estimate: Estimate | None, digits: int, *, best: bool = False) -> Cell:
    if estimate is None:
        return Cell("–")
    below = f"{_number(estimate.low, digits)} to {_number(estimate.high, digits)}"
    return Cell(_number(estimate.value, digits), below, best)


def _number(value: float | None, digits: int) -> str:
    text = "–" if value is None else f"{value:.{digits}f}"
    return text.replace("-", "−")


def _defects(case: CaseScores) -> str:
    if not case.has_heart:
        return "unknown"
    return ", ".join(f"{100 * d.severity:.0f} %" for d in case.defects) or "none"


def _best_of(values: Mapping[str, float], best: str) -> str | None:
    distance = {"low": lambda v: v, "high": lambda v: -v, "zero": abs, "one": lambda v: abs(v - 1)}
    measure: Callable[[float], float] = distance[best]
    return min(values, key=lambda name: measure(values[name])) if len(values) > 1 else None


# ---------------------------------------------------------------- images


def _shown(given: ReportInput, shown: Shown) -> str:
    study = shown.study
    if study.reference is None:
        return ""
    truth = np.asarray(study.reference, dtype=np.float64)
    z, y = _through_the_heart(study)
    maximum = _scale_maximum(study)
    case = next(c for c in given.cases if c.name == shown.name)
    head = f"<h3>{page.escape(f'{shown.name}: {shown.why}')}</h3>"
    facts = f"{case.counts / 1e6:.2f} million counts; defects (severity): {_defects(case)}. Transverse slice {z + 1} of {truth.shape[0]}, patient's front above, patient's right on the left."
    body = [head, page.paragraph(facts, soft=True)]
    box = _body_box(truth, z)
    images = {"truth": truth, **{name: np.asarray(v, dtype=np.float64) for name, v in shown.images.items()}}
    body.append(
        page.row(
            [
                page.figure(
                    pictures.grey_slice(image[z][box], maximum, f"{name}, transverse slice of {shown.name}"),
                    _caption(case, name),
                )
                for name, image in images.items()
            ]
        )
    )
    limit = DIFFERENCE_SHARE * maximum
    differences = [
        page.figure(
            pictures.difference_slice((image - truth)[z][box], limit, f"{name} less truth, same slice"),
            f"{name} less truth",
        )
        for name, image in images.items()
        if name != "truth"
    ]
    scales = f"Grey: white 0, black {maximum:.1f} counts per voxel and more, the same for all. Differences: white 0, red {limit:.1f} and more too much, blue as much too little."
    body += [page.row(differences), page.paragraph(scales, soft=True)]
    body.append(_profile(study, images, z, y, shown.name))
    maps = {name: polar_segments(np.asarray(image), study) for name, image in images.items()}
    drawn = [page.figure(charts.polar_map(v, f"Polar map, {name}"), name) for name, v in maps.items() if v is not None]
    if drawn:
        note = f"Polar maps in points; colours from {charts.POLAR_LOW:.0f} (dark) to {charts.POLAR_HIGH:.0f} (bright)."
        body += [page.row(drawn, maps=True), page.paragraph(note, soft=True)]
    return "".join(body)


def _caption(case: CaseScores, name: str) -> str:
    error = case.value(name, "nrmse_body")
    return name if error is None else f"{name}, NRMSE body {error:.3f}"


def _through_the_heart(study: Study) -> tuple[int, int]:
    """Return slice and row through the middle of the defect, else of the wall, else of the volume."""
    truth = study.truth
    if truth is not None and truth.aha.any():
        where = np.argwhere(truth.defect_map > 0 if truth.defect_map.any() else truth.aha > 0)
        z, y, _ = np.rint(where.mean(axis=0)).astype(int)
        return int(z), int(y)
    return study.geometry.volume_shape[0] // 2, study.geometry.volume_shape[1] // 2


def _scale_maximum(study: Study) -> float:
    """Return where the grey scale is black: the wall's 99th percentile, else the volume's 99.9th."""
    assert study.reference is not None  # noqa: S101 (checked by the caller)
    truth = study.truth
    if truth is not None and truth.aha.any():
        return 1.1 * float(np.percentile(study.reference[truth.aha > 0], 99))
    return float(np.percentile(study.reference, 99.9))


def _body_box(truth: np.ndarray, z: int) -> tuple[slice, slice]:
    filled = truth[z] > 0.01 * truth.max()
    if not filled.any():
        return slice(None), slice(None)
    rows, columns = np.flatnonzero(filled.any(axis=1)), np.flatnonzero(filled.any(axis=0))
    return slice(max(rows[0] - 2, 0), rows[-1] + 3), slice(max(columns[0] - 2, 0), columns[-1] + 3)


def _profile(study: Study, images: Mapping[str, np.ndarray], z: int, y: int, name: str) -> str:
    size, voxel = study.geometry.volume_shape[2], study.geometry.grid.voxel_mm[2]
    mm = [(i - (size - 1) / 2) * voxel for i in range(size)]
    lines = {key: image[z, y].tolist() for key, image in images.items()}
    truth = lines.pop("truth")
    drawing = charts.profile_chart(
        mm, truth, lines, f"Counts along a line through the heart of {name}, truth and methods"
    )
    return page.figure(drawing, f"Counts along row {y + 1} of that slice, through the heart.")


# ---------------------------------------------------------------- method


def _how(given: ReportInput) -> str:
    settings = [(name, _settings(given.methods.get(name, {}))) for name in given.summaries]
    meanings = [
        (info.title, info.meaning + ".")
        for info in METRICS
        if any(info.key in s.means for s in given.summaries.values())
    ]
    extra = [
        ("Observer AUC", "area under the ROC curve of a channelised Hotelling observer (4 Laguerre-Gauss channels on short-axis squares at the known place), learned on one half of the studies and tested on the other."),
    ]  # fmt: skip
    if given.normals:
        rule = (
            f"a segment is called abnormal below the method's own mean in {given.normals} normal studies less "
            f"{DEPTH_SD:g} standard deviations of the true maps; invented where the truth is normal, missed where a mild "
            f"defect (severity up to {100 * MILD_SEVERITY:.0f} %) that the true map shows is not called."
        )
        extra.append(("Invented, missed", rule))
    intervals = f"Intervals: percentile bootstrap over studies, {RESAMPLES} resamples, {100 * LEVEL:.0f} %. Images are compared as they are, in counts; nothing is rescaled or fitted."
    return "".join([
        "<h3>Studies</h3>", page.facts(given.studies),
        "<h3>Methods</h3>", page.facts(settings),
        "<h3>Figures</h3>", page.facts(meanings + extra), page.paragraph(intervals),
    ])  # fmt: skip


def _settings(described: Mapping[str, JsonValue]) -> str:
    rows = [
        f"{key.replace('_', ' ')} {_said(value)}"
        for key, value in described.items()
        if key not in ("method", "network")
    ]
    return ", ".join(rows) or "no settings"


def _said(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value[:16] if len(value) == 64 else value
    return json.dumps(value)
