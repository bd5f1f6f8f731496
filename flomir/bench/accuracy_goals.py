"""What the shipped network must reach in `flomir bench accuracy`, and the table that says whether it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model.evaluation.statistics import Estimate


@dataclass(frozen=True)
class Goal:
    """One demand: the figure, what it is held against, and whether that is kept by the value itself."""

    figure: str
    demand: str
    met: bool

    def to_dict(self) -> dict[str, str | bool]:
        """Return plain JSON values."""
        return {"figure": self.figure, "demand": self.demand, "met": self.met}


AT_MOST = {"nrmse_body_ratio": 0.50, "nrmse_heart_ratio": 0.65}
AT_LEAST = {"ssim_heart_gain": 0.03}
READ = ("false_defects_per_normal", "missed_mild_defects")
NOT_ABOVE_OSEM = ("contrast_error", "polar_rms", *READ)
SHIFTED_RATIOS = ("nrmse_body_ratio", "nrmse_heart_ratio", "polar_rms_ratio", "contrast_error_ratio")


def goals(figures: Mapping[str, Estimate]) -> list[Goal]:
    """Return the demands on the figures that were measured: pooled sets, then each shifted condition."""
    limits = [Goal(n, f"at most {x:.2f}", figures[n].value <= x) for n, x in AT_MOST.items() if n in figures]
    limits += [Goal(n, f"at least {x:.2f}", figures[n].value >= x) for n, x in AT_LEAST.items() if n in figures]
    asked = [
        (f"{name}{end}", f"{name}_osem{end}")
        for end, names in (("", NOT_ABOVE_OSEM), ("_audit", READ))
        for name in names
    ]
    both = [(name, figures[name], figures[osem]) for name, osem in asked if osem in figures]
    limits += [Goal(name, f"at most OSEM's {osem.value:.4g}", e.value <= osem.value) for name, e, osem in both]
    shifted = [(n, e) for n, e in figures.items() if n.startswith("shifted_") and n.endswith(SHIFTED_RATIOS)]
    return limits + [Goal(n, "at most 1 (OSEM tuned for that set)", e.value <= 1) for n, e in shifted]


def table(figures: Mapping[str, Estimate]) -> list[str]:
    """Return the figures with intervals and the goals, for people; pooled figures first."""
    single = [name for name in figures if name[-1:].isdigit()]
    rows = [f"  {'figure':48} {'value':>9}   95 % interval          cases"]
    for name in [n for n in figures if n not in single] + single:
        e = figures[name]
        rows.append(f"  {name:48} {e.value:9.4f}   {e.low:9.4f} .. {e.high:<9.4f} {e.cases:4d}")
    return [*rows, *(f"  {'met    ' if g.met else 'NOT MET'}  {g.figure} {g.demand}" for g in goals(figures))]
