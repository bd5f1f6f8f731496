"""Move a patient: the beat of the heart and the breath, as positions that are shown alone or averaged.

Contraction conserves the wall's volume: the cavity loses its share (ejection fraction), the long axis shortens from the
valve plane, and the wall thickens by what is left over.

References
----------
Wang, Riederer, Ehman, Magn. Reson. Med. 33 (1995) 713: the heart follows the diaphragm by .57 to .70 of its way.
Lujan et al., Med. Phys. 26 (1999) 715: position over a breath z0 - A cos^2n(pi t / tau), longest at end expiration.
Recalled: the valve plane moves 12-16 mm in systole, about 16 % of the long axis at an ejection fraction of .6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from model.ventricle import CENTRE_SHARE
from synthesis.phantoms.anatomy import Anatomy, Moment, Ventricle

HEART_FOLLOWS = 0.6  # of the diaphragm's way
SHORTENING = 0.27  # of the long axis at full contraction, times the ejection fraction
APICAL_THICKENING = 0.2
CHAMBER_CHANGE = 0.12  # the right ventricle shrinks and the atria grow by this share at full contraction
SYSTOLE = 0.8  # contraction and fast filling take this share of the beat, end systole lies in its middle (XCAT: 0.4)
BREATH_POWER = 4  # 2n of Lujan et al.
LOW_DISCREPANCY = 0.6180339887  # pairs beats with breaths so that both are covered evenly; a breath out mirrors one in


@dataclass(frozen=True)
class Cycle:
    """What moves: contraction and breath where not averaged, and how many positions an average has."""

    contraction: float
    breath_mm: float
    amplitude_mm: float
    average_beat: bool
    average_breath: bool
    frames: int


def moments(cycle: Cycle) -> tuple[Moment, ...]:
    """Return the positions of `cycle`, equally long; one where nothing is averaged."""
    if not (cycle.average_beat or (cycle.average_breath and cycle.amplitude_mm > 0)):
        return (Moment(cycle.breath_mm, cycle.contraction),)
    positions = []
    for i in range(cycle.frames):
        even = (i + 0.5) / cycle.frames
        breath, beat = even / 2, (even if not cycle.average_breath else ((i + 0.5) * LOW_DISCREPANCY) % 1)
        positions.append(
            Moment(
                breath_mm=cycle.amplitude_mm * inspiration(breath) if cycle.average_breath else cycle.breath_mm,
                contraction=contraction(beat) if cycle.average_beat else cycle.contraction,
            )
        )
    return tuple(positions)


def inspiration(phase: float) -> float:
    """Return the diaphragm's way, 0 end expiration .. 1 end inspiration, at `phase` 0..1 of a breath."""
    return math.sin(math.pi * phase) ** BREATH_POWER


def contraction(phase: float) -> float:
    """Return the contraction, 0 end diastole .. 1 end systole, at `phase` 0..1 of a beat from the R wave."""
    return math.sin(math.pi * phase / SYSTOLE) ** 2 if phase < SYSTOLE else 0.0


def at(anatomy: Anatomy, moment: Moment) -> Anatomy:
    """Return the patient at one moment; `anatomy` is end diastole and end expiration."""
    if moment == Moment():
        return anatomy
    down, extras = moment.breath_mm, anatomy.extras
    ventricle = contract(anatomy.ventricle, extras.ejection_fraction, moment.contraction)
    x, y, z = ventricle.base
    return replace(
        anatomy,
        right_dome_z=anatomy.right_dome_z - down,
        left_dome_z=anatomy.left_dome_z - down,
        ventricle=replace(ventricle, base=(x, y, z - HEART_FOLLOWS * down)),
        rv_scale=anatomy.rv_scale * (1 - CHAMBER_CHANGE * moment.contraction),
        extras=replace(extras, atria_scale=extras.atria_scale * (1 + CHAMBER_CHANGE * moment.contraction)),
    )


def contract(ventricle: Ventricle, ejection_fraction: float, amount: float) -> Ventricle:
    """Return the left ventricle contracted by `amount`, 0 end diastole .. 1 end systole; its apex stays in place."""
    if amount == 0:
        return ventricle
    outer, cavity = volumes(ventricle)
    wall_volume, cavity = outer - cavity, cavity * (1 - ejection_fraction * amount)
    length = ventricle.length * (1 - SHORTENING * ejection_fraction * amount)
    apical = ventricle.apical_wall * (1 + APICAL_THICKENING * amount)
    inner_radius = math.sqrt(cavity / _cut_ellipsoid(length, apical, 1.0))
    outer_radius = math.sqrt((cavity + wall_volume) / _cut_ellipsoid(length, 0.0, 1.0))
    base = np.asarray(ventricle.base) + (ventricle.length - length) * np.asarray(ventricle.axis)
    return replace(
        ventricle,
        base=(float(base[0]), float(base[1]), float(base[2])),
        length=length,
        outer_radius=outer_radius,
        wall=outer_radius - inner_radius,
        apical_wall=apical,
    )


def volumes(ventricle: Ventricle) -> tuple[float, float]:
    """Return the volume inside the outer surface and that of the cavity, in mm^3."""
    v = ventricle
    return (
        _cut_ellipsoid(v.length, 0.0, v.outer_radius),
        _cut_ellipsoid(v.length, v.apical_wall, v.outer_radius - v.wall),
    )


def _cut_ellipsoid(length: float, apical: float, radius: float) -> float:
    """Volume from the valve plane through the widest circle to the tip, `apical` short of `length`."""
    widest = CENTRE_SHARE * length
    axis = length - widest - apical
    return math.pi * radius**2 * (axis * 2 / 3 + widest * (1 - (widest / axis) ** 2 / 3))


def mean_ventricle(ventricles: list[Ventricle]) -> Ventricle:
    """Return the average of one heart at several moments."""
    first, n = ventricles[0], len(ventricles)
    base = np.mean([v.base for v in ventricles], axis=0)
    return replace(
        first,
        base=(float(base[0]), float(base[1]), float(base[2])),
        length=sum(v.length for v in ventricles) / n,
        outer_radius=sum(v.outer_radius for v in ventricles) / n,
        wall=sum(v.wall for v in ventricles) / n,
        apical_wall=sum(v.apical_wall for v in ventricles) / n,
    )
