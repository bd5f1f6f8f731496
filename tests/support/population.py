"""Patients of the built-in population, drawn and voxelised for tests."""

import numpy as np
import numpy.typing as npt

from model.geometry import VolumeGrid
from synthesis.phantoms.anatomy import Anatomy, draw_anatomy
from synthesis.phantoms.body import Body, BodyStreams, make_body
from synthesis.phantoms.shapes import Floats, Lattice
from synthesis.phantoms.variation import vary
from synthesis.scenario import Scenario, load_scenario
from synthesis.specs.patients import PopulationSpec

GRID = VolumeGrid((32, 96, 96), (6.6, 6.6, 6.6))
SITE = load_scenario("population").sites[0]
BROAD = load_scenario("population").population


def patient(number: int, spec: PopulationSpec = BROAD, *, female: bool | None = None) -> Anatomy:
    share = SITE.female_share if female is None else float(female)
    drawn = draw_anatomy(SITE.model_copy(update={"female_share": share}), np.random.default_rng([number, 0]))
    return vary(drawn, spec, np.random.default_rng([number, 1]))[0]


def centroid(weight: Floats, grid: VolumeGrid = GRID) -> npt.NDArray[np.float64]:
    p = Lattice.of(grid)
    total = float(weight.sum())
    return np.array([float((weight * axis).sum()) / total for axis in (p.x, p.y, p.z)])


def body(scenario: Scenario, number: int) -> Body:
    streams = BodyStreams(*(np.random.default_rng([number, k]) for k in range(3)))
    return make_body(scenario, scenario.sites[0], scenario.volume_grid(), streams)
