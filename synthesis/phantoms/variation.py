"""Vary a drawn anatomy within a scenario's population: posture, stature, breasts, heart, chambers, beat and breath."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from synthesis.phantoms.anatomy import FEMALE_SCALE, SPINE_MM, Anatomy, Arms, Extras, Ventricle
from synthesis.phantoms.motion import Cycle, moments
from synthesis.specs.patients import PopulationSpec

USUAL_HEIGHT_MM = 1750.0  # stature of the men that the lengths along the body are made for
ARM_BEHIND_MM = (0.0, 28.0)  # how far behind the middle of the trunk the arms lie
SKIN_MM = 4.0  # over the spinous processes of thin patients
APEX_CLEARANCE_MM = 7.0  # between the apex and the chest wall
DRAWS = (
    "height", "arms", "arm_radius", "arm_behind", "breast", "length", "radius", "wall", "azimuth", "elevation", "rv",
    "atria", "papillary", "rv_uptake", "ejection", "contraction", "amplitude", "breath",
)  # fmt: skip


def vary(anatomy: Anatomy, spec: PopulationSpec, rng: np.random.Generator) -> tuple[Anatomy, dict[str, float]]:
    """Return the varied patient and the uptakes that come with it.

    Every quantity has its own random number whether it is used or not, so that switching one on leaves the others
    as they were. Without any variation `anatomy` comes back as it is.
    """
    u = dict(zip(DRAWS, rng.random(len(DRAWS)).tolist(), strict=True))
    if spec == PopulationSpec():
        return anatomy, {}

    def between(limits: tuple[float, float], name: str) -> float:
        return float(limits[0] + (limits[1] - limits[0]) * u[name])

    sex = FEMALE_SCALE if anatomy.female else 1.0
    tall = 1.0 if spec.height_mm is None else between(spec.height_mm, "height") / USUAL_HEIGHT_MM * sex
    arms = Arms(between(spec.arm_radius_mm, "arm_radius") * sex, between(ARM_BEHIND_MM, "arm_behind"))
    amplitude = between(spec.respiratory_amplitude_mm, "amplitude")
    cycle = Cycle(
        contraction=between(spec.cardiac_phase, "contraction"),
        breath_mm=amplitude * between(spec.respiratory_phase, "breath"),
        amplitude_mm=amplitude,
        average_beat=spec.cardiac_average,
        average_breath=spec.respiratory_average,
        frames=spec.frames,
    )
    extras = Extras(
        height_scale=tall,
        atria_scale=between(spec.chamber_scale, "atria"),
        papillary_mm=between(spec.papillary_mm, "papillary") if spec.papillary else 0.0,
        spine_forward=max(0.0, SPINE_MM + SKIN_MM - (anatomy.body_half[1] - anatomy.cavity_half[1])),
        arms=arms if u["arms"] < spec.arms_down_share else None,
        ejection_fraction=between(spec.ejection_fraction, "ejection"),
        moments=moments(cycle),
    )
    x, y, z = anatomy.stomach_radii
    varied = replace(
        anatomy,
        breast_radii=_breast(anatomy, spec, u["breast"]),
        rib_spacing=anatomy.rib_spacing * tall,
        stomach_radii=(x, y, z * tall),
        rv_scale=anatomy.rv_scale * between(spec.chamber_scale, "rv"),
        extras=extras,
    )
    uptakes = {}
    if spec.rv_uptake is not None:
        uptakes["right_ventricle"] = between(spec.rv_uptake, "rv_uptake")
    return _with_heart(varied, _ventricle(varied.ventricle, spec, sex, u)), uptakes


def _breast(a: Anatomy, spec: PopulationSpec, u: float) -> tuple[float, float, float] | None:
    """Scale a breast, half of whose ellipsoid lies on the trunk, to a volume; it stays beside the other one."""
    if a.breast_radii is None or spec.breast_volume_ml is None:
        return a.breast_radii
    low, high = spec.breast_volume_ml
    wanted = 1000 * low * (high / low) ** u
    scale = (wanted / (math.tau / 3 * math.prod(a.breast_radii))) ** (1 / 3)
    lateral = a.breast_offset[0] * a.cavity_half[0]
    x = min(a.breast_radii[0] * scale, lateral - 4, a.body_half[0] - lateral)
    rest = math.sqrt(a.breast_radii[0] * scale / x)
    return x, a.breast_radii[1] * scale * rest, a.breast_radii[2] * scale * rest


def _ventricle(v: Ventricle, spec: PopulationSpec, sex: float, u: dict[str, float]) -> Ventricle:
    def drawn(limits: tuple[float, float] | None, name: str, usual: float, scale: float = 1.0) -> float:
        return usual if limits is None else float(limits[0] + (limits[1] - limits[0]) * u[name]) * scale

    wall = drawn(spec.wall_mm, "wall", v.wall)
    return replace(
        v,
        azimuth_deg=drawn(spec.heart_azimuth_deg, "azimuth", v.azimuth_deg),
        elevation_deg=drawn(spec.heart_elevation_deg, "elevation", v.elevation_deg),
        length=drawn(spec.heart_length_mm, "length", v.length, sex),
        outer_radius=drawn(spec.heart_radius_mm, "radius", v.outer_radius, sex),
        wall=wall,
        apical_wall=wall * v.apical_wall / v.wall,
    )


def _with_heart(a: Anatomy, ventricle: Ventricle) -> Anatomy:
    """Put the new heart in: its apex stays off the chest wall, and the diaphragm goes on carrying it."""
    before, after = a.ventricle, ventricle
    x, y, z = after.base
    apex = np.asarray(after.base) + after.length * np.asarray(after.axis)
    (half_x, half_y), n = a.cavity_half, a.outline_power
    aside = min(abs(float(apex[0]) - a.centre[0]) / (half_x - APEX_CLEARANCE_MM), 0.98)
    front = a.centre[1] - (half_y - APEX_CLEARANCE_MM) * (1 - aside**n) ** (1 / n)
    placed = replace(after, base=(x, y + max(0.0, front - float(apex[1])), z))
    lower = _low(after) - _low(before)
    return replace(a, ventricle=placed, right_dome_z=a.right_dome_z + lower, left_dome_z=a.left_dome_z + lower)


def _low(v: Ventricle) -> float:
    """Return the height of the diaphragm under the heart."""
    return v.base[2] - v.length * math.sin(math.radians(v.elevation_deg)) - 0.35 * v.outer_radius
