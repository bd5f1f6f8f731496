"""What the orchestrator's UI API says and accepts under /api/v1; the OpenAPI document is generated from these."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from fl_core.protocol.messages import (
    Consent,
    DataSummary,
    Json,
    Name,
    SignedDocument,
    SiteProgress,
    StrategyChoice,
)
from fl_core.protocol.plan import RoundRecord
from fl_core.views import ActivityView, ChildView, PartOfList, Schema
from model.weight_differences import WeightDifferences
from orchestrator.schemas_sites import QrView


class SystemView(Schema):
    """The daemon itself: GET /system, delta `system`."""

    name: str
    version: str
    protocol: str
    public_address: str
    ca_fingerprint: str
    children: list[ChildView]
    draining: bool = Field(description="nothing new starts: an upgrade is being prepared")
    seq: int


class InvitationCreate(Schema):
    """POST /invitations."""

    site_name: Name | None = None
    valid_hours: int = Field(default=72, ge=1, le=24 * 30)


class InvitationView(Schema):
    """GET /invitations, delta `invitation`. The secret itself is shown once, in InvitationIssued."""

    id: str
    site_name: str | None
    state: Literal["open", "used", "expired", "withdrawn"]
    created_at: datetime
    expires_at: datetime


class InvitationIssued(Schema):
    """The answer to POST /invitations."""

    invitation: InvitationView
    filename: str
    file: str
    text: str
    code: str = Field(description="the content of the QR code; it can be pasted like the text")
    qr: QrView


class SiteView(Schema):
    """GET /sites, GET /sites/{id}, delta `site`: from the pending request for trust to the revoked site, or one that left."""

    id: str
    name: str
    state: Literal["pending", "trusted", "suspended", "refused", "revoked", "left"]
    fingerprint: str = Field(description="short form, as both screens show it")
    online: bool
    last_seen: datetime | None
    requested_at: datetime
    software: str | None
    certificate_expires_at: datetime | None
    data: DataSummary | None
    new_studies: int = Field(description="usable studies that arrived since this site last took part in a closed round")
    sessions: int = Field(description="sessions this site took part in")


class SiteApprove(Schema):
    """POST /sites/{id}/approve: the fingerprint the manager compared."""

    fingerprint: str


class Rename(Schema):
    """PATCH /sites/{id} and PATCH /models/{id}."""

    name: Name


class TaskView(Schema):
    """GET /tasks: a task with the JSON schema from which its form is drawn."""

    name: str
    title: str
    description: str
    parameters_schema: Json
    networks: list[str]
    default_network: Json
    metrics: list[Json] = Field(description="key, title, unit, higher_is_better")
    primary_metric: str


class StrategyView(Schema):
    """GET /strategies."""

    name: str
    title: str
    description: str
    parameters_schema: Json


class SessionCreate(Schema):
    """POST /sessions: sends signed offers to the chosen sites."""

    title: Name
    task: str
    task_parameters: Json = Field(default_factory=dict)
    model_id: str | None = Field(
        default=None, description="absent: a randomly initialised model of the task's default network"
    )
    site_ids: list[str] = Field(min_length=1)
    strategy: StrategyChoice
    rounds: int = Field(ge=1, le=1000)
    quorum: int = Field(ge=1)
    fraction: float = Field(default=1.0, gt=0, le=1)
    round_deadline_s: float = Field(default=3600, gt=0, le=7 * 86_400)
    answer_hours: float = Field(default=72, gt=0, le=24 * 30)
    start_when_ready: bool = Field(
        default=True,
        description="start by itself once the quorum has agreed and every invited site has answered or the time to answer is over",
    )
    start_at: AwareDatetime | None = Field(
        default=None, description="with start_when_ready: start then, with the sites that have agreed by then"
    )
    max_update_norm: float | None = Field(
        default=None,
        gt=0,
        le=1e9,
        description="l2 norm of a site's change of the model above which it is refused; absent: it follows the model",
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="of the first weights and of the draw of sites")
    note: str = Field(default="", max_length=2000)


class SessionExtend(Schema):
    """POST /sessions/{id}/extend: more rounds, longer rounds, more time to answer."""

    rounds: int | None = Field(default=None, ge=1, le=1000, description="rounds in all; absent: as many as now")
    round_deadline_s: float | None = Field(default=None, gt=0, le=7 * 86_400)
    answer_hours: float = Field(default=72, gt=0, le=24 * 30, description="how long the sites may answer from now on")


class SessionSites(Schema):
    """POST /sessions/{id}/sites: who is asked in addition (or again), and who is left out from the next round on."""

    add: list[str] = Field(default_factory=list, max_length=1000)
    leave_out: list[str] = Field(default_factory=list, max_length=1000)
    answer_hours: float = Field(default=72, gt=0, le=24 * 30)


class SessionEstimateWanted(Schema):
    """POST /sessions/estimate: what the estimate depends on."""

    task: str
    model_id: str | None = None
    site_ids: list[str] = Field(max_length=1000)
    rounds: int = Field(ge=1, le=1000)
    local_epochs: int = Field(default=1, ge=1, le=10_000)
    without_reference: bool = False
    fraction: float = Field(default=1.0, gt=0, le=1)


class SiteEstimate(Schema):
    """What one site will need for a round, None where it has not trained this task yet."""

    site_id: str
    site_name: str
    round_s: float | None


class SessionEstimate(Schema):
    """The answer of POST /sessions/estimate; None is what cannot be known yet."""

    sites: list[SiteEstimate]
    rounds_seen: int = Field(description="closed rounds the estimate rests on")
    round_s: float | None
    total_s: float | None
    bytes_site: int | None = Field(description="model to a site and back, over all rounds")
    bytes_all: int | None


class ParticipationView(Schema):
    """One site in one session."""

    site_id: str
    site_name: str
    state: Literal["invited", "agreed", "declined", "training", "finished", "withdrawn"]
    online: bool
    consent: Consent | None
    progress: SiteProgress | None
    rounds_contributed: int
    missing_code: str | None = Field(default=None, description="why its update was missing in the latest closed round")
    rounds_agreed: int = Field(description="how many rounds it has agreed to, 0 without an agreement in force")
    further: Literal["open", "declined"] | None = Field(
        description="where a further offer stands that was sent beside the agreement in force"
    )
    answer_by: datetime = Field(description="until when it may answer its newest offer")
    left_out: bool = Field(description="the manager leaves it out of the coming rounds")


class RoundView(Schema):
    """A round: running, closed with its record, or ended without a result (the run stopped or failed in it)."""

    round: int
    state: Literal["running", "closed", "ended"]
    started_at: datetime
    deadline_at: datetime | None
    received: int
    expected: int
    record: RoundRecord | None
    model_id: str | None


class SessionSummary(Schema):
    """GET /sessions: what a list of sessions shows."""

    id: str
    title: str
    state: Literal[
        "draft", "offered", "starting", "running", "paused", "stopping", "completed", "stopped", "failed", "aborted"
    ]
    phase: Literal["waiting", "distribute", "train", "aggregate", "closed"] | None
    reason: str = Field(description="code of why it ended or waits, empty when all is well")
    reason_text: str
    advice: str
    task: str
    strategy: StrategyChoice
    rounds_planned: int
    rounds_closed: int
    round: int
    quorum: int
    sites_invited: int
    sites_agreed: int
    initial_model_id: str
    latest_model_id: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    answer_by: datetime


class SessionView(SessionSummary):
    """GET /sessions/{id}: whole, with participations and rounds. Delta `session`: the same with the newest rounds only."""

    can_start: bool
    can_stop: bool
    can_resume: bool
    can_combine_now: bool
    can_abort: bool
    can_extend: bool
    can_change_sites: bool
    task_parameters: Json
    fraction: float
    round_deadline_s: float
    answer_hours: float
    start_when_ready: bool
    start_at: datetime | None
    seed: int
    max_update_norm: float | None
    note: str
    participations: list[ParticipationView]
    rounds: list[RoundView]
    log: list[ActivityView] = Field(description="the latest lines, newest last")


class SignedPair(Schema):
    """An offer with what the site signed in answer."""

    site_id: str
    offer: SignedDocument
    consent: SignedDocument | None
    withdrawal: SignedDocument | None


class ProgressDelta(Schema):
    """Delta `progress`: one site's live progress, coalesced to four a second."""

    session_id: str
    site_id: str
    progress: SiteProgress


