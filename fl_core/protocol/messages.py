"""Every message between the two daemons, as pydantic models: unknown fields are refused, ranges are bounded."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Json = dict[str, object]
Name = Annotated[str, Field(min_length=1, max_length=80)]


class Wire(BaseModel):
    """Base of what travels: immutable, strict about unknown fields; times name their zone, numbers are finite (JSON has no others)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SignedDocument(Wire):
    """A canonical JSON document (RFC 8785) with an ECDSA P-384/SHA-384 signature by a certificate of this federation."""

    kind: Literal["offer", "consent", "withdrawal"]
    payload: str = Field(max_length=200_000, description="the canonical JSON text, kept whole")
    signature: str = Field(max_length=400, description="base64 DER ECDSA signature over kind and UTF-8 payload")
    certificate_pem: str = Field(max_length=8_000)


# --- enrolment (no client certificate) -------------------------------------------------------------------------


class InvitationDocument(Wire):
    """The content of an invitation file: everything a site needs to find and to check its orchestrator."""

    format: Literal["flomir-invitation"] = "flomir-invitation"
    version: Literal[1] = 1
    orchestrator: Name
    address: str = Field(pattern=r"^[A-Za-z0-9.\-\[\]:]{1,255}:\d{1,5}$", description="public host:port of the gateway")
    ca_pem: str = Field(max_length=8_000)
    token: str = Field(min_length=20, max_length=100)
    site_name: Name | None = None
    expires_at: AwareDatetime


class EnrolmentRequest(Wire):
    """A site's signing request, carried with the single-use token."""

    token: str = Field(min_length=20, max_length=100)
    csr_pem: str = Field(max_length=8_000)
    site_name: Name
    protocol: str
    software: str = Field(max_length=40)


class EnrolmentReceipt(Wire):
    """The answer to an enrolment request; `poll_secret` lets only this site ask for the outcome."""

    enrolment_id: str
    fingerprint: str
    poll_secret: str
    protocol: str


class EnrolmentStatus(Wire):
    """Where an enrolment stands; certificate fields are set once it is approved."""

    state: Literal["pending", "approved", "refused"]
    site_id: str | None = None
    site_name: str | None = None
    certificate_pem: str | None = None


# --- peer API (site certificate) ---------------------------------------------------------------------------------


class Hello(Wire):
    """First words of every connection: versions, and the hash of the installed federation bundle."""

    protocol: str
    software: str = Field(max_length=40)
    bundle_sha256: Sha256


class Welcome(Wire):
    """The orchestrator's answer to Hello."""

    protocol: str
    orchestrator: str
    site_id: str
    site_name: str
    latest_event: int


class DataDistributions(Wire):
    """How the usable studies are spread (since protocol 1.1): aggregate figures, told only where the site permits it.

    A group of fewer than three studies is never named: it counts as ``other``.
    """

    kinds: dict[str, int] = Field(default_factory=dict, description="usable studies per kind of scan")
    cameras: dict[str, int] = Field(default_factory=dict, description="usable studies per acquisition set-up")
    counts: dict[str, int] = Field(
        default_factory=dict, description="usable studies per half decade of photopeak counts, keyed by its lower end"
    )
    warned: int = Field(
        default=0, ge=0, description="usable studies that quality control remarked on; 0 for fewer than three"
    )


class DataSummary(Wire):
    """What a site tells about its data: counts only, chosen by the site."""

    studies_usable: int = Field(ge=0, le=10_000_000)
    studies_total: int = Field(ge=0, le=10_000_000)
    with_reference: int = Field(ge=0, le=10_000_000)
    patients: int = Field(ge=0, le=10_000_000)
    added_at: AwareDatetime | None = Field(
        default=None, description="noon of the day (UTC) on which the newest usable study arrived"
    )
    by_task: dict[str, int] = Field(default_factory=dict, description="usable studies per task name")
    by_task_with_reference: dict[str, int] = Field(
        default_factory=dict, description="usable studies with a reference per task name"
    )
    distributions: DataDistributions | None = Field(default=None, description="absent: the site does not tell them")


class StrategyChoice(Wire):
    """A strategy by name with its parameters (validated against fl_core.strategy_spec)."""

    name: Name
    parameters: Json = Field(default_factory=dict)


