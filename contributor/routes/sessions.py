"""Routes of the sessions this site takes part in: look, withdraw, let a held update go."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from contributor.schemas import (
    ReleaseDecision,
    RoundPath,
    SessionPath,
    SiteSessionList,
    SiteSessionView,
    WithdrawRequest,
)
from contributor.services.participation import Participation
from contributor.services.pauses import Pauses
from contributor.services.requests import Requests
from fl_core.protocol.plan import SentUpdate
from fl_core.views import ListQuery
from fl_core.web.blueprints import blueprint
from fl_core.web.parsing import answer, wanted


def routes(participation: Participation, requests: Requests, pauses: Pauses) -> APIBlueprint:
    """Bind the routes to their services."""
    api = blueprint("sessions", "/sessions")

    @api.get("", responses={200: SiteSessionList})
    def list_sessions(query: ListQuery) -> Response:
        """List the sessions this site agreed to, newest first, in parts on request; all rounds come with the single one."""
        return answer(participation.part(wanted(query)))

    @api.get("/<session_id>", responses={200: SiteSessionView})
    def get_session(path: SessionPath) -> Response:
        """Return one session with its rounds."""
        return answer(participation.get(path.session_id))

    @api.get("/<session_id>/rounds/<int:round>/receipt", responses={200: SentUpdate})
    def get_receipt(path: RoundPath) -> Response:
        """Return the receipt of what left in a round, tensor by tensor."""
        return answer(participation.receipt(path.session_id, path.round))

    @api.post("/<session_id>/withdraw", responses={200: SiteSessionView})
    def withdraw_consent(path: SessionPath, body: WithdrawRequest) -> Response:
        """Take the consent back: the permission ends here at once, then the orchestrator is told."""
        requests.withdraw(path.session_id, body.reason)
        return answer(participation.get(path.session_id))

    @api.post("/<session_id>/rounds/<int:round>/release", responses={200: SiteSessionView})
    def release_round(path: RoundPath, body: ReleaseDecision) -> Response:
        """Let a held update go, or keep it."""
        requests.decide_held(path.session_id, path.round, send=body.send)
        return answer(participation.get(path.session_id))

    @api.post("/<session_id>/pause", responses={200: SiteSessionView})
    def pause_session(path: SessionPath) -> Response:
        """Let nothing begin and nothing be finished in a session until it is resumed."""
        pauses.set_paused(path.session_id, paused=True)
        return answer(participation.get(path.session_id))

    @api.post("/<session_id>/resume", responses={200: SiteSessionView})
    def resume_session(path: SessionPath) -> Response:
        """Let a paused session go on."""
        pauses.set_paused(path.session_id, paused=False)
        return answer(participation.get(path.session_id))

    return api
