"""The scenario as a short form for people: what a page lets them choose, read from and applied to a built-in scenario. Torch-free.

The form says less than a scenario file. What it does not name stays as the built-in scenario has it; a choice that equals the
scenario's own changes nothing, so that an untouched form makes exactly the built-in scenario.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synthesis.errors import ScenarioInvalid
from synthesis.scenario import Scenario, SiteProfile, builtin_scenarios, load_scenario, validate_scenario
from synthesis.specs.acquisition import OrbitSpec
from synthesis.specs.patients import MOST_INFARCTS, HostOrgan

ORGANS: tuple[str, ...] = get_args(HostOrgan)
MILLION = 1e6
CollimatorName = Literal["LEHR", "LEGP", "LEUHR", "other"]
ArcName = Literal["180", "360", "other"]
# Hole diameter and length in mm, as in the scenarios `many-cameras` and `mild-defects`.
COLLIMATORS: dict[CollimatorName, tuple[float, float]] = {
    "LEHR": (1.5, 35.0),
    "LEGP": (1.9, 35.0),
    "LEUHR": (1.16, 35.0),
}
ORBITS: dict[ArcName, dict[str, float]] = {
    "180": {"start_deg": 225.0, "arc_deg": -180.0},
    "360": {"start_deg": 180.0, "arc_deg": -360.0},
}
OTHER = "other"
MOST_LESION_KINDS = 8
Share = Annotated[float, Field(ge=0, le=1)]


class LesionChoice(BaseModel):
    """Lesions of one organ other than the heart: how many patients have them, how many, how large, how bright."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    organ: HostOrgan
    share: Share = Field(default=0.5, title="Share of patients")
    number: int = Field(default=1, ge=1, le=20, title="Most in one patient")
    diameter_low: float = Field(default=14, ge=4, le=80, title="Smallest diameter, mm")
    diameter_high: float = Field(default=30, ge=4, le=80, title="Largest diameter, mm")
    contrast_low: float = Field(
        default=2, gt=0, le=50, title="Least uptake", description="Times the organ's own; below 1 is a cold lesion."
    )
    contrast_high: float = Field(default=5, gt=0, le=50, title="Most uptake")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _in_order(self, "diameter", "contrast")
        return self


class ScenarioChoices(BaseModel):
    """What may be chosen of a scenario; its JSON schema draws the form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    infarct_share: Share = Field(title="Share of patients with an infarct")
    infarcts_most: int = Field(ge=1, le=MOST_INFARCTS, title="Most infarcts in one patient")
    severity_low: float = Field(
        ge=0, le=1, title="Mildest infarct", description="Loss of uptake; 1 is a complete loss."
    )
    severity_high: float = Field(gt=0, le=1, title="Most severe infarct")
    counts_low: float = Field(ge=0.01, le=100, title="Fewest counts, millions", description="In the photopeak.")
    counts_high: float = Field(ge=0.01, le=100, title="Most counts, millions")
    collimator: CollimatorName = Field(title="Collimator")
    arc: ArcName = Field(title="Arc of the camera, degrees")
    views: int = Field(ge=4, le=180, title="Views")
    matrix: int = Field(ge=16, le=128, title="Voxels across")
    slices: int = Field(ge=4, le=96, title="Slices")
    voxel_mm: float = Field(ge=2, le=20, title="Edge of a voxel, mm")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _in_order(self, "severity", "counts")
        return self


class Preset(BaseModel):
    """A built-in scenario as the form begins with it."""

    name: str
    title: str
    note: str
    sites: int
    choices: ScenarioChoices
    lesions: list[LesionChoice]


def _in_order(choice: BaseModel, *names: str) -> None:
    for name in names:
        low, high = getattr(choice, f"{name}_low"), getattr(choice, f"{name}_high")
        if low > high:
            message = f"{name}: the lower limit {low:g} is above the upper limit {high:g}"
            raise ValueError(message)


@cache
def presets() -> tuple[Preset, ...]:
    """Return the built-in scenarios that this program can make by itself (a Monte Carlo needs more than that)."""
    found = []
    for name in builtin_scenarios():
        scenario = load_scenario(name)
        if scenario.simulation.kind == "analytic":
            preset = Preset(
                name=name,
                title=scenario.title or name,
                note=_note(name),
                sites=len(scenario.sites),
                choices=choices_of(scenario),
                lesions=lesions_of(scenario),
            )
            found.append(preset)
    return tuple(sorted(found, key=lambda preset: (preset.choices.matrix * preset.choices.slices, preset.name)))


def _note(name: str) -> str:
    """Return the comment at the head of a built-in scenario."""
    import importlib.resources

    text = (importlib.resources.files("synthesis") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return re.sub(r"`([\w-]+)`", r"\1", " ".join(lines))


def choices_of(scenario: Scenario) -> ScenarioChoices:
    """Return the form's values for a scenario; of several sites the first speaks."""
    site, grid, orbit = scenario.sites[0], scenario.grid, scenario.orbit_of(scenario.sites[0])
    lesions = scenario.lesions
    return ScenarioChoices.model_construct(
        infarct_share=site.infarct_share,
        infarcts_most=lesions.number[1] if lesions.number else 2 if lesions.second_share > 0 else 1,
        severity_low=lesions.severity[0],
        severity_high=lesions.severity[1],
        counts_low=site.counts[0] / MILLION,
        counts_high=site.counts[1] / MILLION,
        collimator=_collimator(site),
        arc=_arc(orbit),
        views=orbit.views,
        matrix=grid.shape[2],
        slices=grid.shape[0],
        voxel_mm=grid.voxel_mm[2],
    )


