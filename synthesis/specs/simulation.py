"""How the measurement is made from the phantom: which simulator and its settings."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from synthesis.specs.fields import FractionRange, Positive, Range, Spec, within

ScatterModel = Literal["broad", "compton"]


class AnalyticSpec(Spec):
    """The analytic projector.

    `oversampling` is the ratio of the simulation grid to the reconstruction grid along each axis; below 2 the same
    discretisation would make and solve the problem (an inverse crime), so it is refused. `scatter_fraction` is
    scatter / (primary + scatter) in the photopeak window, smallest for thin and largest for broad patients.
    `scatter_scale_sd` is the relative error of a site's scatter calibration. `septal_fraction` is the share of the
    primary counts that crossed a septum (none by default; a few per cent for Tc-99m and a low-energy collimator).
    `scatter_model` is ``broad``, the same broad distribution in every view, or ``compton``, distribution and amount from
    the physics of the scattering; `scatter_fraction` then has no effect.
    """

    LATER: ClassVar[frozenset[str]] = frozenset({"septal_fraction", "scatter_model"})

    kind: Literal["analytic"] = "analytic"
    oversampling: int = Field(default=2, ge=2, le=4)
    scatter_fraction: FractionRange = (0.25, 0.40)
    scatter_scale_sd: float = Field(default=0.015, ge=0.0, le=0.1)
    septal_fraction: Annotated[Range, within(0.0, 0.5)] = (0.0, 0.0)
    scatter_model: ScatterModel = "broad"


GateCameraName = Literal["auto", "nm670/lehr", "nm670/megp", "nm670/hegp", "intevo/lehr", "intevo/melp", "intevo/he"]
GatePhysics = Literal["auto", "G4EmStandardPhysics", "G4EmStandardPhysics_option3", "G4EmStandardPhysics_option4"]


Grouping = Literal["organs", "regions", "whole"]
NoiseRule = Literal["added", "kept"]


class GateSpec(Spec):
    """Monte Carlo with GATE 10 (package `opengate`), every source and view on its own.

    Parameters
    ----------
    oversampling : int
        Simulation grid to reconstruction grid along each axis.
    scatter_scale_sd : float
        Relative error of a site's scatter calibration.
    camera : str
        ``auto`` takes opengate's camera with the site's collimator; a named one must have that collimator.
    mode : str
        ``freeflight`` simulates unscattered and scattered photons apart, with photons sent to the camera; ``analog``
        simulates nature, about a thousand times as slowly, to check the other by.
    counts_per_view : float
        Equivalent counts, (sum w)^2 / sum w^2, wanted in every view of every source.
    scatter_share : float
        The same for the scattered photons alone, as a share of `counts_per_view`.
    photons_per_view : int, optional
        Photons that start in every run, instead of a target.
    physics : str
        ``auto``: option 4 with the official Geant4 data, the standard list with the small test data.
    splitting : int
        Copies of each scattered photon that try to fly to the camera.
    acceptance_deg : float, optional
        Largest angle with the camera's normal of photons sent to it; by default 1.4 times that of the widest straight way
        through a hole.
    grouping : str
        ``organs`` simulates every organ on its own, so that each can change its uptake; ``regions`` only the myocardium,
        every infarct, and all the rest together, whose organs then keep their ratios: a quarter of the core hours;
        ``whole`` everything at once: the fewest core hours for one examination, whose uptakes and severities then stay.
    scatter_every : int
        The scattered photons are simulated in every so many views and in the last one, and interpolated between them.
    scatter_lowpass_mm : float
        Full width at half maximum of a Gaussian over the scattered counts of a view, counts kept; 0 for none. Scatter
        has no fine structure, and its counts cost twenty times as much as primary ones.
    noise : str
        ``added``: the Monte Carlo must be nearly free of noise (a tenth of the Poisson variance), and the noise of the
        measurement is added. ``kept``: its noise counts as part of the measurement's, and only the rest is added, so
        that a tenth of the photons will do; examinations of one body then share a part of their noise.
    g4data : str
        Folder of the Geant4 data; empty for FLOMIR_G4DATA or opengate's own.
    max_core_hours : float
        A body that needs more is refused.
    """

    # the first two change no number
    LATER: ClassVar[frozenset[str]] = frozenset(
        {"g4data", "max_core_hours", "scatter_every", "scatter_lowpass_mm", "noise"}
    )

    kind: Literal["gate"] = "gate"
    oversampling: int = Field(default=2, ge=1, le=4)
    scatter_scale_sd: float = Field(default=0.015, ge=0.0, le=0.1)
    camera: GateCameraName = "auto"
    mode: Literal["freeflight", "analog"] = "freeflight"
    counts_per_view: Positive = 40_000.0
    scatter_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.15
    photons_per_view: int | None = Field(default=None, ge=1)
    physics: GatePhysics = "auto"
    splitting: int = Field(default=1000, ge=1, le=100_000)
    acceptance_deg: Annotated[float, Field(gt=0.0, le=45.0)] | None = None
    grouping: Grouping = "organs"
    scatter_every: int = Field(default=1, ge=1, le=12)
    scatter_lowpass_mm: float = Field(default=0.0, ge=0.0, le=100.0)
    noise: NoiseRule = "added"
    g4data: str = ""
    max_core_hours: Positive = 200.0

    @model_validator(mode="after")
    def _scatter_apart(self) -> Self:
        if self.mode == "analog" and (self.scatter_every > 1 or self.scatter_lowpass_mm > 0):
            message = "scatter_every and scatter_lowpass_mm need mode freeflight, which simulates the scatter apart"
            raise ValueError(message)
        return self

    def scatter_views(self, views: int) -> tuple[int, ...]:
        """Return in which of so many views the scattered photons are simulated."""
        return tuple(sorted({*range(0, views, self.scatter_every), views - 1}))


def _kind(value: Any) -> str:
    kind = value.get("kind", "analytic") if isinstance(value, dict) else getattr(value, "kind", "analytic")
    return str(kind)


SimulationSpec = Annotated[
    Annotated[AnalyticSpec, Tag("analytic")] | Annotated[GateSpec, Tag("gate")], Discriminator(_kind)
]
