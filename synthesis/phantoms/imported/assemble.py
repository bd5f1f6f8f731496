"""Put an imported phantom on the simulation grid: shares, attenuation, heart frame, infarcts, size of the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from model.geometry import VolumeGrid
from synthesis.defects import Lesion, lesion_weight
from synthesis.errors import PhantomInvalid
from synthesis.materials import MU_PER_MM
from synthesis.phantoms.body import Body
from synthesis.phantoms.composition import Organ, Phantom
from synthesis.phantoms.heart import Frame
from synthesis.phantoms.imported.heart_fit import FittedHeart, fit_heart
from synthesis.phantoms.imported.organs import SOFT_TISSUES, WALL, ImportedOrgan
from synthesis.phantoms.imported.resample import (
    AIR,
    Indices,
    Placement,
    box_of,
    centroid_mm,
    organ_shares,
)
from synthesis.phantoms.shapes import Floats, Point

MU_TOLERANCE = 0.08  # soft tissues of ICRP, ICRU and XCAT differ by 6 % at most; another unit or energy by more
LEAST_SOFT = 0.2  # share of the body that must be water or soft tissue
BODY_MU = 0.3 * MU_PER_MM["water"]  # what attenuates more belongs to the body: skin yes, blankets no
LEAST_EXTENT = 0.001  # an infarct that covers less of the wall was not painted
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
    volume: LabelVolume,
    lesions: Sequence[Lesion],
    grid: VolumeGrid,
    centre_mm: Point,
    *,
    uptakes: Mapping[str, float],
    description: Mapping[str, Any],
) -> Body:
    """Return the patient on `grid`, with the point `centre_mm` (x, y, z) of the volume on the grid's centre.

    Infarcts are taken from the volume's masks, or painted into the wall along its fitted frame where it has none.

    Raises
    ------
    PhantomInvalid
        A body wider than the field of view, infarcts without a heart, an infarct outside the wall.
    """
    if lesions and not volume.has_heart():
        message = "Infarcts are asked for, but the phantom has no labelled left ventricular wall (organ myocardium)."
        raise PhantomInvalid(message, "Set infarct_share = 0 for these sites, or name the wall in the organ table.")
    placement = Placement.of(volume.grid, grid, centre_mm)
    shares = organ_shares(volume.index, len(volume.organs), placement)
    mu = None if volume.mu_per_mm is None else placement(volume.mu_per_mm)
    half, middle = _outline(shares, mu, grid)
    keys = [organ.key for organ in volume.organs]
    parts, extents, heart = _heart(volume, lesions, shares[keys.index(WALL)] if WALL in keys else None, grid, placement)
    segments = np.zeros(grid.shape, dtype=np.uint8)
    if heart is not None:
        segments = heart.segments(shares[keys.index(WALL)] + sum(parts), grid)
    infarcts = [Organ(f"lesion_{i + 1}", WALL, wall_mu(volume)) for i in range(len(parts))]
    phantom = Phantom(
        grid=grid,
        organs=(*(organ.organ() for organ in volume.organs), *infarcts),
        shares=np.concatenate([shares, np.stack(parts)]) if parts else shares,
        heart=heart.record() if heart is not None else None,
        segments=segments,
        mu_map=mu,
    )
    fitted = {} if heart is None else {"heart": _fitted(heart)}
    return Body(phantom, tuple(lesions), extents, half, middle, dict(description) | fitted, dict(uptakes))


def wall_mu(volume: LabelVolume) -> float:
    """Return the attenuation of the wall."""
    return next(organ.mu_per_mm for organ in volume.organs if organ.key == WALL)


def _heart(
    volume: LabelVolume, lesions: Sequence[Lesion], wall: Floats | None, grid: VolumeGrid, placement: Placement
) -> tuple[list[Floats], tuple[float, ...], FittedHeart | None]:
    """Split the infarcts off `wall` (in place); return their shares, how much of the wall each covers, and the heart."""
    if wall is None or not wall.any():
        if lesions:
            message = "The left ventricular wall lies outside the field of view, so no infarct can be made."
            raise PhantomInvalid(message, "Put the heart into the field of view: centre = 'heart'.")
        return [], (), None
    heart, whole, parts = fit_heart(wall, grid), float(wall.sum(dtype=np.float64)), []
    box = box_of(wall > 0)
    assert box is not None  # noqa: S101 - narrowing: the wall is not empty
    for number, lesion in enumerate(lesions):
        part = np.zeros_like(wall)
        if volume.masks:
            taken = np.where(volume.mask_of(WALL), np.clip(volume.masks[number], 0, 1), np.float32(0))
            part = np.minimum(placement(taken), wall)
        else:
            part[box] = wall[box] * lesion_weight(heart.coordinates(grid, box), lesion)
        wall -= part
        parts.append(part)
    extents = tuple(float(part.sum(dtype=np.float64)) / whole for part in parts)
    for lesion, extent in zip(lesions, extents, strict=True):
        if extent < LEAST_EXTENT:
            message = (
                f"An infarct at {lesion.theta_centre_deg:.0f} degrees and {lesion.x_centre:.2f} of the long axis "
                "lies outside the left ventricular wall."
            )
            raise PhantomInvalid(message, "Check the infarct's limits and the label of the wall.")
    return parts, extents, heart


def _outline(shares: Floats, mu: Floats | None, grid: VolumeGrid) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return half width and half depth of the body and its centre (x, y) in mm; refuse one that the field cuts."""
    body = mu > BODY_MU if mu is not None else shares.sum(axis=0) > 0.5
    box = box_of(body)
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
