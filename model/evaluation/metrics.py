"""Score an image against the truth in body and heart; every normaliser and region is fixed here.

Regions
    *body*: voxels with a label, else with mu above 0.001 mm^-1, else above 1 % of the reference's maximum.
    *heart*: the bounding box of the label ``myocardium`` (else of the AHA map), widened by two voxels on every side.
Normalisers
    NRMSE is the root mean square error over the root mean square of the reference, both in the region.
    PSNR and SSIM use the reference's maximum in the region as the range.
    Myocardial bias is relative to the reference's mean over the left ventricular wall.
    Contrasts are 1 - mean(dark) / mean(bright), as shares of the reference's contrast over the same voxels.
    Polar maps as in `model.evaluation.polar`.
Images are compared as they are, in counts: no min-max, no fitted scale.

numpy only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.evaluation.polar import polar_rms, polar_segments
from model.geometry import ensure_shape
from model.io.study_records import Study

Mask = npt.NDArray[np.bool_]
Image = npt.NDArray[np.floating]
BODY_MU_PER_MM = 0.001  # a quarter of lung
HEART_MARGIN_VOXELS = 2
REMOTE_MARGIN_VOXELS = 2
SMALLEST_CONTRAST = 0.1  # what a defect must show in the truth: a ratio to less measures the texture of the wall (5 %)
SSIM_WINDOW = 7  # Wang et al. 2004 use 11 in photographs; 7 spans the wall and its surroundings at 6-8 mm voxels


@dataclass(frozen=True, eq=False)
class Regions:
    """Where a study is scored; `heart` is a box, None where the study knows no heart."""

    body: Mask
    heart: tuple[slice, slice, slice] | None


def region_masks(study: Study) -> Regions:
    """Return body and heart as the module docstring fixes them."""
    if study.labels is not None and study.labels.any():
        body = study.labels > 0
    elif study.attenuation is not None and study.attenuation.any():
        body = study.attenuation > BODY_MU_PER_MM
    elif study.reference is not None:
        body = study.reference > 0.01 * study.reference.max()
    else:
        body = np.ones(study.geometry.volume_shape, dtype=bool)
    wall: Mask | None = None
    if study.labels is not None and "myocardium" in study.label_codes:
        wall = study.labels == study.label_codes["myocardium"]
    elif study.truth is not None:
        wall = study.truth.aha > 0
    return Regions(body, _box(wall) if wall is not None and wall.any() else None)


def _box(mask: Mask, margin: int = HEART_MARGIN_VOXELS) -> tuple[slice, slice, slice]:
    limits = []
    for indices, size in zip(np.nonzero(mask), mask.shape, strict=True):
        first, last = int(indices.min()), int(indices.max())
        limits.append(slice(max(0, first - margin), min(size, last + margin + 1)))
    return limits[0], limits[1], limits[2]


def nrmse(estimate: Image, reference: Image, mask: Mask | None = None) -> float:
    """Return sqrt(mean (e - r)^2 / mean r^2) over `mask`; NaN where the reference is empty."""
    e, r = _inside(estimate, reference, mask)
    power = float(np.mean(r**2))
    return math.sqrt(float(np.mean((e - r) ** 2)) / power) if power > 0 else math.nan


def psnr(estimate: Image, reference: Image, mask: Mask | None = None) -> float:
    """Return 20 log10(max r / RMSE) in dB over `mask`; infinite for equal images."""
    e, r = _inside(estimate, reference, mask)
    error, peak = math.sqrt(float(np.mean((e - r) ** 2))), float(r.max())
    if peak <= 0:
        return math.nan
    return 20 * math.log10(peak / error) if error > 0 else math.inf


def _inside(estimate: Image, reference: Image, mask: Mask | None) -> tuple[Image, Image]:
    ensure_shape("estimate", estimate.shape, reference.shape)
    e, r = np.asarray(estimate, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    return (e.ravel(), r.ravel()) if mask is None else (e[mask], r[mask])


def ssim(estimate: Image, reference: Image) -> float:
    """Return the mean structural similarity of two boxes, uniform windows of up to 7 voxels a side.

    Range: the reference's maximum; K1 = 0.01, K2 = 0.03.

    References
    ----------
    Wang, Bovik, Sheikh & Simoncelli, IEEE Trans. Image Process. 13 (2004) 600, eq. 13.
    """
    ensure_shape("estimate", estimate.shape, reference.shape)
    e, r = np.asarray(estimate, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    span = float(r.max())
    if span <= 0:
        return math.nan
    sizes = tuple(min(SSIM_WINDOW, n) for n in r.shape)

    def mean(image: Image) -> Image:
        windows = np.lib.stride_tricks.sliding_window_view(image, sizes)
        return np.asarray(windows.mean(axis=tuple(range(-r.ndim, 0))))

    mean_e, mean_r = mean(e), mean(r)
    var_e, var_r = mean(e * e) - mean_e**2, mean(r * r) - mean_r**2
    covariance = mean(e * r) - mean_e * mean_r
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    top = (2 * mean_e * mean_r + c1) * (2 * covariance + c2)
    return float(np.mean(top / ((mean_e**2 + mean_r**2 + c1) * (var_e + var_r + c2))))


def defect_contrast(estimate: Image, study: Study) -> float | None:
    """Return how much of the true defect contrast the image keeps: 1 is all, 0 a filled-in defect.

    Contrast is 1 - mean(defect) / mean(remote), where the defect is the voxels of the defect map and the remote wall
    is the left ventricular wall more than two voxels away from any defect (the wall outside the defects, where
    nothing is so far). Both means are taken over the same voxels in image and reference; the result is the ratio of
    the contrasts. With several defects their voxels are pooled. None where the study knows no defect, or where the
    true contrast is below `SMALLEST_CONTRAST` (a mild defect of the inner wall only, which the voxels dilute).
    """
    pair = defect_and_remote(study)
    return None if pair is None or study.reference is None else _kept_contrast(estimate, study.reference, *pair)


def defect_and_remote(study: Study) -> tuple[Mask, Mask] | None:
    """Return the voxels of the defects and of the remote wall, as `defect_contrast` compares them; None without one."""
    if study.truth is None or not study.truth.defect_map.any():
        return None
    defect, wall = study.truth.defect_map > 0, study.truth.aha > 0
    remote = wall & ~_dilate(defect, REMOTE_MARGIN_VOXELS)
    if not remote.any():
        remote = wall & ~defect
    return (defect, remote) if remote.any() else None


def left_ventricular_wall(study: Study) -> Mask | None:
    """Return the wall's voxels: the AHA map, else the label ``myocardium``; None where the study knows neither."""
    if study.truth is not None and study.truth.aha.any():
        return np.asarray(study.truth.aha > 0)
    if study.labels is not None and "myocardium" in study.label_codes:
        wall = np.asarray(study.labels == study.label_codes["myocardium"])
        return wall if wall.any() else None
    return None


