"""Label maps of others as a back end: read, check, place in the field of view, paint infarcts into the labelled wall."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from model.geometry import VolumeGrid
from synthesis.defects import draw_lesions
from synthesis.errors import PhantomInvalid, ScenarioInvalid
from synthesis.organ_lesions import plan_lesions
from synthesis.phantoms.body import Body, BodyStreams
from synthesis.phantoms.files import file_hashes, phantom_files
from synthesis.phantoms.imported.assemble import LabelVolume, assemble_body, check_water, heart_mm, middle_mm
from synthesis.phantoms.imported.organ_table import read_organ_table
from synthesis.phantoms.labelmap_files import read_volume, to_mu_per_mm
from synthesis.phantoms.shapes import Point
from synthesis.scenario import Scenario, SiteProfile
from synthesis.specs.phantom import LabelmapSpec


def make_body(scenario: Scenario, site: SiteProfile, grid: VolumeGrid, streams: BodyStreams) -> Body:
    """Make one patient of `site`: always the same anatomy, with drawn infarcts, uptakes and position.

    Raises
    ------
    PhantomInvalid
        Files that are missing, damaged or do not fit together, a phantom without water, infarcts without a heart.
    """
    spec = scenario.phantom
    if not isinstance(spec, LabelmapSpec):
        message = f"The phantom is of kind {spec.kind}, not a label map."
        raise ScenarioInvalid(message)
    volume = load_volume(spec)
    if site.infarct_share > 0 and not volume.has_heart():
        message = f"Site {site.name} has patients with infarcts, but the organ table names no myocardium."
        raise PhantomInvalid(message, "Set infarct_share = 0 for the site, or name the left ventricular wall.")
    lesions = draw_lesions(scenario.lesions, site, streams.lesions)
    planned = plan_lesions(scenario.organ_lesions, streams.population)
    shift = streams.population.uniform(-spec.shift_mm, spec.shift_mm, size=2)
    centre = _centre(spec, volume)
    placed = (centre[0] - float(shift[0]), centre[1] - float(shift[1]), centre[2])
    return assemble_body(
        scenario,
        volume,
        lesions,
        planned,
        grid,
        placed,
        uptakes={organ.key: organ.uptake for organ in volume.organs if organ.uptake is not None},
        description=_description(spec, placed),
    )


def load_volume(spec: LabelmapSpec) -> LabelVolume:
    """Read and check the label map that `spec` names; the last one stays in memory."""
    files = phantom_files(spec).values()
    stamps = tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in files if path.is_file())
    return _load(spec.model_dump_json(), stamps)


@lru_cache(maxsize=1)
def _load(spec_json: str, stamps: tuple[tuple[int, int], ...]) -> LabelVolume:
    del stamps  # only there so that a changed file is read again
    spec = LabelmapSpec.model_validate_json(spec_json)
    table = read_organ_table(spec.organs)
    labels = read_volume(spec.labels, spec)
    index = table.index(labels.array, spec.labels.name)
    mu = None
    if spec.attenuation is not None:
        read = read_volume(spec.attenuation, spec)
        if read.array.shape != labels.array.shape or not np.allclose(read.voxel_mm, labels.voxel_mm, rtol=1e-3):
            message = (
                f"The labels are {labels.array.shape} voxels of {labels.voxel_mm} mm, the attenuation map is "
                f"{read.array.shape} of {read.voxel_mm} mm."
            )
            raise PhantomInvalid(message, "Both maps must lie on the same grid.")
        mu = to_mu_per_mm(read.array.astype(np.float32), spec.attenuation_unit)
    volume = LabelVolume(labels.grid(), index, table.organs, mu)
    check_water(volume, spec.labels.name)
    return volume


def _centre(spec: LabelmapSpec, volume: LabelVolume) -> Point:
    if isinstance(spec.centre, tuple):
        return spec.centre
    x, y, z = middle_mm(volume)
    return (x, y, heart_mm(volume)[2]) if spec.centre == "heart" and volume.has_heart() else (x, y, z)


def _description(spec: LabelmapSpec, placed: Point) -> dict[str, Any]:
    return {
        "phantom": "labelmap",
        "files": file_hashes(spec),
        "centre_mm": [round(value, 3) for value in placed],
    }
