"""Files by which daemons and their Flower children speak: plan, control, progress, grants. All JSON, all atomic.

Laboratory, per session folder: ``plan.json`` (replaced by the daemon, read by the ServerApp before every round),
``control.json`` (wishes of the manager, read at every poll), ``progress.jsonl`` (appended by the ServerApp, the truth),
``round-0001.safetensors`` and ``round-0001.json`` (a closed round; of the weights only the newest two stay). Hospital:
``grants.json`` (what the runner may do, replaced whole by the daemon) and ``progress.jsonl`` (appended by the runner; what
the daemon has taken over it cuts off now and then, `fl_core.flower.progress_file`).
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fl_core.protocol.messages import HoursOfDay, Json, SendPermission, Sha256, SitePhase, StrategyChoice


class FileModel(BaseModel):
    """Base of what is written to a file of ours: immutable, unknown fields refused, and numbers that JSON has not."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PlannedSite(FileModel):
    """One chosen site: its id, its name and its Flower node id (a decimal string: uint64 does not fit JSON numbers)."""

    site_id: str
    name: str
    node_id: str
    rounds: int = Field(
        default=1_000_000, ge=1, description="the last round that the site agreed to; the schedule is the plan's"
    )
    studies: int | None = Field(
        default=None, ge=0, description="with how many studies it agreed to train; absent in plans of earlier versions"
    )


class SessionPlan(FileModel):
    """Everything the ServerApp needs to run, or to go on with, a session."""

    session_id: str
    task: str
    task_parameters: Json
    network: Json
    strategy: StrategyChoice
    rounds: int = Field(ge=1)
    quorum: int = Field(ge=1)
    fraction: float = Field(default=1.0, gt=0, le=1)
    round_deadline_s: float = Field(gt=0)
    sites: tuple[PlannedSite, ...]
    initial_model: str = Field(description="path of the initial safetensors file")
    offer_sha256: dict[str, Sha256] = Field(description="site id -> hash of the offer it consented to")
    max_update_norm: float | None = Field(
        default=None,
        gt=0,
        description="l2 norm above which an update is refused; absent: it follows the model that a round begins with",
    )
    seed: int = 0


class SessionControl(FileModel):
    """The manager's present wishes; absent file means the defaults. `combine_now` names a round."""

    stop: bool = False
    pause_after_round: bool = False
    combine_now: int = 0
    withdrawn: tuple[str, ...] = ()
    suspended: tuple[str, ...] = Field(default=(), description="left out for as long as the manager suspends them")
    awaits_answers: bool = Field(
        default=False, description="sites that do not train yet may still agree: a round with too few waits for them"
    )


class UpdateReceived(FileModel):
    """What one site's reply to a round contained, as checked by the ServerApp."""

    site_id: str
    bytes: int
    sha256: str
    norm: float
    num_examples: int = Field(description="what the site weighs in the mean")
    reported_examples: int | None = Field(
        default=None, description="what the site said, where that is more than it agreed to train with"
    )
    metrics: dict[str, float]
    train_s: float
    score_s: float
    received_after_s: float


class RoundRecord(FileModel):
    """A closed round: what came in, what it was combined into, and where the time went."""

    session_id: str
    round: int
    updates: tuple[UpdateReceived, ...]
    missing: dict[str, str] = Field(description="site id -> error code of why it is missing")
    max_update_norm: float | None = Field(
        default=None, description="l2 norm above which an update was refused; absent in records of earlier versions"
    )
    weights_file: str
    sha256: Sha256
    metrics: dict[str, float] = Field(
        description="weighted by examples: train_loss, and the sites' scores of the received model"
    )
    push_s: float
    wait_s: float
    aggregate_s: float
    checkpoint_s: float
    total_s: float
    overhead_s: float = Field(description="push to checkpoint minus the slowest site's own training and scoring time")


ServerEventType = Literal[
    "started",
    "round_started",
    "pushed",
    "update_received",
    "update_rejected",
    "site_failed",
    "resent",
    "aggregating",
    "round_closed",
    "paused",
    "completed",
    "stopped",
    "failed",
]


class ServerEvent(FileModel):
    """One line of the laboratory's progress.jsonl."""

    seq: int
    at: datetime
    run_id: str
    type: ServerEventType
    session_id: str
    round: int = 0
    site_id: str | None = None
    code: str | None = Field(default=None, description="error code of fl_core.errors.CATALOGUE")
    detail: str = ""
    update: UpdateReceived | None = None
    record: RoundRecord | None = None


class Grant(FileModel):
    """One consented session, as the runner sees it: taken from the locally stored signed offer and consent."""

    session_id: str
    offer_sha256: Sha256
    task: str
    task_parameters: Json
    network: Json
    strategy: StrategyChoice
    rounds: int
    bundle_sha256: Sha256
    train: bool
    send: SendPermission
    valid_until: datetime
    studies: tuple[str, ...] = Field(description="paths of the study files this consent covers")
    withdrawn: tuple[str, ...] = Field(
        default=(), description="paths of those withdrawn since: they count for the halves only, and are in neither"
    )
    earlier: tuple[tuple[str, ...], ...] = Field(
        default=(), description="paths of each earlier agreement's studies, oldest first: who was on a half stays there"
    )
    round_deadline_s: float | None = Field(
        default=None, gt=0, description="the longest that a round may take; absent in files of earlier versions"
    )
    released_rounds: tuple[int, ...] = Field(default=(), description="held rounds that the professional let go")
    refused_rounds: tuple[int, ...] = ()
    paused: bool = Field(default=False, description="nothing begins and nothing is finished until it is resumed")
    rule_id: str = Field(default="", description="standing rule that consented; empty when a person did")
    hours: HoursOfDay | None = Field(default=None, description="a round begins only then, by this computer's clock")
    rounds_a_week: int | None = Field(default=None, ge=1)
    begun: dict[str, datetime] = Field(
        default_factory=dict, description="session/round -> begin of the rule's rounds of the last seven days"
    )


class Resources(FileModel):
    """What training may take of this computer, chosen by the site; None means no cap."""

    threads: int | None = Field(default=None, ge=1, le=1024, description="processor threads")
    memory_mib: int | None = Field(default=None, ge=256, description="memory of the training process, MiB")
    hours: HoursOfDay | None = Field(default=None, description="a round begins only then, by this computer's clock")


class Grants(FileModel):
    """The runner's whole permission: a session that is not named here is refused."""

    site_id: str
    grants: dict[str, Grant] = Field(default_factory=dict)
    resources: Resources = Resources()


ANSWERED_BEFORE = "round.answered_before"
"""Code of a round that came again with another model; nothing of the round that was answered changes by it."""


class RunnerEvent(FileModel):
    """One line of the hospital's progress.jsonl."""

    seq: int
    at: datetime
    session_id: str
    round: int
    phase: SitePhase
    fraction: float = 0.0
    loss: float | None = None
    code: str | None = None
    detail: str = ""
    metrics: dict[str, float] | None = Field(
        default=None, description="the received model's scores on the own hold-out"
    )
    sent: "SentUpdate | None" = None


class SentUpdate(FileModel):
    """The privacy receipt of one update: what left this site."""

    bytes: int
    tensors: int
    shapes: dict[str, tuple[int, ...]]
    sha256: Sha256
    norm: float
    num_examples: int
