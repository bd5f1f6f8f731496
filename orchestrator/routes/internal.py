"""The loopback route by which the ServerApp hints at new progress; the gate checks its token."""

from collections.abc import Callable

from flask import Blueprint, Response, request

from fl_core.errors import InvalidInput
from fl_core.web.parsing import nothing


def internal_routes(on_progress: Callable[[str], None]) -> Blueprint:
    """Bind the route to what reads the session's progress file."""
    api = Blueprint("internal", __name__, url_prefix="/internal/v1")

    @api.post("/progress")
    def progress_hint() -> Response:
        """Read the session's progress file now."""
        given = request.get_json(silent=True)
        session_id = given.get("session_id") if isinstance(given, dict) else None
        if not isinstance(session_id, str):
            message = "session_id: must be given"
            raise InvalidInput(message)
        on_progress(session_id)
        return nothing()

    return api
