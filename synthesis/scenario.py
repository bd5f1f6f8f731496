"""Read and check what to make: grid, orbit, simulation and the sites with their cameras and patients, from TOML."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import tomllib
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, field_serializer, model_validator

from model.geometry import AcquisitionGeometry, Collimator, EnergyWindow, VolumeGrid, orbit_angles_rad
from synthesis.errors import ScenarioInvalid
from synthesis.materials import EMISSION_KEV
from synthesis.specs.acquisition import CollimatorSpec, GridSpec, OrbitSpec
from synthesis.specs.fields import Fraction, Positive, PositiveRange, Spec
from synthesis.specs.patients import PATIENT_SHIFT_MM, LesionSpec, OrganLesionSpec, PopulationSpec
from synthesis.specs.perturbation import PerturbationSpec
from synthesis.specs.phantom import PhantomSpec, ThoraxSpec
from synthesis.specs.simulation import AnalyticSpec, SimulationSpec


class SiteProfile(Spec):
    """One hospital: its camera, its protocol and its patients.

    Lengths in mm. `counts` is the total expected in the photopeak window over all views, drawn log-uniformly.
    `body_width_mm` is the lateral width of men; women are 8 % narrower. The camera moves in a circle whose radius
    clears the body by `clearance_mm`, rounded up to a multiple of `radius_step_mm`, and never below `radius_min_mm`.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    title: str = ""
    counts: PositiveRange = (1.0e6, 4.0e6)
    collimator: CollimatorSpec = CollimatorSpec(name="LEHR", hole_mm=1.5, length_mm=35.0)
    intrinsic_fwhm_mm: float = Field(default=3.9, ge=0.0, le=20.0)
    radius_min_mm: Positive = 210.0
    clearance_mm: float = Field(default=25.0, ge=0.0)
    radius_step_mm: Positive = 20.0
    body_width_mm: PositiveRange = (310.0, 388.0)
    female_share: Fraction = 0.45
    infarct_share: Fraction = 0.5
    orbit: OrbitSpec | None = Field(default=None, description="this site's own orbit; the scenario's by default")


