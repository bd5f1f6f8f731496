"""The contributor daemon: its services behind the gate, started and ended in order."""

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from wsgiref.types import WSGIApplication

from flask_openapi3.openapi import OpenAPI

from contributor.api import TITLE, Services, make_app
from contributor.children import SiteChildren
from contributor.core import DAY_S, Core, SiteClient
from contributor.services.enrolment import ClientFactory
from contributor.services.grants import GrantsWriter
from contributor.services.participation import TICK_S
from contributor.services.request_inbox import RequestInbox
from contributor.settings import ContributorSettings
from contributor.uplink import Uplink
from fl_core.about import software_version
from fl_core.events import EventBus
from fl_core.storage.database import Database
from fl_core.web import realtime, static
from fl_core.web.logins import Logins
from fl_core.web.security import Gate, GateSettings

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Contributor:
    """A composed daemon (`fl_core.web.serving.Served`)."""

    wsgi: WSGIApplication
    app: OpenAPI
    services: Services
    bus: EventBus
    database: Database
    uplink: Uplink
    children: SiteChildren
    grants: GrantsWriter
    inbox: RequestInbox
    close_live: Callable[[], None]
    on_started: Callable[[], None]
    _stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Go on with everything that was going on when the daemon ended."""
        self.services.storage.prepare()
        self.services.erasures.resume()
        self.services.studies.reconcile()
        self.services.network.hand_on()
        self.services.imports.start()
        self.grants.write()
        self.services.participation.ingest()
        self.services.reconstructions.start()
        self.services.results.start()
        threading.Thread(target=self._tick, name="tick", daemon=True).start()
        self.services.enrolment.resume()
        self.services.house.sender.start()
        self.on_started()

    def stop(self) -> None:
        """End children, threads and live connections; idempotent."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self.services.reconstructions.cancel()
        self.services.results.cancel_all()
        self.services.preflight.stop()
        self.services.house.sender.stop()
        self.services.imports.stop()
        self.services.enrolment.stop()
        self.uplink.stop()
        self.children.stop()
        self.services.reconstructions.stop()
        self.services.results.stop()
        self.close_live()
        self.bus.close()

    def _tick(self) -> None:
        """Catch up with what came without a hint, and with the clock; one duty that fails keeps no other from its turn."""
        services = self.services
        duties = (
            services.participation.ingest,  # also after a session's end, which may come before the runner's last word
            services.requests.expire,
            services.reminders.tell_due,
            services.watch.tick,
        )
        while not self._stopped.wait(TICK_S):
            for duty in duties:
                try:
                    duty()
                except Exception:
                    logger.exception("a tick failed")


def compose(
    settings: ContributorSettings,
    port: int,
    *,
    logins: Logins,
    on_started: Callable[[], None] = lambda: None,
    site_client: SiteClient | None = None,
    enrol_client: ClientFactory | None = None,
) -> Contributor:
    """Build a contributor that serves on 127.0.0.1:`port`; nothing is started."""
    page_url = f"http://127.0.0.1:{port}"
    token = secrets.token_urlsafe(24)
    core = Core(
        settings,
        page_url=page_url,
        progress_token=token,
        new_link=lambda: f"{page_url}/login?token={logins.new_link_token()}",
        site_client=site_client,
        enrol_client=enrol_client,
    )
    services = core.services()
    app = make_app(services, version=software_version(), upload_limit_bytes=settings.upload_limit_bytes)
    gate_settings = GateSettings(port=port, max_age_s=settings.login_days * DAY_S, internal_token=token)
    socketio = realtime.install(app, core.bus, origins=[f"http://{host}" for host in sorted(gate_settings.hosts)])
    core.accounts.sign_ins.on_ended = lambda ids: realtime.disconnect(socketio, ids)
    static.install(app, core.paths.web_pages, title=TITLE)

    def close_live() -> None:
        realtime.disconnect_all(socketio)
        logins.forget_page()

    return Contributor(
        wsgi=Gate(app.wsgi_app, settings=gate_settings, logins=logins, accounts=core.accounts, side="Contributor"),
        app=app,
        services=services,
        bus=core.bus,
        database=core.database,
        uplink=core.uplink,
        children=core.children,
        grants=core.grants,
        inbox=core.inbox,
        close_live=close_live,
        on_started=on_started,
    )
