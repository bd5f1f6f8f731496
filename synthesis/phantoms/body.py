"""One patient on the simulation grid, whichever back end made the phantom."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from model.geometry import VolumeGrid
from synthesis.defects import Lesion
from synthesis.phantoms.composition import Phantom
from synthesis.scenario import Scenario, SiteProfile

# back end -> module with a function `make_body`; imported on use, so that one back end does not need another's packages
BACK_ENDS = {
    "thorax": "synthesis.phantoms.thorax_body",
    "xcat": "synthesis.phantoms.xcat.body",
    "labelmap": "synthesis.phantoms.labelmap_body",
}


@dataclass(frozen=True)
class BodyStreams:
    """Independent random streams of one patient: anatomy, infarcts, and what was added later (population)."""

    anatomy: np.random.Generator
    lesions: np.random.Generator
    population: np.random.Generator


@dataclass(frozen=True, eq=False)
class Body:
    """A patient: the phantom, its infarcts, and what orbit and provenance need.

    Parameters
    ----------
    phantom : Phantom
        On the simulation grid; infarcts are its organs ``lesion_1`` ... in the order of `lesions`.
    lesions : tuple of Lesion
    extents : tuple of float
        Share of the left ventricular wall that each infarct covers.
    half_mm, centre_mm : (float, float)
        Half width and half depth of the trunk, and where its centre lies beside the rotation axis (x, y), in mm.
    description : mapping
        What was drawn, as JSON values, for the provenance.
    uptakes : mapping of str to float
        Uptakes that the back end prescribes; organs not named are drawn by `synthesis.mixing.draw_uptakes`.
    records : mapping
        Further keys of the study's provenance, as JSON values: ``lesions`` lists those of other organs.
    reach_mm : float
        How far from the rotation axis the orbit must stay beside the trunk, because of arms or breasts; 0 for none.
    """

    phantom: Phantom
    lesions: tuple[Lesion, ...]
    extents: tuple[float, ...]
    half_mm: tuple[float, float]
    centre_mm: tuple[float, float]
    description: Mapping[str, Any]
    uptakes: Mapping[str, float]
    records: Mapping[str, Any] = field(default_factory=dict)
    reach_mm: float = 0.0


class BodyMaker(Protocol):
    """What every back end offers as `make_body`."""

    def __call__(self, scenario: Scenario, site: SiteProfile, grid: VolumeGrid, streams: BodyStreams) -> Body:
        """Make one patient of `site` on `grid`; the same streams give the same patient."""
        ...


def make_body(scenario: Scenario, site: SiteProfile, grid: VolumeGrid, streams: BodyStreams) -> Body:
    """Make one patient with the back end that the scenario names."""
    maker: BodyMaker = importlib.import_module(BACK_ENDS[scenario.phantom.kind]).make_body
    return maker(scenario, site, grid, streams)
