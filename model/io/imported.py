"""What a reader of foreign files hands over: a study without identifiers, what was removed, and where it lay. Torch-free.

A reader copies what it understands and nothing else; the report lists, by name and count and never by value, what the
file held and the study does not. The frame stays in memory beside the study: it holds no identifier, only a token by
which two files of one examination recognise each other.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from model.errors import GeometryInvalid
from model.geometry import VolumeGrid
from model.io.study_records import Study

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class RemovedElement:
    """One kind of element that was not taken over.

    Parameters
    ----------
    name : str
        Its keyword, or its tag where it has none: ``PatientName``, ``(0009,1010)``.
    category : str
        ``name``, ``date or time``, ``unique identifier``, ``text``, ``private`` or ``other``.
    count : int
        How often it occurred, nested sequences included.
    """

    name: str
    category: str
    count: int


@dataclass(frozen=True)
class KeptElement:
    """One kind of element that the study is built from, and what for."""

    name: str
    reason: str


@dataclass(frozen=True)
class DeidentificationReport:
    """What was removed and what was kept; names and counts only, never a value.

    Parameters
    ----------
    removed : tuple of RemovedElement
    kept : tuple of KeptElement
    patient_key : {"site key", "random", "none"}
        How `patient_key` in the study's provenance came about.
    """

    removed: tuple[RemovedElement, ...] = ()
    kept: tuple[KeptElement, ...] = ()
    patient_key: str = "none"

    @property
    def removed_count(self) -> int:
        """Number of elements that were not taken over."""
        return sum(r.count for r in self.removed)

    def counts_by_category(self) -> dict[str, int]:
        """Return how many elements of each category were removed."""
        counts: dict[str, int] = {}
        for element in self.removed:
            counts[element.category] = counts.get(element.category, 0) + element.count
        return dict(sorted(counts.items()))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values for a study's provenance."""
        return {
            "removed": [asdict(r) for r in self.removed],
            "kept": [asdict(k) for k in self.kept],
            "patient_key_from": self.patient_key,
        }

    def sentence(self) -> str:
        """Return one sentence for a person."""
        if not self.removed:
            return "Nothing had to be removed."
        parts = ", ".join(f"{n} {category}" for category, n in self.counts_by_category().items())
        kept = f"; {len(self.kept)} kinds were kept" if self.kept else ""
        return f"{self.removed_count} elements were removed ({parts}){kept}."


@dataclass(frozen=True)
class PatientFrame:
    """Where the voxels of a volume lie in the patient (LPS, mm).

    Parameters
    ----------
    grid : VolumeGrid
        Size of the volume.
    origin_mm : (x, y, z)
        Centre of voxel (0, 0, 0).
    x_direction, y_direction, z_direction : (x, y, z)
        Unit vectors along which the last, the middle and the first index grow. Studies are stored with (1, 0, 0),
        (0, 1, 0) and (0, 0, 1).
    frame_of_reference : str or None
        Token of the frame of reference (a hash, not the identifier); None where the file has none.
    positioned : bool
        Whether the file told the position; otherwise the grid is centred on the origin.
    """

    grid: VolumeGrid
    origin_mm: Vector
    x_direction: Vector = (1.0, 0.0, 0.0)
    y_direction: Vector = (0.0, 1.0, 0.0)
    z_direction: Vector = (0.0, 0.0, 1.0)
    frame_of_reference: str | None = None
    positioned: bool = False

    def __post_init__(self) -> None:
        axes = np.array([self.x_direction, self.y_direction, self.z_direction], dtype=np.float64)
        if not np.allclose(axes @ axes.T, np.eye(3), atol=1e-4) or not all(math.isfinite(v) for v in self.origin_mm):
            msg = "PatientFrame: the directions are not three perpendicular unit vectors, or the origin is not finite"
            raise GeometryInvalid(msg)

    def affine_lps(self) -> npt.NDArray[np.float64]:
        """Return the (4, 4) matrix from (x index, y index, z index, 1) to (x, y, z, 1) in mm, LPS."""
        dz, dy, dx = self.grid.voxel_mm
        matrix = np.eye(4)
        matrix[:3, 0] = np.multiply(self.x_direction, dx)
        matrix[:3, 1] = np.multiply(self.y_direction, dy)
        matrix[:3, 2] = np.multiply(self.z_direction, dz)
        matrix[:3, 3] = self.origin_mm
        return matrix

    @classmethod
    def centred(cls, grid: VolumeGrid, **options: Any) -> PatientFrame:
        """Return the frame whose origin is the centre of `grid`, axes along LPS."""
        sizes = zip(grid.shape, grid.voxel_mm, strict=True)
        z, y, x = (-(n - 1) / 2 * d for n, d in sizes)
        return cls(grid, (x, y, z), **options)


@dataclass(frozen=True)
class Administration:
    """What the file tells of the injected activity; each value None where it is silent.

    Parameters
    ----------
    radionuclide : str or None
        One of the names the reader knows, e.g. ``Tc-99m``.
    activity_mbq : float or None
        Injected activity at the time of injection.
    uptake_s : float or None
        From the injection to the start of the acquisition.
    half_life_s : float or None
    """

    radionuclide: str | None = None
    activity_mbq: float | None = None
    uptake_s: float | None = None
    half_life_s: float | None = None


@dataclass(frozen=True, eq=False)
class ImportedStudy:
    """One study that came from a foreign file.

    Parameters
    ----------
    study : Study
        Without identifiers; its provenance holds the report and the ``patient_key``.
    report : DeidentificationReport
    notes : tuple of str
        Plain sentences for the user: what was assumed, and how to say it better.
    frame : PatientFrame or None
        Where the volume lies in the patient, to write results back and to resample a CT.
    administration : Administration
        For absolute quantification.
    gate : int or None
        Number of the gate from 1, where a gated file was read gate by gate.
    heads : int
        Detector heads that counted at the same time.
    """

    study: Study
    report: DeidentificationReport = field(default_factory=DeidentificationReport)
    notes: tuple[str, ...] = ()
    frame: PatientFrame | None = None
    administration: Administration = field(default_factory=Administration)
    gate: int | None = None
    heads: int = 1


def with_note(imported: ImportedStudy, *notes: str) -> ImportedStudy:
    """Return the study with more notes, in its provenance too."""
    told = (*imported.notes, *notes)
    provenance = {**imported.study.provenance, "notes": list(told)}
    return replace(imported, study=replace(imported.study, provenance=provenance), notes=told)
