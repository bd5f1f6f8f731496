"""What an imperfect camera and an imperfect examination do to a study."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from synthesis.specs.fields import Fraction, Positive, PositiveRange, Range, Spec, within

Radionuclide = Literal["Tc-99m"]  # whose 140.5 keV window, attenuation and scatter all hold


class FaultSpec(Spec):
    """A fault that befalls a share of the studies; none by default."""

    share: Fraction = 0.0


class UniformitySpec(FaultSpec):
    """A sensitivity that varies slowly over each detector: relative standard deviation, and width of a blot in mm.

    NEMA NU 1 integral uniformities of 2-5 % after correction are standard deviations of about 0.5-1.5 %.
    """

    sd: Annotated[Range, within(0.0, 0.2)] = (0.005, 0.02)
    width_mm: Positive = 60.0


class DeadTimeSpec(FaultSpec):
    """Events lost at high rates: dead time in microseconds of an event.

    A `paralysable` camera counts n exp(-n t) of n events a second, any other n / (1 + n t). The rate is that of all
    events, `events_per_count` times the counts in the energy windows.
    """

    tau_us: Annotated[Range, within(0.0, 20.0)] = (1.0, 5.0)
    paralysable: bool = False
    events_per_count: Annotated[float, Field(ge=1.0, le=20.0)] = 3.0


class MotionSpec(FaultSpec):
    """The patient moves during the rotation: how far at its end, in mm along each axis; the direction is drawn.

    ``abrupt`` is one jump between two views, ``creeping`` goes on from the first to the last.
    """

    kind: Literal["abrupt", "creeping", "either"] = "either"
    lateral_mm: Annotated[Range, within(0.0, 60.0)] = (0.0, 10.0)
    depth_mm: Annotated[Range, within(0.0, 60.0)] = (0.0, 10.0)
    axial_mm: Annotated[Range, within(0.0, 60.0)] = (3.0, 20.0)


class CentreSpec(FaultSpec):
    """A centre of rotation that is off: how far the axis is from where the bins say, in mm; each detector its own."""

    offset_mm: Annotated[Range, within(0.0, 30.0)] = (1.0, 6.0)


class MapShiftSpec(FaultSpec):
    """A mu-map that lies beside the emission: how far, in mm, in a direction drawn at random."""

    distance_mm: Annotated[Range, within(0.0, 60.0)] = (5.0, 20.0)


class MapScaleSpec(FaultSpec):
    """A mu-map of the wrong scale, as from a wrong conversion of CT numbers."""

    factor: Annotated[Range, within(0.5, 1.5)] = (0.85, 1.15)


class MapTruncationSpec(FaultSpec):
    """A mu-map that ends at the field of view of the CT: its diameter in mm."""

    diameter_mm: Annotated[Range, within(100.0, 1000.0)] = (280.0, 360.0)


class PerturbationSpec(Spec):
    """Faults of the measurement and of the attenuation map; the default is none. The target never changes.

    `count_level` multiplies the counts and leaves the target at the full level. `decay` lets the radionuclide decay
    during the rotation. With several `detectors` the views are divided among them in consecutive blocks that are
    measured at the same time.
    """

    count_level: Annotated[PositiveRange, within(0.001, 10.0)] = (1.0, 1.0)
    decay: Radionuclide | None = None
    detectors: int = Field(default=1, ge=1, le=4)
    uniformity: UniformitySpec = UniformitySpec()
    dead_time: DeadTimeSpec = DeadTimeSpec()
    motion: MotionSpec = MotionSpec()
    centre_of_rotation: CentreSpec = CentreSpec()
    map_shift: MapShiftSpec = MapShiftSpec()
    map_scale: MapScaleSpec = MapScaleSpec()
    map_truncation: MapTruncationSpec = MapTruncationSpec()
