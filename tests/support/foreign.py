"""Files as other programs write them: Interfile projections and volumes, made from a study. Torch-free."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.geometry import AcquisitionGeometry
from model.io.study import Study


def write_interfile(header: Path, study: Study, changes: Mapping[str, str] | None = None) -> Path:
    """Write the photopeak as ``header`` and ``<stem>.s``; the angles must be evenly spaced."""
    geometry = study.geometry
    step = _step_deg(geometry)
    keys = {
        "!INTERFILE": "",
        "!imaging modality": "nucmed",
        "name of data file": f"{header.stem}.s",
        "imagedata byte order": "LITTLEENDIAN",
        "!number format": "float",
        "!number of bytes per pixel": "4",
        "patient orientation": "head_in",
        "patient rotation": "supine",
        "!matrix size [2]": str(geometry.n_axial),
        "!scaling factor (mm/pixel) [2]": f"{geometry.axial_mm:.6f}",
        "!matrix size [1]": str(geometry.n_bins),
        "!scaling factor (mm/pixel) [1]": f"{geometry.bin_mm:.6f}",
        "!number of projections": str(geometry.n_views),
        "!extent of rotation": f"{abs(step) * geometry.n_views:.6f}",
        "!time per projection (sec)": f"{geometry.duration_s[0]:.3f}",
        "!process status": "acquired",
        "!direction of rotation": "CCW" if step > 0 else "CW",
        "start angle": f"{(math.degrees(geometry.angles_rad[0]) - 180.0) % 360.0:.6f}",
        "radius": f"{geometry.radius_mm[0]:.3f}",
        **(changes or {}),
    }
    header.write_text("\n".join([*(f"{key} := {value}" for key, value in keys.items()), "!END OF INTERFILE :="]))
    (header.parent / f"{header.stem}.s").write_bytes(study.projections[0].astype("<f4").tobytes())
    return header


def write_interfile_volume(header: Path, volume: npt.NDArray[Any], voxel_mm: tuple[float, float, float]) -> Path:
    """Write a volume (Z, Y, X) as ``header`` and ``<stem>.v``."""
    planes, rows, columns = volume.shape
    dz, dy, dx = voxel_mm
    lines = [
        "!INTERFILE :=", f"name of data file := {header.stem}.v", "imagedata byte order := LITTLEENDIAN",
        "!number format := float", "!number of bytes per pixel := 4", f"!matrix size [1] := {columns}",
        f"!matrix size [2] := {rows}", f"!matrix size [3] := {planes}", f"scaling factor (mm/pixel) [1] := {dx}",
        f"scaling factor (mm/pixel) [2] := {dy}", f"scaling factor (mm/pixel) [3] := {dz}", "!END OF INTERFILE :=",
    ]  # fmt: skip
    header.write_text("\n".join(lines))
    (header.parent / f"{header.stem}.v").write_bytes(np.asarray(volume, dtype="<f4").tobytes())
    return header


def _step_deg(geometry: AcquisitionGeometry) -> float:
    first, second = geometry.angles_rad[:2]
    return (math.degrees(second - first) + 180.0) % 360.0 - 180.0
