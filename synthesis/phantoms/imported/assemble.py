"""Put an imported phantom on the simulation grid: shares, attenuation, heart frame, infarcts, size of the body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from model.geometry import VolumeGrid
from synthesis.defects import LEAST_EXTENT, Lesion, paint_lesions
from synthesis.errors import PhantomInvalid
from synthesis.materials import MU_PER_MM
from synthesis.organ_lesions import PlannedLesion, lesion_organs, lesion_truth, paint_organ_lesions, place_lesions
from synthesis.phantoms.body import Body
from synthesis.phantoms.composition import Composer, Organ
from synthesis.phantoms.heart import Frame
from synthesis.phantoms.imported.heart_fit import FittedHeart, fit_heart
from synthesis.phantoms.imported.organs import SOFT_TISSUES, WALL, ImportedOrgan
from synthesis.phantoms.imported.resample import (
    AIR,
    Indices,
    Placement,
    box_of,
    centroid_mm,
    organ_share,
)
from synthesis.phantoms.shapes import Floats, Point
from synthesis.scenario import Scenario
from synthesis.specs.patients import PopulationSpec

MU_TOLERANCE = 0.10  # fat taken for soft tissue is 7 % below it; another unit or energy is further off
LEAST_SOFT = 0.2  # share of the body that must be water or soft tissue
BODY_MU = 0.3 * MU_PER_MM["water"]  # what attenuates more belongs to the body: skin yes, blankets no
WHOLE_WALL = 0.98  # a heart of which less is in the field of view has no frame
IGNORED = {"population": "that of the phantom; the scenario's describes the built-in thorax"}
REMEDY_MU = "Check the unit, the photon energy (140 keV) and the voxel size of the attenuation map."


@dataclass(frozen=True, eq=False)
class LabelVolume:
    """A labelled phantom in LPS, on its own grid.

    Parameters
    ----------
    grid : VolumeGrid
    index : int16 (Z, Y, X)
        Position in `organs` of what fills each voxel; `AIR` for nothing.
    organs : tuple of ImportedOrgan
    mu_per_mm : float32 (Z, Y, X) or None
        Attenuation map, if there is one.
    masks : tuple of float32 (Z, Y, X)
        Share 0..1 of the wall that each infarct takes, where the maker of the phantom has painted them itself.
    """

    grid: VolumeGrid
    index: Indices
    organs: tuple[ImportedOrgan, ...]
    mu_per_mm: Floats | None = None
    masks: tuple[Floats, ...] = field(default=())

    def mask_of(self, key: str) -> npt.NDArray[np.bool_]:
        """Return where organ `key` is."""
        found: npt.NDArray[np.bool_] = np.isin(self.index, [i for i, o in enumerate(self.organs) if o.key == key])
        return found

    def has_heart(self) -> bool:
        """Say whether there is left ventricular wall."""
        return bool(self.mask_of(WALL).any())


def check_water(volume: LabelVolume, source: str) -> float:
    """Refuse a phantom without water or soft tissue, or whose attenuation there is not that of the table.

    Returns
    -------
    float
        Attenuation of the soft tissues over that of the table; 1 without an attenuation map.

    Raises
    ------
    PhantomInvalid
    """
    soft = [i for i, organ in enumerate(volume.organs) if organ.tissue in SOFT_TISSUES]
    inside = volume.index != AIR
    where = np.isin(volume.index, soft)
    if not where.any() or where.sum() < LEAST_SOFT * inside.sum():
        message = f"{source} has no water or soft tissue: only {where.sum() / max(inside.sum(), 1):.0%} of the body is."
        raise PhantomInvalid(message, "Check the organ table: which codes are soft tissue?")
    if volume.mu_per_mm is None:
        return 1.0
    table = np.array([organ.mu_per_mm for organ in volume.organs], dtype=np.float32)
    ratio = float(np.median(volume.mu_per_mm[where] / table[volume.index[where]]))
    if not abs(ratio - 1) <= MU_TOLERANCE:  # also refuses NaN
        water = ratio * MU_PER_MM["water"]
        message = (
            f"{source}: soft tissue attenuates {ratio:.3g} times as much as it should, "
            f"so water would be {10 * water:.4g} cm^-1 instead of {10 * MU_PER_MM['water']:.4g}."
        )
        raise PhantomInvalid(message, REMEDY_MU)
    return ratio


def middle_mm(volume: LabelVolume) -> Point:
    """Return the middle of the body's bounding box, (x, y, z) in mm from the centre of the volume's grid."""
    box = box_of(volume.index != AIR)
    if box is None:
        message = "The phantom is empty: it holds nothing but air."
        raise PhantomInvalid(message)
    z, y, x = (
        ((part.start + part.stop - 1) / 2 - (n - 1) / 2) * d
        for part, n, d in zip(box, volume.grid.shape, volume.grid.voxel_mm, strict=True)
    )
    return x, y, z


def heart_mm(volume: LabelVolume) -> Point:
    """Return the centre of the left ventricular wall, (x, y, z) in mm from the centre of the volume's grid."""
    return centroid_mm(volume.mask_of(WALL).astype(np.float32), volume.grid)


