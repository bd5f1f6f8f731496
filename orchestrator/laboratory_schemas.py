"""What the laboratory's part of the UI API says and accepts under /api/v1/laboratory."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from fl_core.protocol.messages import Json, Name
from fl_core.views import NoteView, PartOfList, Schema
from model.job_requests import OsemRequest
from synthesis.form import MOST_LESION_KINDS, LesionChoice, Preset, ScenarioChoices

JobKind = Literal["synthesis", "check", "training", "comparison", "reconstruction"]
Baseline = Literal["osem", "mlem", "fbp", "map-osem", "default"]
ExportFormat = Literal["dcm", "h5", "nii"]
MOST_STUDIES = 20_000


class ScenarioList(Schema):
    """GET /laboratory/scenarios: where the form begins, and the JSON schemas from which it is drawn."""

    items: list[Preset]
    choices_schema: Json
    lesion_schema: Json
    organs: list[str]


class ScenarioAsked(Schema):
    """What to make; the body of POST /laboratory/estimate."""

    preset: str = Field(max_length=64)
    choices: ScenarioChoices
    lesions: list[LesionChoice] = Field(default_factory=list, max_length=MOST_LESION_KINDS)
    studies: int = Field(ge=1, le=MOST_STUDIES, description="bodies at each site")
    variants: int = Field(default=1, ge=1, le=100, description="examinations of every body")


class SynthesisCreate(ScenarioAsked):
    """POST /laboratory/synthesis: makes a data set."""

    name: Name
    seed: int = Field(default=0, ge=0, le=2**31 - 1)


class EstimateView(Schema):
    """The answer to POST /laboratory/estimate."""

    studies: int
    wall_s: float
    bytes: int
    memory_bytes: int
    cores: int
    measured: bool
    free_bytes: int
    fits: bool


class FolderCreate(Schema):
    """POST /laboratory/sets: a folder of study files on this computer, read and never written."""

    name: Name
    folder: str = Field(min_length=1, max_length=1000)


class CountRange(Schema):
    """Counts in the photopeak: fewest, middle, most."""

    low: float
    middle: float
    high: float


class SetProblem(Schema):
    """A file of a data set that cannot be used."""

    file: str
    state: str
    reason: str


class SetBrief(Schema):
    """What a list says of the studies of a data set."""

    studies: int
    bytes: int
    references: dict[str, int] = Field(description="kind of reference image -> studies")


class SetFacts(SetBrief):
    """What a data set holds."""

    patients: int
    with_attenuation: int
    with_infarcts: int
    with_lesions: int
    grids: dict[str, int]
    counts: CountRange
    problems: list[SetProblem]
    problem_count: int
    outliers: int
    scenarios: list[str]
    seeds: list[int]


class SetSummary(Schema):
    """A data set in a list."""

    id: str
    name: str
    origin: Literal["made", "folder"]
    state: Literal["making", "ready", "incomplete", "missing"]
    folder: str
    facts: SetBrief | None
    created_at: datetime
    job_id: str | None = Field(description="the job that makes or checks it")


class SetView(SetSummary):
    """GET /laboratory/sets/{id}, delta `laboratory_set`."""

    facts: SetFacts | None


class Infarct(Schema):
    """One infarct of a study."""

    severity: float
    extent: float
    segments: list[int]


class StudyRow(Schema):
    """One study of a data set."""

    number: int
    file: str
    site: str | None
    counts: float
    grid: str
    female: bool | None
    infarcts: list[Infarct]
    lesions: dict[str, int]
    reference: str | None
    attenuation: bool
    stands_out: list[str]
    pictured: bool


class StudyRowsWanted(Schema):
    """The part of a data set's studies that is wanted; without `limit` all of them."""

    search: str = Field(
        default="", max_length=80, description="words that must all occur in the file's name, in any case"
    )
    pictured: bool = Field(default=False, description="only studies of which there is a picture")
    limit: int | None = Field(default=None, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=20, description="`next_cursor` of the part before")


class StudyRowList(PartOfList):
    """GET /laboratory/sets/{id}/studies."""

    items: list[StudyRow]


class TrainingCreate(Schema):
    """POST /laboratory/trainings: a central training on data sets of this computer."""

    name: Name
    set_ids: list[str] = Field(min_length=1, max_length=20)
    validation_set_id: str | None = None
    holdout: float = Field(default=0.2, ge=0.01, le=0.5, description="share of the patients, without a validation set")
    network: str = Field(max_length=80)
    model_id: str | None = Field(default=None, description="what to begin with; absent: random weights")
    epochs: int = Field(default=20, ge=1, le=10_000)
    patience: int | None = Field(default=None, ge=1, le=1000)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    parameters: Json = Field(default_factory=dict)


