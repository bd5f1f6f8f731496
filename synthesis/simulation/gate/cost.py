"""What a simulation costs: core hours from measured rates, and a short run that measures the rates anew. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

from synthesis.specs.simulation import GateSpec


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


# Measured 2026-11 with opengate 10.1.1, xraylib-mini data, GE NM670 LEHR, torso of 0.2 m x 0.3 m at 6.4 mm, splitting 1000,
# in processor time of one core of a shared server.
STORED = GateRates(
    startup_s=5.5,
    primary=RunRates(12_000.0, 0.050),
    scatter=RunRates(4_000.0, 0.0080),
    analog=RunRates(14_000.0, 0.00004),
)


def core_hours_per_sample(spec: GateSpec, *, views: int, sources: int, rates: GateRates = STORED) -> float:
    """Return the core hours of one body: `views` views of `sources` sources each.

    Parameters
    ----------
    spec : GateSpec
    views, sources : int
    rates : GateRates
        By default those measured for the documentation (one core of a shared machine, GE NM670 LEHR, 64 x 64 x 32).
    """
    runs = [(rates.analog, 1.0)] if spec.mode == "analog" else [(rates.scatter, spec.scatter_share)]
    seconds = 0.0
    for run, share in [(rates.primary, 1.0), *runs]:
        photons = spec.photons_per_view or share * spec.counts_per_view / run.counts_per_photon
        seconds += rates.startup_s + photons / run.photons_per_s
    return views * sources * seconds / 3600
