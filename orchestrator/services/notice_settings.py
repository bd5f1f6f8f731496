"""Who is told what; the secrets of both channels lie in a file of their own, readable by the owner only."""

import json
from pathlib import Path

from pydantic import SecretStr

from fl_core.storage import lab_notices
from fl_core.trust.files import write_private
from orchestrator.schemas_settings import Notices, NoticesChange, NoticesView, NoticeView
from orchestrator.services.desk import Desk
from orchestrator.services.house_settings import HouseSettings

KEY = "notices"


class NoticeSettings:
    """Reads and changes the settings of the notices."""

    def __init__(self, desk: Desk, *, settings: HouseSettings, secrets_file: Path) -> None:
        self._desk = desk
        self._settings = settings
        self._file = secrets_file

    def get(self) -> Notices:
        """Return the settings."""
        return self._settings.get(KEY, Notices)

    def secret(self, name: str) -> str:
        """Return a secret, empty where there is none."""
        try:
            stored = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return ""
        return str(stored.get(name, "")) if isinstance(stored, dict) else ""

    def view(self) -> NoticesView:
        """Return what the page shows: everything but the secrets."""
        with self._desk.database.read() as connection:
            rows = lab_notices.latest(connection)
        present = self.get()
        return NoticesView(
            mail=present.mail,
            webhook=present.webhook,
            has_mail_password=self.secret("mail_password") != "",
            has_webhook_secret=self.secret("webhook_secret") != "",
            latest=[
                NoticeView.model_validate({name: getattr(row, name) for name in NoticeView.model_fields})
                for row in rows
            ],
        )

    def change(self, wanted: NoticesChange) -> NoticesView:
        """Replace the settings; the secrets first, so that nothing is ever sent with those of another server."""
        given: dict[str, SecretStr | None] = {
            "mail_password": wanted.mail_password,
            "webhook_secret": wanted.webhook_secret,
        }
        if any(value is not None for value in given.values()):
            kept = {name: self.secret(name) for name in given}
            new = {name: value.get_secret_value() for name, value in given.items() if value is not None}
            content = {name: value for name, value in {**kept, **new}.items() if value}
            write_private(self._file, json.dumps(content).encode())
        self._settings.put(KEY, Notices(mail=wanted.mail, webhook=wanted.webhook))
        return self.view()
