"""What the UI API says and accepts about standing rules, reminders, resources and the information sheet."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from fl_core.protocol.messages import HoursOfDay, Name
from fl_core.protocol.plan import Resources
from fl_core.views import Schema

RuleState = Literal["active", "paused"]


class RuleWish(Schema):
    """POST /rules, PUT /rules/{rule_id}: what may be agreed to without asking, and within which limits."""

    name: Name
    task: Name
    max_rounds: int = Field(ge=1, le=1000, description="a request for more rounds is left to a person")
    rounds_a_week: int | None = Field(default=None, ge=1, le=1000, description="over all sessions of this rule")
    hours: HoursOfDay | None = Field(default=None, description="a round begins only then")
    send_model: Literal["yes", "ask"] = "yes"
    until: AwareDatetime | None = Field(default=None, description="the rule agrees to nothing after this")


class RuleText(RuleWish):
    """All that one version of a rule says: what a consent cites by its hash."""

    id: str
    version: int
    orchestrator: str
    ca: str = Field(description="fingerprint of the laboratory's authority")


class RuleView(RuleWish):
    """GET /rules: a standing rule for the laboratory that this site is connected to."""

    id: str
    version: int = Field(description="rises with every change; each consent names the one that gave it")
    sha256: str
    state: RuleState
    orchestrator: str
    in_force: bool = Field(description="false while it is paused, after its end, or for another laboratory")
    consents: int = Field(description="agreements in force that it gave")
    rounds_this_week: int
    created_at: datetime
    changed_at: datetime


class RuleList(Schema):
    """GET /rules."""

    items: list[RuleView]


class RulePath(Schema):
    """A rule in an address."""

    rule_id: str = Field(max_length=60)


class ReminderWish(Schema):
    """PUT /requests/{session_id}/reminder: when to ask again; null asks at once."""

    at: AwareDatetime | None


class ResourcesView(Schema):
    """GET and PUT /resources: what training may take of this computer."""

    chosen: Resources
    threads_here: int = Field(description="processor threads of this computer")
    memory_here_mib: int | None = Field(description="memory of this computer, where it tells")


class SheetSection(Schema):
    """A heading with its paragraphs."""

    heading: str
    paragraphs: list[str]


class Sheet(Schema):
    """The information sheet in one language."""

    language: Literal["en", "de"]
    title: str
    lead: str
    sections: list[SheetSection]


class InformationView(Schema):
    """GET /information: the sheet for patients, as it is cited by each consent."""

    version: str
    issued: str = Field(description="date of this version")
    sha256: str = Field(description="over the canonical JSON of all languages")
    sheets: list[Sheet]
