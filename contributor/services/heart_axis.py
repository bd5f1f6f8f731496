"""Polar maps of a reconstruction whose study does not say where the heart is: a person shows the long axis once."""

import math
from typing import TYPE_CHECKING

from contributor.schemas_results import HeartAxis, ReconstructionDetails, Voxel
from contributor.services.reconstructions import Reconstructions
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput
from model.errors import ModelError

if TYPE_CHECKING:
    from model.evaluation.axis_polar import Point

IMAGES = ("osem", "model", "reference")


class HeartAxes:
    """Takes an axis, makes the polar maps of all images with it, keeps both with the reconstruction."""

    def __init__(self, desk: Desk, *, reconstructions: Reconstructions) -> None:
        self._desk = desk
        self._reconstructions = reconstructions

    def set(self, reconstruction_id: str, axis: HeartAxis) -> ReconstructionDetails:
        """Make the polar maps along an axis; another one replaces them.

        Raises
        ------
        NotFound
        Conflict
            While the reconstruction runs, or when the study itself says where the heart is.
        InvalidInput
            When no heart can lie along the axis.
        """
        details = self._reconstructions.details(reconstruction_id)
        if details.segments and details.axis is None:
            message = "the study itself says where the heart is"
            raise Conflict(message)
        there = [name for name in IMAGES if name in self._reconstructions.get(reconstruction_id).arrays]
        segments = {name: self._segments(reconstruction_id, name, axis) for name in there}
        made = details.model_copy(update={"segments": segments, "axis": axis})
        self._reconstructions.keep_details(reconstruction_id, made)
        with self._desk.database.begin() as tx:
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action="reconstruction.axis",
                subject=reconstruction_id,
                details={"base": axis.base.model_dump(), "apex": axis.apex.model_dump()},
                text=None,
            )
        return made

    def _segments(self, reconstruction_id: str, name: str, axis: HeartAxis) -> list[float | None]:
        from model.evaluation.axis_polar import polar_by_axis  # with scipy: not for every start

        image, voxel_mm = self._reconstructions.array(reconstruction_id, name)

        def point(voxel: Voxel) -> "Point":
            places = zip((voxel.z, voxel.y, voxel.x), image.shape, voxel_mm, strict=True)
            z, y, x = ((at - (size - 1) / 2) * mm for at, size, mm in places)
            return (x, y, z)

        try:
            found = polar_by_axis(image, voxel_mm, point(axis.base), point(axis.apex))
        except ModelError as error:
            message = f"{error.message} {error.remedy}"
            raise InvalidInput(message) from error
        return [float(value) if math.isfinite(value) else None for value in found]
