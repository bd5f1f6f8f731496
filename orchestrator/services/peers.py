"""What trusted sites say between sessions: hello, their counts, their progress, and what they ask for."""

import hmac
from collections.abc import Callable

from fl_core.desk import Desk
from fl_core.errors import NotTrusted, ProtocolMismatch
from fl_core.lifecycle import EnrolmentState
from fl_core.protocol.bundle import bundle_sha256
from fl_core.protocol.messages import DataSummary, EventPage, Hello, SiteProgress, Welcome
from fl_core.protocol.version import negotiate
from fl_core.storage import lab_sites
from orchestrator.schemas import ProgressDelta
from orchestrator.services.inboxes import Inboxes
from orchestrator.services.presence import Presence
from orchestrator.services.session_views import SessionViews
from orchestrator.services.sites import Sites

HOLD_S = 10.0
"""Longest hold of a request for events: a site that vanished without a word is seen to be gone soon after it."""


class Peers:
    """The peer API but for consents, models and certificates."""

    def __init__(
        self,
        desk: Desk,
        *,
        name: str,
        sites: Sites,
        inboxes: Inboxes,
        presence: Presence,
        views: SessionViews,
        on_presence: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._name = name
        self._sites = sites
        self._inboxes = inboxes
        self._presence = presence
        self._views = views
        self._on_presence = on_presence

    def check(self, site_id: str, fingerprint: str) -> None:
        """Refuse a site that is not trusted (any more), or a certificate that is not its own."""
        with self._desk.database.read() as connection:
            row = lab_sites.site_by_id(connection, site_id)
        if row.state is not EnrolmentState.TRUSTED:
            message = f"site {site_id} is {row.state.value}"
            code = "trust.suspended" if row.state is EnrolmentState.SUSPENDED else "trust.revoked"
            raise NotTrusted(message, code=code)
        if not hmac.compare_digest(row.fingerprint, fingerprint):
            message = f"the certificate is not that of site {site_id}"
            raise NotTrusted(message, code="trust.unknown_certificate")

    def hello(self, site_id: str, hello: Hello) -> Welcome:
        """Agree on a version.

        Raises
        ------
        ProtocolMismatch
            Naming both protocol versions, or both bundles.
        """
        version = negotiate(hello.protocol)
        ours = bundle_sha256()
        if hello.bundle_sha256 != ours:
            message = (
                f"the federation code differs: the site has {hello.bundle_sha256[:12]}, the laboratory {ours[:12]}"
            )
            raise ProtocolMismatch(message)
        with self._desk.database.begin() as tx:
            values = {"software": hello.software, "protocol": str(version), "last_seen": self._desk.now()}
            lab_sites.update_site(tx, site_id, values)
            row = lab_sites.site_by_id(tx.connection, site_id)
            tx.after_commit(lambda: self._sites.publish(site_id))
        self._presence.touch(site_id)
        self._on_presence()
        return Welcome(
            protocol=str(version),
            orchestrator=self._name,
            site_id=site_id,
            site_name=row.name,
            latest_event=row.inbox_seq,
        )

    def events(self, site_id: str, *, after: int, wait_s: float) -> EventPage:
        """Return the site's events after a number, held while there are none; the site counts as online meanwhile."""
        with self._presence.held(site_id):
            self._on_presence()
            return self._inboxes.read(site_id, after=after, wait_s=min(wait_s, HOLD_S))

    def take_summary(self, site_id: str, summary: DataSummary) -> None:
        """Keep the counts a site tells about its data."""
        with self._desk.database.begin() as tx:
            before = lab_sites.site_by_id(tx.connection, site_id)
            values = {"data": summary.model_dump(mode="json"), "last_seen": self._desk.now()}
            lab_sites.update_site(tx, site_id, values)
            added = summary.studies_usable - (0 if before.data is None else before.data.studies_usable)
            if added:
                word = f"{added} new" if added > 0 else f"{-added} fewer"
                text = f"{before.name} has {word} usable {'study' if abs(added) == 1 else 'studies'}."
                self._desk.journal.tell(
                    tx,
                    kind="data",
                    text=text,
                    subject=site_id,
                    key="data.added" if added > 0 else "data.removed",
                    values={"name": before.name, "count": abs(added)},
                )
            tx.after_commit(lambda: self._sites.publish(site_id))
        self._presence.touch(site_id)

    def take_progress(self, site_id: str, progress: SiteProgress) -> None:
        """Show a site's progress; only for sessions it takes part in."""
        if not self._views.set_progress(site_id, progress):
            return
        delta = ProgressDelta(session_id=progress.session_id, site_id=site_id, progress=progress)
        self._desk.bus.publish_progress("progress", f"{progress.session_id}/{site_id}", delta)
