"""docs/population.md says what the code draws."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel

from synthesis.mixing import UPTAKE_RANGES
from synthesis.phantoms.anatomy import Anatomy, draw_anatomy
from synthesis.scenario import load_scenario
from synthesis.specs.patients import LesionSpec, OrganLesionSpec, PopulationSpec

PAGE = Path(__file__).parents[3] / "docs" / "population.md"
COVERED = 0.75  # of a documented range, by 600 patients


def table(name: str) -> dict[str, list[str]]:
    """Return the rows of a table by their first cell."""
    lines = PAGE.read_text(encoding="utf-8").split(f"<!-- {name} -->\n")[1].splitlines()
    rows = {}
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows[first.strip("`")] = cells
    return rows


def written(value: object, nothing: str = "none") -> str:
    """Return a default as the page writes it."""
    if isinstance(value, tuple):
        return f"{value[0]:g}" if value[0] == value[1] else f"{value[0]:g}-{value[1]:g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else nothing


@pytest.fixture(scope="module")
def patients() -> list[Anatomy]:
    site = load_scenario("cardiac").site("cardiac")
    return [draw_anatomy(site, np.random.default_rng([5, i])) for i in range(600)]


def value_of(anatomy: Anatomy, name: str) -> float:
    if name == "body width":
        return 2 * anatomy.body_half[0]
    value: object = anatomy
    for part in name.split("."):
        value = value["xyz".index(part)] if isinstance(value, tuple) else getattr(value, part)
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize("name", table("drawn"))
def test_what_is_drawn_stays_within_the_documented_range_and_fills_it(name: str, patients: list[Anatomy]) -> None:
    least, largest = (float(cell) for cell in table("drawn")[name][:2])
    values = [value_of(patient, name) for patient in patients]
    assert least - 1e-9 <= min(values)
    assert max(values) <= largest + 1e-9
    assert max(values) - min(values) > COVERED * (largest - least)


def test_every_field_of_the_population_is_documented_with_its_default_and_its_meaning() -> None:
    rows, broad = table("population"), load_scenario("population").population
    assert list(rows) == list(PopulationSpec.model_fields)
    for name, field in PopulationSpec.model_fields.items():
        default, used, meaning, _ = rows[name]
        assert default == written(field.default, "as below" if name == "rv_uptake" else "as above"), name
        assert used == written(getattr(broad, name)), name
        assert meaning == field.description, name


@pytest.mark.parametrize(("name", "spec"), [("lesions", LesionSpec), ("organ_lesions", OrganLesionSpec)])
def test_every_limit_of_a_lesion_is_documented_with_its_default(name: str, spec: type[BaseModel]) -> None:
    rows = table(name)
    assert list(rows) == list(spec.model_fields)
    for field, (default, meaning) in rows.items():
        assert default == written(spec.model_fields[field].default), field
        assert meaning


def test_documented_uptakes_are_those_that_are_drawn() -> None:
    assert {key: tuple(float(c) for c in cells) for key, cells in table("uptake").items()} == UPTAKE_RANGES
