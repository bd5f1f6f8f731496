"""Turn a phantom into expected counts; every simulator answers the same question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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
    """

    primary: Floats
    scatter_shape: Floats


class Simulator(Protocol):
    """What `synthesis.sample` asks of a simulator."""

    name: str

    def expect(self, activity: Floats, mu_per_mm: Floats, geometry: AcquisitionGeometry) -> Expected:
        """Return the expected counts of `geometry` for volumes (Z, Y, X) on the simulator's own, finer grid."""
        ...
