"""Check that the projections hold the whole body, and that the attenuation map is one: complete, in mm^-1. Torch-free.

Sources, as known: EANM guideline on CT-based attenuation correction and quality control of hybrid cardiac SPECT/CT
(truncation and misregistration are to be looked for in every study); soft tissue attenuates like water (NIST XCOM).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from model.quality.facts import Array, Facts
from model.quality.report import Finding, Findings, Level, curve_picture, image_picture

EDGE_SHARE = 0.30  # of the body's usual counts in a column, at the first column that counts
TISSUE_DEVIATION, TISSUE_IMPOSSIBLE = 0.055, 0.25  # adipose is 8 % below, muscle 3 % above water
BODY_SHARE = 0.55  # of the largest common value: what is body in a map of any unit
FAT_MM = 30.0
LETTERS = 12
_PLANE = np.zeros((3, 3, 3), dtype=bool)
_PLANE[1] = True


def check_truncation(facts: Facts) -> Findings:
    """Check that the counts fade towards both sides of the field of view."""
    columns = facts.counts.sum(axis=1)  # (V, U)
    used = np.flatnonzero(columns.sum(axis=0) > 0)
    if used.size < 4:
        return None
    first, last = int(used[0]), int(used[-1])
    middle = np.median(columns[:, first + used.size // 4 : last + 1 - used.size // 4], axis=1)
    sides = np.stack([columns[:, first : first + 2].mean(axis=1), columns[:, last - 1 : last + 1].mean(axis=1)])
    share = sides / np.maximum(middle, 1.0)
    cut = float(np.sort(share.max(axis=0))[-max(1, share.shape[1] // 10)])  # a tenth of the views must show it
    if cut <= EDGE_SHARE:
        return []
    view = int(np.argmax(share.max(axis=0)))
    views = int((share.max(axis=0) > EDGE_SHARE).sum())
    text = f"The body reaches beyond the field of view in {views} of {share.shape[1]} views: its edge counts {100 * cut:.0f} % of the middle."
    remedy = "Use a larger field of view or bring the arms up; the image is wrong near the cut."
    numbers = {"views": views, "all": share.shape[1], "percent": 100 * cut}
    return [Finding("truncation", Level.WARNING, text, remedy, numbers, curve_picture("columns", columns[view]))]


def tissue_level(mu: Array, voxel_mm: float) -> float:
    """Return the most frequent value inside the body, without its outer 30 mm (fat), in a map of any unit; 0 for none."""
    top = float(np.percentile(mu, 99.9))
    if top <= 0:
        return 0.0
    tissue = mu > 0.5 * BODY_SHARE * top
    inside = ndimage.binary_fill_holes(tissue.any(axis=0))
    deep = ndimage.binary_erosion(inside, iterations=max(1, round(FAT_MM / voxel_mm)))
    body = mu[tissue & deep]
    body = body if body.size >= 50 else mu[tissue]
    histogram, edges = np.histogram(body, bins=80)
    at = int(np.argmax(np.convolve(histogram, np.ones(5) / 5, mode="same")))
    return float((edges[at] + edges[at + 1]) / 2)


def check_map(facts: Facts) -> Findings:
    """Check that soft tissue has the attenuation of soft tissue at this energy, and that nothing is written in the map."""
    if facts.study.attenuation is None:
        return None
    mu = facts.study.attenuation.astype(np.float64)
    level, water = tissue_level(mu, facts.geometry.grid.voxel_mm[2]), facts.water_mu_per_mm
    middle = image_picture(mu[mu.shape[0] // 2], "map", flip=False)
    if level == 0:
        text = "The attenuation map is empty."
        return [Finding("map.empty", Level.ERROR, text, "Give the map of this patient, or none.", {}, middle)]
    found, ratio = [], level / water
    if abs(ratio - 1.0) > TISSUE_DEVIATION:
        grave = abs(ratio - 1) > TISSUE_IMPOSSIBLE
        text = f"Soft tissue in the attenuation map is {level:.4f} per mm; at {facts.peak_kev:.0f} keV {water:.4f} was expected ({100 * (ratio - 1):+.0f} %)."
        remedy = "Check unit and energy of the map: mm^-1 at the photopeak."
        numbers = {"found": level, "expected": water, "percent": 100 * (ratio - 1), "kev": facts.peak_kev}
        found.append(Finding("map.units", Level.ERROR if grave else Level.WARNING, text, remedy, numbers, middle))
    return found + _writing(mu, level)


def _writing(mu: Array, level: float) -> list[Finding]:
    """Look for strokes beside the body: connected pixels, none of them part of a full 3 x 3 square."""
    seen = mu > 0.25 * level
    thick = ndimage.binary_propagation(ndimage.binary_opening(seen, np.ones((1, 3, 3))), mask=seen, structure=_PLANE)
    letters = seen & ~thick
    number = letters.sum(axis=(1, 2))
    plane = int(np.argmax(number))
    if number[plane] < LETTERS:
        return []
    text = f"{int(number[plane])} pixels beside the body in slice {plane + 1} of the attenuation map look like written characters."
    remedy = "Look at the map. Export the CT again without annotations."
    places = [(int(row), int(column)) for row, column in np.argwhere(letters[plane])]
    picture = image_picture(mu[plane], "map", places, flip=False)
    return [Finding("identifiers.burnt_in", Level.ERROR, text, remedy, {"pixels": int(number[plane])}, picture)]
