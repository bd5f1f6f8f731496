"""One run of GATE as a plain document: what the parent decides and the child process carries out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Mode = Literal["analog", "primary", "scatter"]


@dataclass(frozen=True)
class Channel:
    """An energy window in keV."""

    name: str
    lower_kev: float
    upper_kev: float


@dataclass(frozen=True)
class Phantom:
    """The attenuation box: an image of labels, and the material of each label from 1 on.

    `materials` are dictionaries of `tissues.Material`; `centre_mm` is (x, y, z).
    """

    image: str
    materials: tuple[dict[str, Any], ...]
    centre_mm: tuple[float, float, float]


@dataclass(frozen=True)
class Source:
    """An image of activity centred on the rotation axis, or a point at `point_mm` (x, y, z)."""

    image: str = ""
    point_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class GateJob:
    """One view of one source in one mode.

    Parameters
    ----------
    camera, collimator : str
        opengate's names.
    face_mm, front_mm, back_mm : float
        As in `cameras.GateCamera`.
    angle_deg, radius_mm : float
        DICOM angle, rotation axis to the openings of the holes.
    shape : tuple of int, (Z, U)
    bins_mm : tuple of float, (axial, bin)
    intrinsic_fwhm_mm : float
    channels : tuple of Channel
    source : Source
    phantom : Phantom or None
        None for air.
    mode : str
        ``primary`` and ``scatter`` are free-flight runs whose sum is the measurement, ``analog`` is all at once.
    photons : int
        Photons of 140.5 keV that start, exactly.
    seed : int
    physics : str
        Geant4's name of the physics list.
    splitting : int
        Copies of each scattered photon that fly to the camera.
    acceptance_deg : float
        Largest angle with the camera's normal at which photons are sent out.
    """

    camera: str
    collimator: str
    face_mm: float
    front_mm: float
    back_mm: float
    angle_deg: float
    radius_mm: float
    shape: tuple[int, int]
    bins_mm: tuple[float, float]
    intrinsic_fwhm_mm: float
    channels: tuple[Channel, ...]
    source: Source
    phantom: Phantom | None
    mode: Mode
    photons: int
    seed: int
    physics: str
    splitting: int = 50
    acceptance_deg: float = 6.0

    def write(self, path: Path) -> None:
        """Write the job as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, sort_keys=True), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> GateJob:
        """Read what `write` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        data["channels"] = tuple(Channel(**channel) for channel in data["channels"])
        data["source"] = Source(image=data["source"]["image"], point_mm=tuple(data["source"]["point_mm"]))
        if data["phantom"] is not None:
            box = data["phantom"]
            data["phantom"] = Phantom(box["image"], tuple(box["materials"]), tuple(box["centre_mm"]))
        for name in ("shape", "bins_mm"):
            data[name] = tuple(data[name])
        return cls(**data)


def run_seed(*parts: object) -> int:
    """Return a seed for Geant4, 1 .. 2^31 - 2, that follows from plain values."""
    return int(digest_of(*parts), 16) % (2**31 - 2) + 1


def digest_of(*parts: object) -> str:
    """Return 16 hexadecimal digits that change with any of the plain values or bytes."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode())
    return total.hexdigest()[:16]