def _collimator(site: SiteProfile) -> CollimatorName:
    hole = (site.collimator.hole_mm, site.collimator.length_mm)
    return next((name for name, known in COLLIMATORS.items() if known == hole), "other")


def _arc(orbit: OrbitSpec) -> ArcName:
    turn = {"start_deg": orbit.start_deg, "arc_deg": orbit.arc_deg}
    return next((name for name, known in ORBITS.items() if known == turn), "other")


def lesions_of(scenario: Scenario) -> list[LesionChoice]:
    """Return the form's rows for the lesions of a scenario."""
    return [
        LesionChoice.model_construct(
            organ=lesion.organ,
            share=lesion.share,
            number=lesion.number[1],
            diameter_low=lesion.diameter_mm[0],
            diameter_high=lesion.diameter_mm[1],
            contrast_low=lesion.contrast[0],
            contrast_high=lesion.contrast[1],
        )
        for lesion in scenario.organ_lesions
    ]


def build(name: str, choices: ScenarioChoices, lesions: Sequence[LesionChoice]) -> Scenario:
    """Return the built-in scenario with what was chosen otherwise.

    Raises
    ------
    ScenarioInvalid
        No such scenario, or choices that do not go together; the message names the field.
    """
    if name not in {preset.name for preset in presets()}:
        message = f"There is no scenario called {name[:60]} to begin with."
        raise ScenarioInvalid(message, "Choose one of the listed scenarios.")
    scenario = load_scenario(name)
    before = choices_of(scenario)
    changed = {key for key, value in choices.model_dump().items() if value != getattr(before, key)}
    data: dict[str, Any] = scenario.model_dump(mode="json")
    _apply_to_grid(data, choices, changed)
    _apply_to_sites(data, choices, changed)
    _apply_to_infarcts(data, choices, changed)
    known = list(zip(lesions_of(scenario), data["organ_lesions"], strict=True))
    if list(lesions) != [lesion for lesion, _ in known]:
        data["organ_lesions"] = [_organ_lesion(lesion, known) for lesion in lesions]
        changed.add("lesions")
    if changed:
        data["title"] = f"{scenario.title or name}, changed"
    return validate_scenario(data, source=name)


def _apply_to_grid(data: dict[str, Any], choices: ScenarioChoices, changed: set[str]) -> None:
    if changed & {"matrix", "slices"}:
        data["grid"]["shape"] = [choices.slices, choices.matrix, choices.matrix]
    if "voxel_mm" in changed:
        data["grid"]["voxel_mm"] = [choices.voxel_mm] * 3


def _apply_to_sites(data: dict[str, Any], choices: ScenarioChoices, changed: set[str]) -> None:
    """Every site gets what was changed: its patients, its counts, its camera."""
    orbit: dict[str, Any] = ORBITS[choices.arc] if "arc" in changed and choices.arc != OTHER else {}
    orbit = orbit | ({"views": choices.views} if "views" in changed else {})
    data["orbit"] |= orbit
    for site in data["sites"]:
        if "infarct_share" in changed:
            site["infarct_share"] = choices.infarct_share
        if changed & {"counts_low", "counts_high"}:
            site["counts"] = [choices.counts_low * MILLION, choices.counts_high * MILLION]
        if "collimator" in changed and choices.collimator != OTHER:
            hole, length = COLLIMATORS[choices.collimator]
            site["collimator"] = {"name": choices.collimator, "hole_mm": hole, "length_mm": length}
        if site["orbit"] is not None:
            site["orbit"] |= orbit


def _apply_to_infarcts(data: dict[str, Any], choices: ScenarioChoices, changed: set[str]) -> None:
    if changed & {"severity_low", "severity_high"}:
        data["lesions"]["severity"] = [choices.severity_low, choices.severity_high]
    if "infarcts_most" in changed:
        data["lesions"]["number"] = [1, choices.infarcts_most]


def _organ_lesion(lesion: LesionChoice, known: Sequence[tuple[LesionChoice, dict[str, Any]]]) -> dict[str, Any]:
    """Return a row of the scenario; one that was not changed keeps what the form does not show."""
    for before, row in known:
        if before == lesion:
            return row
    return {
        "organ": lesion.organ,
        "share": lesion.share,
        "number": [1, lesion.number],
        "diameter_mm": [lesion.diameter_low, lesion.diameter_high],
        "contrast": [lesion.contrast_low, lesion.contrast_high],
    }
