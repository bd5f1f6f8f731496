"""Routes of the enrolment: open an invitation, join, cancel or leave."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from contributor.schemas import ConnectionView, EnrolmentStart, InvitationPreview, InvitationText
from contributor.services.enrolment import Enrolment
from fl_core.web.blueprints import blueprint
from fl_core.web.parsing import answer


def routes(enrolment: Enrolment) -> APIBlueprint:
    """Bind the routes to their service."""
    api = blueprint("enrolment", "/enrolment")

    @api.post("/preview", responses={200: InvitationPreview})
    def preview_invitation(body: InvitationText) -> Response:
        """Tell whose invitation it is; nothing is sent."""
        return answer(enrolment.preview(body.invitation))

    @api.post("", responses={202: ConnectionView})
    def start_enrolment(body: EnrolmentStart) -> Response:
        """Make the key on this computer, send a signing request and wait for the approval."""
        return answer(enrolment.start(body.invitation, body.site_name), 202)

    @api.get("", responses={200: ConnectionView})
    def get_enrolment() -> Response:
        """Return the present relation to the orchestrator."""
        return answer(enrolment.connection())

    @api.post("/renew", responses={202: ConnectionView})
    def renew_certificate() -> Response:
        """Ask for a fresh certificate of the same key now, instead of a month before the present one ends."""
        return answer(enrolment.renew(), 202)

    @api.delete("", responses={200: ConnectionView})
    def leave() -> Response:
        """Cancel a pending enrolment, or leave the federation."""
        return answer(enrolment.leave())

    return api
