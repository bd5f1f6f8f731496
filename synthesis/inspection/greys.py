"""The grey scale of the small pictures of studies: white is nothing, black the brightest that matters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model.io.study import Study
from synthesis.inspection import planes

MU_WHITE_PER_MM = 0.022  # bone and above are white on the attenuation map
Pixels = npt.NDArray[np.uint8]


def black(study: Study) -> float:
    """Return where the grey scale of the activity is black: bright wall, so that a hot gut does not hide it."""
    assert study.reference is not None  # noqa: S101 (checked by the caller)
    if study.truth is not None and study.truth.aha.any():
        return 1.1 * float(np.percentile(study.reference[study.truth.aha > 0], 99))
    return float(np.percentile(study.reference, 99.9))


def grey(plane: planes.Plane, darkest: float) -> Pixels:
    """Return a plane as bytes, 255 for nothing and 0 for `darkest` and above."""
    share = np.clip(np.asarray(plane, dtype=np.float64) / max(darkest, 1e-12), 0, 1)
    return np.rint(255 * (1 - share)).astype(np.uint8)
