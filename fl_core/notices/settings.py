"""Who is told what; the secrets of both channels lie in a file of their own, readable by the owner only."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from fl_core.notices.schemas import AnyMail, AnyNotices, AnyNoticesChange, AnyNoticesView, NoticeView
from fl_core.page_settings import PageSettings
from fl_core.storage import notices
from fl_core.trust.files import write_private

KEY = "notices"
SecretName = Literal["mail_password", "webhook_secret"]


@dataclass(frozen=True, kw_only=True)
class NoticeShapes:
    """How one daemon words its settings: with the kinds of notice that it knows."""

    settings: type[AnyNotices]
    view: type[AnyNoticesView]


class NoticeSettings:
    """Reads and changes the settings of the notices."""

    def __init__(self, *, settings: PageSettings, shapes: NoticeShapes, secrets_file: Path) -> None:
        self._settings = settings
        self._shapes = shapes
        self._file = secrets_file

    def get(self) -> AnyNotices:
        """Return the settings."""
        return self._settings.get(KEY, self._shapes.settings)

    def secret(self, name: SecretName) -> str:
        """Return a secret, empty where there is none."""
        try:
            stored = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return ""
        return str(stored.get(name, "")) if isinstance(stored, dict) else ""

    def view(self) -> AnyNoticesView:
        """Return what the page shows: everything but the secrets."""
        with self._settings.database.read() as connection:
            rows = notices.latest(connection)
        present = self.get()
        return self._shapes.view(
            mail=present.mail,
            webhook=present.webhook,
            has_mail_password=self.secret("mail_password") != "",
            has_webhook_secret=self.secret("webhook_secret") != "",
            latest=[
                NoticeView.model_validate({name: getattr(row, name) for name in NoticeView.model_fields})
                for row in rows
            ],
        )

    def change(self, wanted: AnyNoticesChange) -> AnyNoticesView:
        """Replace the settings; the secrets first, so that nothing is ever sent with those of another server.

        A password that is not given anew goes when its mail server, or who signs in there, is another one.
        """
        given: dict[SecretName, SecretStr | None] = {
            "mail_password": wanted.mail_password,
            "webhook_secret": wanted.webhook_secret,
        }
        if wanted.mail_password is None and _mailbox(wanted.mail) != _mailbox(self.get().mail):
            given["mail_password"] = SecretStr("")
        if any(value is not None for value in given.values()):
            kept = {name: self.secret(name) for name in given}
            new = {name: value.get_secret_value() for name, value in given.items() if value is not None}
            content = {name: value for name, value in {**kept, **new}.items() if value}
            write_private(self._file, json.dumps(content).encode())
        self._settings.put(KEY, self._shapes.settings(mail=wanted.mail, webhook=wanted.webhook))
        return self.view()


def _mailbox(mail: AnyMail) -> tuple[str, int, str, str]:
    """Return what a password belongs to."""
    return mail.host, mail.port, mail.security, mail.username
