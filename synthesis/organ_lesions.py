"""Draw lesions of organs other than the heart, find room for them inside their organ and paint them there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model.ventricle import share
from synthesis.errors import PhantomInvalid
from synthesis.phantoms.composition import Composer, Organ
from synthesis.phantoms.shapes import Box, Floats, Lattice, Point, ellipsoid
from synthesis.specs.patients import HostOrgan, OrganLesionSpec

TRIES = 64  # places that are tried for each lesion
WHOLE, ENOUGH = 0.97, 0.5  # a place is taken at once from the first share inside the organ, refused below the second
# Which painted organ holds the lesions of each kind, and how much of the diaphragm's way it follows: organs under it
# all of it (as the phantom paints them), the lung half (recalled: nothing at the apex, all at the base).
HOSTS: dict[HostOrgan, tuple[str, float]] = {
    "liver": ("liver", 1.0), "spleen": ("spleen", 1.0), "kidney": ("kidney", 1.0), "lung": ("lung", 0.5),
    "lymph_node": ("soft_tissue", 0.0), "breast": ("breast", 0.0), "spine": ("spine", 0.0),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class PlannedLesion:
    """A lesion before its place is known.

    Parameters
    ----------
    organ : str
        Its organ as the scenario names it.
    diameter_mm, elongation : float
        Short diameter, and the long one divided by it.
    long_axis : {0, 1, 2}
        x, y or z.
    contrast : float
        Uptake over that of the organ.
    tries : float64 (TRIES,)
        Uniform random numbers that choose its place.
    """

    organ: HostOrgan
    diameter_mm: float
    elongation: float
    long_axis: int
    contrast: float
    tries: npt.NDArray[np.float64]

    @property
    def host(self) -> str:
        """Name of the painted organ that holds it."""
        return HOSTS[self.organ][0]

    @property
    def radii_mm(self) -> Point:
        """Half axes (x, y, z)."""
        radii = [self.diameter_mm / 2] * 3
        radii[self.long_axis] *= self.elongation
        return radii[0], radii[1], radii[2]


@dataclass(frozen=True)
class OrganLesion:
    """A lesion in its place; mm, LPS, from the centre of the grid. `volume_ml` is what was painted."""

    organ: HostOrgan
    centre_mm: Point
    diameter_mm: float
    long_diameter_mm: float
    long_axis: str
    contrast: float
    volume_ml: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values for the provenance."""
        return {
            "organ": self.organ,
            "centre_mm": list(self.centre_mm),
            "diameter_mm": self.diameter_mm,
            "long_diameter_mm": self.long_diameter_mm,
            "long_axis": self.long_axis,
            "contrast": self.contrast,
            "volume_ml": self.volume_ml,
        }


def plan_lesions(
    specs: tuple[OrganLesionSpec, ...], rng: np.random.Generator, *, absent: frozenset[str] = frozenset()
) -> tuple[PlannedLesion, ...]:
    """Draw number, size and contrast of the lesions; organs that this patient lacks (`absent`) have none."""
    planned = []
    for spec, own in zip(specs, rng.spawn(len(specs)), strict=True):
        here, number = own.random() < spec.share, int(own.integers(spec.number[0], spec.number[1] + 1))
        if not here or spec.organ in absent:
            continue
        for _ in range(number):
            planned.append(
                PlannedLesion(
                    organ=spec.organ,
                    diameter_mm=float(own.uniform(*spec.diameter_mm)),
                    elongation=float(own.uniform(*spec.elongation)),
                    long_axis=int(own.integers(3)),
                    contrast=math.exp(own.uniform(*np.log(spec.contrast))),
                    tries=own.random(TRIES),
                )
            )
    return tuple(planned)


def lesion_organs(planned: tuple[PlannedLesion, ...], organs: tuple[Organ, ...]) -> tuple[Organ, ...]:
    """Return the lesions as organs ``tumour_1`` ...: solid tissue in the lung, elsewhere as dense as their organ."""
    mu = {organ.key: organ.mu_per_mm for organ in organs} | {"lung": _solid(organs)}
    return tuple(
        Organ(f"tumour_{i}", "lesion", mu[plan.host], host=plan.host, contrast=plan.contrast)
        for i, plan in enumerate(planned, start=1)
    )


def _solid(organs: tuple[Organ, ...]) -> float:
    return next(organ.mu_per_mm for organ in organs if organ.key == "soft_tissue")


