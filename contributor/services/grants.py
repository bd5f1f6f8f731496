"""What the runner may do, as one file: exactly the sessions that are consented to, unexpired and not withdrawn."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from fl_core.errors import StorageFailed
from fl_core.flower.limits import WEEK, round_key
from fl_core.protocol.plan import Grant, Grants, Resources
from fl_core.storage.site_requests import RequestRecord, RequestStore
from fl_core.storage.site_sessions import SiteRoundRecord, SiteSessionStore
from fl_core.trust.files import write_private

ENDED_FOR_GOOD = "completed"
RELEASED, REFUSED = "released", "refused"


def grant_of(
    request: RequestRecord,
    rounds: list[SiteRoundRecord],
    files: tuple[str, ...],
    now: datetime,
    *,
    withdrawn: tuple[str, ...] = (),
    earlier: tuple[tuple[str, ...], ...] = (),
    paused: bool = False,
    begun: Mapping[str, datetime] | None = None,
) -> Grant | None:
    """Return what one request allows now, from the stored signed documents alone; None when that is nothing."""
    consent = request.consent
    if request.answer != "agree" or consent is None or consent.decision != "agree" or consent.valid_until <= now:
        return None
    if not consent.permissions.take_part or consent.offer_sha256 != request.offer_sha256:
        return None
    offer, rule = request.offer, consent.rule
    return Grant(
        session_id=offer.session_id,
        offer_sha256=request.offer_sha256,
        task=offer.task,
        task_parameters=offer.task_parameters,
        network=offer.network,
        strategy=offer.strategy,
        rounds=offer.rounds,
        bundle_sha256=offer.bundle_sha256,
        train=consent.permissions.train_on_my_data,
        send=consent.permissions.send_model,
        valid_until=consent.valid_until,
        studies=files,
        withdrawn=withdrawn,
        earlier=earlier,
        round_deadline_s=offer.round_deadline_s,
        released_rounds=tuple(one.round for one in rounds if one.decision == RELEASED),
        refused_rounds=tuple(one.round for one in rounds if one.decision == REFUSED),
        paused=paused,
        rule_id="" if rule is None else rule.rule_id,
        hours=None if rule is None else rule.hours,
        rounds_a_week=None if rule is None else rule.rounds_a_week,
        begun=dict(begun or {}),
    )


class GrantsWriter:
    """Replaces the grants file whole, one writer at a time.

    Parameters
    ----------
    usable_paths, withdrawn_paths : turn study ids into the files of those that are usable now, and that were withdrawn
    site_id : this site's id, None while it is not enrolled
    paused : the sessions that are paused here
    resources : what training may take of this computer
    """

    def __init__(
        self,
        *,
        path: Path,
        requests: RequestStore,
        sessions: SiteSessionStore,
        usable_paths: Callable[[tuple[str, ...]], tuple[str, ...]],
        withdrawn_paths: Callable[[tuple[str, ...]], tuple[str, ...]],
        site_id: Callable[[], str | None],
        paused: Callable[[], frozenset[str]] = frozenset,
        resources: Callable[[], Resources] = Resources,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._path = path
        self._requests = requests
        self._sessions = sessions
        self._usable_paths = usable_paths
        self._withdrawn_paths = withdrawn_paths
        self._site_id = site_id
        self._paused = paused
        self._resources = resources
        self._clock = clock
        self._lock = threading.Lock()

    def write(self, *, without: str | None = None) -> Grants:
        """Write the file from what is stored; `without` leaves one session out before that is stored.

        Raises
        ------
        StorageFailed
            The disk refused; the file is gone then, which permits nothing.
        """
        with self._lock:
            grants = self._collect(without)
            content = grants.model_dump_json(indent=1).encode()
            try:
                if not self._path.is_file() or self._path.read_bytes() != content:
                    write_private(self._path, content)
            except OSError as error:
                self._path.unlink(missing_ok=True)
                raise StorageFailed.of(error, "the permissions could not be written") from error
        return grants

    def _collect(self, without: str | None) -> Grants:
        site_id, now = self._site_id(), self._clock()
        if site_id is None:
            return Grants(site_id="")
        ended = {session.id for session in self._sessions.all() if session.state == ENDED_FOR_GOOD}
        grants: dict[str, Grant] = {}
        requests, paused = self._requests.all(), self._paused()
        begun = self._begun(requests, now)
        for request in requests:
            if request.session_id == without or request.session_id in ended or request.offer.site_id != site_id:
                continue
            files = self._usable_paths(request.studies)
            rounds = self._sessions.rounds(request.session_id)
            grant = grant_of(
                request,
                rounds,
                files,
                now,
                withdrawn=self._counted_only(request),
                earlier=tuple(self._there(studies) for studies in request.earlier),
                paused=request.session_id in paused,
                begun=begun.get(_rule_of(request), {}),
            )
            if grant is not None:
                grants[request.session_id] = grant
        return Grants(site_id=site_id, grants=grants, resources=self._resources())

    def _counted_only(self, request: RequestRecord) -> tuple[str, ...]:
        """Return the files that count for the halves only: withdrawn ones, and what only an earlier agreement covered."""
        before = {one for studies in request.earlier for one in studies} - set(request.studies)
        return tuple(sorted((*self._withdrawn_paths(request.studies), *self._there(tuple(before)))))

    def _there(self, studies: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted((*self._usable_paths(studies), *self._withdrawn_paths(studies))))

    def _begun(self, requests: list[RequestRecord], now: datetime) -> dict[str, dict[str, datetime]]:
        """Return, by rule, when its rounds of the last seven days began."""
        found: dict[str, dict[str, datetime]] = {}
        for request in requests:
            rule_id = _rule_of(request)
            if not rule_id:
                continue
            for one in self._sessions.rounds(request.session_id):
                if one.has_begun and now - one.started_at < WEEK:
                    found.setdefault(rule_id, {})[round_key(request.session_id, one.round)] = one.started_at
        return found


def _rule_of(request: RequestRecord) -> str:
    consent = request.consent
    return "" if consent is None or consent.rule is None else consent.rule.rule_id
