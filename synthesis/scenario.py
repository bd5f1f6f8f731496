"""Read and check what to make: grid, orbit, simulation and the sites with their cameras and patients, from TOML."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from model.geometry import AcquisitionGeometry, Collimator, EnergyWindow, VolumeGrid, orbit_angles_rad
from synthesis.errors import ScenarioInvalid

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        message = f"the lower limit {value[0]} is above the upper limit {value[1]}"
        raise ValueError(message)
    return value


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
PositiveRange = Annotated[tuple[Positive, Positive], AfterValidator(_ordered)]
FractionRange = Annotated[tuple[Fraction, Fraction], AfterValidator(_ordered)]


PATIENT_SHIFT_MM = 6.0  # a patient lies at most so far beside the rotation axis


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GridSpec(_Frozen):
    """The reconstruction grid: sizes (z, y, x) and voxel edge lengths in mm."""

    shape: tuple[int, int, int] = (16, 48, 48)
    voxel_mm: tuple[Positive, Positive, Positive] = (8.8, 8.8, 8.8)

    @model_validator(mode="after")
    def _square_and_small(self) -> Self:
        if self.voxel_mm[1] != self.voxel_mm[2] or self.shape[1] != self.shape[2]:
            message = f"a transverse slice must be square, got {self.shape[1:]} voxels of {self.voxel_mm[1:]} mm"
            raise ValueError(message)
        if not all(4 <= n <= 256 for n in self.shape):
            message = f"every grid size must lie between 4 and 256, got {self.shape}"
            raise ValueError(message)
        return self


class OrbitSpec(_Frozen):
    """Angles by the DICOM convention (0 back, 90 left, 180 front); the default runs from 45 RAO to 45 LPO."""

    views: int = Field(default=60, ge=1, le=360)
    start_deg: float = 225.0
    arc_deg: float = Field(default=-180.0, ge=-360.0, le=360.0)
    seconds_per_view: Positive = 20.0


class SimulationSpec(_Frozen):
    """How the measurement is made from the phantom.

    `oversampling` is the ratio of the simulation grid to the reconstruction grid along each axis; below 2 the same
    discretisation would make and solve the problem (an inverse crime), so it is refused. `scatter_fraction` is
    scatter / (primary + scatter) in the photopeak window, smallest for thin and largest for broad patients.
    `scatter_scale_sd` is the relative error of a site's scatter calibration.
    """

    kind: Literal["analytic"] = "analytic"
    oversampling: int = Field(default=2, ge=2, le=4)
    scatter_fraction: FractionRange = (0.25, 0.40)
    scatter_scale_sd: float = Field(default=0.015, ge=0.0, le=0.1)


class CollimatorSpec(_Frozen):
    """Hole diameter and length in mm of a parallel-hole collimator."""

    name: str
    hole_mm: Positive
    length_mm: Positive


class LesionSpec(_Frozen):
    """Limits of an infarct in XCAT's terms; the angle is 0 anterior, 90 lateral, 180 inferior, 270 septal.

    `theta_centre_deg` may be left out: then a coronary territory is drawn first and the angle inside it.
    `x_centre` runs from 0 (base) to 1 (apex); widths are total; `severity` is the loss of uptake.
    """

    theta_centre_deg: Range | None = None
    theta_width_deg: PositiveRange = (40.0, 120.0)
    x_centre: FractionRange = (0.25, 0.8)
    x_width_mm: PositiveRange = (20.0, 60.0)
    wall_fraction: FractionRange = (0.6, 1.0)
    severity: FractionRange = (0.35, 0.9)
    second_share: Fraction = 0.15


class SiteProfile(_Frozen):
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


class Scenario(_Frozen):
    """Everything that decides what is made, apart from seed and number of studies."""

    schema_version: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    title: str = ""
    phantom: Literal["thorax"] = "thorax"
    grid: GridSpec = GridSpec()
    orbit: OrbitSpec = OrbitSpec()
    simulation: SimulationSpec = SimulationSpec()
    lesions: LesionSpec = LesionSpec()
    window_kev: PositiveRange = (126.45, 154.55)
    sites: tuple[SiteProfile, ...] = Field(min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        names = [site.name for site in self.sites]
        if len(set(names)) != len(names):
            message = f"site names must differ, got {names}"
            raise ValueError(message)
        width = self.grid.shape[2] * self.grid.voxel_mm[2]
        room = width - 2 * self.grid.voxel_mm[2] - 2 * PATIENT_SHIFT_MM
        broadest = max(site.body_width_mm[1] for site in self.sites)
        if broadest > room:
            message = (
                f"a body {broadest:g} mm wide does not fit: the field of view of {width:g} mm has room for {room:g} mm"
            )
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
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def volume_grid(self) -> VolumeGrid:
        """Return the reconstruction grid."""
        return VolumeGrid(shape=self.grid.shape, voxel_mm=self.grid.voxel_mm)

    def geometry(self, site: SiteProfile, radius_mm: float) -> AcquisitionGeometry:
        """Return the acquisition at `site` with a circle of `radius_mm`, on the reconstruction grid."""
        orbit, grid = site.orbit or self.orbit, self.volume_grid()
        lower, upper = self.window_kev
        return AcquisitionGeometry(
            angles_rad=orbit_angles_rad(orbit.views, start_deg=orbit.start_deg, arc_deg=orbit.arc_deg),
            radius_mm=(radius_mm,) * orbit.views,
            duration_s=(orbit.seconds_per_view,) * orbit.views,
            n_bins=grid.shape[2],
            n_axial=grid.shape[0],
            bin_mm=grid.voxel_mm[2],
            axial_mm=grid.voxel_mm[0],
            collimator=Collimator(**site.collimator.model_dump()),
            intrinsic_fwhm_mm=site.intrinsic_fwhm_mm,
            windows=(EnergyWindow("photopeak", lower, upper),),
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
        return Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        message = f"{source} is not valid TOML: {error}."
        raise ScenarioInvalid(message) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "scenario"
        message = f"{source}: {where}: {first['msg']} ({error.error_count()} in all)."
        raise ScenarioInvalid(message) from error
