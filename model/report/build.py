"""Put the report together: words first, then tables with intervals, images, every case, and how it was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

from model.evaluation.detection import DEPTH_SD, MILD_SEVERITY
from model.evaluation.statistics import LEAST_CASES, LEVEL, RESAMPLES
from model.evaluation.summary import METRICS
from model.report import page, tables
from model.report.content import ReportInput
from model.report.shown import shown_study
from model.report.words import in_short


def build_report(given: ReportInput) -> str:
    """Return the page."""
    sections = [
        ("summary", "In short", page.bullets(in_short(given.cases, given.summaries, given.against, given.learned))),
        ("figures", "Figures", tables.figures(given)),
        ("counts", "Few and many counts", tables.counts(given)),
        ("images", "Images", "".join(shown_study(shown) for shown in given.shown)),
        ("cases", "Every study", tables.cases(given)),
        ("how", "How it was measured", _how(given)),
    ]
    failures = tables.failures(given)
    if failures:
        sections.insert(-1, ("failures", "What failed", failures))
    subtitle = f"{given.created_at}, FLoMIR {given.version}, on {given.machine}"
    return page.page(given.title, subtitle, sections)


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
    intervals = f"Intervals: percentile bootstrap over studies, {RESAMPLES} resamples, {100 * LEVEL:.0f} %. Images are compared as they are, in counts; nothing is rescaled or fitted. With fewer than {LEAST_CASES} studies no difference is called clear."
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
