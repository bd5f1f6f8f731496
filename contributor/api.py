"""The UI API as one Flask application with its OpenAPI description; the services are handed in."""

from dataclasses import dataclass
from typing import cast

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.openapi import OpenAPI

from contributor.roles import ROLES
from contributor.routes import consent as consent_routes
from contributor.routes import enrolment as enrolment_routes
from contributor.routes import intake as intake_routes
from contributor.routes import models as model_routes
from contributor.routes import network as network_routes
from contributor.routes import quality as quality_routes
from contributor.routes import requests as request_routes
from contributor.routes import results as result_routes
from contributor.routes import sessions as session_routes
from contributor.routes import settings as settings_routes
from contributor.routes import studies as study_routes
from contributor.routes import system as system_routes
from contributor.routes.settings import House
from contributor.services.connection import Connection
from contributor.services.enrolment import Enrolment
from contributor.services.erasure import Erasures
from contributor.services.heart_axis import HeartAxes
from contributor.services.imports import Imports
from contributor.services.models import ReceivedModels
from contributor.services.network import Network
from contributor.services.own_results import OwnResults
from contributor.services.participation import Participation
from contributor.services.patients import Patients
from contributor.services.pauses import Pauses
from contributor.services.preflight import Preflight
from contributor.services.quality import Quality
from contributor.services.reconstructions import Reconstructions
from contributor.services.reminders import Reminders
from contributor.services.requests import Requests
from contributor.services.resources import SiteResources
from contributor.services.rules import Rules
from contributor.services.sharing import Sharing
from contributor.services.storage import Storage
from contributor.services.studies import Studies
from contributor.services.study_details import Details
from contributor.services.system import System
from contributor.services.watch import Watch
from fl_core.records import Records
from fl_core.seen import Seen
from fl_core.web import once, roles
from fl_core.web.account_routes import add_account_routes, add_own_routes
from fl_core.web.accounts import Accounts
from fl_core.web.application import Nobody, create_app
from fl_core.web.blueprints import blueprint, described

TITLE = "FLoMIR contributor"


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the routes call."""

    connection: Connection
    enrolment: Enrolment
    studies: Studies
    quality: Quality
    sharing: Sharing
    storage: Storage
    imports: Imports
    patients: Patients
    erasures: Erasures
    details: Details
    requests: Requests
    reminders: Reminders
    rules: Rules
    pauses: Pauses
    resources: SiteResources
    participation: Participation
    models: ReceivedModels
    reconstructions: Reconstructions
    heart_axes: HeartAxes
    results: OwnResults
    records: Records
    seen: Seen
    system: System
    network: Network
    house: House
    watch: Watch
    preflight: Preflight
    accounts: Accounts
    page_url: str


def make_app(services: Services, *, version: str, upload_limit_bytes: int) -> OpenAPI:
    """Return the application with every route."""
    app = create_app("contributor", title=TITLE, version=version, upload_limit_bytes=upload_limit_bytes)
    once.install(app)
    roles.install(app, ROLES)
    for routes in (
        _account_routes(services, version),
        system_routes.routes(services.system, services.records, services.accounts, services.sharing, services.seen),
        system_routes.audit_routes(services.system, services.records),
        consent_routes.rule_routes(services.rules),
        consent_routes.resource_routes(services.resources),
        system_routes.internal_routes(services.participation),
        network_routes.routes(services.network, services.preflight),
        settings_routes.routes(services.house),
        enrolment_routes.routes(services.enrolment),
        study_routes.routes(services.studies),
        quality_routes.routes(services.quality),
        intake_routes.details_routes(services.details),
        intake_routes.erasure_routes(services.erasures),
        intake_routes.import_routes(services.imports),
        intake_routes.patient_routes(services.patients),
        intake_routes.storage_routes(services.storage),
        request_routes.routes(services.requests, services.reminders),
        session_routes.routes(services.participation, services.requests, services.pauses),
        model_routes.model_routes(services.models),
        model_routes.reconstruction_routes(services.reconstructions, services.heart_axes),
        result_routes.routes(services.results),
    ):
        app.register_api(routes)
    return app


def _account_routes(services: Services, version: str) -> APIBlueprint:
    api = blueprint("accounts")
    add_own_routes(api, services.accounts, version)
    add_account_routes(api, services.accounts, lambda path: f"{services.page_url}{path}")
    return api


def describe() -> OpenAPI:
    """Return the application for its description only: no service is ever called."""
    with described():
        return make_app(cast("Services", Nobody()), version="1", upload_limit_bytes=1)
