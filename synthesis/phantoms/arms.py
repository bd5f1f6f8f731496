"""Paint arms that lie beside the trunk: fat, muscle and the humerus as cylinders along the body."""

from __future__ import annotations

import numpy as np

from model.ventricle import share
from synthesis.phantoms.anatomy import Anatomy
from synthesis.phantoms.composition import Composer
from synthesis.phantoms.shapes import superellipse
from synthesis.specs.patients import ARM_GAP_MM

HUMERUS_MM = 11.0  # radius of the shaft; recalled, adult 20-24 mm across
ARM_FAT_SHARE = 0.2  # of the arm's radius


def arm_centres(a: Anatomy) -> tuple[tuple[float, float], ...]:
    """Return (x, y) of the right and the left arm, as close to the trunk as clothing lets them; () with arms up."""
    arms = a.extras.arms
    if arms is None:
        return ()
    half_x, half_y = a.body_half
    dy = np.linspace(-arms.radius - ARM_GAP_MM, arms.radius + ARM_GAP_MM, 65)
    inside = np.clip(1 - np.abs((arms.behind + dy) / half_y) ** a.outline_power, 0, None)
    skin = half_x * inside ** (1 / a.outline_power)
    away = float((skin + np.sqrt(np.clip((arms.radius + ARM_GAP_MM) ** 2 - dy**2, 0, None))).max())
    return tuple((a.centre[0] + side * away, a.centre[1] + arms.behind) for side in (-1, 1))


def paint_arms(composer: Composer, a: Anatomy) -> None:
    """Paint the arms of `a`, if they are down; nothing else may be painted yet where they lie."""
    if a.extras.arms is None:
        return
    p, h, radius = composer.lattice, composer.lattice.voxel_mm, a.extras.arms.radius
    for centre in arm_centres(a):
        for key, r in (("fat", radius), ("muscle", radius * (1 - ARM_FAT_SHARE)), ("humerus", HUMERUS_MM)):
            composer.paint(key, share(superellipse(p, centre, (r, r), 2.0), h))


def reach_mm(a: Anatomy) -> float:
    """Return how far from the rotation axis arms and breasts reach; 0 without either."""
    reach = [0.0]
    if a.extras.arms is not None:
        reach += [float(np.hypot(*centre)) + a.extras.arms.radius for centre in arm_centres(a)]
    if a.breast_radii is not None:
        turn = np.linspace(0, 2 * np.pi, 73)
        for side in (-1, 1):
            x = a.centre[0] + side * a.breast_offset[0] * a.cavity_half[0] + a.breast_radii[0] * np.cos(turn)
            y = a.centre[1] - 0.9 * a.body_half[1] + a.breast_radii[1] * np.sin(turn)
            reach.append(float(np.hypot(x, y).max()))
    return max(reach)
