"""What the contributor's API says and accepts about notices and about the settings of the next start."""

from typing import Literal

from pydantic import Field

from fl_core.notices.schemas import AnyMail, AnyNotices, AnyNoticesChange, AnyNoticesView, AnyWebhook
from fl_core.views import Schema

NoticeKind = Literal[
    "request", "reminder", "training", "failure", "model", "certificate", "connection", "import", "storage"
]
KINDS: tuple[NoticeKind, ...] = (
    "request",
    "reminder",
    "training",
    "failure",
    "model",
    "certificate",
    "connection",
    "import",
    "storage",
)


class MailSettings(AnyMail):
    """Notices by e-mail."""

    kinds: list[NoticeKind] = Field(default=list(KINDS))
    direct: bool = Field(default=False, description="reach the server without the site's proxy")

    @property
    def by_proxy(self) -> bool:
        """Tell whether the site's proxy is on the way."""
        return not self.direct


class WebhookSettings(AnyWebhook):
    """Notices to a program: an HTTP POST with a signature."""

    kinds: list[NoticeKind] = Field(default=list(KINDS))
    direct: bool = Field(default=False, description="reach the address without the site's proxy")

    @property
    def by_proxy(self) -> bool:
        """Tell whether the site's proxy is on the way."""
        return not self.direct


class Notices(AnyNotices):
    """Who is told what, how; secrets are kept apart and never shown."""

    mail: MailSettings = MailSettings()
    webhook: WebhookSettings = WebhookSettings()


class NoticesChange(Notices, AnyNoticesChange):
    """PUT /settings/notices; an absent secret stays as it is, an empty one is removed."""


class NoticesView(Notices, AnyNoticesView):
    """GET /settings/notices."""


class NextStart(Schema):
    """PUT /settings/daemon: settings that hold from the next start on; kept in settings.toml of the home folder."""

    headless: bool = False
    port: int = Field(default=0, ge=0, le=65_535)
    login_days: int = Field(default=7, ge=1, le=365)
    upload_limit_mib: int = Field(default=2048, ge=1, le=1_000_000)
    reserve_mib: int = Field(default=1024, ge=0, le=1_000_000)


class DaemonSettingsView(Schema):
    """GET /settings/daemon."""

    present: NextStart
    next: NextStart
    fixed: list[str] = Field(description="settings given on the command line or by the environment")
