# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Every key of XCAT's parameter file that we know: type, default, unit, limits and meaning, and who sets it.

Names and defaults are those of the public descriptions of XCAT version 2 parameter files (reference page "XCAT"); the
meanings are in our own words. A key that is not here can only be passed on as one of an extended program.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from synthesis.phantoms.xcat.errors import XcatFailed

Value: TypeAlias = int | float | str
Kind = Literal["flag", "int", "float", "file"]
PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
PLAIN_TEXT = re.compile(r"[A-Za-z0-9_.+-]{1,120}")  # no folder, no blank, no comment sign


@dataclass(frozen=True)
class Key:
    """One key of the parameter file.

    `driver` says that the driver sets it from the drawn patient or the volume: then nobody else may.
    """

    name: str
    kind: Kind
    default: Value
    unit: str
    meaning: str
    low: float = -math.inf
    high: float = math.inf
    driver: bool = False


def _keys(kind: Kind, rows: str, *, driver: bool = False, low: float = -math.inf, high: float = math.inf) -> list[Key]:
    """Read rows of ``name | default | unit | meaning``."""
    keys = []
    for row in rows.strip().splitlines():
        name, default, unit, meaning = (part.strip() for part in row.split("|"))
        value: Value = default if kind == "file" else float(default) if kind == "float" else int(default)
        keys.append(Key(name, kind, value, unit, meaning, low, high, driver))
    return keys


