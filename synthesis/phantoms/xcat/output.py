# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Read what XCAT wrote, strictly: raw float32 volumes in either order of their axes, and the log."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from synthesis.materials import MU_PER_MM
from synthesis.phantoms.shapes import Floats
from synthesis.phantoms.xcat.errors import XcatFailed

Order: TypeAlias = Literal["x_fastest", "z_fastest"]
Shape: TypeAlias = tuple[int, int, int]
ORDERS: tuple[Order, Order] = ("x_fastest", "z_fastest")
LONGEST_LOG = 2**20
CLEARLY = 0.7  # a volume read in the right order is at least so much smoother than in the wrong one
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LINE = re.compile(r"^\s*([A-Za-z][A-Za-z0-9_ ()/.-]{0,80}?)\s*[=:]\s*(.+)$")


def read_flat(path: Path, shape: Shape, what: str) -> Floats:
    """Read a raw file of ``shape`` float32 values, little endian, in the file's own order.

    Raises
    ------
    XcatFailed
        A missing file, one of another size, or values that are not finite.
    """
    try:
        there = path.stat().st_size
    except OSError as error:
        message = f"XCAT ended without writing its {what} ({path.name})."
        raise XcatFailed("output_missing", message, "Look at XCAT's own messages by running it by hand.") from error
    needed = int(np.prod(shape)) * 4
    if there != needed:
        message = (
            f"XCAT's {what} ({path.name}) has {there} bytes; {shape[2]} x {shape[1]} x {shape[0]} voxels take {needed}."
        )
        raise XcatFailed("output_size", message, "Check free disk space and that array_size and slices are XCAT's.")
    values: Floats = np.fromfile(path, dtype="<f4").astype(np.float32)
    if not np.isfinite(values).all():
        message = f"XCAT's {what} ({path.name}) holds values that are no numbers."
        raise XcatFailed("output_values", message, "Check that the program writes little-endian float32.")
    return values


def arranged(flat: Floats, shape: Shape, order: Order) -> Floats:
    """Return the values as (Z, Y, X)."""
    if order == "x_fastest":
        return flat.reshape(shape)
    return np.ascontiguousarray(flat.reshape(shape[::-1]).transpose(2, 1, 0))


def find_order(attenuation: Floats, shape: Shape) -> Order | None:
    """Return the order in which the flat attenuation per mm makes a body, or None if both or neither do.

    A volume read in the wrong order is much rougher, unless it is a cube: then the torso, which the first and last slice
    cut while air lies on its sides, tells the axes apart.
    """
    tissue = attenuation > 0.3 * MU_PER_MM["water"]
    smooth = [_roughness(arranged(attenuation, shape, order)) for order in ORDERS]
    if min(smooth) < CLEARLY * max(smooth):
        return ORDERS[int(np.argmin(smooth))]
    fits = [_is_torso(tissue, shape, order) for order in ORDERS]
    return ORDERS[fits.index(True)] if sum(fits) == 1 else None


def _roughness(volume: Floats) -> float:
    return float(sum(np.abs(np.diff(volume, axis=axis)).mean() for axis in range(3)))


def _is_torso(tissue: npt.NDArray[np.bool_], shape: Shape, order: Order) -> bool:
    volume = tissue.reshape(shape) if order == "x_fastest" else tissue.reshape(shape[::-1]).transpose(2, 1, 0)
    sides = volume[:, :, 0].any() or volume[:, :, -1].any()
    ends = volume[0].any() or volume[-1].any()
    return bool(ends and not sides)


def settle_order(attenuation: Floats, shape: Shape, wish: Literal["auto"] | Order) -> Order:
    """Return the order to read in: the one found in the volume, or the user's where the volume leaves it open.

    Raises
    ------
    XcatFailed
        If the volume leaves it open and the user does too, or says the opposite of what the volume shows.
    """
    found = find_order(attenuation, shape)
    if wish == "auto":
        if found is None:
            message = "The order of the axes cannot be told from XCAT's attenuation file."
            raise XcatFailed("output_order", message, "Set array_order to x_fastest (XCAT's own) or z_fastest.")
        return found
    if found is not None and found != wish:
        message = f"XCAT's files are written {found.replace('_', ' ')}, but array_order says {wish.replace('_', ' ')}."
        raise XcatFailed("output_order", message, "Set array_order = 'auto', or leave it out.")
    return wish


def read_log(path: Path) -> dict[str, list[float]]:
    """Return the numbers of every ``name = values`` line of XCAT's log; names in lower case.

    Raises
    ------
    XcatFailed
        If there is no log.
    """
    try:
        with path.open(encoding="latin-1") as file:
            text = file.read(LONGEST_LOG)
    except OSError as error:
        message = f"XCAT ended without writing its log ({path.name})."
        raise XcatFailed("output_missing", message, "Look at XCAT's own messages by running it by hand.") from error
    found = (_LINE.match(line) for line in text.splitlines())
    return {
        m[1].strip().lower(): [float(n) for n in _NUMBER.findall(m[2])] for m in found if m and _NUMBER.search(m[2])
    }


def heart_angles(log: dict[str, list[float]]) -> dict[str, float]:
    """Return the total angles of the heart that the log names, in degrees, by ``zy``, ``xz`` and ``yx``."""
    angles = {}
    for plane in ("zy", "xz", "yx"):
        named = [
            values for name, values in log.items() if plane in name and "rot" in name and not name.startswith("d_")
        ]
        if named:
            angles[plane] = named[-1][-1]
    return angles
