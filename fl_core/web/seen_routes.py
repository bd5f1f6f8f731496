"""Routes of what an account has read of the activity, the same in both daemons."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fl_core.seen import Seen
from fl_core.views import SeenView
from fl_core.web.account_routes import person, principal
from fl_core.web.parsing import answer


def add_seen_routes(api: APIBlueprint, seen: Seen) -> None:
    """Add reading and moving the own mark."""

    @api.get("/activity/seen", responses={200: SeenView})
    def get_seen() -> Response:
        """Return up to which line this account has read the activity."""
        return answer(SeenView(seq=seen.get(principal())))

    @api.put("/activity/seen", responses={200: SeenView})
    def mark_seen(body: SeenView) -> Response:
        """Mark the activity up to a line as read by this account."""
        return answer(SeenView(seq=seen.mark(person(), body.seq)))