_RUN = [
    Key("mode", "int", 0, "", "0 whole phantom, 1 infarct of the left ventricle alone", 0, 5, driver=True),
    *_keys("flag", """
        act_phan_each   | 1 | | write the activity of every frame
        atten_phan_each | 1 | | write the attenuation of every frame
        act_phan_ave    | 0 | | write the activity averaged over the frames
        atten_phan_ave  | 0 | | write the attenuation averaged over the frames
        color_code      | 0 | | write XCAT's own integer of every structure instead of activity
        activity_unit   | 0 | | multiply activities by the voxel's volume
        """, driver=True, low=0, high=1),
    Key("motion_option", "int", 0, "", "0 the heart beats, 1 the patient breathes, 2 both", 0, 2),
    Key("out_frames", "int", 1, "", "frames to write", 1, 1, driver=True),
    *_keys("float", """
        out_period     | 1 | s | time that the frames cover
        time_per_frame | 0 | s | time of one frame; counts only if out_period is not positive
        """, low=0, driver=True),
]  # fmt: skip
_MOTION = [
    *_keys("float", """
        hrt_period  | 1 | s | length of a heart beat
        resp_period | 5 | s | length of a breath
        """, low=0.1, high=60),
    *_keys("float", """
        hrt_start_ph_index  | 0 | | phase of the heart: 0 end of diastole, 0.4 end of systole
        resp_start_ph_index | 0 | | phase of breathing: 0 breathed out, 0.4 breathed in
        """, low=0, high=1, driver=True),
    *_keys("float", """
        max_diaphragm_motion | 2.0 | cm | how far the diaphragm moves
        max_AP_exp           | 0.5 | cm | how far the chest expands to the front
        """, low=0, high=10, driver=True),
    *_keys("float", """
        hrt_motion_x | 0.0 | cm | how far breathing moves the heart sideways
        hrt_motion_y | 1.2 | cm | how far breathing moves the heart to the front
        hrt_motion_z | 2.0 | cm | how far breathing moves the heart along the body
        """, low=-10, high=10),
]  # fmt: skip
_FILES = [
    *_keys("file", """
        organ_file | vmale50.nrb       | | XCAT's surfaces of the organs, by sex
        heart_base | vmale50_heart.nrb | | XCAT's surfaces of the heart, by sex
        """, driver=True),
    *_keys("file", """
        heart_curve_file     | heart_curve.txt     | | XCAT's curve of the heart's volume
        dia_filename         | diaphragm_curve.dat | | XCAT's curve of the diaphragm
        ap_filename          | ap_curve.dat        | | XCAT's curve of the chest
        atten_table_filename | atten_table.dat     | | XCAT's table of attenuation
        """),
]  # fmt: skip
_ANATOMY = [
    *_keys("flag", """
        gender    | 0 | | 0 man, 1 woman
        arms_flag | 0 | | 1 arms at the sides, 0 none (raised above the head)
        """, driver=True, low=0, high=1),
    Key("which_breast", "int", 0, "", "breasts: 0 none, 1 both, 2 right, 3 left", 0, 3, driver=True),
    *_keys("flag", """
        vessel_flag        | 1 | | draw arteries and veins
        coronary_art_flag  | 0 | | draw the coronary arteries
        coronary_vein_flag | 0 | | draw the coronary veins
        papillary_flag     | 0 | | draw the papillary muscles
        uniform_heart      | 0 | | give the left ventricle a wall of one thickness
        marrow_flag        | 1 | | draw bone marrow
        """, low=0, high=1),
    *_keys("float", """
        torso_long_axis_scale  | 1 | | width of chest and abdomen
        torso_short_axis_scale | 1 | | depth of chest and abdomen
        hrt_scale_x            | 1 | | heart along x
        hrt_scale_y            | 1 | | heart along y
        hrt_scale_z            | 1 | | heart along z
        """, low=0.3, high=3, driver=True),
    *_keys("float", """
        phantom_long_axis_scale        | 1 | | width of everything
        phantom_short_axis_scale       | 1 | | depth of everything
        phantom_height_scale           | 1 | | height of everything
        chest_skin_long_axis_scale     | 1 | | width of the chest's outline alone
        chest_skin_short_axis_scale    | 1 | | depth of the chest's outline alone
        abdomen_skin_long_axis_scale   | 1 | | width of the abdomen's outline alone
        abdomen_skin_short_axis_scale  | 1 | | depth of the abdomen's outline alone
        bones_scale                    | 1 | | thickness of bones
        lung_scale                     | 1 | | size of the lungs
        lv_radius_scale                | 1 | | radius of the left ventricle
        lv_length_scale                | 1 | | length of the left ventricle
        rdiaph_liv_scale               | 1 | | height of the right dome
        ldiaph_scale                   | 1 | | height of the left dome
        """, low=0, high=3),
    *_keys("float", """
        vol_liver        | 0 | ml | volume of the liver; 0 keeps it
        vol_stomach      | 0 | ml | volume of the stomach; 0 keeps it
        vol_spleen       | 0 | ml | volume of the spleen; 0 keeps it
        vol_gall_bladder | 0 | ml | volume of the gall bladder; 0 keeps it
        """, low=0, high=10000),
    *_keys("float", "apical_thin | 0 | | thinning of the apex, 1 is thinnest", low=0, high=1),
    *_keys("float", "d_ZY_rotation | 0 | degree | turn of the heart about x", low=-180, high=180),
    *_keys("float", """
        d_XZ_rotation | 0 | degree | turn of the heart about y
        d_YX_rotation | 0 | degree | turn of the heart about z
        """, low=-180, high=180, driver=True),
    *_keys("float", """
        X_tr | 0 | mm | shift of the heart to the left
        Y_tr | 0 | mm | shift of the heart to the back
        Z_tr | 0 | mm | shift of the heart to the head
        """, low=-100, high=100),
]  # fmt: skip
_VOLUME = [
    *_keys("float", """
        pixel_width | 0.442 | cm | edge of a pixel
        slice_width | 0.442 | cm | thickness of a slice
        """, low=0.01, high=10, driver=True),
    Key("array_size", "int", 128, "", "pixels of a row and of a column", 1, 4096, driver=True),
    Key("subvoxel_index", "int", 1, "", "parts of a voxel's edge that are averaged; labels need 1", 1, 1, driver=True),
    *_keys("int", """
        startslice | 200 | | first slice, counted from the feet
        endslice   | 327 | | last slice
        """, low=0, high=100000, driver=True),
    Key("energy", "float", 140.5, "keV", "photon energy of the attenuation", 140, 141, driver=True),
]  # fmt: skip
_LESION = [
    Key("ThetaCenter", "float", 0.0, "degree", "infarct: 0 anterior, 90 lateral, 180 inferior", 0, 360, driver=True),
    Key("ThetaWidth", "float", 100.0, "degree", "infarct: whole width around the axis", 0, 360, driver=True),
    Key("XCenterIndex", "float", 0.5, "", "infarct: 0 base, 1 apex", 0, 1, driver=True),
    Key("XWidthIndex", "float", 60.0, "mm", "infarct: whole width along the axis", 0, 300, driver=True),
    Key("Wall_fract", "float", 1.0, "", "infarct: part of the wall, from the inside", 0, 1, driver=True),
    Key("lesn_activity", "float", 0.0, "", "value that marks the infarct", 0, 1e6, driver=True),
    Key("motion_defect_flag", "flag", 0, "", "the infarct also moves less", 0, 1, driver=True),
    *_keys("int", """
        border_zone_long   | 10 | control points | border of a motion defect along the axis
        border_zone_radial | 5  | control points | border of a motion defect around the axis
        """, low=0, high=1000),
]  # fmt: skip
ACTIVITIES = tuple("""
    myoLV_act myoRV_act myoLA_act myoRA_act bldplLV_act bldplRV_act bldplLA_act bldplRA_act coronary_art_activity
    coronary_vein_activity body_activity skin_activity rbreast_activity lbreast_activity muscle_activity liver_activity
    gall_bladder_activity r_lung_activity l_lung_activity esophagus_activity esophagus_cont_activity st_wall_activity
    st_cnts_activity pancreas_activity r_kidney_cortex_activity r_kidney_medulla_activity l_kidney_cortex_activity
    l_kidney_medulla_activity r_renal_pelvis_activity l_renal_pelvis_activity adrenal_activity spleen_activity
    rib_activity cortical_bone_activity spine_activity spinal_cord_activity bone_marrow_activity art_activity
    vein_activity asc_li_activity trans_li_activity desc_li_activity sm_intest_activity rectum_activity
    intest_air_activity pericardium_activity cartilage_activity trach_bronch_activity airway_activity thyroid_activity
    thymus_activity lymph_activity ureter_activity bladder_activity
    """.split())  # fmt: skip  # noqa: SIM905 - a list of 60 quoted names is harder to read
