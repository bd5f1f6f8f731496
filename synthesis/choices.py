"""Replace a scenario's phantom or simulator by what the command line names; the digest follows. Torch-free."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from synthesis.errors import ScenarioInvalid
from synthesis.scenario import Scenario, load_scenario, validate_scenario

PHANTOMS = ("thorax", "xcat", "labelmap")
SIMULATORS = ("analytic", "gate")


def choose(name_or_path: str | Path, *, phantom: str | None = None, simulator: str | None = None) -> Scenario:
    """Read a scenario and replace what is named; ScenarioInvalid as `load_scenario` and `with_phantom`."""
    scenario = load_scenario(name_or_path)
    scenario = scenario if phantom is None else with_phantom(scenario, phantom)
    return scenario if simulator is None else with_simulator(scenario, simulator)


def with_simulator(scenario: Scenario, kind: str) -> Scenario:
    """Return the scenario with the simulator `kind`; settings that both kinds have are kept, others take defaults."""
    if kind == scenario.simulation.kind:
        return scenario
    simulation: dict[str, Any] = {
        "kind": kind,
        "oversampling": scenario.simulation.oversampling,
        "scatter_scale_sd": scenario.simulation.scatter_scale_sd,
    }
    if kind == "analytic":
        simulation["oversampling"] = max(2, simulation["oversampling"])
    return _changed(scenario, {"simulation": simulation}, f"--simulator {kind}")


def with_phantom(scenario: Scenario, name_or_file: str) -> Scenario:
    """Return the scenario with another phantom: a kind with its defaults, or a TOML file with the section's keys.

    Raises
    ------
    ScenarioInvalid
        Neither a kind nor a readable file, or a value out of its limits; the message names the field.
    """
    if name_or_file == scenario.phantom.kind:
        return scenario
    if name_or_file in PHANTOMS:
        return _changed(scenario, {"phantom": name_or_file}, f"--phantom {name_or_file}")
    path = Path(name_or_file)
    if path.suffix != ".toml":
        message = f"There is no phantom called {name_or_file}."
        raise ScenarioInvalid(message, f"Choose one of {', '.join(PHANTOMS)}, or name a .toml file.")
    try:
        section = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        message = f"The phantom file {path.name} cannot be read: {type(error).__name__}."
        raise ScenarioInvalid(message, "Check the path and its permissions.") from error
    except tomllib.TOMLDecodeError as error:
        message = f"{path.name} is not valid TOML: {error}."
        raise ScenarioInvalid(message, "Correct the phantom file and run again.") from error
    return _changed(scenario, {"phantom": section.get("phantom", section)}, path.name)


def _changed(scenario: Scenario, sections: dict[str, Any], source: str) -> Scenario:
    return validate_scenario(scenario.model_dump(mode="json") | sections, source=source)
