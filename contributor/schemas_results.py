"""What the pages Reconstruct and Results exchange with the daemon, beside `contributor.schemas`."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from contributor.schemas import ReconstructionPath, WorkProblem
from fl_core.protocol.messages import Json
from fl_core.views import PartOfList, Schema


class ShippedModelView(Schema):
    """A trained network that came with the program."""

    id: str = Field(description="`shipped:` and the network's name; stands wherever the id of a model does")
    network: str
    is_default: bool
    sha256: str
    size_bytes: int
    card: Json


class ShippedModelList(Schema):
    """GET /models/shipped, the default first."""

    items: list[ShippedModelView]


class AlarmView(Schema):
    """Whether the study is like those the model was trained on, in words."""

    level: Literal["ok", "unusual", "unlike"]
    code: str
    sentence: str
    remedy: str


class AlarmReport(AlarmView):
    """The verdict, which is that of the gravest finding, and all findings."""

    z: float = Field(description="distance of the oddest statistic from the middle of the calibration, in its widths")
    findings: list[AlarmView]


class IntervalsView(Schema):
    """What the half-widths promise: this share of the voxels, in this share of the cases."""

    level: float
    case_level: float
    holds: bool = Field(description="false where the alarm says that the study is unlike those of the calibration")


class Voxel(Schema):
    """A place in an image, in voxels counted from 0."""

    z: float = Field(ge=0, le=2000)
    y: float = Field(ge=0, le=2000)
    x: float = Field(ge=0, le=2000)


class HeartAxis(Schema):
    """PUT /reconstructions/{id}/axis: the left ventricle's long axis."""

    base: Voxel = Field(description="middle of the valve plane")
    apex: Voxel = Field(description="tip of the wall")


class ReconstructionDetails(Schema):
    """GET /reconstructions/{id}/details: what is known about the images beside their scores."""

    alarm: AlarmReport | None = Field(description="none where the model's card has no thresholds")
    intervals: IntervalsView | None = Field(description="none where the model's card has no calibrated intervals")
    segments: dict[str, list[float | None]] = Field(
        description="image -> 17 segments of the polar map in points; `half_width` where there are intervals; "
        "empty where neither the study nor a person said where the heart is"
    )
    axis: HeartAxis | None = Field(default=None, description="what a person showed; none where the study says it")
    osem_settings: dict[str, float]


class ExportPath(ReconstructionPath):
    """An image of a reconstruction as a file to take along."""

    array: Literal["osem", "model"]
    form: Literal["dcm", "nii", "h5"]


class OwnResultPath(Schema):
    """A comparison on the own hold-out in an address."""

    result_id: str = Field(max_length=60)


class OwnResultArrayPath(OwnResultPath):
    """One image of one case of the hold-out in an address."""

    case: int = Field(ge=0, le=10_000)
    array: Literal["osem", "local", "federated", "reference"]


class OwnResultCreate(Schema):
    """POST /results: compare OSEM, a model of the own data alone, and a received model on the own hold-out."""

    model_id: str = Field(max_length=60)


class EstimateView(Schema):
    """A figure with its 95 % bootstrap interval over `patients` patients."""

    value: float
    low: float
    high: float
    patients: int


class DifferenceView(EstimateView):
    """By how much the first method differs from the second, and what can be said of it."""

    verdict: Literal["better", "worse", "unclear", "too_few"]


class MetricSummary(Schema):
    """One metric of all methods over the hold-out."""

    key: str
    higher_is_better: bool
    methods: dict[str, EstimateView]
    federated_over_local: DifferenceView | None
    federated_over_osem: DifferenceView | None
    local_over_osem: DifferenceView | None


class OwnCase(Schema):
    """One study of the hold-out: its scores by method."""

    study_id: str | None
    name: str
    patient: str = Field(description="Patient 1, 2, ...; the studies of one patient share it")
    scores: dict[str, dict[str, float | None]]
    arrays: list[str] = Field(description="names for GET /results/{id}/cases/{n}/arrays/{name}; empty beyond the first")


class OwnFindings(Schema):
    """What a comparison found."""

    metrics: list[MetricSummary]
    cases: list[OwnCase]
    patients: int
    trained_on: int = Field(description="studies of the own training half")
    rounds: list[int] = Field(description="the rounds this site gave an update in; the own model was trained as long")
    steps: int
    left_out: int = Field(description="studies that were withdrawn since; the halves are as they were with them")
    half_counts: int = Field(
        default=0,
        description="held-out studies without a reference: methods saw half their counts, OSEM of all stands for it",
    )


class OwnResultSummary(Schema):
    """A comparison in a list, delta `own_result`."""

    id: str
    session_id: str
    session_title: str
    model_id: str
    model_name: str
    round: int
    state: Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
    ending: bool = Field(description="it was told to end and puts its work away")
    stage: str
    progress: float
    created_at: datetime
    ended_at: datetime | None
    problem: WorkProblem | None


class OwnResultView(OwnResultSummary):
    """GET /results/{id}."""

    findings: OwnFindings | None


class OwnResultList(PartOfList):
    """GET /results, newest first."""

    items: list[OwnResultSummary]
