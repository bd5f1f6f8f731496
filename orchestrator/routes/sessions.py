"""Routes of tasks, strategies and sessions."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fl_core.views import ListQuery
from fl_core.web.parsing import answer, wanted
from orchestrator.routes.answers import blueprint
from orchestrator.schemas import (
    SessionCreate,
    SessionEstimate,
    SessionEstimateWanted,
    SessionExport,
    SessionExtend,
    SessionList,
    SessionPath,
    SessionSites,
    SessionView,
    StrategyList,
    TaskList,
)
from orchestrator.services import catalogue
from orchestrator.services.session_changes import SessionChanges
from orchestrator.services.session_estimate import SessionEstimates
from orchestrator.services.session_export import SessionExports
from orchestrator.services.session_offers import SessionOffers
from orchestrator.services.session_views import SessionViews
from orchestrator.services.sessions import Sessions


def catalogue_routes() -> APIBlueprint:
    """Return the routes that list what can be trained and how."""
    api = blueprint("catalogue")

    @api.get("/tasks", responses={200: TaskList})
    def list_tasks() -> Response:
        """List the tasks with the schemas of their forms."""
        return answer(TaskList(items=catalogue.tasks()))

    @api.get("/strategies", responses={200: StrategyList})
    def list_strategies() -> Response:
        """List the strategies with the schemas of their forms."""
        return answer(StrategyList(items=catalogue.strategies()))

    return api


def session_routes(
    views: SessionViews,
    offers: SessionOffers,
    sessions: Sessions,
    changes: SessionChanges,
    estimates: SessionEstimates,
    exports: SessionExports,
) -> APIBlueprint:
    """Bind the routes of the sessions to their services."""
    api = blueprint("sessions", "/sessions")

    @api.get("", responses={200: SessionList})
    def list_sessions(query: ListQuery) -> Response:
        """List the sessions, newest first."""
        return answer(views.part(wanted(query)))

    @api.post("", responses={201: SessionView})
    def create_session(body: SessionCreate) -> Response:
        """Send signed offers to the chosen sites."""
        return answer(offers.create(body), 201)

    @api.post("/estimate", responses={200: SessionEstimate})
    def estimate_session(body: SessionEstimateWanted) -> Response:
        """Estimate time and traffic of a wished session; changes nothing."""
        return answer(estimates.of(body))

    @api.get("/<session_id>/export", responses={200: SessionExport})
    def export_session(path: SessionPath) -> Response:
        """Return one session whole, with its models' cards and the signed documents."""
        return answer(exports.of(path.session_id))

    @api.get("/<session_id>", responses={200: SessionView})
    def get_session(path: SessionPath) -> Response:
        """Return one session with its participations and rounds."""
        return answer(views.get(path.session_id))

    _add_wishes(api, sessions)
    _add_changes(api, changes)
    return api


def _add_wishes(api: APIBlueprint, sessions: Sessions) -> None:
    @api.post("/<session_id>/start", responses={200: SessionView})
    def start_session(path: SessionPath) -> Response:
        """Start now, with the sites that agreed."""
        return answer(sessions.start(path.session_id))

    @api.post("/<session_id>/stop", responses={200: SessionView})
    def stop_session(path: SessionPath) -> Response:
        """Stop; closed rounds stay."""
        return answer(sessions.stop(path.session_id))

    @api.post("/<session_id>/resume", responses={200: SessionView})
    def resume_session(path: SessionPath) -> Response:
        """Go on after the last closed round."""
        return answer(sessions.resume(path.session_id))

    @api.post("/<session_id>/combine-now", responses={200: SessionView})
    def combine_session_now(path: SessionPath) -> Response:
        """Close the present round early, once the quorum is met."""
        return answer(sessions.combine_now(path.session_id))

    @api.post("/<session_id>/pause", responses={200: SessionView})
    def pause_session(path: SessionPath) -> Response:
        """Pause after the present round."""
        return answer(sessions.pause(path.session_id))


def _add_changes(api: APIBlueprint, changes: SessionChanges) -> None:
    @api.post("/<session_id>/abort", responses={200: SessionView})
    def abort_session(path: SessionPath) -> Response:
        """Give the session up before its start; the offers are withdrawn."""
        return answer(changes.abort(path.session_id))

    @api.post("/<session_id>/extend", responses={200: SessionView})
    def extend_session(path: SessionPath, body: SessionExtend) -> Response:
        """Wish for more or longer rounds, or give the sites more time to answer."""
        return answer(changes.extend(path.session_id, body))

    @api.post("/<session_id>/sites", responses={200: SessionView})
    def change_session_sites(path: SessionPath, body: SessionSites) -> Response:
        """Ask further sites, leave sites out of the coming rounds."""
        return answer(changes.change_sites(path.session_id, body))
