"""How much of the photopeak is scatter: given with the study, or estimated from its other energy windows.

Triple energy window (TEW): between a narrow window below the photopeak and one above it the scatter spectrum is taken
as a straight line. Dual energy window (DEW): k times the counts of one window below. k = 0.5 belongs to a scatter
window at least as wide as the photopeak; a narrower one sees fewer counts, and the straight line that falls to zero
above the photopeak, W_peak / (2 W_scatter), takes over where the two meet (1.13 for 114-126.45 keV).

V views, Z axial rows, U bins. numpy only.

References
----------
Jaszczak et al., J Nucl Med 25 (1984) 893 (DEW: 92-125 keV beside 127-153 keV, k = 0.5); Ogawa et al., IEEE Trans. Med.
Imaging 10 (1991) 408 (TEW, eq. 2-3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from model.errors import ModelError
from model.geometry import EnergyWindow
from model.io.study_records import Study

Floats = npt.NDArray[np.float32]
DEW_FACTOR = 0.5  # Jaszczak 1984
LARGEST_GAP = 0.08  # between photopeak and scatter window, of the photopeak's centre; Jaszczak's 2 keV is 0.014
OVERLAP_KEV = 0.5  # limits are often rounded: touching windows may seem to overlap by this much
SMOOTHING_FWHM_MM = 25.0  # the scatter is broad, its window noisy; four bins of a 64 x 64 matrix
FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))


class ScatterSource(StrEnum):
    """Where the scatter comes from, best first."""

    GIVEN = "given"
    TRIPLE_WINDOW = "tew"
    DUAL_WINDOW = "dew"
    NONE = "none"


class ScatterWindowsUnusable(ModelError):  # noqa: N818 (as the others in model.errors)
    """The energy windows beside the photopeak allow no scatter estimate."""

    def __init__(self, message: str) -> None:
        remedy = "Reconstruct without scatter correction, or give the scatter with the study."
        super().__init__("scatter.windows", message, remedy)


@dataclass(frozen=True, eq=False)
class ScatterEstimate:
    """Expected scatter counts (V, Z, U) in the photopeak, None where there are none, and where they come from."""

    source: ScatterSource
    counts: Floats | None


def scatter_of(study: Study) -> Floats | None:
    """Return the expected scatter in the photopeak, float32 (V, Z, U) counts, or None where nothing tells it.

    Windows that allow no estimate (a second peak, another nuclide) count as none; `scatter_estimate` says why.
    """
    return scatter_estimate(study).counts if has_scatter(study) else None


def has_scatter(study: Study) -> bool:
    """Tell whether `scatter_of` gives something, without computing it."""
    try:
        return scatter_source(study) is not ScatterSource.NONE
    except ScatterWindowsUnusable:
        return False


def scatter_source(study: Study) -> ScatterSource:
    """Return where `scatter_of` takes the scatter from, without computing it. Raises as `scatter_estimate`."""
    if study.scatter is not None:
        return ScatterSource.GIVEN
    if len(study.geometry.windows) == 1:
        return ScatterSource.NONE
    _, above = _neighbours(study.geometry.windows)
    return ScatterSource.DUAL_WINDOW if above is None else ScatterSource.TRIPLE_WINDOW


def scatter_estimate(study: Study) -> ScatterEstimate:
    """Return the scatter of a study: its own, else from three windows, else from two, else none.

    Raises
    ------
    ScatterWindowsUnusable
        ``scatter.windows`` if there are windows beside the photopeak and none of them lies just below it.
    """
    source = scatter_source(study)
    if study.scatter is not None:
        return ScatterEstimate(source, study.scatter[0])
    if source is ScatterSource.NONE:
        return ScatterEstimate(source, None)
    geometry = study.geometry
    peak, (below, above) = geometry.windows[0], _neighbours(geometry.windows)
    low = study.projections[below]
    if above is None:
        counts = dual_energy_window(low, peak=peak, below=geometry.windows[below])
    else:
        high = study.projections[above]
        counts = triple_energy_window(
            low, high, peak=peak, below=geometry.windows[below], above=geometry.windows[above]
        )
    smooth = _smooth(counts, (SMOOTHING_FWHM_MM / geometry.axial_mm, SMOOTHING_FWHM_MM / geometry.bin_mm))
    return ScatterEstimate(source, smooth)


def dual_energy_window(low: Floats, *, peak: EnergyWindow, below: EnergyWindow) -> Floats:
    """Return k C_low with the k of the module docstring; same shape, not smoothed."""
    return low * np.float32(DEW_FACTOR * max(1.0, _width(peak) / _width(below)))


def triple_energy_window(
    low: Floats, high: Floats, *, peak: EnergyWindow, below: EnergyWindow, above: EnergyWindow
) -> Floats:
    """Return (C_low / W_low + C_high / W_high) W_peak / 2; same shape, not smoothed."""
    half = _width(peak) / 2
    return low * np.float32(half / _width(below)) + high * np.float32(half / _width(above))


def _width(window: EnergyWindow) -> float:
    return window.upper_kev - window.lower_kev


def _neighbours(windows: tuple[EnergyWindow, ...]) -> tuple[int, int | None]:
    """Return the indices of the nearest window just below the photopeak and of the nearest just above it, if any."""
    peak = windows[0]
    largest_kev = LARGEST_GAP * (peak.lower_kev + peak.upper_kev) / 2
    gaps_below = {i: peak.lower_kev - w.upper_kev for i, w in enumerate(windows) if i > 0}
    gaps_above = {i: w.lower_kev - peak.upper_kev for i, w in enumerate(windows) if i > 0}
    below = [i for i, gap in gaps_below.items() if -OVERLAP_KEV <= gap <= largest_kev]
    above = [i for i, gap in gaps_above.items() if -OVERLAP_KEV <= gap <= largest_kev]
    if not below:
        names = ", ".join(f"{w.name} {w.lower_kev:g}-{w.upper_kev:g} keV" for w in windows[1:])
        msg = (
            f"no scatter window lies within {largest_kev:.3g} keV below the photopeak "
            f"{peak.lower_kev:g}-{peak.upper_kev:g} keV; the study has {names}"
        )
        raise ScatterWindowsUnusable(msg)
    return min(below, key=gaps_below.__getitem__), min(above, key=gaps_above.__getitem__, default=None)


def _smooth(counts_VZU: Floats, fwhm: tuple[float, float]) -> Floats:
    """Blur rows and bins by Gaussians of `fwhm` elements; every count stays on the detector."""
    rows, bins = (_blur(n, w) for n, w in zip(counts_VZU.shape[1:], fwhm, strict=True))
    smooth: Floats = np.matmul(np.matmul(rows, counts_VZU), bins.T)
    return smooth


def _blur(size: int, fwhm: float) -> Floats:
    place = np.arange(size) * (FWHM_PER_SIGMA / fwhm)
    weights = np.exp(-0.5 * (place[:, None] - place[None, :]) ** 2)
    return np.asarray(weights / weights.sum(axis=0), dtype=np.float32)