_ACTIVITY = [
    Key(name, "float", 0.0, "", "value of the voxels of this organ", 0, 1e6, driver=True) for name in ACTIVITIES
]
KEYS: Mapping[str, Key] = MappingProxyType(
    {key.name: key for key in (*_RUN, *_MOTION, *_FILES, *_ANATOMY, *_VOLUME, *_LESION, *_ACTIVITY)}
)


def checked(name: str, value: Value) -> Value:
    """Return `value` in the type of key `name`.

    Raises
    ------
    XcatFailed
        An unknown key, another type, or a value out of the key's limits; the message names the key.
    """
    key = KEYS.get(name)
    if key is None:
        close = difflib.get_close_matches(name, KEYS, n=1)
        message = f"XCAT has no key {name!r} that is known here."
        remedy = f"Did you mean {close[0]!r}?" if close else "Keys of an extended program go under [phantom.plus]."
        raise XcatFailed("key_invalid", message, remedy)
    if key.kind == "file":
        if not isinstance(value, str) or not PLAIN_TEXT.fullmatch(value):
            message = f"XCAT's key {name} must be a file's name without a folder, got {value!r}."
            raise XcatFailed("key_invalid", message, "Put the file into XCAT's own folder and name it here.")
        return value
    number = _number(name, value)
    if not key.low <= number <= key.high or (key.kind != "float" and number != int(number)):
        what = "a whole number" if key.kind != "float" else "a number"
        message = f"XCAT's key {name} must be {what} from {key.low:g} to {key.high:g} {key.unit}".rstrip()
        raise XcatFailed("key_invalid", f"{message}, got {value!r}.", "Correct the value.")
    return number if key.kind == "float" else int(number)


def _number(name: str, value: Value) -> float:
    if isinstance(value, str) or not math.isfinite(value):
        message = f"XCAT's key {name} must be a number, got {value!r}."
        raise XcatFailed("key_invalid", message, "Correct the value.")
    return float(value)


def checked_options(options: Mapping[str, Value]) -> dict[str, Value]:
    """Return the user's own values of known keys; XcatFailed for a key that the driver sets itself."""
    for name in options:
        if name in KEYS and KEYS[name].driver:
            message = f"XCAT's key {name} is set by the driver, from the drawn patient or the volume."
            raise XcatFailed("key_invalid", message, "Use the setting of [phantom] that decides it, or leave it out.")
    return {name: checked(name, value) for name, value in options.items()}


def checked_plus(plus: Mapping[str, Value]) -> dict[str, Value]:
    """Return keys of an extended program (XCAT+): plain names and values, none that XCAT itself knows."""
    for name, value in plus.items():
        if name in KEYS:
            message = f"{name} is a key of XCAT itself, not of an extended program."
            raise XcatFailed("key_invalid", message, "Write it under [phantom.options].")
        plain = PLAIN_TEXT.fullmatch(value) if isinstance(value, str) else math.isfinite(value)
        if not PLAIN_NAME.fullmatch(name) or not plain:
            message = f"{name!r} = {value!r} cannot be written into a parameter file."
            raise XcatFailed("key_invalid", message, "Use plain names, numbers and words without blanks.")
    return dict(plus)
