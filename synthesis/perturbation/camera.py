"""What the detectors do to the counts: sensitivity that varies over the face, and dead time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model.geometry import AcquisitionGeometry
from synthesis.perturbation.timing import ViewTimes
from synthesis.phantoms.shapes import Floats
from synthesis.simulation.blur import FWHM_PER_SIGMA, gaussian_blur

MAX_SDS = 3.0


def sensitivity_map(geometry: AcquisitionGeometry, *, sd: float, width_mm: float, rng: np.random.Generator) -> Floats:
    """Draw the sensitivity (Z, U) of one detector: mean 1, standard deviation `sd`, blots of FWHM `width_mm`."""
    sigmas = tuple(width_mm / FWHM_PER_SIGMA / pitch for pitch in (geometry.axial_mm, geometry.bin_mm))
    white = rng.normal(size=(geometry.n_axial, geometry.n_bins)).astype(np.float32)
    field = gaussian_blur(white, sigmas, keep_sum=False)
    field = np.clip((field - field.mean()) / field.std(), -MAX_SDS, MAX_SDS)
    sensitivity: Floats = (1 + sd * field).astype(np.float32)
    return sensitivity


def live_fractions(
    counts: Floats, times: ViewTimes, *, tau_us: float, paralysable: bool, events_per_count: float
) -> npt.NDArray[np.float64]:
    """Return the share of the events that each view counts, (V,).

    Parameters
    ----------
    counts : float32 (W, V, Z, U)
        Counts that a camera without dead time would have in all its windows.
    times : ViewTimes
    tau_us : float
        Dead time of an event in microseconds.
    paralysable : bool
        Whether an event that is lost prolongs the dead time: exp(-n t); otherwise 1 / (1 + n t).
    events_per_count : float
        Events in the crystal, whatever their energy, for each count in a window.

    References
    ----------
    Sorenson, J Nucl Med 16 (1975) 284: dead time of scintillation cameras.
    """
    events = counts.sum(axis=(0, 2, 3), dtype=np.float64) * events_per_count
    busy = events / times.duration_s * tau_us * 1e-6
    live: npt.NDArray[np.float64] = np.exp(-busy) if paralysable else 1 / (1 + busy)
    return live
