# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Read Interfile 3.3 headers with their raw data: volumes (.hv, .h33) and parallel-hole SPECT projections (.hs).

Interfile says 0 degrees is above the couch and turns as seen from its foot end. For a patient on the back, head first,
our angle (0 = back, towards the patient's left) is therefore ``start + 180`` and grows with CCW. Lying on the belly adds
half a turn. Feet first the patient is turned about the vertical: the angle falls with CCW, and a picture of the detector
is turned by 180 degrees, rows and bins reversed. Which end of a row is the patient's left, and which row is nearest the
head, the format leaves open: `read_interfile_projections` takes the file's order, for a patient who lies head first,
unless told to flip it. Torch-free.

References
----------
Cradduck, Bailey, Hutton et al., Nucl Med Commun 10 (1989) 703; Todd-Pokropek, Cradduck & Deconinck, Nucl Med Commun
13 (1992) 673 (version 3.3). The origin and sense of the angle as in the README of STIR's pinhole test data: "180 deg
(i.e., below the subject)", seen "from bed into gantry"; UCL/STIR discussion 1180 also finds Interfile's zero opposite to
DICOM's. The SPECTUB data of STIR fit this reading and not the opposite direction (tests/integration).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.errors import StudyFormatError
from model.geometry import TC99M_PEAK, AcquisitionGeometry, Collimator, EnergyWindow, VolumeGrid

MAX_HEADER_BYTES = 2**20
MAX_ELEMENTS = 2**28
BLOCK_BYTES = 2048  # of 'data starting block' (Interfile 3.3); a shorter rest behind the data is padding
LONGEST_FIELD_MM = 1200.0  # longer than any patient table moves in one scan: "pixels" then means mm
SMALLEST_RADIUS_MM = 80.0  # less than half a head: no parallel-hole camera for people comes so near
LARGEST_RADIUS_MM = 800.0  # no gantry is that wide
SMALLEST_PIXEL_MM, LARGEST_PIXEL_MM = 0.3, 40.0  # as in DICOM
IN_MM = "Check the header; lengths must be in mm."
_KINDS = {"float": "f", "short float": "f", "long float": "f", "unsigned integer": "u", "signed integer": "i"}
_FORMAT_WORDS = frozenset({*_KINDS, "ascii", "bit", "complex", "bigendian", "littleendian"})
_SCAN_WORDS = frozenset({"reconstructed", "other", "head_in", "feet_in", "head_out", "feet_out", "supine", "prone", "left_side", "right_side",
    "standing", "sitting"})  # fmt: skip
_NO_PARALLEL_HOLES = ("pinhole", "fan", "cone", "converging", "diverging", "slanthole", "slit")


@dataclass(frozen=True, eq=False)
class InterfileImage:
    """One Interfile data set as it lies in the file.

    Parameters
    ----------
    array : (N3, N2, N1), native byte order, the file's number type
    spacing_mm : tuple of float or None
        Of the axes of `array`; None where the header is silent.
    header : mapping
        Keys in lower case, without ``!``, single blanks.
    warnings : tuple of str
        What was read against the letter of the header.
    """

    array: npt.NDArray[Any]
    spacing_mm: tuple[float | None, float | None, float | None]
    header: Mapping[str, str]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class InterfileProjections:
    """Parallel-hole projections with what the header knows of the geometry, in our conventions.

    Parameters
    ----------
    projections : float32 (1, V, Z, U), counts
    angles_rad, radius_mm, duration_s : tuple of float (V,)
        Duration is 1 s a view where the header has none (``duration_known`` is False then).
    """

    projections: npt.NDArray[np.float32]
    angles_rad: tuple[float, ...]
    radius_mm: tuple[float, ...]
    duration_s: tuple[float, ...]
    duration_known: bool
    bin_mm: float
    axial_mm: float
    header: Mapping[str, str]

    def acquisition_geometry(
        self,
        *,
        collimator: Collimator,
        intrinsic_fwhm_mm: float,
        windows: tuple[EnergyWindow, ...] = (TC99M_PEAK,),
        grid: VolumeGrid | None = None,
    ) -> AcquisitionGeometry:
        """Add what Interfile does not hold; the grid is one voxel a bin unless given."""
        _, _, rows, bins = self.projections.shape
        return AcquisitionGeometry(
            angles_rad=self.angles_rad,
            radius_mm=self.radius_mm,
            duration_s=self.duration_s,
            n_bins=bins,
            n_axial=rows,
            bin_mm=self.bin_mm,
            axial_mm=self.axial_mm,
            collimator=collimator,
            intrinsic_fwhm_mm=intrinsic_fwhm_mm,
            windows=windows,
            grid=grid or VolumeGrid((rows, bins, bins), (self.axial_mm, self.bin_mm, self.bin_mm)),
        )


def read_interfile(path: str | Path) -> InterfileImage:
    """Read a header and its data file, which must lie in the same folder.

    Raises
    ------
    StudyFormatError
        With a code that begins with ``interfile.``.
    FileNotFoundError
        If the header or its data file is missing.
    """
    header = read_interfile_header(path)
    columns, rows = _whole(header, "matrix size [1]"), _whole(header, "matrix size [2]")
    planes = _planes(header)
    elements = columns * rows * planes
    if elements > MAX_ELEMENTS:
        msg = f"the header announces {elements} values, at most {MAX_ELEMENTS} are read"
        raise StudyFormatError("interfile.too_large", msg)
    spacing, warnings = _spacing(header, planes)
    array = _data(Path(path), header, elements).reshape(planes, rows, columns)
    return InterfileImage(array, spacing, header, warnings)


def read_interfile_projections(
    path: str | Path, *, flip_bins: bool = False, flip_axial: bool = False
) -> InterfileProjections:
    """Read parallel-hole SPECT projections.

    Parameters
    ----------
    path : path of the header
    flip_bins, flip_axial : bool
        Reverse the bins or the rows of the file.

    Raises
    ------
    StudyFormatError
        If the file holds no projections, or of a camera this package does not model.
    """
    header = read_interfile_header(path)
    _refuse_other_geometries(header)
    image = read_interfile(path)
    views = image.array.shape[0]
    axial_mm, bin_mm = image.spacing_mm[1], image.spacing_mm[2]
    if axial_mm is None or bin_mm is None:
        msg = f"the header gives {bin_mm} mm for a bin and {axial_mm} mm for a row, both are needed"
        raise StudyFormatError("interfile.missing_key", msg)
    if not all(SMALLEST_PIXEL_MM <= size <= LARGEST_PIXEL_MM for size in (bin_mm, axial_mm)):
        msg = (
            f"a bin is {bin_mm:g} mm and a row {axial_mm:g} mm, a gamma camera has {SMALLEST_PIXEL_MM:g} to "
            f"{LARGEST_PIXEL_MM:g} mm"
        )
        raise StudyFormatError("interfile.bad_value", msg, IN_MM)
    counts = image.array.astype(np.float32)
    if not np.isfinite(counts).all() or counts.min() < 0:
        bad = int((~np.isfinite(counts)).sum() + (counts < 0).sum())
        msg = f"{bad} of {counts.size} counts are negative or not finite, expected 0"
        raise StudyFormatError("interfile.bad_counts", msg)
    feet_first, _ = _position(header)
    counts = counts[:, :: -1 if flip_axial != feet_first else 1, :: -1 if flip_bins != feet_first else 1]
    durations = _durations(header, views)
    return InterfileProjections(
        projections=np.ascontiguousarray(counts)[None],
        angles_rad=_angles(header, views),
        radius_mm=_radii(header, views),
        duration_s=durations or (1.0,) * views,
        duration_known=durations is not None,
        bin_mm=bin_mm,
        axial_mm=axial_mm,
        header=header,
    )


def read_interfile_header(path: str | Path) -> dict[str, str]:
    """Return key and value of every line, keys in lower case without ``!`` and with single blanks."""
    source = Path(path)
    if not source.is_file():
        msg = f"no Interfile header {source.name}"
        raise FileNotFoundError(msg)
    if source.stat().st_size > MAX_HEADER_BYTES:
        msg = f"the header has {source.stat().st_size} bytes, at most {MAX_HEADER_BYTES} are read"
        raise StudyFormatError("interfile.not_interfile", msg, "Choose the header, not the data file.")
    lines = source.read_text(encoding="latin-1").splitlines()
    header: dict[str, str] = {}
    for line in lines:
        key, found, value = line.partition(":=")
        if found and not line.lstrip().startswith(";"):
            header[_plain(key)] = value.strip()
    if not lines or "interfile" not in header:
        msg = "the first key of an Interfile header is !INTERFILE; this file has none"
        raise StudyFormatError("interfile.not_interfile", msg)
    return header


def interfile_data_file(path: Path, header: Mapping[str, str]) -> Path:
    """Return the data file that the `header` in the file `path` names; whether it is there is not looked at.

    Raises
    ------
    StudyFormatError
        If the header names none, or one of another folder.
    """
    name = _text(header, "name of data file")
    if name is None:
        msg = "the header has no 'name of data file'"
        raise StudyFormatError("interfile.missing_key", msg)
    if Path(name).name != name or "\\" in name or name in (".", ".."):
        msg = "the data file lies outside the header's folder"
        raise StudyFormatError("interfile.outside_folder", msg, "Put header and data into one folder.")
    return path.parent / name


def _plain(key: str) -> str:
    return re.sub(r"\s*\[\s*(\d+)\s*\]", r" [\1]", " ".join(key.replace("!", " ").lower().split()))


def _text(header: Mapping[str, str], *keys: str) -> str | None:
    return next((header[k] for k in keys if header.get(k)), None)


def _shown(text: str) -> str:
    """Return a value for a message: numbers as they are; words may be anybody's name and stay out."""
    return repr(text) if re.fullmatch(r"[-+0-9.eE,{} ]{1,60}", text) else "no number"


def _word(text: str | None, known: frozenset[str]) -> str:
    """Return a word for a message: known ones as they are, others stay out."""
    return repr(text) if text is None or text.lower() in known else "another word"


def _number(header: Mapping[str, str], *keys: str) -> float | None:
    text = _text(header, *keys)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        msg = f"{keys[0]!r} is {_shown(text)}, expected a number"
        raise StudyFormatError("interfile.bad_value", msg)
    return value


def _whole(header: Mapping[str, str], *keys: str) -> int:
    value = _number(header, *keys)
    if value is None:
        msg = f"the header has no {keys[0]!r}"
        raise StudyFormatError("interfile.missing_key", msg)
    if value != int(value) or not 1 <= value <= 65536:
        msg = f"{keys[0]!r} is {value}, expected a whole number between 1 and 65536"
        raise StudyFormatError("interfile.bad_value", msg)
    return int(value)


def _planes(header: Mapping[str, str]) -> int:
    return _whole(
        header, "number of projections", "matrix size [3]", "number of slices", "total number of images"
    )  # whichever the header has, in the order of how specific it is


def _spacing(
    header: Mapping[str, str], planes: int
) -> tuple[tuple[float | None, float | None, float | None], tuple[str, ...]]:
    sizes = [_number(header, f"scaling factor (mm/pixel) [{i}]") for i in (3, 2, 1)]
    for value in sizes:
        if value is not None and value <= 0:
            msg = f"a scaling factor is {value} mm/pixel, expected more than 0"
            raise StudyFormatError("interfile.bad_value", msg)
    axial, pixel, thickness = sizes[0], sizes[2], _number(header, "slice thickness (pixels)")
    warnings: tuple[str, ...] = ()
    if axial is None and thickness is not None and pixel is not None:
        axial = thickness * pixel
        if axial * planes > LONGEST_FIELD_MM:
            warnings = (f"slice thickness (pixels) := {thickness} would make {axial * planes:.0f} mm; read as mm",)
            axial = thickness
    return (axial, sizes[1], pixel), warnings


def _data(path: Path, header: Mapping[str, str], elements: int) -> npt.NDArray[Any]:
    source = interfile_data_file(path, header)
    dtype = _dtype(header)
    offset = _offset(header)
    needed = offset + elements * dtype.itemsize
    if not source.is_file():
        msg = f"the header's data file {source.name} is missing"
        raise FileNotFoundError(msg)
    if source.stat().st_size < needed:
        msg = f"the data file has {source.stat().st_size} bytes, the header says {needed}"
        raise StudyFormatError("interfile.truncated", msg, "Copy the data file again.")
    if source.stat().st_size >= needed + BLOCK_BYTES:
        msg = f"the data file has {source.stat().st_size} bytes, the header accounts for {needed}"
        raise StudyFormatError(
            "interfile.too_long",
            msg,
            "Correct the header, or export one head, one energy window and the sum over the gates.",
        )
    array = np.fromfile(source, dtype=dtype, count=elements, offset=offset)
    return array.astype(dtype.newbyteorder("="))


def _offset(header: Mapping[str, str]) -> int:
    """Return where the data begin in their file, bytes."""
    for key, unit in (
        ("data offset in bytes", 1),
        ("data offset in bytes [1]", 1),
        ("data starting block", BLOCK_BYTES),
    ):
        value = _number(header, key)
        if value is None:
            continue
        if value < 0 or value != int(value):
            msg = f"{key!r} is {value:g}, expected a whole number from 0"
            raise StudyFormatError("interfile.bad_value", msg)
        return int(value) * unit
    return 0


def _dtype(header: Mapping[str, str]) -> np.dtype[Any]:
    text = (_text(header, "number format") or "").lower()
    size = _whole(header, "number of bytes per pixel")
    order = (_text(header, "imagedata byte order") or "BIGENDIAN").lower().replace(" ", "")  # the standard's default
    allowed = (4, 8) if _KINDS.get(text) == "f" else (1, 2, 4)
    if text not in _KINDS or size not in allowed or order not in ("littleendian", "bigendian"):
        msg = f"number format {_word(text, _FORMAT_WORDS)} with {size} bytes, {_word(order, _FORMAT_WORDS)}, expected one of {sorted(_KINDS)} with {allowed} bytes"
        raise StudyFormatError("interfile.number_format", msg)
    return np.dtype(f"{'<' if order == 'littleendian' else '>'}{_KINDS[text]}{size}")


# ---------------------------------------------------------------- acquisition


def _refuse_other_geometries(header: Mapping[str, str]) -> None:
    code = "interfile.unsupported_geometry"
    if "number of projections" not in header:
        msg = "the header has no 'number of projections'; it describes a volume"
        raise StudyFormatError("interfile.no_projections", msg)
    status = (_text(header, "process status") or "acquired").lower()
    if status != "acquired":
        msg = f"the process status is {_word(status, _SCAN_WORDS)}, expected 'acquired'"
        raise StudyFormatError("interfile.no_projections", msg)
    collimator = (_text(header, "collimator", "collimator type") or "parallel").lower()
    other = next((word for word in _NO_PARALLEL_HOLES if word in collimator), None)
    if other is not None:
        msg = f"the collimator is {other!r}, only parallel holes are modelled"
        raise StudyFormatError(code, msg)
    radii = _radii(header, _whole(header, "number of projections"))
    if min(radii) < SMALLEST_RADIUS_MM:
        msg = (
            f"the radius of rotation is {min(radii)} mm, a parallel-hole camera for patients has at least "
            f"{SMALLEST_RADIUS_MM} mm; this is a pinhole or preclinical scan"
        )
        raise StudyFormatError(code, msg)
    if max(radii) > LARGEST_RADIUS_MM:
        msg = f"the radius of rotation is {max(radii):g} mm, a camera for patients has at most {LARGEST_RADIUS_MM:g} mm"
        raise StudyFormatError("interfile.bad_value", msg, IN_MM)
    windows = _number(header, "number of energy windows") or 1
    if windows != 1:
        msg = f"the file holds {windows:g} energy windows, 1 is read"
        raise StudyFormatError(code, msg, "Export each window on its own.")
    _refuse_several_blocks(header)


def _refuse_several_blocks(header: Mapping[str, str]) -> None:
    """Refuse heads with key blocks of their own, of which the last would win, and images beyond the projections."""
    heads = _number(header, "number of detector heads")
    if heads not in (None, 1):
        msg = f"the file holds the views of {heads:g} detector heads apart, 1 is read"
        remedy = "Export each head on its own, or all views as one rotation of one head."
        raise StudyFormatError("interfile.unsupported_geometry", msg, remedy)
    images, views = _number(header, "total number of images"), _whole(header, "number of projections")
    if images not in (None, views):
        msg = f"the header announces {images:g} images but {views} projections of one head and window"
        remedy = "Export the sum over the gates or time frames, without other images."
        raise StudyFormatError("interfile.unsupported_geometry", msg, remedy)


def _position(header: Mapping[str, str]) -> tuple[bool, bool]:
    """Return whether the patient lies feet first and whether on the belly."""
    orientation = (_text(header, "patient orientation") or "head_in").lower().replace(" ", "_")
    rotation = (_text(header, "patient rotation") or "supine").lower()
    if orientation not in ("head_in", "feet_in") or rotation not in ("supine", "prone"):
        msg = f"the patient lies {_word(orientation, _SCAN_WORDS)}, {_word(rotation, _SCAN_WORDS)}, expected 'head_in' or 'feet_in', 'supine' or 'prone'"
        raise StudyFormatError("interfile.unsupported_geometry", msg)
    return orientation == "feet_in", rotation == "prone"


def _radii(header: Mapping[str, str], views: int) -> tuple[float, ...]:
    text = _text(header, "radius", "radii")
    if text is None:
        msg = "the header has no 'radius'"
        raise StudyFormatError("interfile.missing_key", msg)
    try:
        values = [float(v) for v in text.strip("{}").split(",")]
    except ValueError:
        values = []
    if len(values) not in (1, views) or not all(math.isfinite(v) and v > 0 for v in values):
        msg = f"'radius' is {_shown(text)}, expected one positive number or {views}"
        raise StudyFormatError("interfile.bad_value", msg)
    return tuple(values) if len(values) == views else (values[0],) * views


def _angles(header: Mapping[str, str], views: int) -> tuple[float, ...]:
    direction = (_text(header, "direction of rotation") or "").upper()
    extent, start = _number(header, "extent of rotation"), _number(header, "start angle")
    if direction not in ("CW", "CCW") or extent is None or not 0 < extent <= 360:
        told = _word(direction, frozenset({"cw", "ccw", ""}))
        msg = f"direction {told} and extent {extent}, expected CW or CCW and 0 to 360 degrees"
        raise StudyFormatError("interfile.bad_value", msg)
    feet_first, prone = _position(header)
    sense = -1.0 if feet_first else 1.0
    step = extent / views if direction == "CCW" else -extent / views
    above = 0.0 if prone else 180.0  # what of the patient faces up: the back is 0
    return tuple(math.radians((above + sense * ((start or 0.0) + i * step)) % 360.0) for i in range(views))


def _durations(header: Mapping[str, str], views: int) -> tuple[float, ...] | None:
    seconds = _number(header, "time per projection (sec)", "image duration (sec)")
    return None if seconds is None or seconds <= 0 else (seconds,) * views
