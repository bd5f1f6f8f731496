# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""What a study holds in memory, and the rules it must keep: shapes, types, finite counts, no identifiers. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from model.errors import StudyFormatError
from model.geometry import AcquisitionGeometry

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint8]
REFERENCE_KINDS = ("phantom", "clinical_reconstruction", "osem_full_counts")
MAX_MU_PER_MM = 1.0  # ten times cortical bone at 50 keV; a larger value is a map in cm^-1 or HU

# Words that name a person, a number of a person or a day of a life. Compared without case, blanks, "_" and "-".
IDENTIFIER_KEYS = frozenset({
    "patientname", "patientid", "patientsname", "otherpatientids", "issuerofpatientid", "surname", "firstname",
    "lastname", "givenname", "familyname", "mrn", "medicalrecordnumber", "birthdate", "dateofbirth", "dob",
    "patientbirthdate", "patientsbirthdate", "address", "patientaddress", "phone", "telephone", "email", "ssn",
    "socialsecuritynumber", "insurance", "accessionnumber", "studydate", "seriesdate", "acquisitiondate", "studyid",
    "studyinstanceuid", "seriesinstanceuid", "sopinstanceuid", "frameofreferenceuid", "referringphysician",
    "referringphysicianname", "operator", "operatorsname", "physician", "institutionname", "institutionaddress",
    "hospital", "deviceserialnumber", "stationname",
})  # fmt: skip


def plain_key(key: str) -> str:
    """Return a key as it is compared with `IDENTIFIER_KEYS`: without case, blanks, "_" and "-"."""
    return key.lower().replace("_", "").replace("-", "").replace(" ", "")


