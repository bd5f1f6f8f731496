"""Routes of the comparisons on the own hold-out."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from contributor.routes.answers import volume
from contributor.schemas_results import (
    OwnResultArrayPath,
    OwnResultCreate,
    OwnResultList,
    OwnResultPath,
    OwnResultView,
)
from contributor.services.own_results import OwnResults
from fl_core.views import Deleted, ListQuery
from fl_core.web.blueprints import blueprint
from fl_core.web.parsing import answer, wanted


def routes(results: OwnResults) -> APIBlueprint:
    """Bind the routes to their service."""
    api = blueprint("results", "/results")

    @api.get("", responses={200: OwnResultList})
    def list_results(query: ListQuery) -> Response:
        """List the comparisons, newest first, in parts on request; what one found comes with the single one."""
        return answer(results.part(wanted(query)))

    @api.post("", responses={202: OwnResultView})
    def create_result(body: OwnResultCreate) -> Response:
        """Compare OSEM, a model of the own data alone, and a received model on the own hold-out."""
        return answer(results.create(body.model_id), 202)

    @api.get("/<result_id>", responses={200: OwnResultView})
    def get_result(path: OwnResultPath) -> Response:
        """Return one comparison with all that it found."""
        return answer(results.get(path.result_id))

    @api.delete("/<result_id>", responses={200: Deleted})
    def remove_result(path: OwnResultPath) -> Response:
        """Remove a comparison that has ended, with its images; studies and models stay."""
        return answer(results.remove(path.result_id))

    @api.post("/<result_id>/cancel", responses={202: OwnResultView})
    def cancel_result(path: OwnResultPath) -> Response:
        """End a comparison; what it has done is kept."""
        return answer(results.cancel(path.result_id), 202)

    @api.post("/<result_id>/resume", responses={202: OwnResultView})
    def resume_result(path: OwnResultPath) -> Response:
        """Go on with a comparison that ended early."""
        return answer(results.resume(path.result_id), 202)

    @api.get("/<result_id>/cases/<case>/arrays/<array>")
    def get_result_array(path: OwnResultArrayPath) -> Response:
        """Return one image of one case: little-endian float32, shape and spacing in the headers."""
        return volume(*results.array(path.result_id, path.case, path.array))

    return api
