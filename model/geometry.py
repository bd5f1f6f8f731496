"""Say where the camera and the voxels are: validated, frozen, and the same in every process. Torch-free.

Volumes are (Z, Y, X) in patient LPS: x to the patient's left, y to the back, z to the head. The detector at angle
theta stands at (x, y) = R (sin theta, cos theta): 0 = behind the patient (y+), 90 degrees = at the left (x+),
180 degrees = in front. The bin axis is u = (-cos theta, sin theta): in the anterior view the patient's left lies at
large bins, on the right of the picture, as for somebody who stands in front. The axial index grows with z. Volume
and detector share the rotation axis at the centre of the grid, index (N - 1) / 2.

References
----------
DICOM PS3.3 C.8.4.11 (NM Detector), Start Angle (0054,0200): zero degrees is at the patient's back; seen from the feet
the angle increases counter-clockwise, the detector's normal turning from the back towards the patient's left side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from typing import Any, Self, TypeVar

from model.errors import GeometryInvalid, GeometryMismatch, UnknownFields

_Real = TypeVar("_Real", float, Any)
MAX_AXIS = 4096  # no camera or grid has more elements along an axis; larger numbers are a broken file


def _finite_positive(owner: str, name: str, value: float, *, zero: bool = False) -> float:
    number = float(value)
    if not math.isfinite(number) or number < 0 or (number == 0 and not zero):
        bound = "0 or more" if zero else "more than 0"
        msg = f"{owner}: {name} is {number}, expected a finite number of {bound}"
        raise GeometryInvalid(msg)
    return number


def _size(owner: str, name: str, value: int) -> int:
    if int(value) != value or not 1 <= value <= MAX_AXIS:
        msg = f"{owner}: {name} is {value}, expected a whole number between 1 and {MAX_AXIS}"
        raise GeometryInvalid(msg)
    return int(value)


def _strict(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    known = {f.name for f in fields(kind)}
    if set(data) != known:
        msg = f"{kind.__name__}: got the fields {sorted(data)}, expected {sorted(known)}"
        raise UnknownFields(msg)
    return dict(data)


@dataclass(frozen=True)
class VolumeGrid:
    """Size of a volume, in voxels and mm.

    Parameters
    ----------
    shape : tuple of int, (Z, Y, X)
    voxel_mm : tuple of float, (z, y, x)
    """

    shape: tuple[int, int, int]
    voxel_mm: tuple[float, float, float]

    def __post_init__(self) -> None:
        lengths = [len(self.shape), len(self.voxel_mm)]  # a caller from outside may pass other tuples than promised
        if lengths != [3, 3]:
            msg = f"VolumeGrid: got {lengths[0]} sizes and {lengths[1]} voxel sizes, expected 3 and 3"
            raise GeometryInvalid(msg)
        z, y, x = (_size("VolumeGrid", "size", n) for n in self.shape)
        dz, dy, dx = (_finite_positive("VolumeGrid", "voxel_mm", d) for d in self.voxel_mm)
        object.__setattr__(self, "shape", (z, y, x))
        object.__setattr__(self, "voxel_mm", (dz, dy, dx))

    @property
    def extent_mm(self) -> tuple[float, float, float]:
        """Whole size (z, y, x) in mm."""
        (z, y, x), (dz, dy, dx) = self.shape, self.voxel_mm
        return z * dz, y * dy, x * dx

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"shape": list(self.shape), "voxel_mm": list(self.voxel_mm)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote; unknown or missing fields are refused."""
        known = _strict(cls, data)
        return cls(shape=tuple(known["shape"]), voxel_mm=tuple(known["voxel_mm"]))


