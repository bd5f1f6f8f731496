"""The regions of the left ventricular wall that training watches: AHA segments, defects, and healthy wall far from them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.evaluation.metrics import defect_and_remote
from model.io.study_records import Study


@dataclass(frozen=True, eq=False)
class WallRegions:
    """Regions of the left ventricular wall whose mean activity a reader judges.

    Parameters
    ----------
    voxels : Tensor (N,), int64
        Flat indices of the wall's voxels.
    averages : Tensor (R, N)
        One row a region, summing to 1: the 17 AHA segments that are present, then the defects.
    contrast : Tensor (2, N) or None
        Rows of all defects pooled and of the remote wall, as `model.evaluation.metrics.defect_contrast` compares them.
    """

    voxels: Tensor
    averages: Tensor
    contrast: Tensor | None = None

    def to(self, device: torch.device) -> "WallRegions":
        """Return the regions on a device."""
        contrast = None if self.contrast is None else self.contrast.to(device)
        return WallRegions(self.voxels.to(device), self.averages.to(device), contrast)


def wall_regions(study: Study) -> WallRegions | None:
    """Return the regions of a study's wall; None where the study knows no AHA map."""
    if study.truth is None or not study.truth.aha.any():
        return None
    aha, defects = study.truth.aha.ravel(), study.truth.defect_map.ravel()
    voxels = np.flatnonzero((aha > 0) | (defects > 0))
    rows = [codes[voxels] == code for codes in (aha, defects) for code in np.unique(codes[voxels]) if code > 0]
    pair = defect_and_remote(study)
    contrast = None if pair is None else _averages([mask.ravel()[voxels] for mask in pair])
    return WallRegions(torch.from_numpy(voxels), _averages(rows), contrast)


def _averages(rows: list[np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]) -> Tensor:
    return torch.from_numpy(np.stack([row / row.sum() for row in rows]).astype(np.float32))
