"""What the UI API says and accepts about the settings that are made on the page."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from fl_core.notices.schemas import AnyMail, AnyNotices, AnyNoticesChange, AnyNoticesView, AnyWebhook
from fl_core.views import Schema
from orchestrator.public_host import PublicHost

NoticeKind = Literal["approval", "answer", "session", "failure", "data", "certificate"]
KINDS: tuple[NoticeKind, ...] = ("approval", "answer", "session", "failure", "data", "certificate")


class Limits(Schema):
    """GET and PUT /settings/limits: what is enough, and what is too much."""

    least_new_studies: int = Field(
        default=3, ge=1, le=100_000, description="new usable studies that make a site worth asking"
    )
    least_sites: int = Field(default=2, ge=1, le=1000, description="so many such sites are enough for a session")
    most_sites: int = Field(default=100, ge=1, le=1000, description="most sites in one session")
    most_sessions: int = Field(default=5, ge=1, le=200, description="most sessions that are not over at the same time")


class Retention(Schema):
    """GET and PUT /settings/retention: how long what is kept; 0 keeps it for good."""

    activity_days: int = Field(default=365, ge=0, le=36_500, description="lines of the activity; the audit stays whole")
    presence_days: int = Field(default=90, ge=0, le=36_500, description="when sites were there")
    bin_days: int = Field(default=0, ge=0, le=36_500, description="deleted models, until they are gone for good")
    log_mib: int = Field(default=50, ge=1, le=10_000, description="size of one log file before it is begun anew")


class MailSettings(AnyMail):
    """Notices by e-mail."""

    kinds: list[NoticeKind] = Field(default=list(KINDS))


class WebhookSettings(AnyWebhook):
    """Notices to a program: an HTTP POST with a signature."""

    kinds: list[NoticeKind] = Field(default=list(KINDS))


class Notices(AnyNotices):
    """Who is told what, how; secrets are kept apart and never shown."""

    mail: MailSettings = MailSettings()
    webhook: WebhookSettings = WebhookSettings()


class NoticesChange(Notices, AnyNoticesChange):
    """PUT /settings/notices; an absent secret stays as it is, an empty one is removed."""


class NoticesView(Notices, AnyNoticesView):
    """GET /settings/notices."""


class DrainChange(Schema):
    """PUT /drain."""

    on: bool


class DrainView(Schema):
    """GET /drain: nothing new starts while it is on; what runs finishes its round and pauses."""

    on: bool
    since: datetime | None
    by: str
    running: int = Field(description="sessions that still finish their round")
    held: int = Field(description="sessions that go on by themselves afterwards")
    jobs: int = Field(description="heavy jobs of the laboratory that are still worked on; those that wait do not begin")


class NextStart(Schema):
    """PUT /settings/daemon: settings that hold from the next start on; kept in settings.toml of the data folder."""

    public_host: PublicHost = "127.0.0.1"
    upload_limit_mib: int = Field(default=2048, ge=1, le=1_000_000)


class DaemonSettingsView(Schema):
    """GET /settings/daemon."""

    present: NextStart
    next: NextStart
    fixed: list[str] = Field(description="settings given on the command line or by the environment")
    public_address: str
    open_invitations: int = Field(description="invitations that carry the present address")
