"""The UI API as one Flask application with its OpenAPI description; the services are handed in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.openapi import OpenAPI

from fl_core.seen import Seen
from fl_core.web import once, roles
from fl_core.web.account_routes import add_account_routes, add_own_routes
from fl_core.web.accounts import Accounts
from fl_core.web.application import Nobody, create_app
from fl_core.web.audit_routes import add_audit_routes
from fl_core.web.blueprints import described
from orchestrator.roles import ROLES
from orchestrator.routes.answers import blueprint
from orchestrator.routes.home import home_routes
from orchestrator.routes.internal import internal_routes
from orchestrator.routes.laboratory import laboratory_routes
from orchestrator.routes.models import model_routes
from orchestrator.routes.peer import enrolment_routes, peer_routes
from orchestrator.routes.sessions import catalogue_routes, session_routes
from orchestrator.routes.settings import House, settings_routes
from orchestrator.routes.sites import invitation_routes, site_routes
from orchestrator.routes.system import system_routes
from orchestrator.services.consents import Consents
from orchestrator.services.enrolment import Enrolment
from orchestrator.services.invitations import Invitations
from orchestrator.services.laboratory.laboratory import Laboratory
from orchestrator.services.model_bin import ModelBin
from orchestrator.services.model_family import ModelFamily
from orchestrator.services.models import Models
from orchestrator.services.new_data import NewData
from orchestrator.services.peers import Peers
from orchestrator.services.presence_log import PresenceLog
from orchestrator.services.records import Records
from orchestrator.services.session_changes import SessionChanges
from orchestrator.services.session_estimate import SessionEstimates
from orchestrator.services.session_export import SessionExports
from orchestrator.services.session_offers import SessionOffers
from orchestrator.services.session_views import SessionViews
from orchestrator.services.sessions import Sessions
from orchestrator.services.site_diagnosis import SiteDiagnoses
from orchestrator.services.sites import Sites
from orchestrator.services.system import System

TITLE = "FLoMIR orchestrator"


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything the routes call."""

    system: System
    records: Records
    invitations: Invitations
    sites: Sites
    enrolment: Enrolment
    presence_log: PresenceLog
    diagnoses: SiteDiagnoses
    new_data: NewData
    seen: Seen
    house: House
    peers: Peers
    consents: Consents
    models: Models
    model_bin: ModelBin
    views: SessionViews
    offers: SessionOffers
    sessions: Sessions
    laboratory: Laboratory
    changes: SessionChanges
    estimates: SessionEstimates
    exports: SessionExports
    model_family: ModelFamily
    on_progress: Callable[[str], None]
    new_link: Callable[[], str]
    accounts: Accounts
    page_url: str


def make_app(services: Services, *, upload_limit_bytes: int) -> OpenAPI:
    """Return the application with every route."""
    app = create_app("orchestrator", title=TITLE, version="1", upload_limit_bytes=upload_limit_bytes)
    once.install(app)
    roles.install(app, ROLES)
    for group in (
        _account_routes(services),
        system_routes(services.system, services.records, services.accounts, services.new_link),
        _audit_routes(services),
        home_routes(services.new_data, services.seen),
        invitation_routes(services.invitations),
        settings_routes(services.house),
        site_routes(services.sites, services.enrolment, services.presence_log, services.diagnoses),
        catalogue_routes(),
        session_routes(
            services.views, services.offers, services.sessions, services.changes, services.estimates, services.exports
        ),
        model_routes(services.models, services.model_bin, services.model_family, upload_limit_bytes=upload_limit_bytes),
        laboratory_routes(services.laboratory, upload_limit_bytes=upload_limit_bytes),
    ):
        app.register_api(group)
    for plain in (
        enrolment_routes(services.enrolment),
        peer_routes(services.peers, services.consents, services.models, services.enrolment),
        internal_routes(services.on_progress),
    ):
        app.register_blueprint(plain)
    return app


def _account_routes(services: Services) -> APIBlueprint:
    api = blueprint("accounts")
    add_own_routes(api, services.accounts, services.system.version)
    add_account_routes(api, services.accounts, lambda path: f"{services.page_url}{path}")
    return api


def _audit_routes(services: Services) -> APIBlueprint:
    api = blueprint("audit", "/audit")
    add_audit_routes(api, services.records, lambda: services.system.name)
    return api


def describe() -> OpenAPI:
    """Return the application for its description only: no service is ever called."""
    with described():
        return make_app(cast("Services", Nobody()), upload_limit_bytes=1)
