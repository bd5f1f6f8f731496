"""Turn a phantom into expected counts; every simulator answers the same question."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from model.geometry import AcquisitionGeometry
from synthesis.phantoms.shapes import Floats


@dataclass(frozen=True, eq=False)
class Expected:
    """Noise-free photopeak counts of one acquisition.

    Parameters
    ----------
    primary : float32 (V, Z, U)
        Unscattered counts, in the unit of the activity: expected counts per voxel without attenuation.
    scatter_shape : float32 (V, Z, U)
        Distribution of the scattered counts; its sum is 1.
    scatter_total : float, optional
        Scattered counts in the unit of `primary`; None where the protocol sets the amount.
    """

    primary: Floats
    scatter_shape: Floats
    scatter_total: float | None = None


@dataclass(frozen=True, eq=False)
class SourceProjections:
    """Noise-free projections of every source of one body, each with uptake 1: projections are linear in activity.

    Parameters
    ----------
    sources : tuple of str, (K,)
        What is mixed with one weight: organ keys of the phantom, infarcts (``lesion_1`` ...) apart.
    primary, scatter : float32 (K, V, Z, U)
        Counts in the unit of the activity (expected counts per voxel of the simulation grid without attenuation).
    scatter_is_physical : bool
        True where the simulator gives the amount of scatter too (Monte Carlo); False where only its shape counts and
        the protocol sets the amount.
    variance : float32 (K, V, Z, U), optional
        Of primary + scatter, in squared units, of a Monte Carlo estimate; None where the result is exact.
    further_windows : float32 (K, W - 1, V, Z, U), optional
        All counts in the geometry's windows after the photopeak, where the simulator counted them itself.
    simulator : str
    versions : mapping of str
        Of what decided the numbers beside the package's own, such as ``opengate``, ``geant4``, ``g4data``.
    seconds : mapping of str to float
        Wall time a stage.
    """

    sources: tuple[str, ...]
    primary: Floats
    scatter: Floats
    scatter_is_physical: bool
    variance: Floats | None
    simulator: str
    versions: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    further_windows: Floats | None = None

    def mix(self, uptakes: dict[str, float]) -> tuple[Floats, Floats, Floats | None]:
        """Return primary, scatter and variance (V, Z, U) with one uptake a source; every source must be named."""
        weights = self._weights(uptakes)
        variance = None if self.variance is None else _total(self.variance, weights**2)
        return _total(self.primary, weights), _total(self.scatter, weights), variance

    def mix_further(self, uptakes: dict[str, float]) -> Floats | None:
        """Return the counts in the windows after the photopeak, (W - 1, V, Z, U); None where they are not simulated."""
        return None if self.further_windows is None else _total(self.further_windows, self._weights(uptakes))

    def _weights(self, uptakes: dict[str, float]) -> Floats:
        return np.array([uptakes[source] for source in self.sources], dtype=np.float32)


def _total(parts: Floats, weights: Floats) -> Floats:
    mixed: Floats = np.tensordot(weights, parts, axes=1).astype(np.float32)
    return mixed


class SourceSimulator(Protocol):
    """What `synthesis.template` asks of a simulator: every source of a body on its own, mixed afterwards."""

    name: str

    def project_sources(
        self, sources: tuple[str, ...], activity: Floats, mu_per_mm: Floats, geometry: AcquisitionGeometry, *, seed: int
    ) -> SourceProjections:
        """Return the projections of `activity` (K, Z, Y, X), the sources' activity at uptake 1 on the finer grid.

        `mu_per_mm` is (Z, Y, X) on the same grid, `geometry` the coarse acquisition. `seed` starts a Monte Carlo.
        """
        ...
