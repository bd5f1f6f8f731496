"""Routes of the studies: look at, withdraw, restore. Scans come in by the routes of imports."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from contributor.routes.answers import volume
from contributor.schemas import StudyArrayPath, StudyList, StudyPath, StudyView
from contributor.services.studies import Studies
from fl_core.views import ListQuery
from fl_core.web.blueprints import blueprint
from fl_core.web.parsing import answer, wanted


def routes(studies: Studies) -> APIBlueprint:
    """Bind the routes to their service."""
    api = blueprint("studies", "/studies")

    @api.get("", responses={200: StudyList})
    def list_studies(query: ListQuery) -> Response:
        """List the studies, newest first, in parts on request."""
        return answer(studies.part(wanted(query)))

    @api.get("/<study_id>", responses={200: StudyView})
    def get_study(path: StudyPath) -> Response:
        """Return one study."""
        return answer(studies.get(path.study_id))

    @api.delete("/<study_id>", responses={200: StudyView})
    def withdraw_study(path: StudyPath) -> Response:
        """Take a study out of every present and future use; the file stays until the patient is erased."""
        return answer(studies.withdraw(path.study_id))

    @api.post("/<study_id>/restore", responses={200: StudyView})
    def restore_study(path: StudyPath) -> Response:
        """Make a withdrawn study usable again."""
        return answer(studies.restore(path.study_id))

    @api.get("/<study_id>/arrays/<array>", doc_ui=True)
    def get_study_array(path: StudyArrayPath) -> Response:
        """Return one array: little-endian float32, shape and spacing in the headers."""
        return volume(*studies.array(path.study_id, path.array))

    return api