class Scenario(Spec):
    """Everything that decides what is made, apart from seed and number of studies.

    With `scatter_window_kev` the counts of that window are stored beside those of the photopeak.
    """

    LATER: ClassVar[frozenset[str]] = frozenset({"organ_lesions", "population", "perturbation", "scatter_window_kev"})

    schema_version: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    title: str = ""
    phantom: PhantomSpec = ThoraxSpec()
    grid: GridSpec = GridSpec()
    orbit: OrbitSpec = OrbitSpec()
    simulation: SimulationSpec = AnalyticSpec()
    lesions: LesionSpec = LesionSpec()
    organ_lesions: tuple[OrganLesionSpec, ...] = Field(default=(), max_length=8)
    population: PopulationSpec = PopulationSpec()
    perturbation: PerturbationSpec = PerturbationSpec()
    window_kev: PositiveRange = (126.45, 154.55)
    scatter_window_kev: PositiveRange | None = None
    sites: tuple[SiteProfile, ...] = Field(min_length=1, max_length=1000)

    @field_serializer("phantom", mode="wrap")
    def _short(self, phantom: PhantomSpec, handler: SerializerFunctionWrapHandler) -> object:
        """Write the built-in phantom without settings by its name, as it was written when there was one kind."""
        return phantom.kind if phantom == ThoraxSpec() else handler(phantom)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        names = [site.name for site in self.sites]
        if len(set(names)) != len(names):
            message = f"site names must differ, got {names}"
            raise ValueError(message)
        width = self.grid.shape[2] * self.grid.voxel_mm[2]
        room = width - 2 * self.grid.voxel_mm[2] - 2 * PATIENT_SHIFT_MM
        broadest = max(site.body_width_mm[1] for site in self.sites) + self.population.arms_mm
        if broadest > room:
            with_arms = " with its arms down" if self.population.arms_mm else ""
            message = f"a body {broadest:g} mm wide{with_arms} does not fit: the field of view of {width:g} mm has room for {room:g} mm"
            raise ValueError(message)
        low, high = self.window_kev
        if not low < EMISSION_KEV < high:
            message = (
                f"window_kev, {low:g} to {high:g} keV, must hold the {EMISSION_KEV} keV that every study is made with"
            )
            raise ValueError(message)
        if self.scatter_window_kev is not None and self.scatter_window_kev[1] > self.window_kev[0]:
            message = f"the scatter window must end below the photopeak window at {self.window_kev[0]:g} keV"
            raise ValueError(message)
        if self.keeps_noise and self.perturbation != PerturbationSpec():
            message = 'with simulation.noise = "kept" the counts hold noise already, which no perturbation may change'
            raise ValueError(message)
        return self

    def site(self, name: str) -> SiteProfile:
        """Return the profile called `name`; ScenarioInvalid names those there are."""
        for profile in self.sites:
            if profile.name == name:
                return profile
        known = ", ".join(profile.name for profile in self.sites)
        message = f"Scenario {self.name} has no site {name}."
        raise ScenarioInvalid(message, f"Choose one of: {known}.")

    @property
    def digest(self) -> str:
        """SHA-256 of the scenario's canonical JSON, hex."""
        text = json.dumps(
            self.model_dump(mode="json", context={"identity": True}), sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def keeps_noise(self) -> bool:
        """Whether the simulation's own noise counts as the measurement's."""
        return getattr(self.simulation, "noise", "added") == "kept"

    def volume_grid(self) -> VolumeGrid:
        """Return the reconstruction grid."""
        return VolumeGrid(shape=self.grid.shape, voxel_mm=self.grid.voxel_mm)

    def orbit_of(self, site: SiteProfile) -> OrbitSpec:
        """Return the site's own orbit, else the scenario's."""
        return site.orbit or self.orbit

    def geometry(self, site: SiteProfile, radius_mm: float | tuple[float, ...]) -> AcquisitionGeometry:
        """Return the acquisition at `site` on the reconstruction grid: a circle, or one radius a view."""
        orbit, grid = self.orbit_of(site), self.volume_grid()
        windows = [EnergyWindow("photopeak", *self.window_kev)]
        if self.scatter_window_kev is not None:
            windows.append(EnergyWindow("scatter", *self.scatter_window_kev))
        return AcquisitionGeometry(
            angles_rad=orbit_angles_rad(orbit.views, start_deg=orbit.start_deg, arc_deg=orbit.arc_deg),
            radius_mm=radius_mm if isinstance(radius_mm, tuple) else (radius_mm,) * orbit.views,
            duration_s=(orbit.seconds_per_view,) * orbit.views,
            n_bins=grid.shape[2],
            n_axial=grid.shape[0],
            bin_mm=grid.voxel_mm[2],
            axial_mm=grid.voxel_mm[0],
            collimator=Collimator(**site.collimator.model_dump()),
            intrinsic_fwhm_mm=site.intrinsic_fwhm_mm,
            windows=tuple(windows),
            grid=grid,
        )


def builtin_scenarios() -> tuple[str, ...]:
    """Return the names of the scenarios that come with the package."""
    folder = importlib.resources.files("synthesis") / "scenarios"
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Read a built-in scenario by name, or a TOML file by path.

    Raises
    ------
    ScenarioInvalid
        Unknown name, unreadable file, or a value out of its limits; the message names the field.
    """
    return parse_scenario(_scenario_text(name_or_path), source=str(name_or_path))


def _scenario_text(name_or_path: str | Path) -> str:
    if str(name_or_path) in builtin_scenarios():
        resource = importlib.resources.files("synthesis") / "scenarios" / f"{name_or_path}.toml"
        return resource.read_text(encoding="utf-8")
    path = Path(name_or_path)
    if path.suffix != ".toml":
        message = f"There is no built-in scenario called {name_or_path}."
        raise ScenarioInvalid(message, f"Choose one of {', '.join(builtin_scenarios())}, or name a .toml file.")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"The scenario file {path.name} cannot be read: {type(error).__name__}."
        raise ScenarioInvalid(message, "Check the path and its permissions.") from error


def parse_scenario(text: str, *, source: str = "scenario") -> Scenario:
    """Parse TOML text; ScenarioInvalid names the first wrong field."""
    try:
        return validate_scenario(tomllib.loads(text), source=source)
    except tomllib.TOMLDecodeError as error:
        message = f"{source} is not valid TOML: {error}."
        raise ScenarioInvalid(message) from error


def validate_scenario(data: dict[str, Any], *, source: str = "scenario") -> Scenario:
    """Check the values of a scenario; ScenarioInvalid names the first wrong field."""
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(_written(first["loc"])) or "scenario"
        message = f"{source}: {where}: {first['msg']} ({error.error_count()} in all)."
        raise ScenarioInvalid(message) from error


def _written(place: tuple[int | str, ...]) -> list[str]:
    """Return where a value stands in the file: the kind of simulation or phantom is no key of its own."""
    parts = [str(part) for part in place]
    return parts[:1] + parts[2:] if parts[:1] in (["simulation"], ["phantom"]) else parts
