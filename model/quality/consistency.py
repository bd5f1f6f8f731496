"""Check whether one image explains all views: motion, centre of rotation, position of the map, scale of the reference.

A coarse OSEM image is projected again. How far each view lies from its projection, along the axis and across, is fitted in
the manner of cross-correlation (to first order, weighted by the counts); patterns over the views tell a patient who moved
from an axis beside the detector's middle. The attenuation map is moved by a step along every axis and the likelihood of the
best image compared; its parabola says where the map should lie. Shifts are partly explained by a blurred image, so the true
ones are larger by `ABSORBED`. Torch-free.

References
----------
Matsumoto et al., J Nucl Med
Technol 29 (2001) 23 (motion as small as one pixel changes perfusion images); Cerqueira et al., J Nucl Med 29 (1988) 1384
(centre-of-rotation errors above half a pixel are seen). As known, not looked up again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from model.quality.calibration import TOLERANCE, fit_calibration
from model.quality.facts import Array, Facts
from model.quality.report import Finding, Findings, Level, curve_picture
from model.quality.system import SMALLEST, Coarse, System, moved_map, osem

FEWEST_VIEWS, LARGEST_STEP_DEG = 16, 12.0
FEWEST_COUNTS = 1.0e5
ITERATIONS = 4
MARGIN_VIEWS = 4  # a motion between the first or last views cannot be told from a short acquisition
AXIAL_RMS_MM, LATERAL_RMS_MM, SIGMAS = 0.50, 0.25, 5.0
SMALL_RMS_MM, CERTAIN_GAIN = 0.10, 60.0
OFFSET_MM = 0.70
WITHOUT_MAP = 3.5
ABSORBED = 0.55
MAP_VIEWS = 30
MAP_STEP_MM, MAP_SHIFT_MM, MAP_GAIN = 12.0, 8.0, 10.0
COARSE_BIAS = 0.976
"""Measured over expected counts of sound studies on the coarse grid; spread 0.009 (docs/quality.md)."""


@dataclass(frozen=True, eq=False)
class Shifts:
    """How far each view lies from what the image says, in mm, with standard errors; each (V,)."""

    bins_mm: Array
    rows_mm: Array
    bins_sd: Array
    rows_sd: Array


@dataclass(frozen=True, eq=False)
class Fitted:
    """The coarse study, its system, the image that explains it best, and what that image predicts (V, Z, U)."""

    coarse: Coarse
    system: System
    expected: Array


def fitted(facts: Facts) -> Fitted | None:
    """Return the image that explains a study best; None where there are too few views, counts or voxels. Kept in `facts`."""
    if "fitted" not in facts.kept:
        facts.kept["fitted"] = _fit(facts)
    found = facts.kept["fitted"]
    return found if isinstance(found, Fitted) else None


def _fit(facts: Facts) -> Fitted | None:
    if facts.geometry.n_views < FEWEST_VIEWS or facts.step_deg > LARGEST_STEP_DEG or facts.total < FEWEST_COUNTS:
        return None
    coarse = Coarse.of(facts)
    if min(coarse.counts.shape[1], *coarse.plane) < 4:
        return None
    system = System(coarse, coarse.mu)
    image = osem(system, coarse.counts, coarse.scatter, iterations=ITERATIONS)
    return Fitted(coarse, system, system.project_all(image) + coarse.scatter)


def check_motion(facts: Facts) -> Findings:
    """Check that every view lies where the image says: nobody moved, the axis of rotation is in the middle."""
    fit = fitted(facts)
    if fit is None:
        return None
    shifts = view_shifts(fit.coarse, fit.expected)
    if fit.coarse.mu is None:  # attenuation itself moves the views' middles
        return _axial(shifts, WITHOUT_MAP * AXIAL_RMS_MM)
    return _axial(shifts, AXIAL_RMS_MM) + _lateral_and_centre(fit.coarse, shifts)


def view_shifts(coarse: Coarse, expected: Array) -> Shifts:
    """Fit scale and shift of every view against its projection, weighted least squares on the gradients."""
    views = len(expected)
    found, errors = np.zeros((views, 2)), np.full((views, 2), np.inf)
    pitch = np.array([coarse.bin_mm, coarse.row_mm])
    for v, model in enumerate(expected):
        columns = np.stack([model, -np.gradient(model, axis=1), -np.gradient(model, axis=0)]).reshape(3, -1).T
        weight = 1 / np.maximum(model, 1.0).ravel()
        normal = columns.T @ (columns * weight[:, None])
        if np.linalg.matrix_rank(normal) < 3:
            continue
        inverse = np.linalg.inv(normal)
        solution = inverse @ (columns.T @ ((coarse.counts[v] - model).ravel() * weight))
        found[v], errors[v] = solution[1:] * pitch, np.sqrt(np.diag(inverse)[1:]) * pitch
    return Shifts(found[:, 0], found[:, 1], errors[:, 0], errors[:, 1])


def _misfit(values: Array, errors: Array, columns: list[Array]) -> tuple[Array, float]:
    weight = 1 / errors
    matrix = np.stack(columns, axis=1) * weight[:, None]
    solution, *_ = np.linalg.lstsq(matrix, values * weight, rcond=None)
    return solution.astype(np.float64), float(((values * weight - matrix @ solution) ** 2).sum())


def _axial(shifts: Shifts, least_mm: float) -> list[Finding]:
    """Find a jump or a drift along the axis."""
    size = shifts.rows_mm.size
    one, time = np.ones(size), np.linspace(-0.5, 0.5, size)
    _, still = _misfit(shifts.rows_mm, shifts.rows_sd, [one])
    tries = [_misfit(shifts.rows_mm, shifts.rows_sd, [one, time])]
    tries += [_misfit(shifts.rows_mm, shifts.rows_sd, [one, _after(k, size)]) for k in _onsets(size)]
    solution, misfit = min(tries, key=lambda found: found[1])
    gain = still - misfit
    rms = math.sqrt(max(gain, 0.0) / float((1 / shifts.rows_sd**2).sum()))
    if rms < least_mm or gain < SIGMAS**2:
        return []
    distance = abs(float(solution[1])) / ABSORBED
    text = f"The patient moved along the axis by about {distance:.0f} mm during the acquisition."
    remedy = "Correct the motion or repeat the acquisition; watch the projections as a film."
    numbers = {"distance_mm": distance, "rms_mm": rms}
    return [Finding("motion.axial", Level.WARNING, text, remedy, numbers, curve_picture("rows_mm", shifts.rows_mm))]


def _lateral_and_centre(coarse: Coarse, shifts: Shifts) -> list[Finding]:
    """Find a jump or drift across, and a constant offset of the bins, beyond what a moved image explains."""
    size, angles = shifts.bins_mm.size, coarse.angles_rad
    one, cos, sin = np.ones(size), np.cos(angles), np.sin(angles)
    plain, still = _misfit(shifts.bins_mm, shifts.bins_sd, [one, cos, sin])
    patterns = [np.linspace(-0.5, 0.5, size), *(_after(k, size) for k in _onsets(size))]
    tries = [_misfit(shifts.bins_mm, shifts.bins_sd, [one, cos, sin, cos * p, sin * p]) for p in patterns]
    moved, misfit = min(tries, key=lambda found: found[1])
    rms = math.sqrt(max(still - misfit, 0.0) / float((1 / shifts.bins_sd**2).sum()))
    picture = curve_picture("bins_mm", shifts.bins_mm)
    found, offset = [], float(plain[0])
    clear = rms > LATERAL_RMS_MM or (rms > SMALL_RMS_MM and still - misfit > CERTAIN_GAIN)
    if clear and still - misfit > SIGMAS**2:
        distance = 2 * rms / ABSORBED
        text = f"The picture moves across by about {distance:.0f} mm between views; the patient moved."
        remedy = "Correct the motion or repeat the acquisition; watch the projections as a film."
        numbers = {"distance_mm": distance, "rms_mm": rms}
        found.append(Finding("motion.lateral", Level.WARNING, text, remedy, numbers, picture))
        offset = float(moved[0])
    if abs(offset) > OFFSET_MM:
        true = offset / ABSORBED
        text = f"The axis of rotation lies about {abs(true):.0f} mm beside the middle of the detector."
        remedy = "Repeat the centre-of-rotation calibration; check on export that it was applied."
        numbers = {"offset_mm": abs(true), "fitted_mm": abs(offset)}
        found.append(Finding("centre", Level.WARNING, text, remedy, numbers, picture))
    return found


def _after(view: int, size: int) -> Array:
    return (np.arange(size) >= view).astype(np.float64)


def _onsets(size: int) -> range:
    return range(MARGIN_VIEWS, size - MARGIN_VIEWS + 1)


def _likelihood(coarse: Coarse, system: System) -> float:
    """Return the Poisson log-likelihood of the image that explains the counts best with this system."""
    image = osem(system, coarse.counts, coarse.scatter, iterations=ITERATIONS)
    expected = np.maximum(system.project_all(image) + coarse.scatter, SMALLEST)
    return float((coarse.counts * np.log(expected) - expected).sum())


def check_map_place(facts: Facts) -> Findings:
    """Compare the likelihood of images with the map moved by a step along x, y and z."""
    fit = fitted(facts)
    if fit is None or fit.coarse.mu is None or not fit.coarse.mu.any():
        return None
    coarse = fit.coarse.every(max(1, len(fit.expected) // MAP_VIEWS))
    system = System(coarse, coarse.mu)
    here = _likelihood(coarse, system)
    estimate = np.zeros(3)
    for axis in range(3):
        before, after = (_moved(coarse, system, axis, sign) - here for sign in (-1.0, 1.0))
        bend = -(before + after) / MAP_STEP_MM**2
        slope = (after - before) / (2 * MAP_STEP_MM)
        nearest = MAP_STEP_MM * math.copysign(1.0, slope)  # no summit within reach: at least a step away
        at = slope / bend if bend > 0 else 2 * nearest
        gain = slope * slope / (2 * bend) if bend > 0 else max(before, after)
        if gain < MAP_GAIN:
            continue  # the likelihood hardly cares
        estimate[axis] = max(-2 * MAP_STEP_MM, min(2 * MAP_STEP_MM, at))
    distance = float(np.linalg.norm(estimate))
    if distance < MAP_SHIFT_MM:
        return []
    text = f"The attenuation map lies about {distance:.0f} mm beside the emission data."
    remedy = "Align the CT with the SPECT and add the study again."
    numbers = {"distance_mm": distance, "x_mm": estimate[0], "y_mm": estimate[1], "z_mm": estimate[2]}
    return [Finding("map.shift", Level.WARNING, text, remedy, numbers)]


def _moved(coarse: Coarse, system: System, axis: int, sign: float) -> float:
    assert coarse.mu is not None  # noqa: S101 (narrows the type; the caller looked)
    step = [0.0, 0.0, 0.0]
    step[axis] = sign * MAP_STEP_MM
    return _likelihood(coarse, System(coarse, moved_map(coarse.mu, (step[0], step[1], step[2]), coarse), like=system))


def check_reference(facts: Facts) -> Findings:
    """Compare the counts of each view with what the reference predicts, as training will."""
    fit = fitted(facts)
    if fit is None or facts.study.reference is None:
        return None
    coarse, system = fit.coarse, fit.system
    reference = coarse.volume(facts.study.reference.astype(np.float64))
    expected = system.project_all(reference.reshape(len(reference), -1)).sum(axis=(1, 2))
    found = fit_calibration((coarse.counts - coarse.scatter).sum(axis=(1, 2)) / COARSE_BIAS, expected)
    if found.accepted:
        return []
    text = (
        f"Measured are {found.ratio:.2f} times the counts that the reference predicts (slope {found.slope:.2f}); "
        f"allowed is 1 within {100 * TOLERANCE:.0f} %."
    )
    remedy = "Check the scale of the reference, the time per view and the scatter estimate."
    grave = max(abs(found.slope - 1), abs(found.ratio - 1)) > 2 * TOLERANCE
    numbers = {"slope": found.slope, "ratio": found.ratio}
    picture = curve_picture("per_view", (coarse.counts - coarse.scatter).sum(axis=(1, 2)), expected)
    return [Finding("calibration", Level.ERROR if grave else Level.WARNING, text, remedy, numbers, picture)]
