"""A stand-in for `dxcat2`: reads the same parameter file and writes the same files, from the built-in thorax.

Run as a program by the script that `install_stub` writes. The environment's STUB_XCAT_FAULT names what goes wrong.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from model.geometry import VolumeGrid
from synthesis.defects import Lesion
from synthesis.phantoms.anatomy import Anatomy, draw_anatomy
from synthesis.phantoms.composition import Phantom
from synthesis.phantoms.shapes import Lattice
from synthesis.phantoms.thorax import build_patient
from synthesis.scenario import load_scenario

FAULT = "STUB_XCAT_FAULT"
HEART_ABOVE_FEET_MM = 1167.0
DATA = ("vmale50.nrb", "vmale50_heart.nrb", "vfemale50.nrb", "vfemale50_heart.nrb")
NEEDED = (
    "mode", "gender", "organ_file", "heart_base", "pixel_width", "slice_width", "array_size", "startslice", "endslice",
    "energy", "arms_flag", "torso_long_axis_scale", "myoLV_act", "ThetaCenter", "lesn_activity", "subvoxel_index",
)  # fmt: skip
KEY_OF_ORGAN = {
    "fat": "body_activity", "muscle": "muscle_activity", "breast": "rbreast_activity", "soft_tissue": "body_activity",
    "lung": "r_lung_activity", "rib": "rib_activity", "spine": "spine_activity", "cartilage": "cartilage_activity",
    "blood": "bldplLV_act", "right_ventricle": "myoRV_act", "myocardium": "myoLV_act", "liver": "liver_activity",
    "gall_bladder": "gall_bladder_activity", "stomach_wall": "st_wall_activity", "stomach_content": "st_cnts_activity",
    "gas": "intest_air_activity", "spleen": "spleen_activity", "kidney": "l_kidney_cortex_activity",
    "bowel": "sm_intest_activity",
}  # fmt: skip


def install_stub(folder: Path) -> Path:
    """Write the program and empty files in the place of XCAT's own; return the program's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in DATA:
        (folder / name).write_bytes(b"")
    program = folder / "dxcat2"
    root = Path(__file__).parents[2]
    program.write_text(
        f"#!{sys.executable}\nimport runpy, sys\nsys.path.insert(0, {str(root)!r})\n"
        f"runpy.run_path({__file__!r}, run_name='__main__')\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return program


def read_keys(text: str) -> dict[str, str]:
    """Read ``key = value  # comment`` lines in this program's own way."""
    keys = {}
    for line in text.splitlines():
        name, equals, rest = line.partition("=")
        if equals:
            keys[name.strip()] = rest.partition("#")[0].strip()
    return keys


def patient(keys: dict[str, str]) -> Anatomy:
    """Return the built-in patient that stands for XCAT's man or woman with these scales and turns."""
    site = load_scenario("cardiac").sites[0].model_copy(update={"female_share": float(keys["gender"])})
    a = draw_anatomy(site, np.random.default_rng(11))
    middle = (int(keys["startslice"]) + int(keys["endslice"])) / 2 * float(keys["slice_width"]) * 10
    up = HEART_ABOVE_FEET_MM - middle
    v = a.ventricle
    ventricle = replace(
        v,
        base=(v.base[0], v.base[1], v.base[2] + up),
        length=v.length * float(keys["hrt_scale_z"]),
        azimuth_deg=v.azimuth_deg + float(keys["d_YX_rotation"]),
        elevation_deg=v.elevation_deg + float(keys["d_XZ_rotation"]),
    )
    half = a.cavity_half
    return replace(
        a,
        centre=(0.0, 0.0),
        cavity_half=(
            half[0] * float(keys["torso_long_axis_scale"]),
            half[1] * float(keys["torso_short_axis_scale"]),
        ),
        breast_radii=a.breast_radii if int(keys["which_breast"]) else None,
        left_dome_z=a.left_dome_z + up,
        right_dome_z=a.right_dome_z + up,
        ventricle=ventricle,
    )


def grid_of(keys: dict[str, str]) -> VolumeGrid:
    """Return the grid that the keys ask for."""
    size, pixel = int(keys["array_size"]), float(keys["pixel_width"]) * 10
    slices = int(keys["endslice"]) - int(keys["startslice"]) + 1
    return VolumeGrid((slices, size, size), (float(keys["slice_width"]) * 10, pixel, pixel))


def lesion_of(keys: dict[str, str]) -> Lesion:
    """Return the infarct that the keys ask for."""
    return Lesion(
        theta_centre_deg=float(keys["ThetaCenter"]),
        theta_width_deg=float(keys["ThetaWidth"]),
        x_centre=float(keys["XCenterIndex"]),
        x_width_mm=float(keys["XWidthIndex"]),
        wall_fraction=float(keys["Wall_fract"]),
        severity=1.0,
    )


def volumes(keys: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Return activity and attenuation as XCAT writes them, (Z, Y, X)."""
    grid, anatomy = grid_of(keys), patient(keys)
    if keys["mode"] == "1":
        phantom = build_patient(anatomy, (lesion_of(keys),), grid).phantom
        alone = phantom.share_of("lesion_1") * float(keys["lesn_activity"])
        return alone, np.zeros_like(alone)
    phantom = build_patient(anatomy, (), grid).phantom
    activity = _values(phantom, keys)
    mu = phantom.attenuation()
    if keys["arms_flag"] == "1":
        p = Lattice.of(grid)
        for side in (-1, 1):
            arm = (p.x - side * (anatomy.body_half[0] + 45)) ** 2 + p.y**2 < 38**2
            arm = np.broadcast_to(arm, mu.shape)
            activity[arm], mu[arm] = float(keys["muscle_activity"]), 0.0158
    return activity, mu * float(keys["pixel_width"]) * 10


def _values(phantom: Phantom, keys: dict[str, str]) -> np.ndarray:
    asked = [float(keys[KEY_OF_ORGAN.get(organ.key, "body_activity")]) for organ in phantom.organs]
    values = np.asarray(asked, dtype=np.float32)[phantom.shares.argmax(axis=0)]
    values[phantom.shares.sum(axis=0) < 0.5] = 0
    return np.asarray(values, dtype=np.float32)


def _refuse(keys: dict[str, str]) -> str:
    missing = [name for name in NEEDED if name not in keys]
    if missing:
        return f"Can not find {missing[0]} in the parameter file."
    absent = [keys[name] for name in ("organ_file", "heart_base") if not Path(keys[name]).is_file()]
    return f"Can not open {absent[0]}" if absent else ""


def main(parameters: str, output: str) -> int:
    """Do what `dxcat2` does, or the fault that is asked for."""
    keys, fault = read_keys(Path(parameters).read_text()), os.environ.get(FAULT, "")
    wrong = _refuse(keys)
    if wrong or fault == "exit":
        print(wrong or "AP expansion too great.")
        return 3
    if fault == "sleep":
        Path(os.environ["STUB_XCAT_PID"]).write_text(str(os.getpid()))
        time.sleep(600)
    activity, attenuation = _spoiled(*volumes(keys), keys, fault)
    for kind, values in (("act", activity), ("atn", attenuation)):
        if fault != f"missing-{kind}":
            ordered = values.transpose(2, 1, 0) if fault == "z-fastest" else values
            data = np.ascontiguousarray(ordered, dtype="<f4").tobytes()
            Path(f"{output}_{kind}_1.bin").write_bytes(data[:-1000] if fault == f"truncated-{kind}" else data)
    if fault != "missing-log":
        Path(f"{output}_log").write_text(_log(keys, fault))
    return 0


def _spoiled(
    activity: np.ndarray, attenuation: np.ndarray, keys: dict[str, str], fault: str
) -> tuple[np.ndarray, np.ndarray]:
    if fault == "water":
        attenuation = attenuation / (float(keys["pixel_width"]))
    if fault == "label":
        activity = np.where(activity > 0, activity + 0.5, 0)
    if fault == "own-codes" and keys["mode"] == "0":
        activity = np.where(activity > 0, activity + 1000, 0)
    if fault == "nan":
        attenuation[0, 0, 0] = np.nan
    if fault == "no-lesion" and keys["mode"] == "1":
        activity = activity * 0
    return activity, attenuation


def _log(keys: dict[str, str], fault: str) -> str:
    size = int(keys["array_size"]) * (2 if fault == "log-size" else 1)
    return (
        f"array_size = {size}\npixel_width = {keys['pixel_width']} cm\nLV volume = 120.5 ml\n"
        f"zy_rot = {-110 + float(keys['d_ZY_rotation'])}\nxz_rot = {23 + float(keys['d_XZ_rotation'])}\n"
        f"yx_rot = {-52 + float(keys['d_YX_rotation'])}\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