def assemble_body(
    scenario: Scenario,
    volume: LabelVolume,
    lesions: tuple[Lesion, ...],
    planned: tuple[PlannedLesion, ...],
    grid: VolumeGrid,
    centre_mm: Point,
    *,
    uptakes: Mapping[str, float],
    description: Mapping[str, Any],
) -> Body:
    """Return the patient on `grid`, with the point `centre_mm` (x, y, z) of the volume on the grid's centre.

    Infarcts are taken from the volume's masks, or painted into the wall along its fitted frame where it has none;
    `planned` lesions of other organs find their place as in the built-in thorax.

    Raises
    ------
    PhantomInvalid
        A body wider than the field of view, infarcts without a heart, an infarct outside the wall, a lesion in an organ
        that the phantom does not have.
    """
    if lesions and not volume.has_heart():
        message = "Infarcts are asked for, but the phantom has no labelled left ventricular wall (organ myocardium)."
        raise PhantomInvalid(message, "Set infarct_share = 0 for these sites, or name the wall in the organ table.")
    placement = Placement.of(volume.grid, grid, centre_mm)
    composer = _composed(volume, len(lesions), planned, grid, placement)
    mu = None if volume.mu_per_mm is None else placement(volume.mu_per_mm)
    half, middle = _outline(volume, composer, mu)
    heart, extents = _heart(volume, lesions, composer, placement)
    segments = np.zeros(grid.shape, dtype=np.uint8)
    if heart is not None:
        parts = [composer.now(key) for key in (WALL, *(f"lesion_{i + 1}" for i in range(len(lesions))))]
        segments = heart.segments(np.sum(parts, axis=0, dtype=np.float32), grid)
    records = _organ_lesions(composer, planned, mu) if scenario.organ_lesions else {}
    if scenario.lesions.ischaemia_share > 0:
        records["defect_kinds"] = [lesion.kind for lesion in lesions]
    told = dict(description) if scenario.population == PopulationSpec() else dict(description) | IGNORED
    return Body(
        phantom=replace(composer.finish(heart.record() if heart is not None else None, segments), mu_map=mu),
        lesions=lesions,
        extents=extents,
        half_mm=half,
        centre_mm=middle,
        description=told if heart is None else told | {"heart": _fitted(heart)},
        uptakes=dict(uptakes),
        records=records,
    )


def _composed(
    volume: LabelVolume, lesions: int, planned: tuple[PlannedLesion, ...], grid: VolumeGrid, placement: Placement
) -> Composer:
    """Return the organs on `grid`, with room for infarcts and for lesions of other organs."""
    organs = tuple(organ.organ() for organ in volume.organs)
    keys = [organ.key for organ in organs]
    for plan in planned:
        missing = [key for key in (plan.host, "soft_tissue") if key not in keys]
        if missing:
            message = (
                f"A lesion of the {plan.organ.replace('_', ' ')} needs the organ {missing[0]}, which is not labelled."
            )
            raise PhantomInvalid(message, "Leave it out of organ_lesions, or name the organ in the organ table.")
    walls = [Organ(f"lesion_{i + 1}", WALL, organs[keys.index(WALL)].mu_per_mm) for i in range(lesions)]
    composer = Composer(grid, (*organs, *walls, *(lesion_organs(planned, organs) if planned else ())))
    for position, key in enumerate(keys):
        share = organ_share(volume.index, position, placement)
        if share is not None:
            composer.now(key)[:] = share
    return composer


