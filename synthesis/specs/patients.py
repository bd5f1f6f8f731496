"""Who is examined: the limits of infarcts and of the population that anatomies are drawn from."""

from __future__ import annotations

from synthesis.specs.fields import Fraction, FractionRange, PositiveRange, Range, Spec

PATIENT_SHIFT_MM = 6.0  # a patient lies at most so far beside the rotation axis


class LesionSpec(Spec):
    """Limits of an infarct in XCAT's terms; the angle is 0 anterior, 90 lateral, 180 inferior, 270 septal.

    `theta_centre_deg` may be left out: then a coronary territory is drawn first and the angle inside it.
    `x_centre` runs from 0 (base) to 1 (apex); widths are total; `severity` is the loss of uptake.
    """

    theta_centre_deg: Range | None = None
    theta_width_deg: PositiveRange = (40.0, 120.0)
    x_centre: FractionRange = (0.25, 0.8)
    x_width_mm: PositiveRange = (20.0, 60.0)
    wall_fraction: FractionRange = (0.6, 1.0)
    severity: FractionRange = (0.35, 0.9)
    second_share: Fraction = 0.15


class PopulationSpec(Spec):
    """What varies from patient to patient beside a site's body width and share of women; defaults: arms up, end diastole."""