ModelOrigin = Literal["random", "uploaded", "shipped", "round", "trained"]


class ModelView(Schema):
    """GET /models, GET /models/{id}, delta `model`: a ModelVersion with its card."""

    id: str
    name: str
    task: str
    network: str
    origin: ModelOrigin
    session_id: str | None
    round: int | None
    parents: list[str] = Field(description="ids of the ModelVersions it came from")
    sha256: str
    size_bytes: int
    parameters: int
    metrics: dict[str, float]
    created_at: datetime
    in_use: bool
    recommended: bool = Field(description="the model of its task that people should begin with")
    deleted_at: datetime | None = Field(description="set for a model in the bin")
    card: Json


class SessionExport(Schema):
    """GET /sessions/{id}/export: one session whole, with its models' cards and the signed documents."""

    format: Literal["flomir-session"] = "flomir-session"
    version: Literal[1] = 1
    exported_at: datetime
    session: SessionView
    models: list[ModelView]
    documents: list[SignedPair]


class ModelNode(Schema):
    """A model in its family."""

    id: str
    name: str
    task: str
    origin: ModelOrigin
    session_id: str | None
    round: int | None
    parents: list[str]
    sha256: str
    metrics: dict[str, float]
    created_at: datetime
    deleted: bool
    recommended: bool


