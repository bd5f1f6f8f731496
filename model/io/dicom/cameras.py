"""Know cameras by what DICOM says of them: maker, collimator name, radionuclide. DICOM holds no hole data. Torch-free."""

from __future__ import annotations

import re
from dataclasses import dataclass

from model.geometry import LEHR_INTEVO, LEHR_NM670, Collimator

# Words by which makers name themselves in Manufacturer (0008,0070). Only the left column ever leaves the file.
MAKERS = {
    "ge": ("GE MEDICAL", "GEMS", "GE HEALTHCARE", "GENERAL ELECTRIC", "ELSCINT"),
    "siemens": ("SIEMENS",),
    "philips": ("PHILIPS", "ADAC", "PICKER", "MARCONI"),
    "mediso": ("MEDISO",),
    "flomir": ("FLOMIR",),
}

# Hole (flat to flat) and length in mm. LEHR of the NM670 and the Intevo as in model.geometry; the others from the
# collimator data base of the SIMIND Monte Carlo program (collim.col as shipped with PyTomography 3.4.0: records
# GI-*, G8-*, SY-*, PB-*, ME-*), read 2026-11.
_HOLES: dict[str, dict[str, tuple[float, float]]] = {
    "ge": {
        "LEHR": (LEHR_NM670.hole_mm, LEHR_NM670.length_mm), "LEHRS": (1.43, 32.0), "LEGP": (1.90, 35.0),
        "ELEGP": (2.50, 40.0), "MEGP": (3.00, 58.0), "HEGP": (4.00, 66.0),
    },
    "siemens": {
        "LEHR": (LEHR_INTEVO.hole_mm, LEHR_INTEVO.length_mm), "LEAP": (1.45, 24.05), "MELP": (2.94, 40.64),
        "ME": (2.94, 40.64), "MEGP": (2.94, 40.64), "HE": (4.00, 59.70), "HEGP": (4.00, 59.70),
    },
    "philips": {
        "LEHR": (1.22, 27.0), "LEGP": (1.40, 24.7), "LEAP": (1.40, 24.7), "CHR": (2.03, 48.0), "MEGP": (3.40, 58.4),
        "HEGP": (3.81, 58.4),
    },
    "mediso": {
        "LEHR": (1.50, 35.0), "LEGP": (1.90, 35.0), "LEUHR": (1.40, 40.0), "MEGP": (2.50, 35.0), "HEGP": (3.40, 55.0),
    },
}  # fmt: skip
_SAME = {
    "LEHR": ("LEHR", "LOWENERGYHIGHRESOLUTION", "LEHRPARA", "LEHRPARALLEL", "WEHR", "HIRES", "LEHRNM670", "LEHRINTEVO"),
    "LEHRS": ("LEHRS",),
    "LEUHR": ("LEUHR", "LOWENERGYULTRAHIGHRESOLUTION"),
    "LEGP": ("LEGP", "LOWENERGYGENERALPURPOSE"),
    "LEAP": ("LEAP", "LOWENERGYALLPURPOSE"),
    "ELEGP": ("ELEGP", "EXTENDEDLOWENERGYGENERALPURPOSE"),
    "CHR": ("CHR", "CAHR", "CARDIACHIGHRESOLUTION"),
    "MELP": ("MELP", "MEDIUMENERGYLOWPENETRATION"),
    "ME": ("ME", "MEDIUMENERGY"),
    "MEGP": ("MEGP", "MEDIUMENERGYGENERALPURPOSE", "MEAP"),
    "HE": ("HE", "HIGHENERGY"),
    "HEGP": ("HEGP", "HIGHENERGYGENERALPURPOSE"),
}
COLLIMATOR_WORDS = frozenset({
    *_SAME, *(maker.upper() for maker in MAKERS), "NM670", "INTEVO", "SYMBIA", "LEHS", "PARA", "PARALLEL", "HOLE", "HOLES",
    "LOW", "MEDIUM", "HIGH", "ENERGY", "ULTRA", "RESOLUTION", "SENSITIVITY", "PENETRATION", "GENERAL", "ALL", "PURPOSE",
    "CARDIAC", "LONG", "SHORT", "BROAD",
})  # fmt: skip
"""What the name of a collimator may consist of where a file gives it; makers, types and properties."""
DEFAULT_COLLIMATOR = LEHR_NM670
DEFAULT_INTRINSIC_FWHM_MM = 3.9  # 3.8-3.9 mm for a 9.5 mm NaI crystal at 140 keV (NEMA NU 1, makers' data sheets)


