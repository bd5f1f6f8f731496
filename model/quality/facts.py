"""What several checks look at, computed once a study: counts a view, angles in the order of acquisition. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from model.geometry import AcquisitionGeometry
from model.io.study_records import Study

Array = npt.NDArray[np.float64]
WATER_MU_PER_MM = {71.0: 0.0192, 113.0: 0.0163, 140.5: 0.0154, 159.0: 0.0148, 171.3: 0.0145, 208.4: 0.0135, 245.4: 0.0128, 364.5: 0.0110}  # fmt: skip
"""Narrow-beam attenuation of water in mm^-1 at the energies (keV) of SPECT: NIST XCOM, coherent scattering included."""


@dataclass(frozen=True, eq=False)
class Facts:
    """One study as the checks see it.

    Parameters
    ----------
    study : Study
    counts : float64 (V, Z, U)
        Of the photopeak.
    angles_deg : float64 (V,)
        Unwrapped in the order of acquisition where views follow each other by less than half a turn.
    per_view : float64 (V,)
        Counts of each view.
    kept : dict
        What one check computed and another needs again.
    """

    study: Study
    counts: Array
    angles_deg: Array
    per_view: Array
    kept: dict[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, study: Study) -> Facts:
        """Collect the facts of a study."""
        counts = study.projections[0].astype(np.float64)
        angles = np.degrees(np.unwrap(np.asarray(study.geometry.angles_rad)))
        return cls(study, counts, angles, counts.sum(axis=(1, 2)))

    @property
    def geometry(self) -> AcquisitionGeometry:
        """The acquisition."""
        return self.study.geometry

    @property
    def total(self) -> float:
        """Counts of the photopeak in all views."""
        return float(self.per_view.sum())

    @property
    def step_deg(self) -> float:
        """The usual angle between neighbouring views, as a positive number; 0 for one view."""
        if self.angles_deg.size < 2:
            return 0.0
        return float(np.median(np.abs(np.diff(self.angles_deg))))

    @property
    def peak_kev(self) -> float:
        """Middle of the first energy window."""
        window = self.geometry.windows[0]
        return (window.lower_kev + window.upper_kev) / 2

    @property
    def water_mu_per_mm(self) -> float:
        """Attenuation of water at the photopeak."""
        energies = sorted(WATER_MU_PER_MM)
        return float(np.interp(self.peak_kev, energies, [WATER_MU_PER_MM[e] for e in energies]))