class ModelFamilyView(Schema):
    """GET /models/{id}/family: ancestors and descendants, oldest first."""

    items: list[ModelNode]
    left_off: int = Field(description="how many farther relatives are not in the list")


class ModelComparison(Schema):
    """GET /models/{id}/compare/{other_id}: two models of a task and by how much their tensors differ."""

    first: ModelView
    second: ModelView
    differences: WeightDifferences


class Recommendation(Schema):
    """PUT /models/{id}/recommended."""

    recommended: bool


class ModelInitialise(Schema):
    """POST /models/initialise: a random model from a seed, or the trained one that comes with the package."""

    name: Name
    task: str
    network: Json | None = None
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    shipped: str | None = Field(
        default=None, max_length=40, description="a shipped network's name or `default`, instead of random weights"
    )
    terms: str = Field(default="", max_length=4000, description="terms of use, kept in the card")


class LinkView(Schema):
    """POST /link: a fresh one-time link that signs a browser in."""

    link: str


class InvitationList(PartOfList):
    """GET /invitations, newest first."""

    items: list[InvitationView]


class SiteList(PartOfList):
    """GET /sites, oldest request first."""

    items: list[SiteView]


class TaskList(Schema):
    """GET /tasks."""

    items: list[TaskView]


class StrategyList(Schema):
    """GET /strategies."""

    items: list[StrategyView]


class SessionList(PartOfList):
    """GET /sessions, newest first."""

    items: list[SessionSummary]


class ModelList(PartOfList):
    """GET /models, newest first; the cards come without their list of tensors."""

    items: list[ModelView]


class ModelBinList(Schema):
    """GET /models/bin, the latest deleted first."""

    items: list[ModelView]


class InvitationPath(Schema):
    """Names an invitation."""

    invitation_id: str


class SitePath(Schema):
    """Names a site."""

    site_id: str


class SessionPath(Schema):
    """Names a session."""

    session_id: str


class ModelPairPath(Schema):
    """Names two ModelVersions."""

    model_id: str
    other_id: str


class ModelPath(Schema):
    """Names a ModelVersion."""

    model_id: str


class ActivityQuery(Schema):
    """Pages of GET /activity."""

    before: int | None = Field(default=None, ge=1)
    limit: int = Field(default=100, ge=1, le=500)


# Routes under /api/v1 (operation -> answer):
#   GET /me Me, /accounts ... see fl_core.web.account_routes
#   POST /link LinkView · GET /system SystemView · GET /activity?before= list[ActivityView]
#   GET /invitations list · POST /invitations InvitationIssued · DELETE /invitations/{id} InvitationView
#   GET /sites list · GET /sites/{id} · POST /sites/{id}/approve (SiteApprove) · POST /sites/{id}/refuse · POST /sites/{id}/revoke · PATCH /sites/{id} (Rename): SiteView
#   GET /tasks list · GET /strategies list
#   GET /sessions list · POST /sessions/estimate SessionEstimate · GET /sessions/{id}/export SessionExport · POST /sessions (SessionCreate) 201 · GET /sessions/{id} · POST /sessions/{id}/start · /stop · /resume · /combine-now · /pause · /abort · /extend (SessionExtend) · /sites (SessionSites): SessionView
#   GET /models list · GET /models/{id}/family ModelFamilyView · GET /models/{id}/compare/{other} ModelComparison · GET /models/{id} · POST /models (multipart: file, name, task) 201 · POST /models/initialise 201 · PATCH /models/{id} (Rename): ModelView · DELETE /models/{id} Deleted · GET /models/bin list · POST /models/{id}/restore ModelView · DELETE /models/{id}/remains Deleted · PUT /models/{id}/recommended ModelView · GET /models/{id}/weights (bytes)
#   /laboratory/...: see orchestrator/routes/laboratory.py
#   GET /audit?after=&limit= list[AuditRowView] · GET /audit/verify AuditCheck
# Lists are wrapped: {"items": [...]}. The long ones (sites, invitations, sessions, models) take ListQuery and say `total` and `next_cursor`.
