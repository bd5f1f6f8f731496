"""The left ventricular wall between two half ellipsoids: its own coordinates, and what an infarct covers. numpy only.

Coordinates of the wall: `long` in mm from the valve plane to the apex, `theta` in degrees (0 anterior, 90 lateral,
180 inferior, 270 septal) and `depth` (0 endocardium, 1 epicardium), as XCAT and the AHA count them.

References
----------
Segars et al., Med. Phys. 37 (2010) 4902 (XCAT, whose terms describe an infarct).
Cerqueira et al., Circulation 105 (2002) 539 (angles around the left ventricle).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Box: TypeAlias = tuple[slice, slice, slice]

CENTRE_SHARE = 0.12
"""The ventricle's widest circle lies this share of its length below the valve plane."""
BORDER_MM = 5.0
"""Usual width of an infarct's border zone."""


@dataclass(frozen=True, eq=False)
class WallCoordinates:
    """Where points around a left ventricle lie in its wall; arrays of one shape.

    Parameters
    ----------
    box : slices (z, y, x)
        The voxels that the points belong to.
    outer_mm, inner_mm : float32
        Signed distance to epicardium and endocardium, negative inside.
    long_mm, theta_deg, radius_mm, depth : float32
    length_mm, wall_mm : float
    """

    box: Box
    outer_mm: Floats
    inner_mm: Floats
    long_mm: Floats
    theta_deg: Floats
    radius_mm: Floats
    depth: Floats
    length_mm: float
    wall_mm: float


def wall_coordinates(
    box: Box,
    long: Floats,
    anterior: Floats,
    lateral: Floats,
    *,
    length_mm: float,
    outer_radius_mm: float,
    wall_mm: float,
    apical_wall_mm: float,
) -> WallCoordinates:
    """Return the wall's coordinates of points given in mm along the ventricle's axes from the valve plane."""
    widest = CENTRE_SHARE * length_mm
    down, tip, hollow = long - np.float32(widest), length_mm - widest, outer_radius_mm - wall_mm
    outer = ellipsoid_distance(down, anterior, lateral, (tip, outer_radius_mm, outer_radius_mm))
    inner = ellipsoid_distance(down, anterior, lateral, (tip - apical_wall_mm, hollow, hollow))
    thickness = np.maximum(inner, 0) + np.maximum(-outer, 0)
    return WallCoordinates(
        box=box,
        outer_mm=outer,
        inner_mm=inner,
        long_mm=long,
        theta_deg=np.degrees(np.arctan2(lateral, anterior)) % 360,
        radius_mm=np.sqrt(anterior**2 + lateral**2),
        depth=np.maximum(inner, 0) / np.maximum(thickness, np.float32(1e-3)),
        length_mm=length_mm,
        wall_mm=wall_mm,
    )


def infarct_weight(
    wall: WallCoordinates,
    *,
    centre_deg: float,
    width_deg: float,
    centre_index: float,
    length_mm: float,
    wall_fraction: float,
    border_mm: float = BORDER_MM,
) -> Floats:
    """Return the share 0..1 that an infarct covers at each point of wall, with its border zone.

    Its terms are those of `model.io.study.Defect`; outside the wall the value has no meaning.
    """
    turn = (wall.theta_deg - np.float32(centre_deg) + 180) % 360 - 180
    arc = (np.abs(turn) - np.float32(width_deg / 2)) * np.float32(np.pi / 180) * wall.radius_mm
    along = np.abs(wall.long_mm - np.float32(centre_index * wall.length_mm)) - np.float32(length_mm / 2)
    weight = share(along, border_mm) * share(arc if width_deg < 360 else np.full_like(arc, -border_mm), border_mm)
    if wall_fraction < 1:
        weight = weight * share((wall.depth - np.float32(wall_fraction)) * np.float32(wall.wall_mm), border_mm)
    return weight


def share(distance_mm: Floats, border_mm: float) -> Floats:
    """Return the filled share 0..1 from a signed distance; the border ramp is `border_mm` wide."""
    filled: Floats = np.clip(np.float32(0.5) - distance_mm * np.float32(1.0 / border_mm), 0.0, 1.0, dtype=np.float32)
    return filled


def ellipsoid_distance(dx: Floats, dy: Floats, dz: Floats, radii: tuple[float, float, float]) -> Floats:
    """Signed distance to an ellipsoid at the origin of the given coordinates (first order, k0 (k0 - 1) / k1)."""
    rx, ry, rz = (np.float32(r) for r in radii)
    k0 = np.sqrt((dx / rx) ** 2 + (dy / ry) ** 2 + (dz / rz) ** 2)
    k1 = np.sqrt((dx / rx**2) ** 2 + (dy / ry**2) ** 2 + (dz / rz**2) ** 2)
    distance: Floats = k0 * (k0 - np.float32(1)) / np.maximum(k1, np.float32(1e-6))
    return np.where(k1 < 1e-6, np.float32(-min(radii)), distance)
