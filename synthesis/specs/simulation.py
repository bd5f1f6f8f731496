"""How the measurement is made from the phantom: which simulator and its settings."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from synthesis.specs.fields import FractionRange, Range, Spec, within


class AnalyticSpec(Spec):
    """The analytic projector.

    `oversampling` is the ratio of the simulation grid to the reconstruction grid along each axis; below 2 the same
    discretisation would make and solve the problem (an inverse crime), so it is refused. `scatter_fraction` is
    scatter / (primary + scatter) in the photopeak window, smallest for thin and largest for broad patients.
    `scatter_scale_sd` is the relative error of a site's scatter calibration. `septal_fraction` is the share of the
    primary counts that crossed a septum (none by default; a few per cent for Tc-99m and a low-energy collimator).
    """

    LATER: ClassVar[frozenset[str]] = frozenset({"septal_fraction"})

    kind: Literal["analytic"] = "analytic"
    oversampling: int = Field(default=2, ge=2, le=4)
    scatter_fraction: FractionRange = (0.25, 0.40)
    scatter_scale_sd: float = Field(default=0.015, ge=0.0, le=0.1)
    septal_fraction: Annotated[Range, within(0.0, 0.5)] = (0.0, 0.0)


class GateSpec(Spec):
    """Monte Carlo with GATE 10 (package `opengate`)."""

    kind: Literal["gate"] = "gate"
    oversampling: int = Field(default=2, ge=1, le=4)
    scatter_scale_sd: float = Field(default=0.015, ge=0.0, le=0.1)


def _kind(value: Any) -> str:
    kind = value.get("kind", "analytic") if isinstance(value, dict) else getattr(value, "kind", "analytic")
    return str(kind)


SimulationSpec = Annotated[
    Annotated[AnalyticSpec, Tag("analytic")] | Annotated[GateSpec, Tag("gate")], Discriminator(_kind)
]