def myocardial_bias(estimate: Image, study: Study) -> float | None:
    """Return mean(estimate) / mean(reference) - 1 over the left ventricular wall; None where there is no wall."""
    wall = left_ventricular_wall(study)
    if wall is None or study.reference is None:
        return None
    ensure_shape("estimate", estimate.shape, wall.shape)
    true = float(study.reference[wall].mean(dtype=np.float64))
    return float(estimate[wall].mean(dtype=np.float64)) / true - 1 if true > 0 else None


def wall_to_blood_contrast(estimate: Image, study: Study) -> float | None:
    """Return how much of the true contrast between wall and blood the image keeps: 1 is all, 0 a filled-in cavity.

    Blood is the label ``blood`` inside the bounding box of the left ventricular wall, the cavity above all. None
    where the study knows no wall or no blood.
    """
    wall = left_ventricular_wall(study)
    if wall is None or study.labels is None or study.reference is None or "blood" not in study.label_codes:
        return None
    blood = np.zeros_like(wall)
    box = _box(wall, margin=0)
    blood[box] = study.labels[box] == study.label_codes["blood"]
    return _kept_contrast(estimate, study.reference, blood, wall) if blood.any() else None


def _kept_contrast(estimate: Image, reference: Image, dark: Mask, bright: Mask) -> float | None:
    ensure_shape("estimate", estimate.shape, reference.shape)
    true, found = _contrast(reference, dark, bright), _contrast(estimate, dark, bright)
    return None if true is None or found is None or true < SMALLEST_CONTRAST else found / true


