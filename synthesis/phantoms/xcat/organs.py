# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Which of XCAT's structures form which organ, by which integer we ask for them, and XCAT's published uptakes.

The driver gives every structure an integer as its activity: the activity file is then a label map in our own codes,
whatever codes XCAT itself uses.

References
----------
Uptakes: the Tc-99m perfusion set published with the XCAT population (myocardium, liver, spleen and kidneys 75; gall
bladder 60; oesophagus 50; spine 6; ribs 5; lung 4; blood, body and muscle 2), here over that of the myocardium.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthesis.phantoms.imported.organs import ImportedOrgan
from synthesis.phantoms.imported.resample import AIR, Indices
from synthesis.phantoms.shapes import Floats
from synthesis.phantoms.xcat.errors import XcatFailed
from synthesis.phantoms.xcat.keys import ACTIVITIES, Value

MYOCARDIUM = 75.0  # of the published set
MARK = 1000.0  # value by which an infarct is asked for: what is written is 1000 times the share of the voxel
OFF = 0.01  # how far a written value may lie from a whole number


@dataclass(frozen=True)
class _Structure:
    organ: ImportedOrgan
    keys: tuple[str, ...]


def _rows(text: str) -> tuple[_Structure, ...]:
    found = []
    for line in text.strip().splitlines():
        name, tissue, published, keys = (part.strip() for part in line.split("|"))
        uptake = float(published) / MYOCARDIUM if published else None
        found.append(_Structure(ImportedOrgan(name, tissue, uptake), tuple(keys.split())))
    return tuple(found)


# organ | tissue | published uptake (drawn as for the built-in thorax where there is none) | XCAT's activity keys
STRUCTURES = _rows("""
    soft_tissue     | soft_tissue | 2  | body_activity skin_activity spinal_cord_activity pericardium_activity \
thyroid_activity thymus_activity lymph_activity adrenal_activity ureter_activity bladder_activity pancreas_activity \
r_renal_pelvis_activity l_renal_pelvis_activity
    myocardium      | muscle      | 75 | myoLV_act
    right_ventricle | muscle      | 75 | myoRV_act myoLA_act myoRA_act
    blood           | blood       | 2  | bldplLV_act bldplRV_act bldplLA_act bldplRA_act coronary_art_activity \
coronary_vein_activity art_activity vein_activity
    muscle          | muscle      | 2  | muscle_activity
    breast          | breast      | 2  | rbreast_activity lbreast_activity
    lung            | lung        | 4  | r_lung_activity l_lung_activity
    liver           | liver       | 75 | liver_activity
    gall_bladder    | water       | 60 | gall_bladder_activity
    spleen          | liver       | 75 | spleen_activity
    kidney          | soft_tissue | 75 | r_kidney_cortex_activity r_kidney_medulla_activity l_kidney_cortex_activity \
l_kidney_medulla_activity
    oesophagus      | muscle      | 50 | esophagus_activity esophagus_cont_activity
    stomach_wall    | muscle      |    | st_wall_activity
    stomach_content | water       |    | st_cnts_activity
    bowel           | soft_tissue |    | asc_li_activity trans_li_activity desc_li_activity sm_intest_activity rectum_activity
    rib             | rib         | 5  | rib_activity cortical_bone_activity
    spine           | vertebra    | 6  | spine_activity bone_marrow_activity
    cartilage       | cartilage   | 2  | cartilage_activity
    gas             | gas         | 0  | intest_air_activity trach_bronch_activity airway_activity
    """)
ORGANS = tuple(structure.organ for structure in STRUCTURES)
CODE_OF_KEY: dict[str, int] = {key: i + 1 for i, structure in enumerate(STRUCTURES) for key in structure.keys}
assert set(CODE_OF_KEY) == set(ACTIVITIES), set(CODE_OF_KEY) ^ set(ACTIVITIES)  # noqa: S101 - two tables of ours


def label_values() -> dict[str, Value]:
    """Return the activities that make XCAT write our integers."""
    return {key: float(code) for key, code in CODE_OF_KEY.items()}


def to_index(written: Floats, body: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], source: str) -> Indices:
    """Return the organ of every voxel from the integers that XCAT wrote.

    Parameters
    ----------
    written : float32 (Z, Y, X)
        The activity file of mode 0.
    body : bool (Z, Y, X)
        Where tissue is, by its attenuation: a structure without a key of ours is soft tissue there, and air elsewhere.
    source : str
        What the message names.

    Raises
    ------
    XcatFailed
        A value that is none of our integers.
    """
    codes = np.rint(written)
    wrong = (np.abs(written - codes) > OFF) | (codes < 0) | (codes > len(ORGANS))
    if wrong.any():
        value = float(written[wrong].ravel()[0])
        message = f"{source} holds the value {value:g}, which is none of the integers that were asked for."
        raise XcatFailed(
            "output_values", message, "Check that the program is XCAT version 2 and of the user's licence."
        )
    index: Indices = codes.astype(np.int16) - 1
    index[(index == AIR) & body] = 0
    return index


def to_mask(written: Floats, source: str) -> Floats:
    """Return the share 0..1 of every voxel that an infarct of mode 1 takes.

    Raises
    ------
    XcatFailed
        No infarct at all, or values outside 0 to `MARK`.
    """
    share: Floats = written / np.float32(MARK)
    if not share.max() > 0:
        message = f"{source} holds no infarct."
        raise XcatFailed(
            "output_values", message, "Check the infarct's limits; XCAT cuts off what lies outside the wall."
        )
    if share.min() < -OFF or share.max() > 1 + OFF:
        message = f"{source} holds values from {written.min():g} to {written.max():g}; asked for were 0 to {MARK:g}."
        raise XcatFailed("output_values", message, "Check that the program ran in mode 1.")
    return np.clip(share, 0, 1)
