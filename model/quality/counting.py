"""Check how many counts there are, in all and view by view, and what the detector's elements counted. Torch-free.

Sources, as known: EANM/SNMMI/ASNC cardiac guidelines (activity and time per view so that the left ventricle holds enough
counts; 32-64 views of 20-25 s); NEMA NU 1-2018 (defective elements show as single bins far from their neighbours' Poisson
spread). The bounds are this project's own, set on simulated studies (docs/quality.md).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from model.quality.facts import Array, Facts
from model.quality.report import Finding, Findings, Level, curve_picture, image_picture

Mask = npt.NDArray[np.bool_]
FEW_COUNTS, HOPELESS_COUNTS = 4.0e5, 1.0e5
MISSING_SHARE = 0.2  # of the counts that the neighbours promise: a view that was not taken, or lost
VIEW_DEVIATION, VIEW_SIGMAS = 0.06, 5.0
STEP_DEVIATION = 0.04
FIXED_VIEWS = 8  # fewer views allow no judgement of a fixed pattern
DEAD_SHARE, HOT_FACTOR, SHARP_FACTOR, SHARP_SIGMAS = 0.5, 1.4, 1.12, 6.5
BROAD_BIN_MM, BROAD_FACTOR = 10.0, 4.0  # broad bins: a small hot organ may shine in one of them
PIXEL_SIGMAS = 8.0
EXPECTED_COUNTS = 25.0  # that an element's neighbours must have before it can be called dead
CLOSE_STEP_DEG = 6.5  # farther apart, a small hot organ comes and goes between two views
TEXT_PIXELS = 14  # outlying elements: a defect of the detector has few, writing has many


def check_total(facts: Facts) -> list[Finding]:
    """Check the counts of the photopeak."""
    total = facts.total
    if total >= FEW_COUNTS:
        return []
    level = Level.ERROR if total < HOPELESS_COUNTS else Level.WARNING
    text = f"The photopeak holds {total / 1e3:.0f} thousand counts; below {FEW_COUNTS / 1e3:.0f} thousand noise hides defects."
    remedy = "Check injected activity and time per view; keep the study out of training if it is not typical."
    picture = curve_picture("per_view", facts.per_view)
    return [Finding("counts.low", level, text, remedy, {"total": total, "least": FEW_COUNTS}, picture)]


def check_each_view(facts: Facts) -> Findings:
    """Check that counts per second change smoothly from view to view: none missing, weak, strong, and no step."""
    if facts.geometry.n_views < FIXED_VIEWS:
        return None
    rate = facts.per_view / np.asarray(facts.geometry.duration_s)
    scale = facts.total / max(float(rate.sum()), 1e-12)  # so that the squared error is Poisson's
    rate = rate * scale
    odd, expected = _odd_views(rate, facts)
    found = []
    missing = [i for i in odd if rate[i] < MISSING_SHARE * expected[i]]
    if missing:
        text = f"{len(missing)} of {rate.size} views hold almost no counts."
        remedy = "Export the acquisition again; if views were lost, repeat it."
        level = Level.ERROR
        picture = curve_picture("per_view", rate, expected, marks=missing)
        found.append(
            Finding("views.missing", level, text, remedy, {"missing": len(missing), "views": rate.size}, picture)
        )
    weak = [i for i in odd if i not in missing]
    if weak:
        worst = max(weak, key=lambda i: abs(rate[i] / max(expected[i], 1.0) - 1))
        percent = 100 * (rate[worst] / max(expected[worst], 1.0) - 1)
        text = f"{len(weak)} of {rate.size} views differ in counts from their neighbours, view {worst + 1} by {percent:+.0f} %."
        remedy = "Look for an interrupted acquisition, a wrong time per view or rejected beats."
        numbers = {"odd": len(weak), "views": rate.size, "view": worst + 1, "percent": percent}
        picture = curve_picture("per_view", rate, expected, marks=weak)
        found.append(Finding("counts.view", Level.WARNING, text, remedy, numbers, picture))
    return found + _step(rate, expected, odd)


def _odd_views(rate: Array, facts: Facts) -> tuple[list[int], Array]:
    """Return the views that do not fit their neighbours, worst first, and what was expected of every view."""
    angles = facts.angles_deg
    values, odd = rate.copy(), list[int]()
    expected = _from_neighbours(values, angles, facts.step_deg)
    for _ in range(rate.size // 3):
        spread = np.sqrt(np.maximum(expected, 1.0) * 2.0)
        deviation = np.abs(values - expected)
        # coarse steps: the counts may really change by their square
        tolerance = (VIEW_DEVIATION + 0.0015 * facts.step_deg**2) * expected
        score = np.where(
            (deviation > tolerance) & (deviation > VIEW_SIGMAS * spread), deviation / np.maximum(tolerance, 1e-9), 0
        )
        score[odd] = 0
        worst = int(np.argmax(score))
        if score[worst] == 0:
            break
        odd.append(worst)
        values[worst] = expected[worst]
        expected = _from_neighbours(values, angles, facts.step_deg)
    return odd, expected


def _from_neighbours(values: Array, angles_deg: Array, step: float) -> Array:
    """Return for every view what a cubic through two neighbours on either side says; a line where there is no other side."""
    size = values.size
    near = np.abs(np.abs(np.diff(angles_deg)) - step) < 0.5 * step
    expected = np.empty(size)
    for i in range(size):
        left = [j for j in (i - 1, i - 2) if j >= 0 and near[j:i].all()]
        right = [j for j in (i + 1, i + 2) if j < size and near[i:j].all()]
        if len(left) == 2 and len(right) == 2:
            expected[i] = (4 * (values[left[0]] + values[right[0]]) - values[left[1]] - values[right[1]]) / 6
        elif left and right:
            expected[i] = (values[left[0]] + values[right[0]]) / 2
        else:
            side = left if len(left) >= len(right) else right
            expected[i] = 2 * values[side[0]] - values[side[1]] if len(side) == 2 else values[i]
    return np.maximum(expected, 0.0)


def _step(rate: Array, expected: Array, odd: list[int]) -> list[Finding]:
    """Find a place at which the counts jump and stay: a detector that counts less, a change of the energy window."""
    values = rate.copy()
    values[odd] = expected[odd]
    best, where, size = 0.0, 0, 4
    if rate.size < 4 * size:
        return []
    matrix = np.vander(np.arange(-size, 0) + 0.5, 2)
    to_edge = np.linalg.pinv(matrix)[1]  # weights of a line's value at the place between both sides
    for i in range(size, rate.size - size + 1):
        left, right = float(to_edge @ values[i - size : i]), float(to_edge[::-1] @ values[i : i + size])
        middle = max((left + right) / 2, 1.0)
        noise = np.sqrt(2 * middle * float(to_edge @ to_edge))
        curvature = abs(float(np.diff(values[i - size : i], 2).mean() + np.diff(values[i : i + size], 2).mean()))
        jump = abs(right - left) - 2.0 * curvature
        if jump > VIEW_SIGMAS * noise and jump / middle > best:
            best, where = jump / middle, i
    if best < STEP_DEVIATION:
        return []
    text = f"Between views {where} and {where + 1} the counts jump by {100 * best:.0f} % and stay there."
    remedy = "Check that all detectors count alike and that the time per view in the file is right."
    picture = curve_picture("per_view", rate, marks=[where - 1, where])
    return [Finding("counts.step", Level.WARNING, text, remedy, {"view": where, "percent": 100 * best}, picture)]


def check_pixels(facts: Facts) -> Findings:
    """Look for elements that count nothing, or far too much, in all views; and for writing in the pictures."""
    if facts.geometry.n_views < FIXED_VIEWS:
        return None
    summed = facts.counts.sum(axis=0)
    broad = facts.geometry.bin_mm > BROAD_BIN_MM
    dead, hot = _dead(summed), _hot(summed, BROAD_FACTOR if broad else HOT_FACTOR)
    found = []
    sampled = facts.step_deg <= CLOSE_STEP_DEG and not broad
    flashes = _flashes(facts.counts) if sampled else np.zeros(facts.counts.shape, dtype=bool)
    bright = hot | flashes.any(axis=0)
    if int(bright.sum()) >= TEXT_PIXELS:
        view = int(np.argmax((flashes & bright).sum(axis=(1, 2))))
        text = f"{int(bright.sum())} elements shine sharply like written characters; a name or number may be burnt into the pictures."
        remedy = "Look at the pictures. Export the acquisition again without annotations."
        picture = image_picture(facts.counts[view], "view", _places(bright))
        found.append(Finding("identifiers.burnt_in", Level.ERROR, text, remedy, {"pixels": int(bright.sum())}, picture))
    elif bright.any():
        text = f"{int(bright.sum())} element(s) of the detector count far more than their neighbours."
        remedy = "Have the detector serviced; mend the bins by interpolation before using the study."
        picture = image_picture(summed, "summed", _places(bright))
        found.append(Finding("pixels.hot", Level.WARNING, text, remedy, {"pixels": int(bright.sum())}, picture))
    if dead.any():
        text = f"{int(dead.sum())} element(s) of the detector count far less than their neighbours in all views."
        remedy = "Have the detector serviced; mend the bins by interpolation before using the study."
        picture = image_picture(summed, "summed", _places(dead))
        found.append(Finding("pixels.dead", Level.WARNING, text, remedy, {"pixels": int(dead.sum())}, picture))
    return found


def _places(mask: Mask) -> list[tuple[int, int]]:
    return [(int(row), int(column)) for row, column in np.argwhere(mask)]


def _around(image: Array, size: int) -> Array:
    """Return the median of a square around every element, without itself, (..., Z, U)."""
    footprint = np.ones((size, size), dtype=bool)
    footprint[size // 2, size // 2] = False
    shape = (1,) * (image.ndim - 2) + footprint.shape
    around: Array = ndimage.median_filter(image, footprint=footprint.reshape(shape), mode="nearest")
    return around


def _dead(summed: Array) -> Mask:
    seen = summed.max(axis=0) > 0  # columns that count nothing at all were cut off, not broken
    expected = np.zeros_like(summed)
    for size in (3, 7):  # single elements, and blocks of them
        expected = np.maximum(expected, _around(summed, size))
    # both sides must be brighter along both axes: no border of the body
    low = np.minimum(_line(summed, 0, 4), _line(summed, 1, 4))
    reference = np.minimum(expected, low)
    weak = (summed < DEAD_SHARE * reference) & (reference > EXPECTED_COUNTS)
    dead: Mask = weak & (reference - summed > PIXEL_SIGMAS * np.sqrt(np.maximum(reference, 1))) & seen[None, :]
    return dead


def _line(summed: Array, axis: int, reach: int) -> Array:
    """Return the smaller of the largest values on either side along an axis, within `reach` elements."""
    moved = np.moveaxis(summed, axis, 0)
    before, after = np.zeros_like(moved), np.zeros_like(moved)
    for step in range(1, reach + 1):
        before[step:] = np.maximum(before[step:], moved[:-step])
        after[:-step] = np.maximum(after[:-step], moved[step:])
    before[0], after[-1] = after[0], before[-1]
    return np.moveaxis(np.minimum(before, after), 0, axis)


def _hot(summed: Array, factor: float) -> Mask:
    """Return what sticks out of a 3 x 3 opening, or of the cubic through its neighbours: the camera blurs all true pictures."""
    around = ndimage.grey_opening(summed, size=(3, 3), mode="nearest")
    hot: Mask = (summed > factor * around) & (summed - around > PIXEL_SIGMAS * np.sqrt(np.maximum(around, 1)) + 10)
    if factor > HOT_FACTOR:
        return hot
    cubic = np.array([-1.0, 4.0, 0.0, 4.0, -1.0]) / 6
    rows, columns = (ndimage.correlate1d(summed, cubic, axis=axis, mode="mirror") for axis in (0, 1))
    smooth = np.maximum(rows, columns)
    sharp = summed - smooth > SHARP_SIGMAS * np.sqrt(1.5 * np.maximum(smooth, 1))
    sharp &= (summed > SHARP_FACTOR * smooth) & (summed > SHARP_FACTOR * around)
    either: Mask = hot | sharp
    return either


def _flashes(counts: Array) -> Mask:
    """Return elements that shine in single views only, (V, Z, U): against the two views on either side."""
    padded = np.pad(counts, ((2, 2), (0, 0), (0, 0)), mode="reflect")
    usual = np.median(np.stack([padded[k : k + len(counts)] for k in (0, 1, 3, 4)]), axis=0)
    around = ndimage.grey_opening(
        counts, size=(1, 3, 3), mode="nearest"
    )  # a border of the body that comes near is no flash
    usual = np.maximum(usual, around)
    flash: Mask = (counts > 2 * usual) & (counts - usual > PIXEL_SIGMAS * np.sqrt(np.maximum(usual, 1)) + 10)
    return flash
