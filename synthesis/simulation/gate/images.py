"""Write volumes as MetaImage files, which GATE reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

TYPES = {np.dtype(np.int16): "MET_SHORT", np.dtype(np.float32): "MET_FLOAT"}


def write_mha(path: Path, volume: npt.NDArray[np.generic], voxel_mm: tuple[float, float, float]) -> None:
    """Write a volume (Z, Y, X) with `voxel_mm` (z, y, x) as one file, x fastest, centred on its own middle.

    References
    ----------
    MetaIO documentation, "MetaImage".
    """
    n_z, n_y, n_x = volume.shape
    dz, dy, dx = voxel_mm
    header = (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n"
        f"TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = {-(n_x - 1) * dx / 2} {-(n_y - 1) * dy / 2} {-(n_z - 1) * dz / 2}\n"
        f"ElementSpacing = {dx} {dy} {dz}\nDimSize = {n_x} {n_y} {n_z}\n"
        f"ElementType = {TYPES[volume.dtype]}\nElementDataFile = LOCAL\n"
    )
    little = volume.astype(volume.dtype.newbyteorder("<"), copy=False)
    path.write_bytes(header.encode("ascii") + np.ascontiguousarray(little).tobytes())
