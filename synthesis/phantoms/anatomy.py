"""Draw a patient: sex, size and the position of everything in the thorax, in mm, LPS, from the grid's centre.

Ranges follow published adult anatomy as collected in the reference page "Numbers for the open phantom": body 300-400 mm
wide and 200-260 mm deep, women about 8 % smaller with breasts; left ventricle outer radius 28-36, wall 9-12, length 75-95 mm;
heart axis as in the XCAT patient population (mean +- SD about 48 +- 9 degrees to the left, 28 +- 8 degrees down).
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from synthesis.scenario import SiteProfile
from synthesis.specs.patients import PATIENT_SHIFT_MM

FEMALE_SCALE = 0.92
SPINE_MM = 34.0  # from the back of the chest cavity to the tip of a spinous process


@dataclass(frozen=True)
class Ventricle:
    """The left ventricle: a prolate half ellipsoid, cut at the valve plane. mm and degrees.

    `azimuth_deg` turns the apex from anterior to the patient's left, `elevation_deg` down towards the feet.
    """

    base: tuple[float, float, float]
    azimuth_deg: float
    elevation_deg: float
    length: float
    outer_radius: float
    wall: float
    apical_wall: float

    @property
    def axis(self) -> tuple[float, float, float]:
        """Unit vector (x, y, z) from base to apex."""
        az, el = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        return math.cos(el) * math.sin(az), -math.cos(el) * math.cos(az), -math.sin(el)


@dataclass(frozen=True)
class Moment:
    """A position in breath and beat: the diaphragm's way down in mm, and contraction 0 diastole .. 1 systole."""

    breath_mm: float = 0.0
    contraction: float = 0.0


@dataclass(frozen=True)
class Arms:
    """Arms beside the trunk: radius with fat, and how far behind the middle of the trunk they lie. mm."""

    radius: float
    behind: float


@dataclass(frozen=True)
class Extras:
    """What `synthesis.phantoms.variation` adds to a patient; the defaults change nothing."""

    height_scale: float = 1.0
    atria_scale: float = 1.0
    papillary_mm: float = 0.0
    spine_forward: float = 0.0
    arms: Arms | None = None
    ejection_fraction: float = 0.0
    moments: tuple[Moment, ...] = (Moment(),)


@dataclass(frozen=True)
class Anatomy:
    """One patient; lengths in mm, `half` widths from the centre of the body."""

    female: bool
    centre: tuple[float, float]
    cavity_half: tuple[float, float]
    muscle: float
    fat: float
    outline_power: float
    breast_radii: tuple[float, float, float] | None
    breast_offset: tuple[float, float]
    right_dome_z: float
    left_dome_z: float
    liver_scale: float
    stomach_radii: tuple[float, float, float]
    stomach_gas: bool
    spleen_scale: float
    bowel_offset: float
    rib_spacing: float
    rib_phase: float
    lung_density: float
    ventricle: Ventricle
    rv_scale: float
    extras: Extras = Extras()

    @property
    def body_half(self) -> tuple[float, float]:
        """Half width and half depth of the trunk, skin included."""
        return self.cavity_half[0] + self.muscle + self.fat, self.cavity_half[1] + self.muscle + 0.7 * self.fat

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values for the provenance; extras only where there are any."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))  # tuples become lists, as in the file
        if self.extras == Extras():
            del plain["extras"]
        return plain


def _normal(rng: np.random.Generator, mean: float, sd: float, reach: float = 2.0) -> float:
    return float(mean + sd * np.clip(rng.normal(), -reach, reach))


def draw_anatomy(site: SiteProfile, rng: np.random.Generator) -> Anatomy:
    """Draw one patient of `site`; the same generator state gives the same patient."""
    female = bool(rng.random() < site.female_share)
    scale = FEMALE_SCALE if female else 1.0
    width = float(rng.uniform(*site.body_width_mm)) * scale
    muscle = float(rng.uniform(14, 20)) * scale
    cavity_x = min(_normal(rng, 128, 5) * scale, width / 2 - muscle - 6)
    fat = width / 2 - cavity_x - muscle
    cavity = (cavity_x, _normal(rng, 90, 4) * scale)
    ventricle = _draw_ventricle(rng, scale, broad=fat > 30)
    radii, offset = None, (0.0, 0.0)
    breast = rng.uniform((48, 20, 48), (66, 36, 62)) * (1 + 0.004 * (fat - 20))
    placed = (float(rng.uniform(0.56, 0.68)), _normal(rng, 5, 8))
    if female:
        radii, offset = (float(breast[0]), float(breast[1]), float(breast[2])), placed
    low = ventricle.base[2] - ventricle.length * math.sin(math.radians(ventricle.elevation_deg))
    left_dome = low - 0.35 * ventricle.outer_radius + _normal(rng, 0, 4)
    return Anatomy(
        female=female,
        centre=(_normal(rng, 0, PATIENT_SHIFT_MM / 2), _normal(rng, 4, 4)),
        cavity_half=cavity,
        muscle=muscle,
        fat=fat,
        outline_power=float(rng.uniform(2.2, 2.7)),
        breast_radii=radii,
        breast_offset=offset,
        right_dome_z=left_dome + float(rng.uniform(8, 24)),
        left_dome_z=left_dome,
        liver_scale=float(rng.uniform(0.88, 1.12)),
        stomach_radii=(float(rng.uniform(30, 42)), float(rng.uniform(28, 38)), float(rng.uniform(26, 40))),
        stomach_gas=bool(rng.random() < 0.5),
        spleen_scale=float(rng.uniform(0.8, 1.2)),
        bowel_offset=float(rng.uniform(-12, 12)),
        rib_spacing=float(rng.uniform(25, 31)),
        rib_phase=float(rng.random()),
        lung_density=float(rng.uniform(0.20, 0.34)),
        ventricle=ventricle,
        rv_scale=float(rng.uniform(0.9, 1.12)),
    )


def _draw_ventricle(rng: np.random.Generator, scale: float, *, broad: bool) -> Ventricle:
    """Draw the left ventricle; broad patients have a more horizontal heart."""
    wall = float(rng.uniform(9.0, 12.0))
    return Ventricle(
        base=(_normal(rng, 14, 5), _normal(rng, 2, 5), _normal(rng, 30, 6)),
        azimuth_deg=_normal(rng, 50 if broad else 46, 8),
        elevation_deg=_normal(rng, 23 if broad else 32, 7),
        length=float(rng.uniform(76, 94)) * scale,
        outer_radius=float(rng.uniform(29, 36)) * scale,
        wall=wall,
        apical_wall=wall * float(rng.uniform(0.75, 1.0)),
    )
