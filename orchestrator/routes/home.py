"""Routes of what a manager looks at first: what is new at the sites, and what she has read already."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fl_core.seen import Seen
from fl_core.web.parsing import answer
from fl_core.web.seen_routes import add_seen_routes
from orchestrator.routes.answers import blueprint
from orchestrator.schemas_sites import NewDataView
from orchestrator.services.new_data import NewData


def home_routes(new_data: NewData, seen: Seen) -> APIBlueprint:
    """Bind the routes to their services."""
    api = blueprint("home")

    @api.get("/new-data", responses={200: NewDataView})
    def get_new_data() -> Response:
        """Return who has added usable studies since its last round."""
        return answer(new_data.view())

    add_seen_routes(api, seen)
    return api
