"""Draw infarcts of the left ventricle and paint them into the wall, in XCAT's own terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from model.io.study import Defect
from model.ventricle import BORDER_MM, Box, Floats, WallCoordinates, infarct_weight
from synthesis.errors import PhantomInvalid
from synthesis.phantoms.composition import Composer, Phantom
from synthesis.phantoms.heart import BASAL, MID
from synthesis.phantoms.shapes import block_sum
from synthesis.scenario import SiteProfile
from synthesis.specs.patients import LesionSpec

# Coronary territories: angles they supply around the long axis and how often they are the culprit.
# AHA: LAD 1,2,7,8,13,14,17; RCA 3,4,9,10,15; LCX 5,6,11,12,16 (Cerqueira et al., Circulation 105 (2002) 539).
TERRITORIES = (("LAD", -75.0, 30.0, 0.45), ("RCA", 150.0, 240.0, 0.30), ("LCX", 60.0, 150.0, 0.25))
TOUCHED = 0.10  # a segment counts as affected from this share of its wall
CAVITY = 0.89  # usual length of the cavity over that of the wall
LEAST_EXTENT = 2e-4  # an infarct that covers less of the wall lies outside it


@dataclass(frozen=True)
class Lesion:
    """An infarct: angle (0 anterior, 90 lateral, 180 inferior, 270 septal), place along the axis, size and severity.

    XCAT calls them ThetaCenter, ThetaWidth, XCenterIndex (0 base .. 1 apex), XWidthIndex (mm) and Wall_fract.
    """

    theta_centre_deg: float
    theta_width_deg: float
    x_centre: float
    x_width_mm: float
    wall_fraction: float
    severity: float
    border_mm: float = BORDER_MM
    kind: str = "infarct"


def draw_lesions(spec: LesionSpec, site: SiteProfile, rng: np.random.Generator) -> tuple[Lesion, ...]:
    """Draw a patient's infarcts: none, one, a second with its share, or as many as `spec.number` says.

    The first random values are used alike whatever comes out and whatever was added to the limits later.
    """
    drawn = [_draw(spec, rng), _draw(spec, rng)]
    infarct, second = rng.random() < site.infarct_share, rng.random() < spec.second_share
    number = 2 if second else 1
    if spec.number is not None:
        number = int(rng.integers(spec.number[0], spec.number[1] + 1))
        drawn += [_draw(spec, rng) for _ in range(spec.number[1] - 2)]
    return tuple(_grade(spec, lesion, rng) for lesion in drawn[:number]) if infarct else ()


def _grade(spec: LesionSpec, lesion: Lesion, rng: np.random.Generator) -> Lesion:
    """Draw border zone and kind of an infarct whose place and size are known."""
    ischaemic, loss = rng.random() < spec.ischaemia_share, float(rng.uniform(*spec.ischaemia_severity))
    graded = replace(lesion, border_mm=float(rng.uniform(*spec.border_mm)))
    return replace(graded, kind="ischaemia", severity=loss) if ischaemic else graded


def _draw(spec: LesionSpec, rng: np.random.Generator) -> Lesion:
    supplied = [row for row in TERRITORIES if spec.territories is None or row[0] in spec.territories]
    odds = np.array([row[3] for row in supplied])
    choice = rng.choice(len(supplied), p=odds / odds.sum() if spec.territories else odds)
    low, high = supplied[int(choice)][1:3] if spec.theta_centre_deg is None else spec.theta_centre_deg
    along: Sequence[float] = spec.x_centre
    if spec.segments is not None:
        low, high, *along = segment_limits(spec.segments[int(rng.integers(len(spec.segments)))])
    return Lesion(
        theta_centre_deg=float(rng.uniform(low, high)) % 360,
        theta_width_deg=float(rng.uniform(*spec.theta_width_deg)),
        x_centre=float(rng.uniform(along[0], along[1])),
        x_width_mm=float(rng.uniform(*spec.x_width_mm)),
        wall_fraction=float(rng.uniform(*spec.wall_fraction)),
        severity=float(rng.uniform(*spec.severity)),
    )


def segment_limits(segment: int) -> tuple[float, float, float, float]:
    """Return where the middle of an infarct of AHA segment 1..17 may lie: angles in degrees, places along the axis.

    The middle stays in the inner half of the segment, so that most of a moderate infarct lies in it.
    """
    if segment == 17:
        return 0.0, 360.0, 0.97, 1.0
    level, first, wide = (0, 1, 60.0) if segment <= 6 else (1, 7, 60.0) if segment <= 12 else (2, 13, 90.0)
    middle = -wide * (segment - first)  # the numbering runs from anterior over the septum
    low, high = ((0.0, BASAL), (BASAL, MID), (MID, 1.0))[level]
    # along the axis the AHA divides the cavity; the wall's own scale goes on to the outer apex
    quarter = (high - low) / 4
    return middle - wide / 4, middle + wide / 4, CAVITY * (low + quarter), CAVITY * (high - quarter)


def lesion_weight(wall: WallCoordinates, lesion: Lesion) -> Floats:
    """Return the share 0..1 of each voxel of wall that `lesion` covers, with its border zone."""
    return infarct_weight(
        wall,
        centre_deg=lesion.theta_centre_deg,
        width_deg=lesion.theta_width_deg,
        centre_index=lesion.x_centre,
        length_mm=lesion.x_width_mm,
        wall_fraction=lesion.wall_fraction,
        border_mm=lesion.border_mm,
    )


def paint_lesions(composer: Composer, wall: WallCoordinates, lesions: tuple[Lesion, ...]) -> tuple[float, ...]:
    """Turn healthy wall into `lesion_1`, `lesion_2` ...; return the share of the whole wall that each covers.

    Raises
    ------
    PhantomInvalid
        If an infarct touches no wall.
    """
    whole = composer.amount("myocardium")
    for number, lesion in enumerate(lesions, start=1):
        composer.split("myocardium", f"lesion_{number}", lesion_weight(wall, lesion), wall.box)
    extents = tuple(composer.amount(f"lesion_{i + 1}") / whole for i in range(len(lesions)))
    for lesion, extent in zip(lesions, extents, strict=True):
        if extent < LEAST_EXTENT:
            message = (
                f"The infarct at {lesion.theta_centre_deg:.0f} degrees and {lesion.x_centre:.2f} of the long axis, "
                f"{lesion.theta_width_deg:.0f} degrees and {lesion.x_width_mm:.0f} mm wide, touches no wall."
            )
            raise PhantomInvalid(
                message, "Place it between 0 (base) and 1 (apex) and make it wide enough, outside other infarcts."
            )
    return extents


def defect_records(phantom: Phantom, lesions: tuple[Lesion, ...], extents: tuple[float, ...]) -> tuple[Defect, ...]:
    """Describe the painted lesions as the study file stores them."""
    wall = phantom.share_of("myocardium") + sum(phantom.share_of(f"lesion_{i + 1}") for i in range(len(lesions)))
    per_segment = np.bincount(phantom.segments.ravel(), weights=wall.ravel(), minlength=18)
    records = []
    for number, (lesion, extent) in enumerate(zip(lesions, extents, strict=True), start=1):
        covered = phantom.share_of(f"lesion_{number}")
        shares = np.bincount(phantom.segments.ravel(), weights=covered.ravel(), minlength=18) / np.maximum(
            per_segment, 1e-6
        )
        touched = tuple(int(s) for s in range(1, 18) if shares[s] >= TOUCHED)
        records.append(
            Defect(
                centre_deg=lesion.theta_centre_deg,
                width_deg=lesion.theta_width_deg,
                centre_index=lesion.x_centre,
                length_mm=lesion.x_width_mm,
                wall_fraction=lesion.wall_fraction,
                severity=lesion.severity,
                extent=extent,
                segments=touched,
            )
        )
    return tuple(records)


def coarse_maps(
    phantom: Phantom, lesions: int, labels: npt.NDArray[np.uint8], wall_code: int, factor: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the AHA map and the defect map (Z, Y, X) on the coarse grid, both 0 outside the labelled wall.

    A voxel takes the segment that holds most of its wall, and belongs to a defect that covers more than half of it.
    """
    keys = ("myocardium", *(f"lesion_{i + 1}" for i in range(lesions)))
    fine, coarse = _heart_boxes(phantom.segments, factor)
    parts = [phantom.share_of(key)[fine] for key in keys]
    total: Floats = np.stack(parts).sum(axis=0, dtype=np.float32)
    segments = phantom.segments[fine]
    votes = np.stack([block_sum(np.where(segments == s, total, np.float32(0)), factor) for s in range(1, 18)])
    in_wall = (labels[coarse] == wall_code) & (votes.max(axis=0) > 0)
    aha, defects = np.zeros_like(labels), np.zeros_like(labels)
    aha[coarse] = np.where(in_wall, 1 + votes.argmax(axis=0), 0)
    whole = block_sum(total, factor)
    for number, part in enumerate(parts[1:], start=1):
        defects[coarse][in_wall & (block_sum(part, factor) > 0.5 * whole)] = number
    return aha, defects


def _heart_boxes(segments: npt.NDArray[np.uint8], factor: int) -> tuple[Box, Box]:
    """Return the fine box around the wall, widened to whole blocks, and the same box in coarse voxels."""
    fine, coarse = [], []
    for axis in range(3):
        others = tuple(i for i in range(3) if i != axis)
        filled = np.flatnonzero(segments.any(axis=others))
        first, last = (int(filled[0]) // factor, int(filled[-1]) // factor + 1) if filled.size else (0, 1)
        coarse.append(slice(first, last))
        fine.append(slice(first * factor, last * factor))
    return (fine[0], fine[1], fine[2]), (coarse[0], coarse[1], coarse[2])
