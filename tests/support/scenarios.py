"""Builders of small scenarios."""

from synthesis.scenario import Scenario, load_scenario, validate_scenario


def quick_scenario(sections: dict[str, object] | None = None, **site: object) -> Scenario:
    """Return the scenario `quick` with other sections, and other values of its one site."""
    data = load_scenario("quick").model_dump(mode="json") | (sections or {})
    data["sites"] = [data["sites"][0] | site]
    return validate_scenario(data)
