"""Routes of what a manager looks at first: what is new at the sites, and what she has read already."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fl_core.web.account_routes import person, principal
from fl_core.web.parsing import answer
from orchestrator.routes.answers import blueprint
from orchestrator.schemas_sites import NewDataView, SeenView
from orchestrator.services.new_data import NewData
from orchestrator.services.seen import Seen


def home_routes(new_data: NewData, seen: Seen) -> APIBlueprint:
    """Bind the routes to their services."""
    api = blueprint("home")

    @api.get("/new-data", responses={200: NewDataView})
    def get_new_data() -> Response:
        """Return who has data that no model has learned from."""
        return answer(new_data.view())

    @api.get("/activity/seen", responses={200: SeenView})
    def get_seen() -> Response:
        """Return up to which line this account has read the activity."""
        return answer(SeenView(seq=seen.get(principal())))

    @api.put("/activity/seen", responses={200: SeenView})
    def mark_seen(body: SeenView) -> Response:
        """Mark the activity up to a line as read by this account."""
        return answer(SeenView(seq=seen.mark(person(), body.seq)))

    return api
