"""Routes of invitations and sites."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fl_core.views import ListQuery
from fl_core.web.parsing import answer, wanted
from orchestrator.routes.answers import blueprint
from orchestrator.schemas import (
    InvitationCreate,
    InvitationIssued,
    InvitationList,
    InvitationPath,
    InvitationView,
    Rename,
    SiteApprove,
    SiteList,
    SitePath,
    SiteView,
)
from orchestrator.schemas_sites import PresenceQuery, PresenceView, SiteDiagnosis, SiteHistory
from orchestrator.services.enrolment import Enrolment
from orchestrator.services.invitations import Invitations
from orchestrator.services.presence_log import PresenceLog
from orchestrator.services.site_diagnosis import SiteDiagnoses
from orchestrator.services.sites import Sites


def invitation_routes(invitations: Invitations) -> APIBlueprint:
    """Bind the routes of the invitations to their service."""
    api = blueprint("invitations", "/invitations")

    @api.get("", responses={200: InvitationList})
    def list_invitations(query: ListQuery) -> Response:
        """List the invitations, newest first."""
        return answer(invitations.part(wanted(query)))

    @api.post("", responses={201: InvitationIssued})
    def create_invitation(body: InvitationCreate) -> Response:
        """Make an invitation; its secret is in this answer only."""
        return answer(invitations.create(body), 201)

    @api.delete("/<invitation_id>", responses={200: InvitationView})
    def withdraw_invitation(path: InvitationPath) -> Response:
        """Withdraw an invitation that is still open."""
        return answer(invitations.withdraw(path.invitation_id))

    return api


def site_routes(
    sites: Sites, enrolment: Enrolment, presence_log: PresenceLog, diagnoses: SiteDiagnoses
) -> APIBlueprint:
    """Bind the routes of the sites to their services."""
    api = blueprint("sites", "/sites")

    @api.get("", responses={200: SiteList})
    def list_sites(query: ListQuery) -> Response:
        """List the sites, pending requests among them."""
        return answer(sites.part(wanted(query)))

    @api.get("/presence", responses={200: PresenceView})
    def list_presence(query: PresenceQuery) -> Response:
        """Return for which share of the last hours each site was there."""
        return answer(presence_log.view(hours=query.hours, parts=query.parts))

    @api.get("/<site_id>", responses={200: SiteView})
    def get_site(path: SitePath) -> Response:
        """Return one site."""
        return answer(sites.view(path.site_id))

    @api.get("/<site_id>/history", responses={200: SiteHistory})
    def get_site_history(path: SitePath) -> Response:
        """Return what a site contributed, session by session."""
        return answer(diagnoses.history(path.site_id))

    @api.get("/<site_id>/diagnosis", responses={200: SiteDiagnosis})
    def diagnose_site(path: SitePath) -> Response:
        """Say where the way from a site to here is broken."""
        return answer(diagnoses.diagnose(path.site_id))

    @api.patch("/<site_id>", responses={200: SiteView})
    def rename_site(path: SitePath, body: Rename) -> Response:
        """Give a site another name."""
        return answer(sites.rename(path.site_id, body.name))

    _add_trust(api, enrolment)
    return api


def _add_trust(api: APIBlueprint, enrolment: Enrolment) -> None:
    @api.post("/<site_id>/approve", responses={200: SiteView})
    def approve_site(path: SitePath, body: SiteApprove) -> Response:
        """Trust a pending site whose fingerprint was compared."""
        return answer(enrolment.approve(path.site_id, body.fingerprint))

    @api.post("/<site_id>/refuse", responses={200: SiteView})
    def refuse_site(path: SitePath) -> Response:
        """Refuse a pending site."""
        return answer(enrolment.refuse(path.site_id))

    @api.post("/<site_id>/revoke", responses={200: SiteView})
    def revoke_site(path: SitePath) -> Response:
        """Take a site's trust back; its connections close at once."""
        return answer(enrolment.revoke(path.site_id))

    @api.post("/<site_id>/suspend", responses={200: SiteView})
    def suspend_site(path: SitePath) -> Response:
        """Shut a site out for a while; its connections close at once."""
        return answer(enrolment.suspend(path.site_id))

    @api.post("/<site_id>/readmit", responses={200: SiteView})
    def readmit_site(path: SitePath) -> Response:
        """Let a suspended site in again."""
        return answer(enrolment.readmit(path.site_id))

    @api.post("/<site_id>/renew", responses={200: SiteView})
    def renew_site(path: SitePath) -> Response:
        """Ask a site to renew its certificate now."""
        return answer(enrolment.ask_to_renew(path.site_id))