@dataclass(frozen=True)
class Collimator:
    """A parallel-hole collimator.

    Parameters
    ----------
    name : str
        As people call it, e.g. ``LEHR``.
    hole_mm : float
        Hole diameter (flat to flat), mm.
    length_mm : float
        Hole length, mm; use the effective length if penetration is to be counted.
    """

    name: str
    hole_mm: float
    length_mm: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "hole_mm", _finite_positive("Collimator", "hole_mm", self.hole_mm))
        object.__setattr__(self, "length_mm", _finite_positive("Collimator", "length_mm", self.length_mm))

    def fwhm_mm(self, distance_mm: _Real) -> _Real:
        """Geometric resolution h (L + d) / L at `distance_mm` from the face (a number or an array)."""
        return self.hole_mm * (self.length_mm + distance_mm) / self.length_mm

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read plain JSON values; unknown or missing fields are refused."""
        return cls(**_strict(cls, data))


# Hole and length in mm as in opengate 10.1.1, contrib/spect (GE NM670 and Siemens Intevo), read 2026-11.
LEHR_NM670 = Collimator("LEHR NM670", 1.50, 35.0)
LEHR_INTEVO = Collimator("LEHR Intevo", 1.11, 24.05)


@dataclass(frozen=True)
class EnergyWindow:
    """Limits of one energy window in keV. The first window of a geometry is the photopeak."""

    name: str
    lower_kev: float
    upper_kev: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "lower_kev", _finite_positive("EnergyWindow", "lower_kev", self.lower_kev, zero=True))
        object.__setattr__(self, "upper_kev", _finite_positive("EnergyWindow", "upper_kev", self.upper_kev))
        if self.upper_kev <= self.lower_kev:
            msg = f"EnergyWindow: upper limit {self.upper_kev} keV is not above the lower {self.lower_kev}"
            raise GeometryInvalid(msg)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read plain JSON values; unknown or missing fields are refused."""
        return cls(**_strict(cls, data))


TC99M_PEAK = EnergyWindow("photopeak", 126.45, 154.55)  # 140.5 keV +- 10 %, the 20 % window of perfusion protocols


