"""Which browser is signed in as whom: cookies, how long they hold, and what ends them."""

import hashlib
import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from fl_core.account_views import SignInView
from fl_core.errors import NotFound
from fl_core.protocol.ids import new_id
from fl_core.storage import accounts as rows
from fl_core.storage.accounts import AccountRow, SignInRow
from fl_core.storage.database import Database, Transaction
from fl_core.storage.journal import Journal
from fl_core.web.principal import Principal

TOUCH_EVERY = timedelta(minutes=1)
"""How exactly "last seen" is kept: a write a request would be too many."""


class SignIns:
    """Browsers that are signed in; safe from several threads.

    Parameters
    ----------
    database : Database
    journal : Journal
    valid_s : float
        How long a browser stays signed in.
    on_ended : callable
        Hears the ids of sign-ins that ended, so that their live connections close.
    actor : callable
        Who acts, for the audit.
    now : callable
    """

    def __init__(
        self,
        *,
        database: Database,
        journal: Journal,
        valid_s: float,
        on_ended: Callable[[list[str]], None],
        actor: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._journal = journal
        self._valid = timedelta(seconds=valid_s)
        self.on_ended = on_ended
        self._actor = actor
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Principal, datetime, datetime]] = {}  # cookie hash -> who, expiry, written seen_at
        self._changes = 0  # how often something was taken out of it

    def principal(self, cookie: str) -> Principal | None:
        """Return whose browser sent this cookie; None when it is signed in no more."""
        key, now = digest(cookie), self._now()
        with self._lock:
            known, changes = self._known.get(key), self._changes
        if known is None:
            with self._database.read() as connection:
                found = rows.sign_in_of(connection, key, now=now)
            if found is None:
                return None
            sign_in, account = found
            known = (_principal(sign_in, account), sign_in.expires_at, sign_in.seen_at)
        who, expires, seen = known
        if expires <= now:
            self._forget([who.sign_in_id])
            return None
        if now - seen >= TOUCH_EVERY:
            seen = now
            with self._database.begin() as tx:
                rows.touch(tx, who.sign_in_id, who.account_id, at=now)
        with self._lock:
            if changes == self._changes:  # else the account may have been changed since it was read
                self._known[key] = (who, expires, seen)
        return who

    def begin(self, account_id: str, browser: str) -> str:
        """Sign a browser in; returns the cookie."""
        cookie, now = secrets.token_urlsafe(32), self._now()
        row = SignInRow(
            id=new_id("signin"),
            account_id=account_id,
            cookie_hash=digest(cookie),
            browser=browser_in_words(browser),
            created_at=now,
            expires_at=now + self._valid,
            seen_at=now,
        )
        with self._database.begin() as tx:
            rows.add_sign_in(tx, row)
            rows.touch(tx, row.id, account_id, at=now)
            name = rows.by_id(tx.connection, account_id).name
            self._journal.note(tx, actor=name, action="account.signed_in", subject=account_id)
        return cookie

    def of(self, who: Principal) -> list[SignInView]:
        """Return the browsers that are signed in to the own account."""
        with self._database.read() as connection:
            found = rows.sign_ins(connection, who.account_id, now=self._now())
        return [
            SignInView(
                id=row.id,
                browser=row.browser,
                created_at=row.created_at,
                seen_at=row.seen_at,
                expires_at=row.expires_at,
                current=row.id == who.sign_in_id,
            )
            for row in found
        ]

    def end(self, who: Principal, sign_in_id: str) -> None:
        """Sign one browser of the own account out; raises NotFound for any other."""
        with self._database.begin() as tx:
            if not self._end(tx, who.account_id, only=sign_in_id):
                message = f"there is no sign-in {sign_in_id[:60]} of this account"
                raise NotFound(message)
            self._journal.note(tx, actor=self._actor(), action="account.signed_out", subject=who.account_id)

    def end_all(self, tx: Transaction, account_id: str, *, but: str | None = None) -> None:
        """Sign every browser of an account out, but one where it is named."""
        self._end(tx, account_id, but=but)

    def look_again(self) -> None:
        """Forget who was seen last: an account has changed, so each cookie is looked up again."""
        with self._lock:
            self._changes += 1
            self._known.clear()

    def _end(self, tx: Transaction, account_id: str, *, only: str | None = None, but: str | None = None) -> list[str]:
        ended = rows.end_sign_ins(tx, account_id, only=only, but=but)
        if ended:
            tx.after_commit(lambda: self._forget(ended))
        return ended

    def _forget(self, sign_in_ids: list[str]) -> None:
        gone = set(sign_in_ids)
        with self._lock:
            self._changes += 1
            self._known = {key: known for key, known in self._known.items() if known[0].sign_in_id not in gone}
        self.on_ended(sign_in_ids)


def browser_in_words(agent: str) -> str:
    """Return browser and system of a User-Agent header in a few words; no version, nothing that marks a person."""
    browsers = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
    systems = {
        "Windows": "Windows",
        "Android": "Android",
        "iPhone": "iOS",
        "iPad": "iOS",
        "Mac OS": "macOS",
        "Linux": "Linux",
    }
    browser = next((name for mark, name in browsers.items() if mark in agent), "A browser")
    system = next((name for mark, name in systems.items() if mark in agent), "")
    return f"{browser} on {system}" if system else browser


def digest(token: str) -> str:
    """Return what is stored of a cookie or an invitation's token: they are random, so a plain hash hides them."""
    return hashlib.sha256(token.encode()).hexdigest()


def _principal(sign_in: SignInRow, account: AccountRow) -> Principal:
    return Principal(account.id, account.name, account.role, sign_in.id)
