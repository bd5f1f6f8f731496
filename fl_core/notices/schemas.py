"""What both daemons' APIs say and accept about notices; each adds the kinds of notice that it knows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from fl_core.views import Schema

MailAddress = Annotated[str, Field(pattern=r"^[^@\s<>,;\r\n]{1,64}@[A-Za-z0-9.\-]{1,255}$")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-:\[\]]{1,255}$")]
Channel = Literal["mail", "webhook"]


class AnyMail(Schema):
    """Notices by e-mail; `kinds` is what they may be about."""

    enabled: bool = False
    host: Host = "localhost"
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = Field(default="", max_length=200)
    sender: MailAddress = "flomir@localhost"
    recipients: list[MailAddress] = Field(default=[], max_length=20)
    language: Literal["en", "de"] = "en"
    kinds: Sequence[str] = ()

    @property
    def by_proxy(self) -> bool:
        """Tell whether the daemon's proxy, if it has one, is on the way."""
        return True

    @model_validator(mode="after")
    def _whole(self) -> "AnyMail":
        if self.enabled and not self.recipients:
            message = "recipients: name at least one"
            raise ValueError(message)
        if self.security == "none" and self.username:
            message = "username: a password does not travel without encryption; choose STARTTLS or TLS"
            raise ValueError(message)
        return self


class AnyWebhook(Schema):
    """Notices to a program: an HTTP POST with a signature."""

    enabled: bool = False
    url: str = Field(default="", max_length=500)
    kinds: Sequence[str] = ()

    @property
    def by_proxy(self) -> bool:
        """Tell whether the daemon's proxy, if it has one, is on the way."""
        return True

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
    def _whole(self) -> "AnyWebhook":
        if self.enabled and not self.url:
            message = "url: give the address"
            raise ValueError(message)
        return self


class AnyNotices(Schema):
    """Who is told what, how; secrets are kept apart and never shown."""

    mail: AnyMail = AnyMail()
    webhook: AnyWebhook = AnyWebhook()


class AnyNoticesChange(AnyNotices):
    """PUT /settings/notices; an absent secret stays as it is, an empty one is removed."""

    mail_password: SecretStr | None = Field(default=None, max_length=500)
    webhook_secret: SecretStr | None = Field(default=None, max_length=500)


class NoticeView(Schema):
    """A notice that waits, was sent, or was given up."""

    id: int
    channel: Channel
    kind: str
    state: Literal["waiting", "sent", "failed"]
    attempts: int
    created_at: datetime
    next_at: datetime
    problem: str


class AnyNoticesView(AnyNotices):
    """GET /settings/notices."""

    has_mail_password: bool
    has_webhook_secret: bool
    latest: list[NoticeView]


class NoticeTest(Schema):
    """POST /settings/notices/test."""

    channel: Channel


class NoticeTested(Schema):
    """The other side took the notice."""

    channel: Channel
    answer: str