class SessionOffer(Wire):
    """What a session asks of a site: signed by the orchestrator, stored whole on both sides."""

    session_id: str
    title: Name
    orchestrator: str
    site_id: str
    task: Name
    task_parameters: Json
    network: Json
    initial_model_sha256: Sha256
    strategy: StrategyChoice
    rounds: int = Field(ge=1, le=1000)
    quorum: int = Field(ge=1, le=1000)
    sites_invited: int = Field(ge=1, le=1000)
    round_deadline_s: float = Field(gt=0, le=7 * 86_400)
    update_bytes: int = Field(ge=0, description="size of one update, as it leaves the site once a round")
    bundle_sha256: Sha256
    issued_at: AwareDatetime
    answer_by: AwareDatetime
    note: str = Field(default="", max_length=2_000)


class SendPermission(StrEnum):
    """Whether the trained update may leave the site."""

    YES = "yes"
    ASK = "ask"
    NO = "no"


class ConsentPermissions(Wire):
    """The three separate permissions of a consent."""

    take_part: bool
    train_on_my_data: bool
    send_model: SendPermission


ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM by the site's own clock")]


class HoursOfDay(Wire):
    """A part of every day; one that ends before it begins goes over midnight."""

    begin: ClockTime
    end: ClockTime


class RuleCited(Wire):
    """The standing rule that gave a consent, with the limits that the site's runner keeps to."""

    rule_id: str = Field(max_length=60)
    version: int = Field(ge=1)
    sha256: Sha256 = Field(description="over the canonical JSON of this version of the rule, which stays at the site")
    rounds_a_week: int | None = Field(default=None, ge=1, le=1000)
    hours: HoursOfDay | None = None


class InformationCited(Wire):
    """The information sheet for patients that was in force when a site consented."""

    version: str = Field(max_length=20)
    sha256: Sha256 = Field(description="over the canonical JSON of the sheet in all of its languages")


class Consent(Wire):
    """A site's signed answer to an offer; the list of studies stays at the site, its digest and length travel."""

    session_id: str
    site_id: str
    offer_sha256: Sha256
    decision: Literal["agree", "decline"]
    permissions: ConsentPermissions
    study_count: int = Field(ge=0)
    studies_sha256: Sha256
    valid_until: AwareDatetime
    signed_at: AwareDatetime
    reason: str = Field(default="", max_length=500)
    information: InformationCited | None = Field(default=None, description="absent in consents of earlier versions")
    rule: RuleCited | None = Field(default=None, description="absent: a person answered")


class Withdrawal(Wire):
    """A site takes its consent back, or the orchestrator its offer; nothing more is trained or sent."""

    session_id: str
    site_id: str
    signed_at: AwareDatetime
    reason: str = Field(default="", max_length=500)


class SitePhase(StrEnum):
    """What a site is doing in a round."""

    WAITING = "waiting"
    RECEIVED = "received"
    SCORING = "scoring"
    TRAINING = "training"
    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class SiteProgress(Wire):
    """Live progress of one site in one round (a hint: the durable facts come with the update)."""

    session_id: str
    round: int = Field(ge=0, le=1000)
    phase: SitePhase
    fraction: float = Field(ge=0, le=1)
    loss: float | None = None
    detail: str = Field(default="", max_length=200)


class PeerEvent(Wire):
    """One entry of a site's durable inbox at the orchestrator, read by long poll and acknowledged by sequence number."""

    seq: int = Field(ge=1)
    type: Literal["offer", "withdrawal", "session", "model", "renew"]
    payload: Json


class EventPage(Wire):
    """Events after a sequence number, oldest first."""

    events: list[PeerEvent]
    latest: int = Field(ge=0)


class SessionNews(Wire):
    """What a participating site is told about a session (payload of a `session` event)."""

    session_id: str
    state: str
    round: int
    rounds: int
    reason: str = ""


class ModelNews(Wire):
    """A ModelVersion the site may fetch (payload of a `model` event)."""

    session_id: str
    round: int
    rounds: int
    model_id: str
    name: str
    sha256: Sha256
    size_bytes: int = Field(ge=0)
    task: str
    metrics: dict[str, float]
    final: bool
    card: Json


class RenewalWish(Wire):
    """The manager wishes the site to renew its certificate now (payload of a `renew` event, since protocol 1.1)."""


class RenewalRequest(Wire):
    """A new signing request by the same key, before the certificate expires."""

    csr_pem: str = Field(max_length=8_000)


class RenewalAnswer(Wire):
    """The renewed certificate."""

    certificate_pem: str
