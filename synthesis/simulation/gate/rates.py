"""How fast GATE runs on one core: photons and equivalent counts a second, and the time to start. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunRates:
    """Of one kind of run on one core.

    Parameters
    ----------
    photons_per_s : float
        Photons that start in a second of transport.
    counts_per_photon : float
        Equivalent counts of each.
    """

    photons_per_s: float
    counts_per_photon: float

    @property
    def counts_per_s(self) -> float:
        """Equivalent counts in a second of transport."""
        return self.photons_per_s * self.counts_per_photon


@dataclass(frozen=True)
class GateRates:
    """Of all kinds of runs, and the seconds every run needs before its first photon."""

    startup_s: float
    primary: RunRates
    scatter: RunRates
    analog: RunRates

    def of(self, mode: str) -> RunRates:
        """Return the rates of a run in `mode`."""
        return {"primary": self.primary, "scatter": self.scatter, "analog": self.analog}[mode]


# Measured 2026-11 by `measure_rates`: opengate 10.1.1, xraylib-mini data, GE NM670 LEHR, splitting 1000, processor time of
# one core of a shared server; start-up with a whole body of about 50 materials.
STORED = GateRates(
    startup_s=6.5,
    primary=RunRates(16_000.0, 0.063),
    scatter=RunRates(2_400.0, 0.021),
    analog=RunRates(24_000.0, 0.000034),
)
