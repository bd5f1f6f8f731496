"""A patient who moves during the rotation, and an axis of rotation that lies beside the middle of the bins.

The detector is parallel to the axis and the holes are parallel, so when body and activity move together by (x, y, z)
the picture moves by z along the axis and by -x cos(theta) + y sin(theta) along the bins, and the photons cross the same
tissue: attenuation and scatter move with the picture. Moving the projections is therefore exact, but for the
resolution, which changes with the distance (by less than 0.5 mm FWHM for 10 mm of motion, LEHR), and costs nothing,
where projecting the moved body would cost a simulation for every position.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.geometry import AcquisitionGeometry
from synthesis.perturbation.timing import ViewTimes

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """A displacement by `x_mm`, `y_mm`, `z_mm` (LPS), reached at once at `onset`, or slowly where `onset` is None.

    `onset` is a share of the examination's time; a view whose middle lies behind it sees the displaced patient.
    """

    x_mm: float
    y_mm: float
    z_mm: float
    onset: float | None

    def to_dict(self) -> dict[str, float | str]:
        """Return JSON values."""
        kind: dict[str, float | str] = (
            {"kind": "creeping"} if self.onset is None else {"kind": "abrupt", "onset": self.onset}
        )
        return kind | {"x_mm": self.x_mm, "y_mm": self.y_mm, "z_mm": self.z_mm}


def motion_shifts_mm(motion: Motion, geometry: AcquisitionGeometry, times: ViewTimes) -> tuple[Array, Array]:
    """Return how far every view's picture moves along the axis and along the bins, both (V,) in mm."""
    moved = times.progress if motion.onset is None else (times.progress > motion.onset).astype(np.float64)
    angles = np.asarray(geometry.angles_rad)
    along_bins = -motion.x_mm * np.cos(angles) + motion.y_mm * np.sin(angles)
    return motion.z_mm * moved, along_bins * moved
