"""What a sample file holds, at a glance: read without loading more than that needs, refused if its task cannot use it.

Torch-free.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from model.errors import ModelError, SampleInvalid
from model.io.notes import note
from model.io.slices import read_slice
from model.io.study import StudyHeader, read_study_header
from model.task_spec import LOWEST_USABLE_COUNTS, SPECT


@dataclass(frozen=True, kw_only=True)
class SampleSummary:
    """What the contributor shows of one sample file; no pixels, no identifiers.

    ``counts`` is the photopeak total where there is one; ``warnings`` are sentences of `model.io.notes`.
    """

    kind: str
    title: str
    has_reference: bool
    counts: float | None
    shape: tuple[int, ...]
    geometry_words: str
    warnings: tuple[str, ...] = ()
    details: dict[str, JsonValue] = field(default_factory=dict)


def inspect_study(path: Path) -> SampleSummary:
    """Summarise a SPECT study file from its header, without loading a volume.

    Raises
    ------
    SampleInvalid
        With the reader's own code when the file is no study, ``sample.empty`` when there are no counts.
    """
    try:
        header = read_study_header(path)
    except ModelError as error:
        raise SampleInvalid(error.code, error.message, error.remedy) from error
    except OSError as error:
        message = f"the file cannot be read: {error.strerror or 'it is not there'}"
        raise SampleInvalid(code="sample.unreadable", message=message) from error
    counts = float(header.total_counts)
    if not np.isfinite(counts) or counts <= 0:
        message = f"the study has {counts:g} counts in its photopeak window, it needs more than 0"
        raise SampleInvalid(code="sample.empty", message=message)
    return _summarise_study(header, counts)


def _summarise_study(header: StudyHeader, counts: float) -> SampleSummary:
    windows, views, axial, bins = header.projections_shape
    warnings: list[str] = []
    if counts < LOWEST_USABLE_COUNTS:
        warnings.append(note("counts.few", counts=counts))
    if not header.has_attenuation:
        warnings.append(note("map.none"))
    if not header.has_reference:
        warnings.append(note("reference.none"))
    return SampleSummary(
        kind="SPECT study",
        title="Cardiac SPECT acquisition",
        has_reference=header.has_reference,
        counts=counts,
        shape=(windows, views, axial, bins),
        geometry_words=_geometry_words(header),
        warnings=tuple(warnings),
        details={
            "volume_shape": list(header.geometry.volume_shape),
            "voxel_mm": list(header.geometry.grid.voxel_mm),
            "has_attenuation": header.has_attenuation,
            "has_scatter": header.has_scatter,
            "reference_kind": header.reference_kind,
        },
    )


def _geometry_words(header: StudyHeader) -> str:
    geometry, (_, views, axial, bins) = header.geometry, header.projections_shape
    bin_mm, name = geometry.bin_mm, geometry.collimator.name
    low, high = min(geometry.radius_mm), max(geometry.radius_mm)
    if round(low) == round(high):
        return note(
            "geometry.radius", views=views, bins=bins, axial=axial, bin_mm=bin_mm, collimator=name, radius_mm=low
        )
    return note(
        "geometry.radii",
        views=views,
        bins=bins,
        axial=axial,
        bin_mm=bin_mm,
        collimator=name,
        nearest_mm=low,
        farthest_mm=high,
    )


def inspect_slice(path: Path) -> SampleSummary:
    """Summarise one 2-D brain sample; raises `SampleInvalid` like `read_slice`."""
    image, labels = read_slice(path)
    channels, height, width = image.shape
    classes: list[JsonValue] = [] if labels is None else [int(value) for value in np.unique(labels)]
    warnings = (note("labels.none"),) if labels is None else ()
    return SampleSummary(
        kind="brain slice",
        title="Brain slice",
        has_reference=labels is not None,
        counts=None,
        shape=(channels, height, width),
        geometry_words=note("geometry.slice", channels=channels, height=height, width=width),
        warnings=warnings,
        details={"classes": classes},
    )


INSPECTORS: Mapping[str, Callable[[Path], SampleSummary]] = {SPECT: inspect_study, "brain-segmentation": inspect_slice}
"""Of each task; each raises `SampleInvalid`."""
