"""The gate of the runner: which session may do what, by the grants file alone; without a grant everything is refused."""

import threading
from collections.abc import Set
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from fl_core.errors import NotTrusted, StudyUnusable
from fl_core.protocol.messages import SendPermission
from fl_core.protocol.plan import Grant, Grants


class GrantsFile:
    """The grants as they are now; a missing or broken file grants nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._grants: Grants | None = None
        self._lock = threading.Lock()

    def read(self) -> Grants | None:
        """Return the present grants; the file is read again only when it was replaced."""
        with self._lock:
            try:
                stat = self._path.stat()
                seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
                if seen != self._seen:
                    self._grants = Grants.model_validate_json(self._path.read_bytes())
                    self._seen = seen
            except (OSError, ValidationError):
                self._grants, self._seen = None, None
            return self._grants


def consented_grant(
    grants: Grants | None,
    session_id: str,
    round_number: int,
    bundle_sha256: str,
    *,
    used: Set[str] = frozenset(),
) -> Grant:
    """Return the grant that covers this round of this session, or refuse.

    Parameters
    ----------
    used : set of str
        Files of the studies that the round works with already.

    Raises
    ------
    NotTrusted
        ``consent.missing`` (no grant, training not allowed, other bundle, round outside of what was agreed) or
        ``consent.expired``.
    StudyUnusable
        A study that the round works with was withdrawn meanwhile.
    """
    grant = None if grants is None else grants.grants.get(session_id)
    if grant is None or not grant.train:
        message = "this site has not agreed to train in this session"
        raise NotTrusted(message, code="consent.missing")
    if grant.bundle_sha256 != bundle_sha256:
        message = "the run's bundle is not the one this site agreed to"
        raise NotTrusted(message, code="consent.missing")
    if not 1 <= round_number <= grant.rounds:
        message = f"round {round_number} is outside of the {grant.rounds} rounds this site agreed to"
        raise NotTrusted(message, code="consent.missing")
    if datetime.now(UTC) >= grant.valid_until:
        message = "the consent's time is over"
        raise NotTrusted(message, code="consent.expired")
    if not used <= set(grant.studies):
        message = "a study was withdrawn while the round worked with it"
        raise StudyUnusable(message)
    return grant


def may_send(grant: Grant, round_number: int) -> bool | None:
    """Tell whether a round's update may leave: yes, no, or (None) the professional has not answered yet."""
    if grant.send is SendPermission.NO or round_number in grant.refused_rounds:
        return False
    if grant.send is SendPermission.YES or round_number in grant.released_rounds:
        return True
    return None