def _plain(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    known = {f.name for f in fields(kind)}
    if set(data) != known:
        msg = f"{kind.__name__}: got the fields {sorted(data)}, expected {sorted(known)}"
        raise ValueError(msg)
    return {k: tuple(_number(one) for one in v) if isinstance(v, list) else _number(v) for k, v in data.items()}


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"expected a number, got a {type(value).__name__}"
        raise TypeError(msg)
    return value


@dataclass(frozen=True)
class HeartFrame:
    """Where the left ventricle lies; (x, y, z) in mm from the centre of the grid, LPS.

    Parameters
    ----------
    base_mm : tuple of float
        Centre of the valve plane.
    apex_mm : tuple of float
        Outer tip of the apex.
    anterior : tuple of float
        Unit vector across the long axis towards the middle of the anterior wall.
    outer_radius_mm, wall_mm : float
        Of the left ventricle at its base.
    """

    base_mm: tuple[float, float, float]
    apex_mm: tuple[float, float, float]
    anterior: tuple[float, float, float]
    outer_radius_mm: float
    wall_mm: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(**_plain(cls, data))


@dataclass(frozen=True)
class Defect:
    """One perfusion defect of the left ventricular wall, in the terms of XCAT.

    Parameters
    ----------
    centre_deg, width_deg : float
        Around the long axis: 0 anterior, 90 lateral, 180 inferior, 270 septal; total width.
    centre_index : float
        Along the long axis, 0 base .. 1 apex.
    length_mm : float
        Total length along the long axis.
    wall_fraction : float
        Share of the wall's thickness, 1 = transmural.
    severity : float
        Share of the uptake that is missing, 0..1.
    extent : float
        Share of the left ventricular wall that it covers, 0..1.
    segments : tuple of int
        AHA segments it touches, 1..17.
    """

    centre_deg: float
    width_deg: float
    centre_index: float
    length_mm: float
    wall_fraction: float
    severity: float
    extent: float
    segments: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self) | {"segments": [int(s) for s in self.segments]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(**_plain(cls, data))


@dataclass(frozen=True, eq=False)
class Truth:
    """What only a simulation knows: the heart's frame, the AHA map and the defects.

    Parameters
    ----------
    heart : HeartFrame
    aha : uint8 (Z, Y, X)
        Segment 1..17 of left ventricular wall, 0 elsewhere.
    defects : tuple of Defect
    defect_map : uint8 (Z, Y, X)
        1 + index of the defect that covers most of a voxel of wall, 0 elsewhere.
    """

    heart: HeartFrame
    aha: Codes
    defects: tuple[Defect, ...]
    defect_map: Codes


@dataclass(frozen=True, eq=False)
class Study:
    """One patient acquisition; shapes and units as in `model.io.study`.

    Parameters
    ----------
    projections : float32 (W, V, Z, U), counts
    geometry : AcquisitionGeometry
    attenuation : float32 (Z, Y, X) or None, mm^-1
    scatter : float32 (W, V, Z, U) or None
        Expected scatter in each window.
    reference : float32 (Z, Y, X) or None
        Expected detected counts per voxel without attenuation over the whole acquisition.
    reference_kind : {"phantom", "clinical_reconstruction", "osem_full_counts"} or None
    labels : uint8 (Z, Y, X) or None
        Organs; ``label_codes`` names them. The left ventricular wall is called ``myocardium``.
    label_codes : mapping of name to code
    truth : Truth or None
    provenance : mapping, JSON
        Generator or source, versions, seeds, de-identification report, ``patient_key``.
    """

    projections: Floats
    geometry: AcquisitionGeometry
    attenuation: Floats | None = None
    scatter: Floats | None = None
    reference: Floats | None = None
    reference_kind: str | None = None
    labels: Codes | None = None
    label_codes: Mapping[str, int] = field(default_factory=dict)
    truth: Truth | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


def check_study(study: Study) -> None:
    """Raise StudyFormatError unless every rule of the format holds."""
    projected = (len(study.geometry.windows), *study.geometry.projection_shape)
    volume = study.geometry.volume_shape
    _check_array("projections", study.projections, np.float32, projected)
    _check_array("scatter", study.scatter, np.float32, projected)
    _check_array("attenuation", study.attenuation, np.float32, volume)
    _check_array("reference", study.reference, np.float32, volume)
    _check_array("labels", study.labels, np.uint8, volume)
    if study.attenuation is not None and float(study.attenuation.max()) > MAX_MU_PER_MM:
        msg = f"attenuation reaches {float(study.attenuation.max()):.3g} mm^-1, at most {MAX_MU_PER_MM} is possible"
        raise StudyFormatError("study.attenuation_unit", msg, "Convert the map to mm^-1 (water at 140 keV: 0.0154).")
    if (study.reference is None) != (study.reference_kind is None) or (
        study.reference_kind is not None and study.reference_kind not in REFERENCE_KINDS
    ):
        msg = f"reference kind is {study.reference_kind!r}, expected one of {REFERENCE_KINDS} when there is a reference"
        raise StudyFormatError("study.reference_kind", msg)
    _check_codes(study)
    _check_truth(study.truth, volume)
    check_provenance(study.provenance)


def _check_array(name: str, array: npt.NDArray[Any] | None, dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    if array is None:
        return
    if array.dtype != dtype:
        msg = f"{name} is {array.dtype.name}, expected {np.dtype(dtype)}"
        raise StudyFormatError("study.dtype", msg)
    if array.shape != shape:
        msg = f"{name} has shape {array.shape}, the geometry says {shape}"
        raise StudyFormatError("study.shape", msg)
    if dtype is np.float32:
        bad = int(array.size - np.isfinite(array).sum())
        if bad:
            msg = f"{name} holds {bad} of {array.size} values that are not finite, expected 0"
            raise StudyFormatError("study.not_finite", msg)
        if float(array.min()) < 0:
            msg = f"{name} has the smallest value {float(array.min()):.6g}, expected 0 or more"
            raise StudyFormatError("study.negative", msg)


def _check_codes(study: Study) -> None:
    codes = dict(study.label_codes)
    if not all(isinstance(k, str) and isinstance(v, int) and 0 <= v <= 255 for k, v in codes.items()):
        msg = f"label codes are {codes}, expected names with codes from 0 to 255"
        raise StudyFormatError("study.label_codes", msg)
    if study.labels is not None:
        unnamed = sorted(set(np.unique(study.labels).tolist()) - set(codes.values()) - {0})
        if unnamed:
            msg = f"labels hold the codes {unnamed}, the table names {sorted(codes.values())}"
            raise StudyFormatError("study.label_codes", msg)


def _check_truth(truth: Truth | None, volume: tuple[int, ...]) -> None:
    if truth is None:
        return
    _check_array("truth/aha", truth.aha, np.uint8, volume)
    _check_array("truth/defects", truth.defect_map, np.uint8, volume)
    if int(truth.aha.max()) > 17:
        msg = f"the AHA map reaches {int(truth.aha.max())}, there are 17 segments"
        raise StudyFormatError("study.aha", msg)
    if int(truth.defect_map.max()) > len(truth.defects):
        msg = f"the defect map reaches {int(truth.defect_map.max())}, the study lists {len(truth.defects)} defects"
        raise StudyFormatError("study.defects", msg)


def check_provenance(provenance: object) -> None:
    """Raise StudyFormatError if the provenance is no JSON object or a key of it, at any depth, names a person."""
    if not isinstance(provenance, Mapping):
        msg = f"provenance is a {type(provenance).__name__}, expected an object"
        raise StudyFormatError("study.bad_provenance", msg)
    for key in _keys(provenance):
        if plain_key(key) in IDENTIFIER_KEYS:
            msg = f"provenance has the key {key!r}, which names a person or a day; studies carry no identifiers"
            raise StudyFormatError("study.identifier", msg, "Remove the key; group studies by patient_key.")


def _keys(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _keys(inner)
