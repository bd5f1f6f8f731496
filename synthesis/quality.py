"""Figures that say at a glance whether a study is what it should be; they go into the manifest. Torch-free.

=====================  =====================================================================================
``counts``             photopeak counts
``max_counts``         in the fullest photopeak bin
``scatter_fraction``   of the site's scatter estimate in those counts
``heart_counts``       emitted by the left ventricular wall, as the reference has them
``heart_share``        of those in everything emitted
``wall_ml``            volume of the wall's voxels
``defect_extent``      share of the wall inside infarcts
``defect_severity``    of the gravest infarct, 0 without
``contrast``           1 - mean activity inside infarcts / in the rest of the wall, 0 without
``body_ml``            volume inside the attenuation map
``mu_median``          of that volume, mm^-1
=====================  =====================================================================================

A study without a heart has no figures of one. Those of a Monte Carlo are added by `synthesis.perturbation.quality`.
"""

from __future__ import annotations

import numpy as np

from model.io.study import Study, Truth
from synthesis.phantoms.shapes import Floats

BODY_MU_PER_MM = 0.002  # half of lung, far above air


def quality_figures(study: Study) -> dict[str, float]:
    """Return the figures of one study, rounded to six significant digits."""
    photopeak = study.projections[0]
    figures = {"counts": float(photopeak.sum(dtype=np.float64)), "max_counts": float(photopeak.max())}
    if study.scatter is not None and figures["counts"] > 0:
        figures["scatter_fraction"] = float(study.scatter[0].sum(dtype=np.float64)) / figures["counts"]
    voxel_ml = float(np.prod(study.geometry.grid.voxel_mm)) / 1000
    if study.attenuation is not None:
        inside = study.attenuation[study.attenuation > BODY_MU_PER_MM]
        figures["body_ml"] = inside.size * voxel_ml
        figures["mu_median"] = float(np.median(inside)) if inside.size else 0.0
    if study.truth is not None and study.reference is not None:
        figures |= _heart(study.truth, study.reference, voxel_ml)
    return {name: float(f"{value:.6g}") for name, value in figures.items()}


def _heart(truth: Truth, reference: Floats, voxel_ml: float) -> dict[str, float]:
    wall, sick = truth.aha > 0, truth.defect_map > 0
    healthy, emitted = wall & ~sick, float(reference.sum(dtype=np.float64))
    counts = float(reference[wall].sum(dtype=np.float64))
    seen = sick.any() and healthy.any() and float(reference[healthy].mean()) > 0
    return {
        "heart_counts": counts,
        "heart_share": counts / emitted if emitted > 0 else 0.0,
        "wall_ml": float(wall.sum()) * voxel_ml,
        "defect_extent": float(sick.sum()) / max(int(wall.sum()), 1),
        "defect_severity": max((defect.severity for defect in truth.defects), default=0.0),
        "contrast": 1 - float(reference[sick].mean()) / float(reference[healthy].mean()) if seen else 0.0,
    }
