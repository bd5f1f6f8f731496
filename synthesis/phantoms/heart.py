"""Build the heart: left ventricular wall with its own coordinates (`model.ventricle`), right ventricle, atria and blood."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from model.io.study import HeartFrame
from model.ventricle import CENTRE_SHARE, Box, Floats, WallCoordinates, ellipsoid_distance, share, wall_coordinates
from synthesis.phantoms.anatomy import Ventricle
from synthesis.phantoms.composition import Composer
from synthesis.phantoms.shapes import Lattice, tuple_scale

Vector: TypeAlias = npt.NDArray[np.float64]
PAPILLARY_DEG = (50.0, 210.0)  # anterolateral and posteromedial: recalled, short-axis views at 2 and 7 o'clock
PAPILLARY_REACH = (0.40, 0.68)  # of the cavity's length, from the chordae to the base of the muscle
BASAL, MID = 0.35, 0.70  # borders of the thirds, 35:35:30 % of the length: Cerqueira et al., Circulation 105 (2002) 539


@dataclass(frozen=True, eq=False)
class Frame:
    """Axes of the left ventricle: origin at the valve plane, unit vectors in (x, y, z)."""

    base: Vector
    axis: Vector
    anterior: Vector
    lateral: Vector

    @classmethod
    def of(cls, ventricle: Ventricle) -> Frame:
        """Derive the axes; the anterior wall is the one that faces the head and the front."""
        axis = np.asarray(ventricle.axis)
        up = np.array([0.0, 0.0, 1.0])
        anterior = up - axis * float(up @ axis)
        anterior /= np.linalg.norm(anterior)
        return cls(np.asarray(ventricle.base), axis, anterior, np.cross(anterior, axis))

    def point(self, long: float, anterior: float = 0.0, lateral: float = 0.0) -> Vector:
        """Return (x, y, z) in mm of a point given along the axes."""
        return self.base + long * self.axis + anterior * self.anterior + lateral * self.lateral

    def local(self, p: Lattice, origin: Vector | None = None) -> tuple[Floats, Floats, Floats]:
        """Return (long, anterior, lateral) in mm of every voxel, from `origin` or the valve plane."""
        start = self.base if origin is None else origin
        dx, dy, dz = p.x - np.float32(start[0]), p.y - np.float32(start[1]), p.z - np.float32(start[2])
        along = [np.float32(v[0]) * dx + np.float32(v[1]) * dy + np.float32(v[2]) * dz
                 for v in (self.axis, self.anterior, self.lateral)]  # fmt: skip
        return along[0], along[1], along[2]


def frame_record(ventricle: Ventricle) -> HeartFrame:
    """Return the frame as the study file stores it."""
    frame = Frame.of(ventricle)
    base, apex = frame.base, frame.point(ventricle.length)
    return HeartFrame(
        base_mm=(float(base[0]), float(base[1]), float(base[2])),
        apex_mm=(float(apex[0]), float(apex[1]), float(apex[2])),
        anterior=(float(frame.anterior[0]), float(frame.anterior[1]), float(frame.anterior[2])),
        outer_radius_mm=ventricle.outer_radius,
        wall_mm=ventricle.wall,
    )


def paint_heart(
    composer: Composer, ventricle: Ventricle, rv_scale: float, *, atria_scale: float = 1.0, papillary_mm: float = 0.0
) -> tuple[WallCoordinates, npt.NDArray[np.uint8]]:
    """Paint the whole heart; return the wall's coordinates and the AHA segment of every voxel (0 outside the wall)."""
    frame, h = Frame.of(ventricle), composer.lattice.voxel_mm
    long, radius = ventricle.length, ventricle.outer_radius
    middle = frame.point(0.25 * long, lateral=-0.4 * radius)
    reach = 0.6 * long + radius  # the pericardium and the atria stay inside this cube
    box = composer.lattice.box(
        *[(middle[0] + s * reach, middle[1] + s * reach, middle[2] + s * reach) for s in (-1, 1)]
    )
    p = composer.lattice.cut(box)

    def solid(key: str, at: Vector, radii: tuple[float, float, float]) -> None:
        composer.paint(key, share(ellipsoid_distance(*frame.local(p, at), radii), h), box)

    rv_at = frame.point(0.36 * long, anterior=-2, lateral=-1.0 * radius)
    rv = (0.50 * long * rv_scale, 1.02 * radius * rv_scale, 0.92 * radius * rv_scale)
    sac = frame.point(0.36 * long, lateral=-0.35 * radius)
    solid("fat", sac, (0.68 * long, 1.22 * radius, 1.55 * radius))
    left, right = (18, 0.8 * radius, 0.8 * radius), (20, 0.85 * radius, 0.6 * radius)
    solid("blood", frame.point(-0.16 * long, anterior=-4), tuple_scale(left, atria_scale))
    solid("blood", frame.point(-0.12 * long, anterior=2, lateral=-1.45 * radius), tuple_scale(right, atria_scale))
    solid("right_ventricle", rv_at, rv)
    solid("blood", rv_at, (rv[0] - 4, rv[1] - 4, rv[2] - 4))
    painted = _paint_left(composer, ventricle, frame, box)
    if papillary_mm > 0:
        _paint_papillary(composer, ventricle, frame, box, papillary_mm)
    return painted


