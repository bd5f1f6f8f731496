"""What the contributor's UI API says and accepts under /api/v1; the OpenAPI document is generated from these."""

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from contributor.schemas_network import PreflightLine
from fl_core.errors import FlomirError
from fl_core.protocol.messages import Consent, ConsentPermissions, DataSummary, Json, Name, SessionOffer, SitePhase
from fl_core.views import ChildView, NoteView, PartOfList, Schema

LONGEST_DETAIL = 600


class ConnectionView(Schema):
    """The relation to the orchestrator: delta `connection`."""

    state: Literal[
        "not_enrolled", "pending", "connected", "reconnecting", "refused", "suspended", "revoked", "protocol_mismatch"
    ]
    since: datetime
    detail: str
    code: str = Field(
        description="of the detail in the catalogue of errors, by which a page words it; empty without one"
    )
    orchestrator: str | None
    address: str | None
    site_id: str | None
    site_name: str | None
    fingerprint: str | None = Field(description="this site's own, short form, to be compared on both screens")
    ca_fingerprint: str | None
    certificate_expires_at: datetime | None
    last_contact: datetime | None
    finding: PreflightLine | None = Field(
        description="why there is no line, or what came of leaving, where that is known; a page words it by its code"
    )


class SystemView(Schema):
    """The daemon itself: GET /system, delta `system`."""

    version: str
    protocol: str
    connection: ConnectionView
    children: list[ChildView]
    shared_summary: DataSummary = Field(description="what the orchestrator is told about the data: exactly this")
    seq: int


class SharingView(Schema):
    """GET and PUT /sharing: what this site lets out about its data besides the counts."""

    distributions: bool = Field(description="how the studies are spread over kinds, cameras and counts")


class LoginLink(Schema):
    """POST /links: a fresh one-time link to the page."""

    link: str


class InvitationText(Schema):
    """POST /enrolment/preview: an invitation as file content or text block."""

    invitation: str = Field(min_length=10, max_length=40_000)


class InvitationPreview(Schema):
    """Whose invitation it is and what accepting it allows."""

    orchestrator: str
    address: str
    site_name: str | None
    ca_fingerprint: str
    expires_at: datetime


class EnrolmentStart(Schema):
    """POST /enrolment: makes the key here, sends a signing request, waits for the manager's approval."""

    invitation: str = Field(min_length=10, max_length=40_000)
    site_name: Name


class StudyView(Schema):
    """GET /studies, GET /studies/{id}, delta `study`."""

    id: str
    name: str = Field(description="file name without folder, as it was added")
    state: Literal["usable", "unusable", "withdrawn"]
    task: str
    kind: str
    added_at: datetime
    size_bytes: int
    sha256: str
    patient: str | None = Field(description="site-local pseudonym, never sent")
    has_reference: bool
    counts: float | None
    shape: list[int]
    geometry: NoteView = Field(description="the geometry in words")
    problem: str = ""
    problem_code: str = ""
    advice: str = ""
    warnings: list[NoteView]
    deidentified: list[str] = Field(description="what was removed on the way in")
    used_in_sessions: int


class FurtherView(Schema):
    """A newer offer of a session this site has agreed to; the agreement holds as it is until this one is agreed to."""

    offer: SessionOffer
    offer_sha256: str
    received_at: datetime
    open: bool = Field(description="false once the time to answer is over")
    studies_covered: int = Field(description="usable studies an agreement would cover now")
    total_bytes: int = Field(description="what would leave over all rounds")


class RequestView(Schema):
    """GET /requests, GET /requests/{session_id}, delta `request`: an offer and what this site answered."""

    session_id: str
    state: Literal["open", "agreed", "declined", "expired", "withdrawn", "closed"]
    received_at: datetime
    offer: SessionOffer
    offer_sha256: str
    verified: bool = Field(description="the orchestrator's signature was checked")
    studies_covered: int = Field(description="usable studies an agreement would cover now")
    total_bytes: int = Field(description="what would leave over all rounds")
    consent: Consent | None
    consent_sha256: str | None = Field(description="over the signed consent, by which both sides name it")
    rule_name: str | None = Field(description="the standing rule that answered, as it is called now")
    remind_at: datetime | None = Field(description="put off until then; null: it waits for its answer now")
    further: FurtherView | None = Field(description="a newer offer that waits beside the agreement in force")


class RequestAnswer(Schema):
    """POST /requests/{session_id}/answer."""

    decision: Literal["agree", "decline"]
    permissions: ConsentPermissions
    reason: str = Field(default="", max_length=500)


class SentBrief(Schema):
    """The receipt of what left in short; GET /sessions/{id}/rounds/{n}/receipt names every tensor."""

    bytes: int
    tensors: int
    sha256: str
    norm: float
    num_examples: int


class SiteRoundBrief(Schema):
    """One round as this site lived it, with the receipt of what left in short."""

    round: int
    phase: SitePhase
    fraction: float
    loss: float | None
    code: str | None
    started_at: datetime
    ended_at: datetime | None
    scores: dict[str, float] | None = Field(description="the received model on the own hold-out")
    sent: SentBrief | None


class SiteRoundView(SiteRoundBrief):
    """The same with its curve."""

    losses: list[float] = Field(description="loss over the round's training, for a small curve")


class SiteSessionSummary(Schema):
    """A session this site agreed to in a list, delta `session`."""

    id: str
    title: str
    task: str
    state: str = Field(description="as the orchestrator tells it")
    reason: str
    consent_state: Literal["agreed", "withdrawn"]
    paused: bool = Field(description="by this site: nothing begins and nothing is finished")
    orchestrator: str
    destination: str = Field(description="where updates go: the laboratory and its address")
    round_deadline_s: float
    round: int
    rounds_planned: int
    studies: int
    bytes_sent: int
    latest_round: SiteRoundBrief | None
    held: list[int] = Field(description="rounds whose update waits for a person")
    latest_model_id: str | None
    started_at: datetime | None
    ended_at: datetime | None


