"""What a model's card says about its errors: calibrated intervals and the thresholds of the alarm. Torch-free.

Both records are measured on studies with a known truth (`model.confidence.calibration`) and are valid for one weights
file only, which they name.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SpreadKind = Literal["bootstrap", "ensemble", "both"]
_HASH = r"^[0-9a-f]{64}$"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MeasuredShare(_Record):
    """A share of cases, or a mean over cases, and its 95 % interval."""

    value: float
    low: float
    high: float


class RegionCalibration(_Record):
    """One region's factor, and what it achieved on cases that had no part in choosing it."""

    factor: float = Field(gt=0, description="half-width = factor x (spread + floor)")
    coverage_before: MeasuredShare | None = Field(
        default=None, description="mean share of the region inside image +- z x spread, z the normal quantile of level"
    )
    coverage: MeasuredShare | None = Field(default=None, description="mean share of the region inside the interval")
    cases_covered: MeasuredShare | None = Field(
        default=None, description="share of cases with at least `level` of the region inside"
    )
    half_width: float | None = Field(default=None, description="mean half-width, in units of the floor's unit")


class UncertaintyRecord(_Record):
    """How wide an interval must be.

    The promise of each region: in a new case like those of the calibration, with probability ``case_level`` at least
    ``level`` of the region's voxels (or wall segments) lie inside image +- half-width.
    """

    schema_version: Literal[1] = 1
    weights: str = Field(pattern=_HASH, description="content hash of the weights it was measured for")
    members: tuple[str, ...] = Field(default=(), description="content hashes of the ensemble's other networks")
    method: SpreadKind
    replicates: int = Field(ge=0)
    level: float = Field(gt=0, lt=1)
    case_level: float = Field(gt=0, lt=1)
    floor: float = Field(ge=0, description="added to the spread, as a share of the mean activity of the body")
    segment_floor: float = Field(ge=0, description="added to a wall segment's spread, in points of the polar map")
    regions: dict[str, RegionCalibration] = Field(description="body, heart: voxels; segments: polar map, in points")
    cases: int = Field(ge=1, description="cases that chose the factors")
    test_cases: int = Field(ge=0, description="cases that measured the coverage")
    data_digest: str = Field(pattern=_HASH)


class Scale(_Record):
    """Middle and width of one statistic over the calibration's cases."""

    middle: float
    width: float = Field(gt=0)


class Range(_Record):
    """Smallest and largest value among the calibration's cases."""

    low: float
    high: float


class AlarmRecord(_Record):
    """What input the network knows, and how well its image explains the counts of such input."""

    schema_version: Literal[1] = 1
    weights: str = Field(pattern=_HASH)
    statistics: dict[str, Scale]
    unusual: float = Field(description="score from which a study counts as unusual: a conformal quantile over cases")
    unlike: float = Field(description="score from which a study counts as unlike the training data: an extrapolation")
    false_alarm_level: float = Field(
        gt=0, lt=1, description="the share of familiar cases with a score above `unusual` aimed at"
    )
    false_alarms: MeasuredShare | None = Field(
        default=None, description="share of familiar cases with any finding, measured on cases that had no part in it"
    )
    ranges: dict[str, Range]
    always: tuple[str, ...] = Field(default=(), description="corrections that every case had: attenuation, scatter")
    cases: int = Field(ge=1)
    test_cases: int = Field(ge=0)
    data_digest: str = Field(pattern=_HASH)
