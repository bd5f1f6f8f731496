"""The report's plain words: what the figures say, said with their doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from model.evaluation import CaseScores
from model.statistics import Estimate
from model.summary import MethodSummary


def in_short(cases: Sequence[CaseScores], summaries: Mapping[str, MethodSummary], against: str) -> list[str]:
    """Return a few sentences: the size of the test, each method against the reference, what it costs."""
    scored = sum(bool(case.methods) for case in cases)
    lines = [
        f"{scored} studies were reconstructed by {_listed(list(summaries))}; the others are compared with {against}."
    ]
    for name, summary in summaries.items():
        if name != against:
            lines += _compared(cases, name, summary, summaries[against], against)
    failed = sum(len(case.failures) for case in cases)
    if failed:
        lines.append(f"{failed} reconstructions failed and are left out of the figures; they are listed at the end.")
    return lines


def _compared(
    cases: Sequence[CaseScores], name: str, ours: MethodSummary, theirs: MethodSummary, against: str
) -> list[str]:
    lines = []
    body, heart = ours.ratios.get("nrmse_body"), ours.ratios.get("nrmse_heart")
    if body is not None:
        won, of = _wins(cases, name, against, "nrmse_body")
        text = f"{name}: the error in the body is {_times(body)} that of {against}, lower in {won} of {of} studies"
        lines.append(text + (f"; around the heart {_times(heart)}." if heart is not None else "."))
    polar, other = ours.means.get("polar_rms"), theirs.means.get("polar_rms")
    contrast, theirs_contrast = ours.means.get("defect_contrast"), theirs.means.get("defect_contrast")
    if polar is not None and other is not None:
        text = f"{name}: the polar map is off by {polar.value:.1f} points, that of {against} by {other.value:.1f}"
        difference = ours.differences.get("polar_rms")
        lines.append(text + ("" if _clear(difference) else ", no clear difference") + ".")
    if contrast is not None and theirs_contrast is not None:
        kept = f"{name} keeps {_percent(contrast.value)} of the true contrast of defects, {against} {_percent(theirs_contrast.value)}"
        gain = ours.differences.get("contrast_error")
        lines.append(kept + f"; {_nearer(gain, name, against)} (mean over {contrast.cases} studies with a defect).")
    return lines


def _nearer(difference: Estimate | None, name: str, against: str) -> str:
    if difference is None or not _clear(difference):
        return "neither is clearly nearer to the truth"
    return f"{name if difference.value < 0 else against} is nearer to the truth in the single study"


def _clear(difference: Estimate | None) -> bool:
    return difference is not None and (difference.low > 0 or difference.high < 0)


def _times(ratio: Estimate) -> str:
    return f"{ratio.value:.2f} times ({ratio.low:.2f} to {ratio.high:.2f})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _wins(cases: Sequence[CaseScores], name: str, against: str, metric: str) -> tuple[int, int]:
    pairs = [(case.value(name, metric), case.value(against, metric)) for case in cases]
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    return sum(a < b for a, b in both), len(both)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
