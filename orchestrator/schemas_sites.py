"""What the UI API says about sites beyond the list: presence over time, QR codes of invitations."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from fl_core.views import Schema


class QrView(Schema):
    """A QR code as one SVG path over a square of `size` modules, quiet zone included."""

    size: int
    path: str


class NewDataSite(Schema):
    """How many usable studies one trusted site has added since its last round, of all tasks together."""

    site_id: str
    name: str
    online: bool
    usable: int
    new: int = Field(description="usable studies more than at the last closed round the site contributed to")
    with_reference: int
    by_task: dict[str, int]
    added_at: datetime | None = Field(description="noon of the day (UTC) on which the newest usable study arrived")
    since_model_id: str | None = Field(description="the newest model the site helped to make; null: none yet")
    since_model: str | None
    since: datetime | None
    enough: bool


class NewDataView(Schema):
    """GET /new-data: who has what new, most first."""

    items: list[NewDataSite]
    least_new_studies: int
    least_sites: int
    enough: bool = Field(description="whether enough sites have enough for a session")


class ContributionView(Schema):
    """What a site gave to one session."""

    session_id: str
    title: str
    state: Literal["invited", "agreed", "declined", "training", "finished", "withdrawn"]
    rounds: int
    bytes: int = Field(description="of all its updates in closed rounds")
    examples: int = Field(description="most studies behind one update")
    last_at: datetime | None


class SiteHistory(Schema):
    """GET /sites/{id}/history, newest session first."""

    items: list[ContributionView]
    rounds: int
    bytes: int


class ConnectionCheck(Schema):
    """One step of the way from a site to here; `code` names what is to be done."""

    step: Literal["trust", "gateway", "peer_api", "flower"]
    level: Literal["good", "warning", "bad"]
    code: Literal[
        "good",
        "pending",
        "suspended",
        "revoked",
        "left",
        "refused",
        "certificate_ended",
        "not_connected",
        "never_seen",
        "not_heard",
        "not_registered",
        "node_offline",
        "unknown",
    ]
    seen: datetime | None = Field(description="when this step last worked, as far as is known")


class SiteDiagnosis(Schema):
    """GET /sites/{id}/diagnosis, in the order of the way."""

    checks: list[ConnectionCheck]


class SitePresence(Schema):
    """One site's presence, oldest part first."""

    site_id: str
    shares: list[float] = Field(description="share of each part of the time for which the site was there, 0 to 1")


class PresenceView(Schema):
    """GET /sites/presence."""

    since: datetime
    until: datetime
    items: list[SitePresence]


class PresenceQuery(Schema):
    """How far back, in how many equal parts."""

    hours: int = Field(default=24, ge=1, le=24 * 366)
    parts: int = Field(default=24, ge=1, le=400)
