"""Grouped by regions a body has few sources, and its first examination is the same as with every organ apart."""

from dataclasses import replace

import numpy as np

from synthesis.patient import make_phantom
from synthesis.scenario import Scenario
from synthesis.simulation.analytic import AnalyticSimulator
from synthesis.sources import SURROUNDINGS, WHOLE
from synthesis.specs.simulation import GateSpec, Grouping
from synthesis.template import Template
from synthesis.variants import mix_study
from tests.support.scenarios import quick_scenario


def scenario(grouping: Grouping) -> Scenario:
    spec = GateSpec(grouping=grouping, oversampling=2)
    return quick_scenario(infarct_share=1.0).model_copy(update={"simulation": spec})


def template(grouping: Grouping) -> Template:
    """Simulate the sources of a Monte Carlo's body with the analytic simulator, which takes no hours."""
    phantom = make_phantom(scenario(grouping), "quick", seed=3, index=0)
    body = phantom.body
    projections = AnalyticSimulator(2).project_sources(
        tuple(body.members), phantom.activity, phantom.mu_per_mm, body.geometry, seed=0
    )
    coarse = phantom.activity.reshape(len(body.members), *(m for n in body.geometry.volume_shape for m in (n, 2)))
    return Template(body, coarse.mean(axis=(2, 4, 6)), replace(projections, scatter_is_physical=True))


def test_regions_are_myocardium_infarcts_and_all_the_rest() -> None:
    members = make_phantom(scenario("regions"), "quick", seed=3, index=0).body.members
    assert set(members) == {"myocardium", "lesion_1", SURROUNDINGS}
    assert {"liver", "lung", "blood"} <= set(members[SURROUNDINGS])


def test_the_first_examination_does_not_depend_on_the_grouping() -> None:
    few, many = (mix_study(template(grouping), 0, noise=False) for grouping in ("regions", "organs"))
    for name in ("projections", "reference"):
        a, b = getattr(few, name), getattr(many, name)
        assert np.abs(a - b).max() < 1e-4 * a.max(), name


def test_later_examinations_keep_the_ratios_of_the_rest() -> None:
    few = template("regions")
    first, later = (mix_study(few, variant).provenance["uptakes"] for variant in (0, 1))
    ratios = {organ: later[organ] / first[organ] for organ in few.body.members[SURROUNDINGS]}
    assert max(ratios.values()) - min(ratios.values()) < 1e-9
    assert abs(next(iter(ratios.values())) - 1) > 1e-3


def test_the_whole_body_is_one_source_and_gives_the_same_first_examination() -> None:
    one, many = template("whole"), template("organs")
    assert set(one.body.members) == {WHOLE}
    assert "lesion_1" in one.body.members[WHOLE]
    first, same = mix_study(one, 0, noise=False), mix_study(many, 0, noise=False)
    for name in ("projections", "reference"):
        a, b = getattr(first, name), getattr(same, name)
        assert np.abs(a - b).max() < 1e-4 * a.max(), name


def test_later_examinations_of_the_whole_body_keep_severities_and_ratios() -> None:
    one = template("whole")
    first, later = (mix_study(one, variant, noise=False) for variant in (0, 1))
    assert first.truth is not None
    assert later.truth is not None
    assert first.truth.defects == later.truth.defects
    assert first.reference is not None
    assert later.reference is not None
    scale = later.reference.sum() / first.reference.sum()
    assert np.abs(later.reference - first.reference * scale).max() < 1e-4 * later.reference.max()
    assert abs(scale - 1) > 1e-3  # counts are drawn anew