def _heart(
    volume: LabelVolume, lesions: tuple[Lesion, ...], composer: Composer, placement: Placement
) -> tuple[FittedHeart | None, tuple[float, ...]]:
    """Split the infarcts off the wall; return the fitted heart and how much of the wall each infarct covers."""
    inside = _wall_inside(volume, composer)
    box = box_of(composer.now(WALL) > 0) if inside >= WHOLE_WALL else None
    if box is None:
        if lesions:
            message = (
                f"Infarcts are asked for, but only {inside:.0%} of the left ventricular wall is in the field of view."
            )
            raise PhantomInvalid(message, "Put the heart into the field of view: centre = 'heart'.")
        return None, ()
    heart = fit_heart(composer.now(WALL), composer.grid)
    if not volume.masks:
        return heart, paint_lesions(composer, heart.coordinates(composer.grid, box), lesions)
    whole = composer.amount(WALL)
    for number, mask in enumerate(volume.masks, start=1):
        taken = placement(np.where(volume.mask_of(WALL), np.clip(mask, 0, 1), np.float32(0)))[box]
        left = composer.now(WALL)[box]
        weight = np.divide(taken, left, out=np.zeros_like(taken), where=left > 0)
        composer.split(WALL, f"lesion_{number}", np.minimum(weight, 1), box)
    extents = tuple(composer.amount(f"lesion_{i + 1}") / whole for i in range(len(lesions)))
    for lesion, extent in zip(lesions, extents, strict=True):
        if extent < LEAST_EXTENT:
            message = (
                f"The infarct at {lesion.theta_centre_deg:.0f} degrees and {lesion.x_centre:.2f} of the long axis "
                "touches no left ventricular wall that is labelled."
            )
            raise PhantomInvalid(message, "Check the infarct's limits and the label of the wall.")
    return heart, extents


def _wall_inside(volume: LabelVolume, composer: Composer) -> float:
    """Return the share of the left ventricular wall that lies in the field of view; 0 without a wall."""
    labelled = float(volume.mask_of(WALL).sum()) * float(np.prod(volume.grid.voxel_mm))
    return composer.amount(WALL) * float(np.prod(composer.grid.voxel_mm)) / labelled if labelled else 0.0


def _organ_lesions(composer: Composer, planned: tuple[PlannedLesion, ...], mu: Floats | None) -> dict[str, Any]:
    """Paint the lesions of other organs, in the attenuation map too (in place), and return their record."""
    centres = place_lesions(composer, planned)
    paint_organ_lesions(composer, planned, centres)
    table = {organ.key: organ.mu_per_mm for organ in composer.organs}
    for number, plan in enumerate(planned, start=1):
        if mu is not None:
            mu += composer.now(f"tumour_{number}") * np.float32(table[f"tumour_{number}"] - table[plan.host])
    return {"lesions": [lesion.to_dict() for lesion in lesion_truth(composer, planned, centres, 0.0)]}


def _outline(
    volume: LabelVolume, composer: Composer, mu: Floats | None
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return half width and half depth of the body and its centre (x, y) in mm; refuse one that the field cuts."""
    grid, filled = composer.grid, np.zeros(composer.grid.shape, dtype=np.float32)
    for organ in volume.organs:
        filled += composer.now(organ.key)
    box = box_of(mu > BODY_MU if mu is not None else filled > 0.5)
    if box is None:
        message = "Nothing of the phantom lies in the field of view."
        raise PhantomInvalid(message, "Check voxel size and centre.")
    half, middle = [], []
    for axis, name in ((2, "width"), (1, "depth")):
        part, n, d = box[axis], grid.shape[axis], grid.voxel_mm[axis]
        if part.start == 0 or part.stop == n:
            message = f"The phantom reaches over the {name} of the field of view of {n * d:.0f} mm."
            raise PhantomInvalid(message, "Choose a larger grid, or a smaller patient without arms at the sides.")
        half.append((part.stop - part.start) * d / 2)
        middle.append(((part.start + part.stop - 1) / 2 - (n - 1) / 2) * d)
    return (half[0], half[1]), (middle[0], middle[1])


def _fitted(heart: FittedHeart) -> dict[str, Any]:
    frame: Frame = heart.frame
    return {
        "base_mm": [round(float(v), 2) for v in frame.base],
        "axis": [round(float(v), 4) for v in frame.axis],
        "length_mm": round(heart.length, 2),
        "outer_radius_mm": round(heart.outer_radius, 2),
        "wall_mm": round(heart.wall, 2),
        "apical_wall_mm": round(heart.apical_wall, 2),
    }