@dataclass(frozen=True)
class Radionuclide:
    """One radionuclide: codes by which DICOM names it, the name of its element, main line in keV, half-life in seconds."""

    name: str
    codes: tuple[str, ...]
    element: str
    peak_kev: float
    half_life_s: float

    def is_named_in(self, text: str) -> bool:
        """Tell whether element (name or symbol) and mass number stand together in a text, in either order."""
        symbol, _, mass = self.name.upper().partition("-")
        gap = "[^A-Z0-9]*"
        word, number = f"({symbol}|{self.element})", mass.replace("M", f"{gap}M")
        either = f"(?<![A-Z]){word}{gap}{number}(?![A-Z0-9])|(?<![0-9]){number}{gap}{word}(?![A-Z])"
        return re.search(either, text.upper()) is not None


# Codes: DICOM PS3.16 CID 18, SNOMED CT and the SRT code it replaced (PS3.16 table O-1); a test holds them to pydicom's
# dictionaries. Lines and half-lives: ENSDF through NuDat 3; Tl-201 by its mercury K x-rays, which cardiac protocols image.
_H, _D = 3600.0, 86400.0
RADIONUCLIDES = (
    Radionuclide("Tc-99m", ("C-163A8", "72454006"), "TECHNETIUM", 140.5, 6.0072 * _H),
    Radionuclide("Tl-201", ("C-138A9", "60057003"), "THALLIUM", 71.0, 3.0421 * _D),
    Radionuclide("I-123", ("C-114A4", "21572004"), "IODINE", 159.0, 13.2230 * _H),
    Radionuclide("I-131", ("C-114B1", "1368003"), "IODINE", 364.5, 8.0252 * _D),
    Radionuclide("In-111", ("C-145A4", "56609000"), "INDIUM", 171.3, 2.8047 * _D),
    Radionuclide("Lu-177", ("C-101ED", "447553000"), "LUTETIUM", 208.4, 6.6443 * _D),
    Radionuclide("Ga-67", ("C-131A2", "2008008"), "GALLIUM", 93.3, 3.2617 * _D),
)
TC99M = RADIONUCLIDES[0]


def _plain(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum())


def maker_of(manufacturer: str) -> str | None:
    """Return the short name of a maker, or None for one that is not known; nothing else of the text survives."""
    text = manufacturer.upper()
    return next((short for short, words in MAKERS.items() if any(w in text for w in words)), None)


def collimator_of(maker: str | None, label: str) -> Collimator | None:
    """Return the hole data of a collimator by its maker and its DICOM label; None where it is not in the table."""
    plain = _plain(label)
    name = next((n for n, words in _SAME.items() if plain in words), None)
    if name is None:
        return None
    table = _HOLES.get(maker or "", {})
    if name not in table:
        return None
    for known in (LEHR_NM670, LEHR_INTEVO):
        if table[name] == (known.hole_mm, known.length_mm):
            return known
    hole, length = table[name]
    return Collimator(f"{name} {maker}", hole, length)


def radionuclide_of(code: str, meaning: str) -> Radionuclide | None:
    """Return the radionuclide with this code value, or else the only one that is named in this code meaning."""
    by_code = next((r for r in RADIONUCLIDES if code in r.codes), None)
    named = [r for r in RADIONUCLIDES if r.is_named_in(meaning)]
    return by_code or (named[0] if len(named) == 1 else None)
