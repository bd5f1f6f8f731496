"""The accuracy bench as a page: goals, the test sets, the conditions no network was trained on, small mild defects."""

from __future__ import annotations

from collections.abc import Sequence

from flomir.bench.accuracy import Accuracy
from flomir.bench.accuracy_data import AccuracyPlan
from flomir.bench.accuracy_goals import goals
from flomir.bench.figures import BenchResult
from model.evaluation.statistics import LEVEL, Estimate
from model.report import page
from model.report.page import Cell

ROWS = (
    ("nrmse_body_ratio", "NRMSE body, ratio to OSEM", 3),
    ("nrmse_heart_ratio", "NRMSE heart, ratio to OSEM", 3),
    ("ssim_heart_gain", "SSIM heart, gain over OSEM", 3),
    ("contrast_error", "Contrast error", 3),
    ("contrast_error_osem", "Contrast error of OSEM", 3),
    ("defect_contrast", "Defect contrast", 3),
    ("defect_contrast_osem", "Defect contrast of OSEM", 3),
    ("polar_rms", "Polar error, points", 2),
    ("polar_rms_osem", "Polar error of OSEM, points", 2),
    ("false_defects_per_normal", "Invented segments per normal", 2),
    ("false_defects_per_normal_osem", "Invented segments per normal, OSEM", 2),
    ("missed_mild_defects", "Mild defects missed", 0),
    ("missed_mild_defects_osem", "Mild defects missed by OSEM", 0),
    ("mild_defects", "Mild defects that the truth shows", 0),
    ("nrmse_body", "NRMSE body", 3),
    ("nrmse_body_osem", "NRMSE body of OSEM", 3),
    ("nrmse_heart", "NRMSE heart", 3),
    ("nrmse_heart_osem", "NRMSE heart of OSEM", 3),
    ("myocardial_bias", "Wall bias", 3),
)
AUDIT_ROWS = (("fewer_missed", "Mild defects that OSEM missed more", 0), *ROWS)
HARD_ROWS = (("observer_auc", "Observer AUC", 3), ("observer_auc_osem", "Observer AUC of the best OSEM", 3), *ROWS)
SHIFTED_COLUMNS = (
    ("nrmse_body_ratio", "NRMSE body, ratio", 3),
    ("nrmse_heart_ratio", "NRMSE heart, ratio", 3),
    ("polar_rms_ratio", "Polar error, ratio", 3),
    ("contrast_error_ratio", "Contrast error, ratio", 3),
    ("ssim_heart_gain", "SSIM heart, gain", 3),
)


def accuracy_page(judged: Accuracy, plan: AccuracyPlan, result: BenchResult, model: str) -> str:
    """Return the page; parts that were not measured are left out."""
    figures = judged.figures
    tests = [s.name.replace("-", "_") for s in plan.tests if s.name in judged.sets]
    sections = [("goals", "Goals", _goals(judged))]
    if tests:
        names = ["all sets", *(f"set {i + 1}" for i in range(len(tests)))]
        columns = ["", *(f"_{name}" for name in tests)]
        sections.append(("sets", "Test sets", _rows("Test sets", figures, ROWS, names, columns)))
    if any(name.startswith("shifted_") for name in figures):
        sections.append(("shifted", "Conditions that no network was trained on", _shifted(judged, plan)))
    if "observer_auc_hard" in figures:
        said = "Small mild infarcts, and the same patients without them; each figure as above."
        drawn = _rows("Small mild defects", figures, HARD_ROWS, ["value"], ["_hard"])
        sections.append(("hard", "Small mild defects", page.paragraph(said) + drawn))
    if "fewer_missed_audit" in figures:
        said = (
            "More patients of that kind, read by the same rule: enough mild defects to tell which method misses fewer."
        )
        drawn = _rows("Audit of detection", figures, AUDIT_ROWS, ["value"], ["_audit"])
        sections.append(("audit", "Audit of detection", page.paragraph(said) + drawn))
    sections.append(("how", "How it was measured", _how(judged, plan)))
    subtitle = f"{model} on {result.machine}, commit {result.commit}"
    return page.page("Accuracy on held-out studies", subtitle, sections)


def _goals(judged: Accuracy) -> str:
    rows = [(g.figure, [Cell(_number(judged.figures[g.figure])), Cell(g.demand), Cell("yes" if g.met else "no", best=g.met)])
            for g in goals(judged.figures)]  # fmt: skip
    return page.table("What is asked of the network", ["Figure", "Value", "Demand", "Met"], rows)


def _rows(
    caption: str,
    figures: dict[str, Estimate],
    wanted: Sequence[tuple[str, str, int]],
    names: Sequence[str],
    suffixes: Sequence[str],
) -> str:
    rows = [
        (title, [_cell(figures.get(key + suffix), digits) for suffix in suffixes])
        for key, title, digits in wanted
        if any(key + suffix in figures for suffix in suffixes)
    ]
    return page.table(caption, ["Figure", *names], rows)


def _shifted(judged: Accuracy, plan: AccuracyPlan) -> str:
    said = (
        "Each row against OSEM tuned on studies of that very condition (for the Monte Carlo on the judged studies "
        "themselves): a ratio of at most 1 is not worse than it."
    )
    rows = []
    for one in plan.shifted:
        prefix = f"shifted_{one.site.replace('-', '_')}_"
        title = next(s.title or s.name for s in one.scenario.sites if s.name == one.site)
        cells = [_cell(judged.figures.get(prefix + key), digits) for key, _, digits in SHIFTED_COLUMNS]
        rows.append((f"{title}, {one.studies} studies", cells))
    return page.paragraph(said) + page.table("Ratios", ["Condition", *(t for _, t, _ in SHIFTED_COLUMNS)], rows)


def _how(judged: Accuracy, plan: AccuracyPlan) -> str:
    sets = [(s.name, f"{s.studies} studies of {s.scenario.name}, seed {s.seed}") for s in plan.all()]
    tuned = [
        (f"OSEM for {name}", ", ".join(f"{m} {s.iterations} x {s.postfilter_fwhm_mm:g} mm" for m, s in used.items()))
        for name, used in judged.osem_settings.items()
    ]
    said = (
        "All studies are simulated (digital thorax phantoms; analytic simulator, or where it says so GATE 10), none was used in training. Each metric "
        "of OSEM is taken at the iterations x post-filter that are best for that metric on validation studies, with "
        f"attenuation, resolution and scatter modelled. Intervals are {100 * LEVEL:.0f} % percentile bootstrap over studies."
    )
    return page.paragraph(said) + page.facts([*sets, *tuned])


def _cell(estimate: Estimate | None, digits: int) -> Cell:
    if estimate is None:
        return Cell("–")
    below = f"{estimate.low:.{digits}f} to {estimate.high:.{digits}f}".replace("-", "−")
    return Cell(f"{estimate.value:.{digits}f}".replace("-", "−"), below)


def _number(estimate: Estimate) -> str:
    return f"{estimate.value:.3f}".replace("-", "−")
