"""Organs of imported phantoms: what a label may be called, its tissue's attenuation and the label of the study file."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from synthesis.errors import PhantomInvalid
from synthesis.materials import MU_PER_MM, RIB_MU_PER_MM, VERTEBRA_MU_PER_MM, lung_mu_per_mm
from synthesis.mixing import UPTAKE_RANGES
from synthesis.phantoms.composition import LABEL_CODES, Organ

LUNG_DENSITY = 0.26  # g/cm3, ICRP inflated lung
WALL = "myocardium"  # the organ whose labels give the heart its frame, and that infarcts lie in

# mm^-1 at 140.5 keV; what a row of an organ table may name as its tissue
TISSUES = MappingProxyType(
    dict(MU_PER_MM) | {"lung": lung_mu_per_mm(LUNG_DENSITY), "rib": RIB_MU_PER_MM, "vertebra": VERTEBRA_MU_PER_MM}
)
# by these the attenuation map is judged: water and what attenuates almost like it
SOFT_TISSUES = frozenset({"water", "soft_tissue", "muscle", "blood", "liver", "breast", "adipose"})

# label of the study file for organs that are not called like it
_LABELS = {
    "rib": "bone", "spine": "bone", "cartilage": "muscle", "stomach_wall": "stomach", "stomach_content": "stomach",
    "gas": "background", "bone": "bone", "marrow": "bone",
}  # fmt: skip


@dataclass(frozen=True)
class ImportedOrgan:
    """One organ of an imported phantom.

    Parameters
    ----------
    key : str
        Name; that of the study file's labels or of the built-in uptakes where the organ is known there.
    tissue : str
        Key of `TISSUES`.
    uptake : float or None
        Relative to healthy myocardium; None draws it as for the built-in thorax.
    """

    key: str
    tissue: str
    uptake: float | None = None

    @property
    def mu_per_mm(self) -> float:
        """Attenuation of the tissue in mm^-1."""
        return TISSUES[self.tissue]

    @property
    def label(self) -> str:
        """Label of the study file; what has none of its own is soft tissue or bone."""
        if self.key in LABEL_CODES:
            return self.key
        if self.key in _LABELS:
            return _LABELS[self.key]
        return "bone" if self.tissue in ("cortical_bone", "spongiosa", "rib", "vertebra") else "soft_tissue"

    def organ(self) -> Organ:
        """Return the organ as a phantom holds it."""
        return Organ(self.key, self.label, self.mu_per_mm)


def check_organs(organs: Sequence[ImportedOrgan], where: str) -> None:
    """Refuse organs that say impossible things; the message names `where` they were read.

    Raises
    ------
    PhantomInvalid
        An unknown tissue, the same organ with two tissues or uptakes, or an uptake that is missing or negative.
    """
    seen: dict[str, ImportedOrgan] = {}
    for organ in organs:
        if organ.tissue not in TISSUES:
            close = difflib.get_close_matches(organ.tissue, TISSUES, n=1)
            message = f"{where}: organ {organ.key} names the tissue {organ.tissue!r}, which is not known."
            raise PhantomInvalid(
                message, f"Use {close[0]!r}." if close else f"Use one of {', '.join(sorted(TISSUES))}."
            )
        if organ.uptake is None and organ.key not in UPTAKE_RANGES and organ.key not in (WALL, "gas"):
            message = f"{where}: organ {organ.key} has no uptake, and none is known for it."
            raise PhantomInvalid(message, "Write its uptake relative to healthy myocardium, e.g. 0.05.")
        if organ.key == WALL and organ.uptake not in (None, 1.0):
            message = f"{where}: organ {organ.key} has the uptake {organ.uptake:g}, but all uptakes are relative to it."
            raise PhantomInvalid(
                message, f"Divide every uptake by {organ.uptake:g}, so that its own is 1, or leave it out."
            )
        if organ.uptake is not None and not 0 <= organ.uptake <= 1000:
            message = f"{where}: organ {organ.key} has the uptake {organ.uptake:g}; it must lie between 0 and 1000."
            raise PhantomInvalid(message, "Write it relative to healthy myocardium.")
        if seen.setdefault(organ.key, organ) != organ:
            message = f"{where}: organ {organ.key} has two rows that differ in tissue or uptake."
            raise PhantomInvalid(message, "Give both rows the same values, or the organs different names.")
