"""Routes of the daemon itself: state, activity, and the hint of the runner."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from contributor.schemas import (
    ActivityQuery,
    LoginLink,
    SharingView,
    SystemView,
)
from contributor.services.participation import Participation
from contributor.services.sharing import Sharing
from contributor.services.system import System
from fl_core.records import Records
from fl_core.seen import Seen
from fl_core.views import ActivityList
from fl_core.web.account_routes import check_is_script
from fl_core.web.accounts import Accounts
from fl_core.web.audit_routes import add_audit_routes
from fl_core.web.blueprints import blueprint
from fl_core.web.parsing import answer, nothing
from fl_core.web.seen_routes import add_seen_routes


def routes(system: System, records: Records, accounts: Accounts, sharing: Sharing, seen: Seen) -> APIBlueprint:
    """Bind the routes to their services."""
    api = blueprint("system")

    @api.post("/links", responses={201: LoginLink})
    def create_link() -> Response:
        """Make a one-time link that signs a browser in as the owner; for scripts on this computer."""
        check_is_script()
        accounts.note_owner_link()
        return answer(system.new_link(), 201)

    @api.get("/system", responses={200: SystemView})
    def get_system() -> Response:
        """Return the state of the daemon and of its children."""
        return answer(system.view())

    @api.get("/sharing", responses={200: SharingView})
    def get_sharing() -> Response:
        """Return what this site lets out about its data besides the counts."""
        return answer(sharing.view())

    @api.put("/sharing", responses={200: SharingView})
    def set_sharing(body: SharingView) -> Response:
        """Permit, or permit no more, that the spread of the studies is told."""
        return answer(sharing.permit(distributions=body.distributions))

    @api.get("/activity", responses={200: ActivityList})
    def list_activity(query: ActivityQuery) -> Response:
        """List what happened, in words, newest first."""
        return answer(ActivityList(items=records.activity(before=query.before, limit=query.limit)))

    add_seen_routes(api, seen)
    return api


def audit_routes(system: System, records: Records) -> APIBlueprint:
    """Bind the routes of the audit log."""
    api = blueprint("audit", "/audit")
    add_audit_routes(api, records, lambda: system.view().connection.site_name or "FLoMIR")
    return api


def internal_routes(participation: Participation) -> APIBlueprint:
    """Bind the loopback route by which the runner hints at new progress; the gate has checked its token."""
    api = APIBlueprint("internal", __name__, url_prefix="/internal/v1", doc_ui=False)

    @api.post("/progress")
    def progress_hint() -> Response:
        """Read the progress file now."""
        participation.ingest()
        return nothing()

    return api
