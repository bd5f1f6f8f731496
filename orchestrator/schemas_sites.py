"""What the UI API says about sites beyond the list: presence over time, QR codes of invitations."""

from datetime import datetime

from pydantic import Field

from fl_core.views import Schema


class QrView(Schema):
    """A QR code as one SVG path over a square of `size` modules, quiet zone included."""

    size: int
    path: str


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
