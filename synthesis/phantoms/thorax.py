"""Build the thorax of one drawn patient: trunk, arms if they are down, ribs, lungs, heart and upper abdomen.

A patient who moves is painted at several moments over the same trunk, and the shares are averaged.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from model.geometry import VolumeGrid
from model.ventricle import share
from synthesis.defects import Lesion, paint_lesions
from synthesis.materials import HUMERUS_MU_PER_MM, MU_PER_MM, RIB_MU_PER_MM, VERTEBRA_MU_PER_MM, lung_mu_per_mm
from synthesis.organ_lesions import (
    OrganLesion,
    PlannedLesion,
    lesion_organs,
    lesion_truth,
    paint_organ_lesions,
    place_lesions,
    unmoved,
)  # fmt: skip
from synthesis.phantoms.anatomy import SPINE_MM, Anatomy, Extras
from synthesis.phantoms.arms import paint_arms
from synthesis.phantoms.composition import Codes, Composer, Organ, Phantom
from synthesis.phantoms.heart import frame_record, paint_heart
from synthesis.phantoms.motion import at, mean_ventricle
from synthesis.phantoms.shapes import Floats, Point, ellipsoid, superellipse, tuple_scale

RIB_MM = 7.0  # thickness of a rib across the chest wall
RIB_HEIGHT_MM = 12.0
RIB_SLOPE = 0.45  # mm down for each mm to the front


def organs(lung_density: float, lesions: int) -> tuple[Organ, ...]:
    """Return the organs of a thorax with its number of lesions, in the order of the shares."""
    mu = MU_PER_MM
    table = [
        ("fat", "fat", mu["adipose"]), ("muscle", "muscle", mu["muscle"]), ("breast", "breast", mu["breast"]),
        ("soft_tissue", "soft_tissue", mu["soft_tissue"]), ("lung", "lung", lung_mu_per_mm(lung_density)),
        ("rib", "bone", RIB_MU_PER_MM), ("spine", "bone", VERTEBRA_MU_PER_MM), ("cartilage", "muscle", mu["cartilage"]),
        ("blood", "blood", mu["blood"]), ("right_ventricle", "right_ventricle", mu["muscle"]),
        ("myocardium", "myocardium", mu["muscle"]), ("liver", "liver", mu["liver"]),
        ("gall_bladder", "gall_bladder", mu["water"]), ("stomach_wall", "stomach", mu["muscle"]),
        ("stomach_content", "stomach", mu["water"]), ("gas", "background", mu["gas"]),
        ("spleen", "spleen", mu["liver"]), ("kidney", "kidney", mu["soft_tissue"]), ("bowel", "bowel", mu["soft_tissue"]),
    ]  # fmt: skip
    infarcts = [Organ(f"lesion_{i + 1}", "myocardium", mu["muscle"]) for i in range(lesions)]
    return (*(Organ(*row) for row in table), *infarcts)


def extra_organs(extras: Extras) -> tuple[Organ, ...]:
    """Return the organs that only some patients show; they take up what their hosts do."""
    found = (
        [Organ("papillary", "myocardium", MU_PER_MM["muscle"], host="myocardium")] if extras.papillary_mm > 0 else []
    )
    if extras.arms is not None:
        found.append(Organ("humerus", "bone", HUMERUS_MU_PER_MM, host="rib"))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Patient:
    """A voxelised patient.

    Parameters
    ----------
    phantom : Phantom
    extents : tuple of float
        Share of the left ventricular wall that each infarct covers.
    organ_lesions : tuple of OrganLesion
        Lesions elsewhere, in their places.
    """

    phantom: Phantom
    extents: tuple[float, ...]
    organ_lesions: tuple[OrganLesion, ...]


def build_patient(
    anatomy: Anatomy, lesions: tuple[Lesion, ...], grid: VolumeGrid, planned: tuple[PlannedLesion, ...] = ()
) -> Patient:
    """Voxelise one patient on the fine `grid` with infarcts and with planned lesions of other organs.

    Raises
    ------
    PhantomInvalid
        If an infarct touches no wall, or a lesion finds no room in its organ.
    """
    table = (*organs(anatomy.lung_density, len(lesions)), *extra_organs(anatomy.extras))
    composer = Composer(grid, (*table, *lesion_organs(planned, table)))
    paint_arms(composer, anatomy)
    cavity = _trunk(composer, anatomy)
    moments = anatomy.extras.moments
    positions = [at(anatomy, moment) for moment in moments]
    covered: list[tuple[float, ...]] = []
    centres: tuple[Point, ...] = ()

    def paint(now: Anatomy, breath_mm: float) -> Codes:
        nonlocal centres
        _lungs(composer, now, cavity)
        _abdomen(composer, now, cavity)
        _spine_and_vessels(composer, now)
        wall, segments = paint_heart(
            composer,
            now.ventricle,
            now.rv_scale,
            atria_scale=now.extras.atria_scale,
            papillary_mm=now.extras.papillary_mm,
        )
        covered.append(paint_lesions(composer, wall, lesions))
        if planned and not centres:
            above = share(-_diaphragm(composer, now), composer.lattice.voxel_mm)
            found = place_lesions(composer, planned, above)
            centres = tuple(unmoved(plan, centre, breath_mm) for plan, centre in zip(planned, found, strict=True))
        paint_organ_lesions(composer, planned, centres, breath_mm)
        return segments

    if len(moments) == 1:
        segments = paint(positions[0], moments[0].breath_mm)
    else:
        walls = ("myocardium", *(f"lesion_{i + 1}" for i in range(len(lesions))))
        paintings = (
            functools.partial(paint, now, moment.breath_mm) for now, moment in zip(positions, moments, strict=True)
        )
        segments = composer.average(paintings, walls)
    heart = frame_record(
        positions[0].ventricle if len(moments) == 1 else mean_ventricle([a.ventricle for a in positions])
    )
    extents = tuple(sum(each) / len(each) for each in zip(*covered, strict=True))
    breath = sum(moment.breath_mm for moment in moments) / len(moments)
    truth = lesion_truth(composer, planned, centres, breath)
    return Patient(composer.finish(heart, segments), extents, truth)


def _trunk(composer: Composer, a: Anatomy) -> Floats:
    """Paint breasts, fat, muscle and ribs; return the signed distance to the chest cavity, shape (1, Y, X)."""
    p, h, power = composer.lattice, composer.lattice.voxel_mm, a.outline_power
    half_x, half_y = a.body_half
    if a.breast_radii is not None:
        lateral, up = a.breast_offset[0] * a.cavity_half[0], a.breast_offset[1]
        for side in (-1, 1):
            centre = (a.centre[0] + side * lateral, a.centre[1] - half_y * 0.9, up)
            composer.paint("breast", share(ellipsoid(p, centre, a.breast_radii), h))
    composer.paint("fat", share(superellipse(p, a.centre, (half_x, half_y), power), h))
    inner = (half_x - a.fat, half_y - 0.7 * a.fat)
    composer.paint("muscle", share(superellipse(p, a.centre, inner, power), h))
    cavity = superellipse(p, a.centre, a.cavity_half, power)
    composer.paint("soft_tissue", share(cavity, h))
    band = np.abs(cavity - np.float32(RIB_MM / 2)) - np.float32(RIB_MM / 2)
    composer.paint("rib", share(np.maximum(band, _rib_phase_mm(composer, a)), h))
    front = a.centre[1] - a.cavity_half[1]
    composer.paint("cartilage", share(ellipsoid(p, (a.centre[0], front - 5, 35), (20, 8, 75)), h))
    return cavity


def _rib_phase_mm(composer: Composer, a: Anatomy) -> Floats:
    """Signed distance to slanted slabs, one a rib; they run down towards the front and stop beside the sternum."""
    p = composer.lattice
    run = (p.z - np.float32(RIB_SLOPE) * (p.y - np.float32(a.centre[1]))) / np.float32(a.rib_spacing) + np.float32(
        a.rib_phase
    )
    slab = np.abs(run - np.round(run)) * np.float32(a.rib_spacing) - np.float32(RIB_HEIGHT_MM / 2)
    beside = np.float32(32) - np.abs(p.x - np.float32(a.centre[0]))
    in_front = np.minimum(beside, np.float32(a.centre[1] - 0.5 * a.cavity_half[1]) - p.y)
    distance: Floats = np.maximum(slab * np.float32(0.9), in_front)
    return distance


def _diaphragm(composer: Composer, a: Anatomy) -> Floats:
    """Signed distance to what lies below the two domes, negative in the abdomen."""
    p, (cx, cy) = composer.lattice, a.cavity_half
    domes = []
    for side, top in ((-1, a.right_dome_z), (1, a.left_dome_z)):
        dx = (p.x - np.float32(a.centre[0] + side * 0.48 * cx)) / np.float32(0.62 * cx)
        dy = (p.y - np.float32(a.centre[1] - 0.05 * cy)) / np.float32(1.0 * cy)
        domes.append(np.float32(top) - 55 * (dx**2 + dy**2))
    surface = np.maximum(domes[0], domes[1])
    distance: Floats = (p.z - surface) * np.float32(0.75)  # mean cosine of the domes' slope
    return distance


def _lungs(composer: Composer, a: Anatomy, cavity: Floats) -> None:
    p, h, (cx, cy) = composer.lattice, composer.lattice.voxel_mm, a.cavity_half
    middle = superellipse(p, (a.centre[0] + 3, a.centre[1] + 4), (0.27 * cx, 1.15 * cy), 2.0)
    lungs = np.maximum(np.maximum(cavity + 3, -middle), 3 - _diaphragm(composer, a))
    composer.paint("lung", share(lungs, h))


def _abdomen(composer: Composer, a: Anatomy, cavity: Floats) -> None:
    p, h, (cx, cy) = composer.lattice, composer.lattice.voxel_mm, a.cavity_half
    x0, y0 = a.centre
    inside = np.maximum(cavity + 4, _diaphragm(composer, a) + 4)
    left, right = a.left_dome_z, a.right_dome_z

    def organ(key: str, centre: Point, radii: Point, *, under: bool = True) -> None:
        shape = ellipsoid(p, centre, radii)
        composer.paint(key, share(np.maximum(shape, inside) if under else shape, h))

    tall = a.extras.height_scale
    organ("bowel", (x0 + 0.35 * cx + a.bowel_offset, y0 - 0.35 * cy, left - 62 * tall), (46, 26, 22 * tall))
    stomach = (x0 + 0.42 * cx, y0 - 0.12 * cy, left - 0.9 * a.stomach_radii[2])
    content: Point = (a.stomach_radii[0] - 4, a.stomach_radii[1] - 4, a.stomach_radii[2] - 4)
    organ("stomach_wall", stomach, a.stomach_radii)
    organ("stomach_content", stomach, content)
    if a.stomach_gas:
        gas = (stomach[0], stomach[1] - 0.45 * content[1], stomach[2] + 0.2 * content[2])
        organ("gas", gas, (0.6 * content[0], 0.4 * content[1], 0.5 * content[2]))
    organ(
        "spleen", (x0 + 0.74 * cx, y0 + 0.42 * cy, left - 38 * tall), tuple_scale((26, 34, 44 * tall), a.spleen_scale)
    )
    liver = np.minimum(
        ellipsoid(
            p,
            (x0 - 0.44 * cx, y0 - 2, right - 66 * tall),
            tuple_scale((0.60 * cx, 0.88 * cy, 72 * tall), a.liver_scale),
        ),
        ellipsoid(
            p, (x0 + 6, y0 - 0.42 * cy, left - 26 * tall), tuple_scale((62, 0.42 * cy, 30 * tall), a.liver_scale)
        ),
    )
    composer.paint("liver", share(np.maximum(liver, inside), h))
    organ("gall_bladder", (x0 - 0.30 * cx, y0 - 0.50 * cy, right - 64 * tall), (15, 15, 26 * tall))
    for side in (-1, 1):
        organ("kidney", (x0 + side * 0.48 * cx, y0 + 0.52 * cy, left - 82 * tall), (27, 25, 52 * tall), under=False)


def _spine_and_vessels(composer: Composer, a: Anatomy) -> None:
    p, h, (x0, y0) = composer.lattice, composer.lattice.voxel_mm, a.centre
    back = y0 + a.cavity_half[1] - a.extras.spine_forward
    body = superellipse(p, (x0, back - 14), (20, 17), 2.4)
    arch = superellipse(p, (x0, back + SPINE_MM - 20), (9, 20), 2.0)
    composer.paint("muscle", share(superellipse(p, (x0, back + 8), (46, 22), 2.5), h))
    composer.paint("spine", share(np.minimum(body, arch), h))
    composer.paint("soft_tissue", share(superellipse(p, (x0, back + 8), (8, 7), 2.0), h))
    composer.paint("blood", share(superellipse(p, (x0 + 26, back - 26), (11, 11), 2.0), h))
    base = a.ventricle.base
    root = superellipse(p, (base[0] - 22, base[1] - 22), (15, 15), 2.0)
    composer.paint("blood", share(np.maximum(root, np.float32(base[2] + 4) - p.z), h))
