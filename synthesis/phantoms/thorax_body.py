"""The built-in thorax as a back end: draw a patient of a site's population and voxelise it."""

from __future__ import annotations

from model.geometry import VolumeGrid
from synthesis.defects import draw_lesions
from synthesis.phantoms.anatomy import draw_anatomy
from synthesis.phantoms.body import Body, BodyStreams
from synthesis.phantoms.thorax import build_thorax
from synthesis.scenario import Scenario, SiteProfile


def make_body(scenario: Scenario, site: SiteProfile, grid: VolumeGrid, streams: BodyStreams) -> Body:
    """Make one patient of `site` on `grid`."""
    anatomy = draw_anatomy(site, streams.anatomy)
    lesions = draw_lesions(scenario.lesions, site, streams.lesions)
    phantom, extents = build_thorax(anatomy, lesions, grid)
    return Body(phantom, lesions, extents, anatomy.body_half, anatomy.centre, anatomy.to_dict(), {})
