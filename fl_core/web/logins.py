"""One-time links for the owner, the token that unsafe requests carry, and a token for scripts."""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from fl_core.supervision.child import write_private
from fl_core.web.window import page_file, remove_page

LINK_VALID_S = 24 * 3600.0


def persistent_secret(path: Path) -> str:
    """Return the secret in a file that only its owner may read; made at the first call."""
    if path.is_file() and (found := path.read_text("ascii").strip()):
        return found
    made = secrets.token_urlsafe(32)
    write_private(path, made)
    return made


class Logins:
    """One-time links (in memory), tokens against forged requests, and the scripts' token.

    Parameters
    ----------
    key : str
        Secret from which the tokens of unsafe requests are derived.
    api_token : str
        What a script sends as bearer token.
    page : Path, optional
        The file in which a browser finds its link, see `fl_core.web.window`; it goes with the link.
    """

    def __init__(
        self, *, key: str, api_token: str, page: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._key = key.encode()
        self._api_token = api_token
        self._page = page
        self._clock = clock
        self._lock = threading.Lock()
        self._links: dict[str, float] = {}

    @classmethod
    def of_home(cls, home: Path) -> "Logins":
        """Read, or make at the first start, the secrets in the home folder (mode 0600)."""
        made = cls(
            key=persistent_secret(home / "web.secret"),
            api_token=persistent_secret(home / "api.token"),
            page=page_file(home),
        )
        made.forget_page()  # of a daemon that was killed
        return made

    def new_link_token(self) -> str:
        """Return a token for one sign-in within a day."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            now = self._clock()
            self._links = {known: end for known, end in self._links.items() if end > now}
            self._links[_digest(token)] = now + LINK_VALID_S
        return token

    def redeem(self, token: str) -> bool:
        """Take a link token; False when it was used, is too old or was never given."""
        with self._lock:
            end = self._links.pop(_digest(token), 0.0)
        if end and self._page is not None:
            remove_page(self._page, token)
        return end > self._clock()

    def forget_page(self) -> None:
        """Remove the file with a browser's link, used or not."""
        if self._page is not None:
            remove_page(self._page)

    def csrf(self, cookie: str) -> str:
        """Return the token that unsafe requests with this cookie must carry in a header."""
        return hmac.new(self._key, f"csrf:{cookie}".encode(), hashlib.sha256).hexdigest()

    def is_csrf(self, cookie: str, given: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.csrf(cookie).encode(), given.encode())

    def is_api_token(self, given: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self._api_token.encode(), given.encode())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
