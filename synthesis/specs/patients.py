"""Who is examined: the limits of infarcts, of lesions elsewhere and of the population that anatomies are drawn from.

`docs/population.md` lists every quantity with its distribution and source; a test compares the two.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from synthesis.specs.fields import Fraction, FractionRange, PositiveRange, Range, Spec

PATIENT_SHIFT_MM = 6.0  # a patient lies at most so far beside the rotation axis
ARM_GAP_MM = 4.0  # clothing between an arm and the trunk
MOST_INFARCTS = 6
Territory = Literal["LAD", "RCA", "LCX"]
HostOrgan = Literal["liver", "lung", "lymph_node", "breast", "spine", "spleen", "kidney"]


class LesionSpec(Spec):
    """Limits of an infarct in XCAT's terms; the angle is 0 anterior, 90 lateral, 180 inferior, 270 septal.

    `theta_centre_deg` may be left out: then a coronary territory is drawn first and the angle inside it.
    `x_centre` runs from 0 (base) to 1 (apex); widths are total; `severity` is the loss of uptake.

    `territories` restricts the coronary territories that are drawn; `segments` names AHA segments instead, and an
    infarct is then centred in one of them. `number` is the least and the largest number of infarcts of a diseased
    patient; without it there is one, and a second with `second_share`. The border zone, `border_mm` wide, falls from
    the full loss to none. With `ischaemia_share` a defect is an ischaemia, whose loss is `ischaemia_severity`.
    """

    LATER: ClassVar[frozenset[str]] = frozenset(
        {"number", "border_mm", "territories", "segments", "ischaemia_share", "ischaemia_severity"}
    )

    theta_centre_deg: Range | None = None
    theta_width_deg: PositiveRange = (40.0, 120.0)
    x_centre: Range = (0.25, 0.8)
    x_width_mm: PositiveRange = (20.0, 60.0)
    wall_fraction: FractionRange = (0.6, 1.0)
    severity: FractionRange = (0.35, 0.9)
    second_share: Fraction = 0.15
    number: tuple[int, int] | None = None
    border_mm: PositiveRange = (5.0, 5.0)
    territories: tuple[Territory, ...] | None = Field(default=None, min_length=1)
    segments: tuple[int, ...] | None = Field(default=None, min_length=1)
    ischaemia_share: Fraction = 0.0
    ischaemia_severity: FractionRange = (0.1, 0.4)

    @model_validator(mode="after")
    def _inside_the_wall(self) -> Self:
        low, high = self.x_centre
        message = ""
        if low < 0 or high > 1:
            message = (
                f"an infarct centred between {low:g} and {high:g} of the long axis may lie outside the wall, which runs "
                "from 0 (base) to 1 (apex); keep x_centre within 0 and 1"
            )
        elif self.theta_width_deg[1] > 360:
            message = f"an infarct {self.theta_width_deg[1]:g} degrees wide is more than the wall's whole circle of 360"
        elif self.wall_fraction[0] == 0 or self.severity[1] == 0:
            message = "an infarct needs a part of the wall's thickness and a loss of uptake; set both above 0"
        elif sum(v is not None for v in (self.theta_centre_deg, self.territories, self.segments)) > 1:
            message = "give one of theta_centre_deg, territories and segments, not several"
        elif self.number is not None and not 1 <= self.number[0] <= self.number[1] <= MOST_INFARCTS:
            message = f"number must be two whole numbers in order between 1 and {MOST_INFARCTS}, got {self.number}"
        elif self.segments is not None and not all(1 <= s <= 17 for s in self.segments):
            message = f"AHA segments are numbered 1 to 17, got {self.segments}"
        if message:
            raise ValueError(message)
        return self


class OrganLesionSpec(Spec):
    """Limits of hot or cold ellipsoids inside one organ other than the heart.

    `contrast` is the uptake divided by the organ's own (log-uniform); `diameter_mm` the short diameter, `elongation` the
    long one divided by it; `share` the share of patients who have such lesions.
    """

    organ: HostOrgan
    number: tuple[int, int] = (1, 1)
    diameter_mm: PositiveRange = (12.0, 30.0)
    elongation: PositiveRange = (1.0, 1.0)
    contrast: PositiveRange = (2.0, 5.0)
    share: Fraction = 1.0

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not 1 <= self.number[0] <= self.number[1] <= 20:
            message = f"number must be two whole numbers in order between 1 and 20, got {self.number}"
            raise ValueError(message)
        if self.elongation[0] < 1:
            message = f"elongation is the long diameter over the short one, at least 1, got {self.elongation[0]:g}"
            raise ValueError(message)
        return self


class PopulationSpec(Spec):
    """What varies from patient to patient beside a site's body width and share of women.

    The defaults are arms up, end diastole and end expiration; None leaves a quantity as `synthesis.phantoms.anatomy`
    draws it. Ranges are drawn uniformly unless the description says otherwise.
    """

    height_mm: PositiveRange | None = Field(
        default=None, description="Stature of men; women are 8 % shorter. Scales lengths along the body."
    )
    arms_down_share: Fraction = Field(default=0.0, description="Share of patients whose arms lie beside the trunk.")
    arm_radius_mm: PositiveRange = Field(default=(42.0, 52.0), description="Radius of the upper arm with its fat.")
    breast_volume_ml: PositiveRange | None = Field(default=None, description="Volume of one breast, log-uniform.")
    heart_length_mm: PositiveRange | None = Field(
        default=None, description="Long axis of a man's left ventricle, valve plane to outer apex, end diastole."
    )
    heart_radius_mm: PositiveRange | None = Field(
        default=None, description="Outer radius of a man's left ventricle, end diastole."
    )
    wall_mm: PositiveRange | None = Field(default=None, description="Thickness of the left wall, end diastole.")
    heart_azimuth_deg: Range | None = Field(default=None, description="Turn of the apex from the front to the left.")
    heart_elevation_deg: Range | None = Field(default=None, description="Tilt of the apex towards the feet.")
    chamber_scale: PositiveRange = Field(
        default=(1.0, 1.0), description="Size of the right ventricle and the atria, relative to usual."
    )
    papillary: bool = Field(default=False, description="Whether the two papillary muscles are there.")
    papillary_mm: PositiveRange = Field(default=(3.5, 5.5), description="Radius of a papillary muscle.")
    rv_uptake: FractionRange | None = Field(
        default=None, description="Uptake of the right ventricular wall, relative to the left."
    )
    ejection_fraction: FractionRange = Field(
        default=(0.5, 0.7), description="Share of the cavity's volume that is gone at end systole."
    )
    cardiac_phase: FractionRange = Field(
        default=(0.0, 0.0), description="Contraction, 0 end diastole .. 1 end systole, where it is not averaged."
    )
    cardiac_average: bool = Field(default=False, description="Whether the beat is averaged, as without a gate.")
    respiratory_amplitude_mm: Range = Field(
        default=(0.0, 0.0), description="Way of the diaphragm from end expiration to end inspiration."
    )
    respiratory_phase: FractionRange = Field(
        default=(0.0, 0.0), description="Inspiration, 0 end expiration .. 1 end inspiration, where it is not averaged."
    )
    respiratory_average: bool = Field(default=False, description="Whether breathing is averaged, as without a gate.")
    frames: int = Field(default=4, ge=2, le=16, description="Positions that an average is made of.")

    @field_validator("respiratory_amplitude_mm")
    @classmethod
    def _amplitude(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] < 0 or value[1] > 60:
            message = f"the diaphragm moves between 0 and 60 mm, got {value}"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _alive(self) -> Self:
        """Refuse hearts that no shape can be drawn for."""
        wall = (self.wall_mm or (9.0, 12.0))[1]
        radius = (self.heart_radius_mm or (29.0, 36.0))[0] * 0.92  # a woman's
        if wall > 0.6 * radius:
            message = f"a wall of {wall:g} mm leaves no cavity in a ventricle of {radius:g} mm radius"
            raise ValueError(message)
        if self.ejection_fraction[1] > 0.85:
            message = f"an ejection fraction of {self.ejection_fraction[1]:g} leaves no cavity; at most 0.85"
            raise ValueError(message)
        return self

    @property
    def arms_mm(self) -> float:
        """How much wider than the trunk the broadest patient can be."""
        return 2 * (2 * self.arm_radius_mm[1] + ARM_GAP_MM) if self.arms_down_share > 0 else 0.0
