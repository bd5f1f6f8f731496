"""Check how a study was acquired: views, arc, orbit, energy windows. Torch-free.

Sources, as known: EANM procedural guidelines for myocardial perfusion SPECT (Verberne et al., EANM 2015) and SNMMI/ASNC
imaging guidelines (Dorbala et al., J Nucl Cardiol 25 (2018) 1784): 60 or 64 views over 180 degrees (32 at least), body
contouring or circular orbit close to the patient, a 15-20 % window centred on the photopeak. Bounds of this page leave room
around what they recommend: a finding is to be right.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model.quality.facts import Array, Facts
from model.quality.report import Finding, Findings, Level, curve_picture

COARSE_STEP_DEG = 6.5  # 32 views in 180 degrees are 5.6 apart
FEWEST_VIEWS = 6  # fewer are no tomography
USUAL_ARCS_DEG = (180.0, 204.0, 360.0)  # 204: heart-centred orbits of variable-focus collimators
ARC_TOLERANCE_DEG = 4.0
SHORTEST_ARC_DEG = 160.0  # below, a parallel-beam image is a limited-angle one (Orlov's condition is not met)
UNEVEN = 0.15  # of the usual step: encoders are exact to tenths of a degree
SMALLEST_RADIUS_MM, LARGEST_RADIUS_MM = 90.0, 380.0  # head to very large patients; gantries end near 400 mm
RADIUS_JUMP_MM = 60.0  # between neighbouring views; contouring orbits move by less than 20 mm in 6 degrees
BODY_MU = 0.5  # of water's: what counts as body in an attenuation map
CONTACT_MM = 12.0  # how far a body may reach into the collimator before it cannot be: two voxels
PEAKS_KEV = (71.0, 93.3, 113.0, 140.5, 159.0, 171.3, 184.6, 208.4, 245.4, 300.2, 364.5)
"""Tl-201, Ga-67, Lu-177, Tc-99m, I-123, In-111, Ga-67, Lu-177, In-111, Ga-67, I-131 (DDEP)."""
OFF_PEAK, WITHOUT_PEAK = 0.025, 0.06  # of the line's energy, for the window's middle
NARROW, WIDE = 0.09, 0.35  # of the middle


def check_views(facts: Facts) -> list[Finding]:
    """Check number and spacing of views, and gaps in between."""
    steps, usual = np.abs(np.diff(facts.angles_deg)), facts.step_deg
    if facts.geometry.n_views < FEWEST_VIEWS or usual == 0:
        return [
            Finding(
                "views.few", Level.ERROR, f"There are {facts.geometry.n_views} usable directions; no image can be made of them.",
                "Export the whole acquisition, every view with its own angle.", {"views": facts.geometry.n_views, "step_deg": usual},
            )
        ]  # fmt: skip
    found = [] if usual <= COARSE_STEP_DEG else [_few(facts, usual)]
    wraps = np.abs(steps - usual) > UNEVEN * usual
    uneven = np.flatnonzero(wraps & ~_next_detector(facts.angles_deg, usual))
    if uneven.size:
        worst = int(uneven[np.argmax(np.abs(steps[uneven] - usual))])
        missing = int(sum(max(0, round(steps[i] / usual) - 1) for i in uneven))
        level = Level.ERROR if missing > 2 or uneven.size > 2 else Level.WARNING
        text = f"The angle between views is {usual:.1f} degrees, but {uneven.size} steps differ, one by {abs(steps[worst] - usual):.1f}."
        numbers = {
            "step_deg": usual,
            "steps": uneven.size,
            "difference_deg": abs(steps[worst] - usual),
            "missing": missing,
        }
        remedy = "Check whether views are missing and export the whole acquisition again."
        picture = curve_picture("steps", steps, marks=[int(i) for i in uneven])
        found.append(Finding("views.spacing", level, text, remedy, numbers, picture))
    return found


def _few(facts: Facts, step: float) -> Finding:
    text = f"There are {facts.geometry.n_views} views, {step:.1f} degrees apart; streaks appear above {COARSE_STEP_DEG:g} degrees."
    remedy = "Acquire 60 or 64 views over 180 degrees (120 or 128 over a full turn)."
    return Finding("views.few", Level.WARNING, text, remedy, {"views": facts.geometry.n_views, "step_deg": step})


def _next_detector(angles_deg: Array, usual: float) -> npt.NDArray[np.bool_]:
    """Return which steps lead to another detector or rotation: backwards, or to a direction a whole block away."""
    steps = np.diff(angles_deg)
    turns = np.sign(np.median(steps))
    ordered = np.sort(np.mod(angles_deg, 360.0))
    gaps = np.diff(np.append(ordered, ordered[0] + 360.0))
    inner = np.sort(gaps)[:-1]  # without the part of the circle that a short arc leaves out
    complete = bool(np.all(np.abs(inner - usual) <= UNEVEN * usual))
    away: npt.NDArray[np.bool_] = (np.abs(steps) > 1.5 * usual) & (complete | (np.sign(steps) != turns))
    return away


def check_arc(facts: Facts) -> Findings:
    """Check that the views cover half a turn, the heart-centred arc, or a full turn."""
    arc = float(np.degrees(facts.geometry.arc_rad))
    if facts.geometry.n_views < FEWEST_VIEWS:
        return None
    if min(abs(arc - usual) for usual in USUAL_ARCS_DEG) <= ARC_TOLERANCE_DEG:
        return []
    level = Level.ERROR if arc < SHORTEST_ARC_DEG else Level.WARNING
    text = f"The views cover {arc:.0f} degrees; a half turn (180), 204 or a full turn (360) were expected."
    remedy = "Check the start angle, the step and the number of views in the file, or acquire the whole arc."
    return [Finding("views.arc", level, text, remedy, {"arc_deg": arc})]


def check_orbit(facts: Facts) -> list[Finding]:
    """Check for radii that a gantry can have, that change slowly, and that leave the body outside the collimator."""
    radii = np.asarray(facts.geometry.radius_mm)
    low, high = float(radii.min()), float(radii.max())
    numbers = {"least_mm": low, "most_mm": high}
    if low < SMALLEST_RADIUS_MM or high > LARGEST_RADIUS_MM:
        text = (
            f"The radius of the orbit runs from {low:.0f} to {high:.0f} mm; cameras for patients stay between "
            f"{SMALLEST_RADIUS_MM:.0f} and {LARGEST_RADIUS_MM:.0f} mm."
        )
        remedy = "Check the unit: the radius (not the diameter) from the axis to the collimator, in mm."
        return [Finding("orbit.radius", Level.ERROR, text, remedy, numbers, curve_picture("radii", radii))]
    found = []
    near = (np.abs(np.diff(facts.angles_deg)) < 2 * facts.step_deg) & (np.abs(np.diff(radii)) > RADIUS_JUMP_MM)
    if near.any():
        largest = float(np.abs(np.diff(radii))[near].max())
        text = f"The radius jumps by {largest:.0f} mm between neighbouring views; no gantry moves like that."
        marks = [int(i) for i in np.flatnonzero(near)]
        remedy = "Check the radii in the file; one of them may have a wrong unit."
        found.append(
            Finding("orbit.jump", Level.ERROR, text, remedy, numbers | {"jump_mm": largest}, curve_picture("radii", radii, marks=marks))
        )  # fmt: skip
    return found + _collision(facts, radii)


def _collision(facts: Facts, radii: Array) -> list[Finding]:
    mu, grid = facts.study.attenuation, facts.geometry.grid
    if mu is None:
        return []
    body = (mu > BODY_MU * facts.water_mu_per_mm).any(axis=0)
    rows, columns = np.nonzero(body)
    if rows.size == 0:
        return []
    y = (rows - (body.shape[0] - 1) / 2) * grid.voxel_mm[1]
    x = (columns - (body.shape[1] - 1) / 2) * grid.voxel_mm[2]
    angles = np.asarray(facts.geometry.angles_rad)[:, None]
    reach = (x * np.sin(angles) + y * np.cos(angles)).max(axis=1)
    inside = float((reach - radii).max())
    if inside <= CONTACT_MM:
        return []
    text = f"By the attenuation map the body reaches {inside:.0f} mm into the collimator; radius or map must be wrong."
    remedy = "Check the radii and the position of the attenuation map."
    return [
        Finding("orbit.body", Level.ERROR, text, remedy, {"inside_mm": inside}, curve_picture("reach", radii, reach))
    ]


def check_windows(facts: Facts) -> list[Finding]:
    """Check that the first window holds a photopeak of a radionuclide used in SPECT, near its middle."""
    window, middle = facts.geometry.windows[0], facts.peak_kev
    off = min(abs(middle - peak) / peak for peak in PEAKS_KEV)
    width = (window.upper_kev - window.lower_kev) / middle
    numbers = {
        "lower_kev": window.lower_kev,
        "upper_kev": window.upper_kev,
        "off_percent": 100 * off,
        "width_percent": 100 * width,
    }
    span = f"{window.lower_kev:.1f} to {window.upper_kev:.1f} keV"
    found = []
    if off > OFF_PEAK:
        level = Level.ERROR if off > WITHOUT_PEAK else Level.WARNING
        text = f"The first energy window, {span}, is not centred on a photopeak used in SPECT; it is {100 * off:.1f} % off."
        remedy = "Put the photopeak window first and check its limits; keV are expected."
        found.append(Finding("windows.peak", level, text, remedy, numbers))
    if not NARROW <= width <= WIDE:
        text = f"The first energy window, {span}, is {100 * width:.0f} % wide; 15 to 20 % are usual."
        found.append(
            Finding("windows.width", Level.WARNING, text, "Check the limits of the window in the file.", numbers)
        )
    return found