class SiteSessionView(SiteSessionSummary):
    """GET /sessions/{id}: with all its rounds."""

    rounds: list[SiteRoundView]


class ProgressDelta(Schema):
    """Delta `progress`: one round, coalesced to four a second."""

    session_id: str
    round: SiteRoundView


class ReceivedModelView(Schema):
    """GET /models, GET /models/{id}, delta `model`: a ModelVersion this site may use."""

    id: str
    name: str
    session_id: str
    session_title: str
    round: int
    final: bool
    task: str
    sha256: str
    size_bytes: int
    fetched: bool
    received_at: datetime
    metrics: dict[str, float]
    card: Json


class ReleaseDecision(Schema):
    """POST /sessions/{id}/rounds/{n}/release: let a held update go, or keep it."""

    send: bool


class WithdrawRequest(Schema):
    """POST /sessions/{id}/withdraw."""

    reason: str = Field(default="", max_length=500)


class ReconstructionCreate(Schema):
    """POST /reconstructions."""

    study_id: str
    model_id: str


class WorkProblem(Schema):
    """Why something long did not finish: a page words it by its code, where it has one."""

    code: str = Field(description="of the catalogue of errors; empty for what an earlier version wrote down")
    title: str
    detail: str
    advice: str

    @classmethod
    def of(cls, error: FlomirError) -> Self:
        """Return what is told of a failure."""
        entry = error.entry
        advice = error.remedy or entry.advice
        return cls(code=error.code, title=entry.title, detail=str(error)[:LONGEST_DETAIL], advice=advice)


class ReconstructionView(Schema):
    """GET /reconstructions/{id}, delta `reconstruction`: OSEM and the model side by side."""

    id: str
    study_id: str
    model_id: str
    state: Literal["running", "done", "failed"]
    problem: WorkProblem | None
    arrays: list[str] = Field(description="names for GET /reconstructions/{id}/arrays/{name}")
    metrics: dict[str, dict[str, float]] = Field(description="method -> metric -> value, where there is a reference")
    seconds: dict[str, float]
    created_at: datetime
    progress: float = Field(default=0.0, description="share that is done while it runs")


class StudyList(PartOfList):
    """GET /studies."""

    items: list[StudyView]


class RequestList(PartOfList):
    """GET /requests."""

    items: list[RequestView]


class SiteSessionList(PartOfList):
    """GET /sessions."""

    items: list[SiteSessionSummary]


class ReceivedModelList(PartOfList):
    """GET /models."""

    items: list[ReceivedModelView]


class ReconstructionList(PartOfList):
    """GET /reconstructions."""

    items: list[ReconstructionView]


class StudyPath(Schema):
    """A study in an address."""

    study_id: str = Field(max_length=60)


class StudyArrayPath(StudyPath):
    """One array of a study in an address."""

    array: Literal["projections", "attenuation", "reference"]


class SessionPath(Schema):
    """A session in an address."""

    session_id: str = Field(max_length=60)


class RoundPath(SessionPath):
    """One round of a session in an address."""

    round: int = Field(ge=1, le=1000)


class ModelPath(Schema):
    """A model in an address."""

    model_id: str = Field(max_length=60)


class ReconstructionPath(Schema):
    """A reconstruction in an address."""

    reconstruction_id: str = Field(max_length=60)


class ReconstructionArrayPath(ReconstructionPath):
    """One array of a reconstruction in an address."""

    array: Literal["osem", "model", "reference", "attenuation", "half_width"]


class ActivityQuery(Schema):
    """Which part of the activity: lines older than `before`."""

    before: int | None = Field(default=None, ge=1)
    limit: int = Field(default=100, ge=1, le=500)


# Routes under /api/v1 (operation -> answer):
#   GET /me Me · POST /links 201 LoginLink · GET /system SystemView · GET /activity list[ActivityView]
#   POST /enrolment/preview (InvitationText) InvitationPreview · POST /enrolment (EnrolmentStart) ConnectionView · GET /enrolment ConnectionView · DELETE /enrolment ConnectionView (cancel or leave)
#   GET /studies list · GET /studies/{id} · DELETE /studies/{id} (withdraw) · POST /studies/{id}/restore: StudyView
#   GET /studies/{id}/arrays/{projections|attenuation|reference}: application/octet-stream, little-endian float32, headers X-Flomir-Shape "z,y,x" and X-Flomir-Spacing "mm,mm,mm"
#   GET /requests list · GET /requests/{session_id} · POST /requests/{session_id}/answer (RequestAnswer): RequestView
#   GET /sessions list · GET /sessions/{id} · POST /sessions/{id}/withdraw (WithdrawRequest) · POST /sessions/{id}/rounds/{n}/release (ReleaseDecision): SiteSessionView
#   GET /models list · GET /models/{id} · POST /models/{id}/fetch: ReceivedModelView · GET /models/{id}/weights (bytes)
#   POST /reconstructions 202 · GET /reconstructions list · GET /reconstructions/{id}: ReconstructionView · GET /reconstructions/{id}/arrays/{osem|model|reference|attenuation|half_width} as above
#   GET /audit?after=&limit= list · GET /audit/verify AuditCheck
# Lists are wrapped: {"items": [...]}. The long ones take PartQuery or ListQuery and say `total` and `next_cursor`; the activity goes on before a number.