def _contrast(image: Image, dark: Mask, bright: Mask) -> float | None:
    normal = float(image[bright].mean(dtype=np.float64))
    return None if normal <= 0 else 1 - float(image[dark].mean(dtype=np.float64)) / normal


def _dilate(mask: Mask, voxels: int) -> Mask:
    """Grow a mask by a cube of `voxels` to every side, axis by axis."""
    for axis in range(mask.ndim):
        padded = np.pad(mask, [(voxels, voxels) if a == axis else (0, 0) for a in range(mask.ndim)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * voxels + 1, axis=axis)
        mask = np.asarray(windows.any(axis=-1))
    return mask


def case_metrics(estimate: Image, study: Study) -> dict[str, float | None]:
    """Score one image of a study that has a reference.

    Returns
    -------
    dict
        ``nrmse_body``, ``nrmse_heart``, ``ssim_heart``, ``psnr_body`` and ``psnr_heart`` in dB, ``defect_contrast``
        and ``contrast_error`` = abs(1 - defect contrast), ``myocardial_bias``, ``wall_to_blood_contrast``,
        ``polar_rms`` in points; None for what the study cannot tell.

    Raises
    ------
    ValueError
        If the study has no reference.
    GeometryMismatch
        If the image is not of the reference's size.
    """
    if study.reference is None:
        msg = "the study has no reference to compare with"
        raise ValueError(msg)
    reference, regions = study.reference, region_masks(study)
    scores: dict[str, float | None] = {
        "nrmse_body": nrmse(estimate, reference, regions.body),
        "psnr_body": psnr(estimate, reference, regions.body),
        "nrmse_heart": None,
        "ssim_heart": None,
        "psnr_heart": None,
        "defect_contrast": defect_contrast(estimate, study),
        "contrast_error": None,
        "myocardial_bias": myocardial_bias(estimate, study),
        "wall_to_blood_contrast": wall_to_blood_contrast(estimate, study),
        "polar_rms": None,
    }
    if (kept := scores["defect_contrast"]) is not None:
        scores["contrast_error"] = abs(1 - kept)
    found, true = polar_segments(estimate, study), polar_segments(reference, study)
    if found is not None and true is not None:
        scores["polar_rms"] = polar_rms(found, true)
    if regions.heart is not None:
        e, r = estimate[regions.heart], reference[regions.heart]
        scores |= {"nrmse_heart": nrmse(e, r), "ssim_heart": ssim(e, r), "psnr_heart": psnr(e, r)}
    return {key: value if value is None or math.isfinite(value) else None for key, value in scores.items()}


def bootstrap_ratio(
    a: npt.ArrayLike, b: npt.ArrayLike, seed: int, *, resamples: int = 2000, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the mean paired ratio a / b and its percentile bootstrap interval over cases.

    Parameters
    ----------
    a, b : array_like, shape (N,)
        One value a case, in the same order; b positive.
    seed : int
    resamples : int
    level : float
        Of the interval, 0..1.

    Returns
    -------
    ratio, low, high : float
    """
    ratios = np.asarray(a, dtype=np.float64) / np.asarray(b, dtype=np.float64)
    if ratios.ndim != 1 or ratios.size == 0:
        msg = f"paired values: got shape {ratios.shape}, expected one axis with at least one case"
        raise ValueError(msg)
    draws = np.random.default_rng(seed).integers(0, ratios.size, size=(resamples, ratios.size))
    low, high = np.quantile(ratios[draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(ratios.mean()), float(low), float(high)
