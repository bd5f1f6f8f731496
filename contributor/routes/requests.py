"""Routes of the requests: read an offer, answer it."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from contributor.schemas import RequestAnswer, RequestList, RequestView, SessionPath
from contributor.schemas_consent import ReminderWish
from contributor.services.reminders import Reminders
from contributor.services.requests import Requests
from fl_core.views import PartQuery
from fl_core.web.blueprints import blueprint
from fl_core.web.parsing import answer, wanted


def routes(requests: Requests, reminders: Reminders) -> APIBlueprint:
    """Bind the routes to their service."""
    api = blueprint("requests", "/requests")

    @api.get("", responses={200: RequestList})
    def list_requests(query: PartQuery) -> Response:
        """List the requests, newest first, in parts on request."""
        return answer(requests.part(wanted(query)))

    @api.get("/<session_id>", responses={200: RequestView})
    def get_request(path: SessionPath) -> Response:
        """Return one request with the whole offer."""
        return answer(requests.get(path.session_id))

    @api.post("/<session_id>/answer", responses={200: RequestView})
    def answer_request(path: SessionPath, body: RequestAnswer) -> Response:
        """Agree or decline; the answer is signed here and sent as soon as the orchestrator can be reached."""
        return answer(requests.answer(path.session_id, body))

    @api.post("/<session_id>/further", responses={200: RequestView})
    def answer_further(path: SessionPath, body: RequestAnswer) -> Response:
        """Agree to, or decline, a newer offer of a session that is agreed to; until then the agreement stays."""
        return answer(requests.answer_further(path.session_id, body))

    @api.put("/<session_id>/reminder", responses={200: RequestView})
    def remind(path: SessionPath, body: ReminderWish) -> Response:
        """Put a request off until a time before its answer is due, or ask about it again at once."""
        reminders.set(path.session_id, body.at)
        return answer(requests.get(path.session_id))

    return api
