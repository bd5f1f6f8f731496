"""Tells people who are not looking: new lines of the activity become notices, which are sent and tried again."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from fl_core.errors import Conflict, FlomirError
from fl_core.notices import channels
from fl_core.notices.schemas import AnyMail, AnyNotices, AnyWebhook, Channel, NoticeTested
from fl_core.notices.settings import NoticeSettings
from fl_core.notices.words import TEST, Word, as_written
from fl_core.page_settings import PageSettings
from fl_core.storage import journal, notices
from fl_core.storage.journal import ActivityRow
from fl_core.storage.notices import NoticeRow
from fl_core.supervision.failures import expected
from fl_core.transport.proxy import Proxy

CURSOR = "notice_cursor"
PAGE = 200
POLL_S = 5.0
FIRST_DELAY = timedelta(seconds=30)
LARGEST_DELAY = timedelta(hours=6)
MOST_ATTEMPTS = 14
"""With these delays a notice is tried for 26 hours: a mail server that is away for a day still gets it."""

logger = logging.getLogger(__name__)


def delay_after(attempts: int) -> timedelta:
    """Return how long a notice waits after so many attempts that failed."""
    return min(FIRST_DELAY * int(2 ** (attempts - 1)), LARGEST_DELAY)


class Sender:
    """One thread that collects and sends; a notice may come twice after a kill, never be lost.

    Parameters
    ----------
    settings : who is told what
    page : where the mark lies up to which the activity was looked through, and whose clock counts
    kind_of : what lines of the activity are told of, by their key
    sender : under which word a notice names who sends it, and that name
    word : how a channel's readers are told a line
    proxy : the proxy in force; without this, notices take the way that the environment names
    """

    def __init__(
        self,
        *,
        settings: NoticeSettings,
        page: PageSettings,
        kind_of: Mapping[str, str],
        sender: Callable[[], tuple[str, str]],
        word: Word = as_written,
        proxy: Callable[[], Proxy | None] | None = None,
    ) -> None:
        self._settings = settings
        self._page = page
        self._kind_of = kind_of
        self._sender = sender
        self._word = word
        self._proxy = proxy
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for new lines now."""
        self._woken.set()

    def stop(self) -> None:
        """End the thread; idempotent. One that is sending ends with its time-out."""
        self._ended.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.collect()
                self.deliver()
            except FlomirError as error:
                logger.warning("notices wait", extra={"error": str(error)})
            except Exception:
                logger.exception("notices failed")
            self._woken.wait(POLL_S)
            self._woken.clear()

    def collect(self) -> int:
        """Turn the lines since the last look into notices, together with the mark of that look; returns how many."""
        present = self._settings.get()
        with self._page.database.read() as connection:
            cursor = self._page.table.get(connection, CURSOR).get("seq")
            newest = journal.newest(connection)
            lines = journal.lines_after(connection, cursor, PAGE) if isinstance(cursor, int) else []
        if cursor == newest:
            return 0
        reached = lines[-1].seq if len(lines) == PAGE else newest
        wanted = [(channel, kind, line) for line in lines for channel, kind in self._wanted(present, line)]
        with self._page.database.begin() as tx:
            for channel, kind, line in wanted:
                text = self._word(_channel(present, channel), line)
                content = self._content(kind, text, line)
                notices.add(tx, channel=channel, kind=kind, content=content, at=self._page.now())
            self._page.table.put(tx, CURSOR, {"seq": reached}, at=self._page.now())
        return len(wanted)

    def deliver(self) -> None:
        """Send what is due; what fails is tried again later, ever less often, and given up in the end."""
        with self._page.database.read() as connection:
            rows = notices.due(connection, self._page.now())
        for row in rows:
            if self._ended.is_set():
                return
            self._deliver(row)

    def test(self, channel: Channel) -> NoticeTested:
        """Send one notice now, as the settings stand.

        Raises
        ------
        Conflict
            When the channel is not set up.
        PeerUnreachable
            ``notice.failed``, with what the other side said.
        """
        present = self._settings.get()
        if (channel == "mail" and not present.mail.recipients) or (channel == "webhook" and not present.webhook.url):
            message = "save an address first"
            raise Conflict(message)
        words = "This is a test: notices arrive here."
        line = ActivityRow(0, self._page.now(), "notice", words, None, TEST)
        text = self._word(_channel(present, channel), line)
        word, name = self._sender()
        content = {"kind": "test", "text": text, word: name, "at": self._page.now().isoformat()}
        return NoticeTested.model_validate({"channel": channel, "answer": self._send(channel, present, content)})

    def _deliver(self, row: NoticeRow) -> None:
        now, attempts = self._page.now(), row.attempts + 1
        try:
            self._send(row.channel, self._settings.get(), {**row.content, "id": row.id})
        except Exception as error:  # noqa: BLE001 - whatever it is, the others wait for their turn
            failure = expected(error, "a notice could not be sent", notice=str(row.id))
            delay = delay_after(attempts)
            state = "failed" if attempts >= MOST_ATTEMPTS else "waiting"
            values = {"attempts": attempts, "next_at": now + delay, "state": state, "problem": str(failure)[:300]}
            logger.info("a notice was not sent", extra={"notice": row.id, "attempts": attempts, "error": str(failure)})
        else:
            values = {"attempts": attempts, "state": "sent", "problem": ""}
        with self._page.database.begin() as tx:
            notices.change(tx, row.id, values)

    def _send(self, channel: str, present: AnyNotices, content: Mapping[str, object]) -> str:
        if channel == "mail":
            proxy = self._way(present.mail)
            return channels.send_mail(present.mail, self._settings.secret("mail_password"), content, proxy=proxy)
        return channels.send_webhook(
            present.webhook,
            self._settings.secret("webhook_secret"),
            content,
            proxy=self._way(present.webhook),
            trust_environment=self._proxy is None,
        )

    def _way(self, channel: AnyMail | AnyWebhook) -> Proxy | None:
        return self._proxy() if self._proxy is not None and channel.by_proxy else None

    def _content(self, kind: str, text: str, line: ActivityRow) -> dict[str, object]:
        word, name = self._sender()
        return {
            "kind": kind,
            "event": line.key,
            "text": text,
            "subject": line.subject,
            word: name,
            "at": line.at.isoformat(),
        }

    def _wanted(self, present: AnyNotices, line: ActivityRow) -> list[tuple[Channel, str]]:
        kind = self._kind_of.get(line.key or "")
        if kind is None:
            return []
        ways: list[tuple[Channel, bool, Sequence[str]]] = [
            ("mail", present.mail.enabled, present.mail.kinds),
            ("webhook", present.webhook.enabled, present.webhook.kinds),
        ]
        return [(name, kind) for name, enabled, kinds in ways if enabled and kind in kinds]


def _channel(present: AnyNotices, channel: Channel) -> AnyMail | AnyWebhook:
    return present.mail if channel == "mail" else present.webhook
