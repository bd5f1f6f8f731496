"""How a channel's readers are told a line: German e-mails in words of their own, everything else as the activity has it."""

from collections.abc import Callable, Mapping
from datetime import datetime

from fl_core.notices.schemas import AnyMail, AnyWebhook
from fl_core.storage.journal import ActivityRow

TEST = "notice.test"
GERMAN_TEST = "Dies ist eine Probe: Benachrichtigungen kommen hier an."

Word = Callable[[AnyMail | AnyWebhook, ActivityRow], str]


def as_written(_channel: AnyMail | AnyWebhook, line: ActivityRow) -> str:
    """Return a line as the activity has it."""
    return line.text


def in_german_too(german: Mapping[str, str]) -> Word:
    """Return a `Word` that knows German sentences by the key of a line; a line that it lacks stays English."""
    known = {TEST: GERMAN_TEST, **german}

    def word(channel: AnyMail | AnyWebhook, line: ActivityRow) -> str:
        if not isinstance(channel, AnyMail) or channel.language != "de":
            return line.text
        values = dict(line.values)
        if isinstance(at := values.get("at"), str):
            values["at"] = f"{datetime.fromisoformat(at):%d.%m.%Y %H:%M} UTC"
        if isinstance(day := values.get("day"), str):
            values["day"] = f"{datetime.fromisoformat(day):%d.%m.%Y}"
        try:
            return known[line.key or ""].format_map(values)
        except KeyError:
            return line.text

    return word
