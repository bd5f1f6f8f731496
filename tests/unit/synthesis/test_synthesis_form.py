"""The short form of a scenario: untouched it is the built-in scenario, touched it changes what was touched and no more."""

import pytest

from synthesis.errors import ScenarioInvalid
from synthesis.form import LesionChoice, Preset, build, presets
from synthesis.scenario import Scenario, load_scenario

NAMES = {preset.name: preset for preset in presets()}


def changed(name: str, **changes: object) -> Scenario:
    preset = NAMES[name]
    return build(name, preset.choices.model_copy(update=changes), preset.lesions)


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_an_untouched_form_makes_exactly_the_built_in_scenario(preset: Preset) -> None:
    assert build(preset.name, preset.choices, preset.lesions) == load_scenario(preset.name)


def test_every_form_value_is_one_that_the_form_allows() -> None:
    for preset in presets():
        type(preset.choices).model_validate(preset.choices.model_dump())
        for lesion in preset.lesions:
            LesionChoice.model_validate(lesion.model_dump())


def test_the_smallest_scenario_comes_first_and_a_monte_carlo_is_not_offered() -> None:
    assert next(iter(NAMES)) == "quick"
    assert "perfusion-64-gate" not in NAMES


def test_a_change_reaches_every_camera_of_the_scenario() -> None:
    made = changed("many-cameras", counts_low=0.5, views=32, infarct_share=0.1)
    assert {site.counts[0] for site in made.sites} == {0.5e6}
    assert {made.orbit_of(site).views for site in made.sites} == {32}
    assert {site.infarct_share for site in made.sites} == {0.1}
    before = load_scenario("many-cameras")
    assert [site.collimator for site in made.sites] == [site.collimator for site in before.sites]
    assert made.title.endswith("changed")


def test_counts_are_millions_and_a_full_turn_begins_behind_the_patient() -> None:
    made = changed("quick", counts_low=1.5, counts_high=3.0, arc="360", collimator="LEGP")
    assert made.sites[0].counts == (1.5e6, 3.0e6)
    assert (made.orbit.start_deg, made.orbit.arc_deg) == (180.0, -360.0)
    assert made.sites[0].collimator.hole_mm == 1.9


def test_lesions_that_were_not_touched_keep_what_the_form_does_not_show() -> None:
    before = load_scenario("lesions")
    kept = NAMES["lesions"].lesions
    added = LesionChoice(organ="spleen", share=0.2, number=2)
    made = build("lesions", NAMES["lesions"].choices, [*kept, added])
    assert made.organ_lesions[:-1] == before.organ_lesions
    assert made.organ_lesions[0].elongation == (1.0, 1.6)
    assert (made.organ_lesions[-1].organ, made.organ_lesions[-1].number) == ("spleen", (1, 2))
    assert build("lesions", NAMES["lesions"].choices, []).organ_lesions == ()


@pytest.mark.parametrize("changes", [{"matrix": 16}, {"voxel_mm": 2.0}])
def test_a_body_that_does_not_fit_the_field_of_view_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ScenarioInvalid, match="does not fit"):
        changed("quick", **changes)


def test_only_a_listed_scenario_can_be_begun_with() -> None:
    for name in ("perfusion-64-gate", "/etc/passwd", "quick.toml"):
        with pytest.raises(ScenarioInvalid, match="no scenario"):
            build(name, NAMES["quick"].choices, [])


def test_limits_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="severity"):
        type(NAMES["quick"].choices).model_validate(
            NAMES["quick"].choices.model_dump() | {"severity_low": 0.9, "severity_high": 0.1}
        )
    with pytest.raises(ValueError, match="diameter"):
        LesionChoice(organ="liver", diameter_low=30, diameter_high=20)
