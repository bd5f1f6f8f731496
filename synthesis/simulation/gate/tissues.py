"""Turn an attenuation map into a few materials with elements and densities, as Geant4 needs them.

Lung, fat, soft tissue and a mixture of soft tissue and cortical bone follow each other with growing mu; within each,
the density carries mu. Voxels go into classes of 4 % in mu, and the mu of a class is the mean of its voxels.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synthesis.phantoms.shapes import Floats

AIR_BELOW_PER_MM = 0.0005  # 3 % of water
CLASS_WIDTH = 0.04
Labels = npt.NDArray[np.int16]

# Mass fractions: ICRP/ICRU tissues as Geant4's NIST database lists them (G4_LUNG_ICRP, ...), traces below 0.05 % left
# out and the rest scaled to one by Geant4. mu / density in mm^-1 cm^3 / g at 140.5 keV: synthesis/materials.py.
_LUNG = {"H": 0.1013, "C": 0.1023, "N": 0.0287, "O": 0.7571, "Na": 0.0018, "S": 0.0023, "Cl": 0.0027, "K": 0.0019}
_FAT = {"H": 0.1195, "C": 0.6372, "N": 0.0080, "O": 0.2323, "Na": 0.0005, "S": 0.0007, "Cl": 0.0012}
_SOFT = {"H": 0.1045, "C": 0.2322, "N": 0.0249, "O": 0.6302, "Na": 0.0011, "P": 0.0013, "S": 0.0020, "Cl": 0.0013, "K": 0.0020}  # fmt: skip
_BONE = {"H": 0.0472, "C": 0.1443, "N": 0.0420, "O": 0.4461, "Mg": 0.0022, "P": 0.1050, "S": 0.0032, "Ca": 0.2099}
LUNG_BELOW, FAT_BELOW, SOFT_BELOW, BONE_FROM = 0.0120, 0.0147, 0.0168, 0.0285
LUNG_MASS, FAT_MASS, SOFT_MASS, BONE_MASS = 0.015224, 0.015363, 0.015230, 0.015389


@dataclass(frozen=True)
class Material:
    """A material for Geant4: `density` in g/cm3, mass fractions of the elements."""

    name: str
    density: float
    elements: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def material_for(mu_per_mm: float, name: str) -> Material:
    """Return the tissue with this attenuation at 140.5 keV."""
    if mu_per_mm < LUNG_BELOW:
        return Material(name, mu_per_mm / LUNG_MASS, _LUNG)
    if mu_per_mm < FAT_BELOW:
        return Material(name, mu_per_mm / FAT_MASS, _FAT)
    if mu_per_mm < SOFT_BELOW:
        return Material(name, mu_per_mm / SOFT_MASS, _SOFT)
    bone = min((mu_per_mm - SOFT_BELOW) / (BONE_FROM - SOFT_BELOW), 1.0)
    mixed = {e: (1 - bone) * _SOFT.get(e, 0.0) + bone * _BONE.get(e, 0.0) for e in sorted({*_SOFT, *_BONE})}
    mass = (1 - bone) * SOFT_MASS + bone * BONE_MASS
    return Material(name, mu_per_mm / mass, {e: share for e, share in mixed.items() if share > 0})


def classify(mu_per_mm: Floats) -> tuple[Labels, tuple[Material, ...]]:
    """Return the class of every voxel, 0 for air, and the materials of the classes 1, 2, ...

    Parameters
    ----------
    mu_per_mm : float32 array

    Returns
    -------
    labels : int16 array of the same shape
    materials : tuple of Material
        Only classes that occur.
    """
    body = mu_per_mm >= AIR_BELOW_PER_MM
    values = mu_per_mm[body].astype(np.float64)
    steps = np.floor(np.log(values / AIR_BELOW_PER_MM) / np.log1p(CLASS_WIDTH)).astype(np.int64)
    _, first_to_last, members = np.unique(steps, return_inverse=True, return_counts=True)
    means = np.bincount(first_to_last, weights=values) / members
    labels = np.zeros(mu_per_mm.shape, dtype=np.int16)
    labels[body] = first_to_last + 1
    return labels, tuple(material_for(float(mu), f"tissue_{i + 1}") for i, mu in enumerate(means))
