"""What a simulation costs: core hours from measured rates. Torch-free."""

from __future__ import annotations

from synthesis.simulation.gate.rates import STORED, GateRates
from synthesis.specs.simulation import GateSpec


def core_hours_per_sample(spec: GateSpec, *, views: int, sources: int, rates: GateRates = STORED) -> float:
    """Return the core hours of one body: `views` views of `sources` sources each.

    Parameters
    ----------
    spec : GateSpec
    views, sources : int
    rates : GateRates
        By default `STORED`.
    """
    others = len(spec.scatter_views(views))
    rest = (rates.analog, 1.0, others) if spec.mode == "analog" else (rates.scatter, spec.scatter_share, others)
    seconds = 0.0
    for run, share, number in [(rates.primary, 1.0, views), rest]:
        photons = spec.photons_per_view or share * spec.counts_per_view / run.counts_per_photon
        seconds += number * (rates.startup_s + photons / run.photons_per_s)
    return sources * seconds / 3600
