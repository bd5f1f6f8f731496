"""What a simulation costs: core hours from measured rates, and a short run that measures the rates anew. Torch-free."""

from __future__ import annotations

from pathlib import Path

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


def gate_cost(spec: GateSpec, *, views: int, sources: int, folder: Path | None = None) -> dict[str, float]:
    """Measure the rates in runs of a few seconds, about half a minute together, and return what a body costs.

    Parameters
    ----------
    spec : GateSpec
    views, sources : int
    folder : Path, optional
        For the runs; by default a temporary one.

    Returns
    -------
    dict of str to float
        ``gate_core_h_per_sample``, and per core: ``gate_primary_photons_per_s``, ``gate_primary_counts_per_s``,
        ``gate_scatter_counts_per_s``, ``gate_analog_counts_per_s`` (equivalent counts), ``gate_startup_s``.

    Raises
    ------
    SimulationFailed
        If GATE or the Geant4 data are missing.
    """
    from synthesis.simulation.gate.measure import measure_rates  # imports what only a simulation needs

    rates = measure_rates(spec, folder)
    return {
        "gate_core_h_per_sample": core_hours_per_sample(spec, views=views, sources=sources, rates=rates),
        "gate_primary_photons_per_s": rates.primary.photons_per_s,
        "gate_primary_counts_per_s": rates.primary.counts_per_s,
        "gate_scatter_counts_per_s": rates.scatter.counts_per_s,
        "gate_analog_counts_per_s": rates.analog.counts_per_s,
        "gate_startup_s": rates.startup_s,
    }
