"""The report's plain words: what the figures say, said with their doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from model.evaluation.cases import CaseScores
from model.evaluation.statistics import LEAST_CASES, Estimate
from model.evaluation.summary import MethodSummary
from model.sentences import counted


def in_short(
    cases: Sequence[CaseScores],
    summaries: Mapping[str, MethodSummary],
    against: str,
    learned: Sequence[str] = (),
) -> list[tuple[str, str]]:
    """Return (what it is about, a few sentences): the test, each method against the reference, what failed.

    `learned` are sentences about methods that know some of the studies.
    """
    scored = sum(bool(case.methods) for case in cases)
    others = f"; the others are compared with {against}" if len(summaries) > 1 else ""
    done = f"{counted(scored, 'study was', 'studies were')} reconstructed by {_listed(list(summaries))}{others}."
    lines = [("What was done.", done)]
    for name, summary in summaries.items():
        if name != against and (said := _compared(cases, name, summary, summaries[against], against)):
            lines.append((f"{name}.", " ".join(said)))
    lines += [("Learned from.", said) for said in learned]
    failed = sum(len(case.failures) for case in cases)
    if failed:
        what = counted(failed, "reconstruction", "reconstructions")
        lines.append(("Failed.", f"{what}, left out of the figures and listed at the end."))
    return lines


def _compared(
    cases: Sequence[CaseScores], name: str, ours: MethodSummary, theirs: MethodSummary, against: str
) -> list[str]:
    lines = []
    body, heart = ours.ratios.get("nrmse_body"), ours.ratios.get("nrmse_heart")
    if body is not None:
        won, of = _wins(cases, name, against, "nrmse_body")
        text = f"Its error in the body is {_times(body)} that of {against}, lower in {won} of {counted(of, 'study', 'studies')}"
        lines.append(text + (f"; around the heart it is {_times(heart)}." if heart is not None else "."))
    polar, other = ours.means.get("polar_rms"), theirs.means.get("polar_rms")
    if polar is not None and other is not None:
        doubt = "" if _clear(ours.differences.get("polar_rms")) else ", no clear difference"
        lines.append(
            f"Its polar map is off by {polar.value:.1f} points, that of {against} by {other.value:.1f}{doubt}."
        )
    kept, theirs_kept = ours.means.get("defect_contrast"), theirs.means.get("defect_contrast")
    if kept is not None and theirs_kept is not None:
        lines.append(
            f"It keeps {_percent(kept.value)} of the true contrast of defects, {against} {_percent(theirs_kept.value)} "
            f"(mean of {counted(kept.cases, 'study', 'studies')} with a defect); {_nearer(ours.differences.get('contrast_error'), against)}."
        )
    invented, theirs_invented = (s.extra.get("false_defects_per_normal") for s in (ours, theirs))
    if invented is not None and theirs_invented is not None:
        lines.append(
            f"In a normal heart it invents {invented.value:.2f} dark segments, {against} {theirs_invented.value:.2f}."
        )
    return lines


def _nearer(difference: Estimate | None, against: str) -> str:
    if difference is None or not _clear(difference):
        return "study by study neither is clearly nearer to the truth"
    return f"study by study {'it' if difference.value < 0 else against} is nearer to the truth"


def _clear(difference: Estimate | None) -> bool:
    return difference is not None and difference.cases >= LEAST_CASES and (difference.low > 0 or difference.high < 0)


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
