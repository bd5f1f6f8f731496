"""The built-in thorax as a back end: draw a patient of a site's population and voxelise it."""

from __future__ import annotations

from typing import Any

from model.geometry import VolumeGrid
from synthesis.defects import draw_lesions
from synthesis.organ_lesions import plan_lesions
from synthesis.phantoms.anatomy import draw_anatomy
from synthesis.phantoms.arms import reach_mm
from synthesis.phantoms.body import Body, BodyStreams
from synthesis.phantoms.thorax import build_patient
from synthesis.phantoms.variation import vary
from synthesis.scenario import Scenario, SiteProfile
from synthesis.specs.patients import PopulationSpec


def make_body(scenario: Scenario, site: SiteProfile, grid: VolumeGrid, streams: BodyStreams) -> Body:
    """Make one patient of `site` on `grid`."""
    drawn = draw_anatomy(site, streams.anatomy)
    anatomy, uptakes = vary(drawn, scenario.population, streams.population)
    lesions = draw_lesions(scenario.lesions, site, streams.lesions)
    absent = frozenset() if anatomy.female else frozenset({"breast"})
    planned = plan_lesions(scenario.organ_lesions, streams.population, absent=absent)
    patient = build_patient(anatomy, lesions, grid, planned)
    records: dict[str, Any] = {}
    if scenario.organ_lesions:
        records["lesions"] = [lesion.to_dict() for lesion in patient.organ_lesions]
    if scenario.lesions.ischaemia_share > 0:
        records["defect_kinds"] = [lesion.kind for lesion in lesions]
    return Body(
        phantom=patient.phantom,
        lesions=lesions,
        extents=patient.extents,
        half_mm=anatomy.body_half,
        centre_mm=anatomy.centre,
        description=anatomy.to_dict(),
        uptakes=uptakes,
        records=records,
        reach_mm=0.0 if scenario.population == PopulationSpec() else reach_mm(anatomy),
    )
