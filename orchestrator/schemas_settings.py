"""What the UI API says and accepts about the settings that are made on the page."""

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from fl_core.views import Schema

NoticeKind = Literal["approval", "answer", "session", "failure", "data", "certificate"]
KINDS: tuple[NoticeKind, ...] = ("approval", "answer", "session", "failure", "data", "certificate")
MailAddress = Annotated[str, Field(pattern=r"^[^@\s<>,;\r\n]{1,64}@[A-Za-z0-9.\-]{1,255}$")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-:\[\]]{1,255}$")]


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


class MailSettings(Schema):
    """Notices by e-mail."""

    enabled: bool = False
    host: Host = "localhost"
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = Field(default="", max_length=200)
    sender: MailAddress = "flomir@localhost"
    recipients: list[MailAddress] = Field(default=[], max_length=20)
    kinds: list[NoticeKind] = Field(default=list(KINDS))

    @model_validator(mode="after")
    def _whole(self) -> "MailSettings":
        if self.enabled and not self.recipients:
            message = "recipients: name at least one"
            raise ValueError(message)
        if self.security == "none" and self.username:
            message = "username: a password does not travel without encryption; choose STARTTLS or TLS"
            raise ValueError(message)
        return self


class WebhookSettings(Schema):
    """Notices to a program: an HTTP POST with a signature."""

    enabled: bool = False
    url: str = Field(default="", max_length=500)
    kinds: list[NoticeKind] = Field(default=list(KINDS))

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        if url == "":
            return url
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
            message = "an address begins with https:// or http:// and holds no name or password"
            raise ValueError(message)
        return url

    @model_validator(mode="after")
    def _whole(self) -> "WebhookSettings":
        if self.enabled and not self.url:
            message = "url: give the address"
            raise ValueError(message)
        return self


class Notices(Schema):
    """Who is told what, how; secrets are kept apart and never shown."""

    mail: MailSettings = MailSettings()
    webhook: WebhookSettings = WebhookSettings()


class NoticesChange(Notices):
    """PUT /settings/notices; an absent secret stays as it is, an empty one is removed."""

    mail_password: SecretStr | None = Field(default=None, max_length=500)
    webhook_secret: SecretStr | None = Field(default=None, max_length=500)


class NoticeView(Schema):
    """A notice that waits, was sent, or was given up."""

    id: int
    channel: Literal["mail", "webhook"]
    kind: str
    state: Literal["waiting", "sent", "failed"]
    attempts: int
    created_at: datetime
    next_at: datetime
    problem: str


class NoticesView(Notices):
    """GET /settings/notices."""

    has_mail_password: bool
    has_webhook_secret: bool
    latest: list[NoticeView]


class NoticeTest(Schema):
    """POST /settings/notices/test."""

    channel: Literal["mail", "webhook"]


class NoticeTested(Schema):
    """The other side took the notice."""

    channel: Literal["mail", "webhook"]
    answer: str


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

    public_host: Host = "127.0.0.1"
    upload_limit_mib: int = Field(default=2048, ge=1, le=1_000_000)


class DaemonSettingsView(Schema):
    """GET /settings/daemon."""

    present: NextStart
    next: NextStart
    fixed: list[str] = Field(description="settings given on the command line or by the environment")
    public_address: str
    open_invitations: int = Field(description="invitations that carry the present address")


class Component(Schema):
    """A library this program is made of."""

    name: str
    version: str
    licence: str


class About(Schema):
    """GET /about."""

    version: str
    protocol: str
    python: str
    licence: str
    home: str
    components: list[Component]