def _paint_papillary(composer: Composer, v: Ventricle, frame: Frame, box: Box, radius: float) -> None:
    """Lay the anterolateral and the posteromedial papillary muscle against the wall, as capsules in the cavity."""
    local = frame.local(composer.lattice.cut(box))
    widest = CENTRE_SHARE * v.length
    inner_axis, inner_radius = v.length - widest - v.apical_wall, v.outer_radius - v.wall
    for theta_deg in PAPILLARY_DEG:
        ends = []
        for share_of_length in PAPILLARY_REACH:
            down = share_of_length * (v.length - v.apical_wall)
            wall_at = inner_radius * math.sqrt(1 - ((down - widest) / inner_axis) ** 2) - 0.6 * radius
            angle = math.radians(theta_deg)
            ends.append(np.array([down, wall_at * math.cos(angle), wall_at * math.sin(angle)]))
        capsule = _capsule_distance(local, ends[0], ends[1], radius)
        composer.split("blood", "papillary", share(capsule, composer.lattice.voxel_mm), box)


def _capsule_distance(local: tuple[Floats, Floats, Floats], start: Vector, end: Vector, radius: float) -> Floats:
    line = end - start
    rel = [axis - np.float32(s) for axis, s in zip(local, start, strict=True)]
    along = sum(r * np.float32(d) for r, d in zip(rel, line, strict=True)) / np.float32(line @ line)
    along = np.clip(along, 0, 1)
    squared = sum((r - along * np.float32(d)) ** 2 for r, d in zip(rel, line, strict=True))
    distance: Floats = np.sqrt(squared) - np.float32(radius)
    return distance


def _paint_left(
    composer: Composer, ventricle: Ventricle, frame: Frame, box: Box
) -> tuple[WallCoordinates, npt.NDArray[np.uint8]]:
    p, h = composer.lattice.cut(box), composer.lattice.voxel_mm
    t, a, b = frame.local(p)
    wall = wall_coordinates(
        box,
        t,
        a,
        b,
        length_mm=ventricle.length,
        outer_radius_mm=ventricle.outer_radius,
        wall_mm=ventricle.wall,
        apical_wall_mm=ventricle.apical_wall,
    )
    outer, inner = wall.outer_mm, wall.inner_mm
    composer.paint("myocardium", share(np.maximum(outer, -t), h), box)
    composer.paint("blood", share(np.maximum(inner, -t), h), box)
    near = (np.maximum(outer, -inner) < 0.5 * h) & (t > -0.5 * h)
    segments = np.zeros(composer.grid.shape, dtype=np.uint8)
    segments[box] = np.where(near, aha_segment(wall, ventricle.length - ventricle.apical_wall), 0)
    return wall, segments


def aha_segment(wall: WallCoordinates, cavity_length_mm: float) -> npt.NDArray[np.uint8]:
    """Return the wall numbered by the AHA's 17 segments; the apex (17) is what lies beyond the cavity.

    References
    ----------
    Cerqueira et al., Circulation 105 (2002) 539: 1-6 and 7-12 anterior, anteroseptal, inferoseptal, inferior,
    inferolateral, anterolateral (60 degrees each), 13-16 anterior, septal, inferior, lateral (90 degrees each).
    """
    index = wall.long_mm / np.float32(cavity_length_mm)
    against = (360.0 - wall.theta_deg) % 360  # the numbering runs from anterior over the septum
    sixth = ((against + 30) // 60).astype(np.uint8) % 6
    quarter = ((against + 45) // 90).astype(np.uint8) % 4
    segment = np.where(index < BASAL, 1 + sixth, np.where(index < MID, 7 + sixth, 13 + quarter))
    return np.where(index > 1, 17, segment).astype(np.uint8)
