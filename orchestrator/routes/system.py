"""Routes of the daemon itself: state, link, activity."""

from collections.abc import Callable

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fl_core.views import ActivityList
from fl_core.web.account_routes import check_is_script
from fl_core.web.accounts import Accounts
from fl_core.web.parsing import answer
from orchestrator.routes.answers import blueprint
from orchestrator.schemas import (
    ActivityQuery,
    LinkView,
    SystemView,
)
from orchestrator.services.records import Records
from orchestrator.services.system import System


def system_routes(system: System, records: Records, accounts: Accounts, new_link: Callable[[], str]) -> APIBlueprint:
    """Bind the routes to their services."""
    api = blueprint("system")

    @api.post("/link", responses={201: LinkView})
    def create_link() -> Response:
        """Make a one-time link that signs a browser in as the owner; for scripts on this computer."""
        check_is_script()
        accounts.note_owner_link()
        return answer(LinkView(link=new_link()), 201)

    @api.get("/system", responses={200: SystemView})
    def get_system() -> Response:
        """Return the state of the daemon and of its children."""
        return answer(system.view())

    @api.get("/activity", responses={200: ActivityList})
    def list_activity(query: ActivityQuery) -> Response:
        """List what happened, in words, newest first."""
        return answer(ActivityList(items=records.activity(before=query.before, limit=query.limit)))

    return api
