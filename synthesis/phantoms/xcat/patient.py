# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Draw a patient of XCAT's published perfusion population, and say it in the keys of the parameter file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synthesis.defects import Lesion
from synthesis.phantoms.xcat.errors import XcatFailed
from synthesis.phantoms.xcat.keys import KEYS, PLAIN_NAME, PLAIN_TEXT, Value, checked, checked_options, checked_plus
from synthesis.phantoms.xcat.organs import MARK, ORGANS, label_values
from synthesis.phantoms.xcat.parameters import read_parameters
from synthesis.scenario import SiteProfile
from synthesis.specs.patients import PATIENT_SHIFT_MM
from synthesis.specs.phantom import XcatSpec

MM_PER_CM = 10.0
ENERGY_KEV = 140.5
HEART_MM = 6.0  # standard deviation of the heart's height in the field of view
REACH = 2.0  # normal values are cut at so many standard deviations


@dataclass(frozen=True)
class XcatPatient:
    """One drawn patient; scales relative to XCAT's own man or woman, angles in degrees, shifts in mm.

    `activity` holds one factor an organ for XCAT's published uptakes.
    """

    female: bool
    torso_width: float
    torso_depth: float
    heart_scale: tuple[float, float, float]
    diaphragm_cm: float
    ap_expansion_cm: float
    cardiac_phase: float
    respiratory_phase: float
    turn_xz_deg: float
    turn_yx_deg: float
    shift_mm: tuple[float, float, float]
    activity: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values for the provenance."""
        plain = asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}

    def uptakes(self) -> dict[str, float]:
        """Return the published uptakes over that of the myocardium, each times its drawn factor."""
        factors = {organ.key: factor for organ, factor in zip(ORGANS, self.activity, strict=True)}
        healthy = factors["myocardium"]
        drawn = {o.key: o.uptake * factors[o.key] / healthy for o in ORGANS if o.uptake is not None}
        return drawn | {"myocardium": 1.0}


def draw_patient(spec: XcatSpec, site: SiteProfile, rng: np.random.Generator) -> XcatPatient:
    """Draw one patient of `site`; the same number of random values is used whatever comes out."""
    heart = rng.uniform(*spec.heart_scale, size=3)
    turns = np.clip(rng.normal(size=2), -REACH, REACH) * np.asarray(spec.heart_turn_deg)
    shift = np.clip(rng.normal(size=3), -REACH, REACH) * (PATIENT_SHIFT_MM / REACH, PATIENT_SHIFT_MM / REACH, HEART_MM)
    return XcatPatient(
        female=bool(rng.random() < site.female_share),
        torso_width=float(rng.uniform(*spec.torso_scale)),
        torso_depth=float(rng.uniform(*spec.torso_scale)),
        heart_scale=(float(heart[0]), float(heart[1]), float(heart[2])),
        diaphragm_cm=float(rng.uniform(*spec.diaphragm_cm)),
        ap_expansion_cm=float(rng.uniform(*spec.ap_expansion_cm)),
        cardiac_phase=float(rng.uniform(*spec.cardiac_phase)),
        respiratory_phase=float(rng.uniform(*spec.respiratory_phase)),
        turn_xz_deg=float(turns[0]),
        turn_yx_deg=float(turns[1]),
        shift_mm=(float(shift[0]), float(shift[1]), float(shift[2])),
        activity=tuple(float(v) for v in rng.uniform(*spec.activity_factor, size=len(ORGANS))),
    )


def phantom_values(spec: XcatSpec, patient: XcatPatient) -> dict[str, Value]:
    """Return the keys of mode 0: patient, volume, and our integers (or XCAT's) in the activity file."""
    sex = "female" if patient.female else "male"
    first = round(spec.bottom_mm / spec.thickness_mm)
    return base_values(spec)[0] | {
        "mode": 0,
        "gender": int(patient.female),
        "organ_file": f"v{sex}50.nrb",
        "heart_base": f"v{sex}50_heart.nrb",
        "arms_flag": int(spec.arms),
        "which_breast": int(spec.breasts and patient.female),
        "torso_long_axis_scale": patient.torso_width,
        "torso_short_axis_scale": patient.torso_depth,
        "hrt_scale_x": patient.heart_scale[0],
        "hrt_scale_y": patient.heart_scale[1],
        "hrt_scale_z": patient.heart_scale[2],
        "max_diaphragm_motion": patient.diaphragm_cm,
        "max_AP_exp": patient.ap_expansion_cm,
        "hrt_start_ph_index": patient.cardiac_phase,
        "resp_start_ph_index": patient.respiratory_phase,
        "d_XZ_rotation": patient.turn_xz_deg,
        "d_YX_rotation": patient.turn_yx_deg,
        "pixel_width": spec.pixel_mm / MM_PER_CM,
        "slice_width": spec.thickness_mm / MM_PER_CM,
        "array_size": spec.array_size,
        "startslice": first,
        "endslice": first + spec.slices - 1,
        "energy": ENERGY_KEV,
        "color_code": int(spec.organ_table is not None),
        **label_values(),
    }


def lesion_values(phantom: Mapping[str, Value], lesion: Lesion) -> dict[str, Value]:
    """Return the keys of mode 1: the same patient, and one infarct that is written alone."""
    return dict(phantom) | {
        "mode": 1,
        "color_code": 0,
        "ThetaCenter": lesion.theta_centre_deg % 360,
        "ThetaWidth": lesion.theta_width_deg,
        "XCenterIndex": lesion.x_centre,
        "XWidthIndex": lesion.x_width_mm,
        "Wall_fract": lesion.wall_fraction,
        "lesn_activity": MARK,
    }


def base_values(spec: XcatSpec) -> tuple[dict[str, Value], dict[str, Value]]:
    """Return what the user sets: known keys, and those that go on to an extended program unread.

    Both come from the user's own parameter file, if one is named, and from `options` and `plus`, which win. Activities
    that we have no organ for are set to 0 there: they would be taken for one of our integers.

    Raises
    ------
    XcatFailed
        A file that cannot be read, or a key that is not allowed.
    """
    known: dict[str, Value] = {}
    passed: dict[str, Value] = {}
    if spec.parameter_file is not None:
        for name, text in _own_file(spec.parameter_file).items():
            key = KEYS.get(name)
            if key is not None and not key.driver:
                known[name] = checked(name, text if key.kind == "file" else _number(name, text))
            elif key is None and PLAIN_NAME.fullmatch(name) and PLAIN_TEXT.fullmatch(text):
                passed[name] = 0 if name.endswith(("_act", "_activity")) else text
    return known | checked_options(spec.options), passed | checked_plus(spec.plus)


def _own_file(path: Path) -> dict[str, str]:
    try:
        return read_parameters(path.read_text(encoding="latin-1"))
    except OSError as error:
        message = f"The parameter file {path.name} cannot be read: {error.strerror}."
        raise XcatFailed("data_missing", message, "Correct parameter_file in [phantom].") from error


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        message = f"XCAT's key {name} must be a number, got {text!r} in the parameter file."
        raise XcatFailed("key_invalid", message, "Correct the parameter file.") from error