@dataclass(frozen=True)
class AcquisitionGeometry:
    """One parallel-hole SPECT acquisition and the grid it is reconstructed on.

    Parameters
    ----------
    angles_rad, radius_mm, duration_s : tuple of float, (V,)
        Per view: detector angle (module docstring), rotation axis to collimator face, acquisition time.
    n_bins, n_axial : int
        Detector elements across (U) and along the axis (Z).
    bin_mm, axial_mm : float
        Their sizes. The axial ones must equal the grid's slices.
    collimator : Collimator
    intrinsic_fwhm_mm : float
        Intrinsic resolution of the detector, mm; 0 for a perfect one.
    windows : tuple of EnergyWindow
        At least one; the first is the photopeak.
    grid : VolumeGrid

    Raises
    ------
    GeometryInvalid
        A number no camera can have.
    GeometryMismatch
        Tuples of different lengths, or axial elements that are not the grid's slices.
    """

    angles_rad: tuple[float, ...]
    radius_mm: tuple[float, ...]
    duration_s: tuple[float, ...]
    n_bins: int
    n_axial: int
    bin_mm: float
    axial_mm: float
    collimator: Collimator
    intrinsic_fwhm_mm: float
    grid: VolumeGrid
    windows: tuple[EnergyWindow, ...] = field(default=(TC99M_PEAK,))

    def __post_init__(self) -> None:
        owner = "AcquisitionGeometry"
        object.__setattr__(self, "n_bins", _size(owner, "n_bins", self.n_bins))
        object.__setattr__(self, "n_axial", _size(owner, "n_axial", self.n_axial))
        for name in ("bin_mm", "axial_mm"):
            object.__setattr__(self, name, _finite_positive(owner, name, getattr(self, name)))
        intrinsic = _finite_positive(owner, "intrinsic_fwhm_mm", self.intrinsic_fwhm_mm, zero=True)
        object.__setattr__(self, "intrinsic_fwhm_mm", intrinsic)
        object.__setattr__(self, "windows", tuple(self.windows))
        self._check_views()
        self._check_axial()

    def _check_views(self) -> None:
        owner, views = "AcquisitionGeometry", len(self.angles_rad)
        _size(owner, "number of views", views)
        _size(owner, "number of energy windows", len(self.windows))
        for name in ("radius_mm", "duration_s"):
            values = getattr(self, name)
            if len(values) != views:
                msg = f"{owner}: {name} has {len(values)} entries for {views} angles"
                raise GeometryMismatch(msg)
            object.__setattr__(self, name, tuple(_finite_positive(owner, name, v) for v in values))
        angles = tuple(float(a) for a in self.angles_rad)
        if not all(math.isfinite(a) for a in angles):
            msg = f"{owner}: angles_rad holds a number that is not finite"
            raise GeometryInvalid(msg)
        object.__setattr__(self, "angles_rad", angles)

    def _check_axial(self) -> None:
        if self.n_axial != self.grid.shape[0]:
            msg = (
                f"the detector has {self.n_axial} axial rows, the grid {self.grid.shape[0]} slices; they must be equal"
            )
            raise GeometryMismatch(msg, "Choose a grid whose slices are the detector's rows.")
        if not math.isclose(self.axial_mm, self.grid.voxel_mm[0], rel_tol=1e-4):
            msg = f"an axial row is {self.axial_mm} mm, a slice of the grid {self.grid.voxel_mm[0]} mm; they must be equal"
            raise GeometryMismatch(msg, "Choose a grid whose slices are the detector's rows.")
        if not math.isclose(self.grid.voxel_mm[1], self.grid.voxel_mm[2], rel_tol=1e-4):
            msg = f"voxels are {self.grid.voxel_mm[1]} mm in y and {self.grid.voxel_mm[2]} mm in x; they must be square"
            raise GeometryMismatch(msg, "Resample the volume to square voxels in the transverse plane.")

    @property
    def n_views(self) -> int:
        """Number of views V."""
        return len(self.angles_rad)

    @property
    def projection_shape(self) -> tuple[int, int, int]:
        """Shape (V, Z, U) of one energy window."""
        return self.n_views, self.n_axial, self.n_bins

    @property
    def volume_shape(self) -> tuple[int, int, int]:
        """Shape (Z, Y, X) of the grid."""
        return self.grid.shape

    @property
    def view_fractions(self) -> tuple[float, ...]:
        """Duration of each view over the duration of all; without attenuation, its share of the activity."""
        total = math.fsum(self.duration_s)
        return tuple(d / total for d in self.duration_s)

    @property
    def arc_rad(self) -> float:
        """Angle covered by the views, the last step included (pi or 2 pi for the usual orbits)."""
        if self.n_views == 1:
            return 0.0
        ordered = sorted(a % (2 * math.pi) for a in self.angles_rad)
        gaps = [after - before for before, after in pairwise(ordered)]
        gaps.append(ordered[0] + 2 * math.pi - ordered[-1])
        covered = 2 * math.pi - max(gaps)
        return min(2 * math.pi, covered * self.n_views / (self.n_views - 1))

    def fwhm_mm(self, distance_mm: _Real) -> _Real:
        """Resolution sqrt((h (L + d) / L)^2 + Ri^2) at `distance_mm` from the collimator face.

        References
        ----------
        Anger, J Nucl Med 5 (1964) 515; 7.0 mm at 10 cm for h 1.5, L 35, Ri 3.9 mm.
        """
        width: _Real = (self.collimator.fwhm_mm(distance_mm) ** 2 + self.intrinsic_fwhm_mm**2) ** 0.5
        return width

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        data = asdict(self)
        data["grid"] = self.grid.to_dict()
        for name in ("angles_rad", "radius_mm", "duration_s", "windows"):
            data[name] = list(data[name])
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote; unknown or missing fields are refused."""
        known = _strict(cls, data)
        for name in ("angles_rad", "radius_mm", "duration_s"):
            known[name] = tuple(known[name])
        known["collimator"] = Collimator.from_dict(known["collimator"])
        known["windows"] = tuple(EnergyWindow.from_dict(w) for w in known["windows"])
        known["grid"] = VolumeGrid.from_dict(known["grid"])
        return cls(**known)


def orbit_angles_rad(views: int, *, start_deg: float, arc_deg: float) -> tuple[float, ...]:
    """Return `views` evenly spaced angles from `start_deg`; a negative arc turns towards smaller angles.

    The perfusion orbit from 45 degrees right anterior oblique to 45 degrees left posterior oblique is
    ``start_deg=225, arc_deg=-180``: right front, front, left, left back.
    """
    step = arc_deg / views
    return tuple(math.radians((start_deg + i * step) % 360.0) for i in range(views))


def ensure_shape(name: str, got: Sequence[int], expected: Sequence[int]) -> None:
    """Raise GeometryMismatch with both shapes unless they are equal."""
    if tuple(got) != tuple(expected):
        msg = f"{name}: got {tuple(got)}, the geometry says {tuple(expected)}"
        raise GeometryMismatch(msg)