class ComparisonCreate(Schema):
    """POST /laboratory/comparisons: models and classical methods on one data set."""

    title: Name
    set_id: str
    model_ids: list[str] = Field(default_factory=list, max_length=8)
    baselines: list[Baseline] = Field(default=["osem"], max_length=5)
    most_studies: int = Field(default=50, ge=1, le=5000)


class ReconstructionCreate(Schema):
    """POST /laboratory/reconstructions: one study by OSEM and by a model, side by side."""

    set_id: str | None = None
    file: str | None = Field(default=None, max_length=500)
    upload_id: str | None = Field(default=None, max_length=80)
    model_id: str | None = Field(default=None, description="absent: the trained network that comes with the package")
    osem: OsemRequest = OsemRequest()


class UploadView(Schema):
    """The answer to POST /laboratory/uploads."""

    id: str
    name: str


class CurveRow(Schema):
    """One validation of a training."""

    step: int
    epoch: float
    train_loss: float | None = None
    score: float | None = None
    nrmse_body: float | None = None
    nrmse_heart: float | None = None
    ssim_heart: float | None = None


class LossPoint(Schema):
    """The loss of one step."""

    step: int
    loss: float


class JobProgress(Schema):
    """How far a job is, and its newest figures."""

    share: float = 0.0
    stage: str = ""
    done: int | None = None
    total: int | None = None
    step: int | None = None
    steps: int | None = None
    epoch: int | None = None
    loss: float | None = None
    best_score: float | None = None
    left_s: float | None = None


class JobLive(JobProgress):
    """The same with what a training has told so far, oldest first."""

    losses: list[LossPoint] = Field(default_factory=list, description="thinned")
    curve: list[CurveRow] = Field(default_factory=list)


class JobProblem(Schema):
    """Why a job failed: a code of the catalogue, a sentence, a remedy."""

    code: str
    title: str
    detail: str
    advice: str
    remedy: str = Field(default="", description="advice of this very case; empty where the catalogue's is all there is")


class JobSummary(Schema):
    """A job in a list."""

    id: str
    number: int
    kind: JobKind
    title: str
    state: Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
    ending: bool = Field(description="it was asked to end and puts its work away")
    can_cancel: bool
    can_resume: bool
    live: JobProgress
    problem: JobProblem | None
    set_id: str | None
    model_id: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class JobView(JobSummary):
    """GET /laboratory/jobs/{id}."""

    spec: Json
    live: JobLive


class JobTold(JobSummary):
    """Delta `laboratory_job`: of curve and losses the newest points only; pages keep the earlier ones."""

    live: JobLive


class Interval(Schema):
    """A figure with its 95 % interval over cases."""

    value: float | None
    low: float | None
    high: float | None
    cases: int


class MethodFigures(Schema):
    """Figures of one method; differences are paired with the method that all are compared with."""

    means: dict[str, Interval]
    differences: dict[str, Interval]
    ratios: dict[str, Interval]
    extra: dict[str, Interval]


class ComparisonResult(Schema):
    """What a comparison found."""

    against: str
    studies: int
    failures: int
    summary: dict[str, MethodFigures]


class ReconstructionResult(Schema):
    """What trying a model gave: images by name, scores where there is a reference."""

    arrays: list[str]
    metrics: dict[str, dict[str, float]]
    seconds: dict[str, float]
    notes: list[NoteView]
    alarm: Json | None


class JobResult(Schema):
    """GET /laboratory/jobs/{id}/result."""

    comparison: ComparisonResult | None = None
    reconstruction: ReconstructionResult | None = None


class JobLog(Schema):
    """GET /laboratory/jobs/{id}/log: the latest lines."""

    lines: list[str]


class SetList(PartOfList):
    """GET /laboratory/sets, newest first."""

    items: list[SetSummary]


class JobList(PartOfList):
    """GET /laboratory/jobs, newest first."""

    items: list[JobSummary]


class SetPath(Schema):
    """Names a data set."""

    set_id: str


class PicturePath(SetPath):
    """Names the picture of a study by its number."""

    number: Annotated[int, Field(ge=0, le=MOST_STUDIES * 100)]


class JobPath(Schema):
    """Names a job."""

    job_id: str


class JobArrayPath(JobPath):
    """Names an image of a reconstruction."""

    array: Literal["osem", "model", "reference", "mu"]


class JobExportPath(JobArrayPath):
    """Names an image of a reconstruction and a file format."""

    form: ExportFormat
