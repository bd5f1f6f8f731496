"""Grid, orbit and collimator of an acquisition."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from synthesis.specs.fields import Positive, Spec


class GridSpec(Spec):
    """The reconstruction grid: sizes (z, y, x) and voxel edge lengths in mm."""

    shape: tuple[int, int, int] = (16, 48, 48)
    voxel_mm: tuple[Positive, Positive, Positive] = (8.8, 8.8, 8.8)

    @model_validator(mode="after")
    def _square_and_small(self) -> Self:
        if self.voxel_mm[1] != self.voxel_mm[2] or self.shape[1] != self.shape[2]:
            message = f"a transverse slice must be square, got {self.shape[1:]} voxels of {self.voxel_mm[1:]} mm"
            raise ValueError(message)
        if not all(4 <= n <= 256 for n in self.shape):
            message = f"every grid size must lie between 4 and 256, got {self.shape}"
            raise ValueError(message)
        return self


class OrbitSpec(Spec):
    """Angles by the DICOM convention (0 back, 90 left, 180 front); the default runs from 45 RAO to 45 LPO.

    The camera moves in a circle, or with ``path = "contour"`` as close to the body's outline as the site allows.
    """

    LATER: ClassVar[frozenset[str]] = frozenset({"path"})

    views: int = Field(default=60, ge=1, le=360)
    start_deg: float = 225.0
    arc_deg: float = Field(default=-180.0, ge=-360.0, le=360.0)
    seconds_per_view: Positive = 20.0
    path: Literal["circle", "contour"] = "circle"


class CollimatorSpec(Spec):
    """Hole diameter and length in mm of a parallel-hole collimator."""

    name: str
    hole_mm: Positive
    length_mm: Positive