def place_lesions(
    composer: Composer, planned: tuple[PlannedLesion, ...], allowed: Floats | None = None
) -> tuple[Point, ...]:
    """Find a centre (x, y, z) in mm for each lesion in what is painted now; they do not overlap.

    Parameters
    ----------
    composer : Composer
    planned : tuple of PlannedLesion
    allowed : float32, broadcastable to (Z, Y, X), optional
        Share of each voxel in which a lymph node may lie.

    Raises
    ------
    PhantomInvalid
        If less than half of a lesion finds room in its organ within the field of view.
    """
    centres: list[Point] = []
    rooms: dict[str, Floats] = {}
    for plan in planned:
        if plan.organ not in rooms:
            room = composer.now(plan.host).copy()
            rooms[plan.organ] = room * allowed if plan.organ == "lymph_node" and allowed is not None else room
        inside, centre = _best(composer.lattice, rooms[plan.organ], plan)
        if inside < ENOUGH:
            message = (
                f"There is no room for a lesion of {plan.diameter_mm:.0f} mm in this patient's "
                f"{plan.organ.replace('_', ' ')} within the field of view."
            )
            raise PhantomInvalid(
                message,
                "Make the lesions of organ_lesions smaller or fewer, or the grid longer.",
            )
        box, filled = _coverage(composer.lattice, centre, plan.radii_mm)
        rooms[plan.organ][box] *= 1 - filled
        centres.append(centre)
    return tuple(centres)


def _best(lattice: Lattice, room: Floats, plan: PlannedLesion) -> tuple[float, Point]:
    """Return the first place that holds the whole lesion, or the best one, with the share inside."""
    whole_volume = 4 / 3 * math.pi * math.prod(plan.radii_mm) / lattice.voxel_mm3
    places = np.argwhere(room > 0.99)
    best: tuple[float, Point] = (0.0, (0.0, 0.0, 0.0))
    for u in plan.tries if len(places) else ():
        z, y, x = places[int(u * len(places))]
        centre = (float(lattice.x.flat[x]), float(lattice.y.flat[y]), float(lattice.z.flat[z]))
        box, filled = _coverage(lattice, centre, plan.radii_mm)
        inside = float((filled * room[box]).sum()) / max(whole_volume, float(filled.sum()))
        if inside > best[0]:
            best = (inside, centre)
        if inside >= WHOLE:
            break
    return best


def _coverage(lattice: Lattice, centre: Point, radii: Point) -> tuple[Box, Floats]:
    low, high = ([c + s * r for c, r in zip(centre, radii, strict=True)] for s in (-1, 1))
    box = lattice.box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    return box, share(ellipsoid(lattice.cut(box), centre, radii), lattice.voxel_mm)


def paint_organ_lesions(
    composer: Composer, planned: tuple[PlannedLesion, ...], centres: tuple[Point, ...], breath_mm: float = 0.0
) -> None:
    """Turn the organ under each lesion into ``tumour_1`` ...; what lies beside the organ stays as it is."""
    for number, (plan, centre) in enumerate(zip(planned, centres, strict=True), start=1):
        box, filled = _coverage(composer.lattice, _moved(plan, centre, breath_mm), plan.radii_mm)
        composer.split(plan.host, f"tumour_{number}", filled, box)


def unmoved(plan: PlannedLesion, centre: Point, breath_mm: float) -> Point:
    """Return where the centre of a lesion, found at some breath, lies at end expiration."""
    return _moved(plan, centre, -breath_mm)


def _moved(plan: PlannedLesion, centre: Point, breath_mm: float) -> Point:
    return centre[0], centre[1], centre[2] - HOSTS[plan.organ][1] * breath_mm


def lesion_truth(
    composer: Composer, planned: tuple[PlannedLesion, ...], centres: tuple[Point, ...], mean_breath_mm: float
) -> tuple[OrganLesion, ...]:
    """Describe the painted lesions; centres are averages over the breath."""
    return tuple(
        OrganLesion(
            organ=plan.organ,
            centre_mm=_moved(plan, centre, mean_breath_mm),
            diameter_mm=plan.diameter_mm,
            long_diameter_mm=plan.diameter_mm * plan.elongation,
            long_axis="xyz"[plan.long_axis],
            contrast=plan.contrast,
            volume_ml=composer.amount(f"tumour_{number}") * composer.lattice.voxel_mm3 / 1000,
        )
        for number, (plan, centre) in enumerate(zip(planned, centres, strict=True), start=1)
    )
