"""Routes of quality control: what was found in a study, and at a glance in all."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from contributor.schemas import StudyPath
from contributor.schemas_quality import QualityList, QualityView
from contributor.services.quality import Quality
from fl_core.web.blueprints import blueprint
from fl_core.web.parsing import answer


def routes(quality: Quality) -> APIBlueprint:
    """Bind the routes to their service."""
    api = blueprint("quality", tag="studies")

    @api.get("/quality", responses={200: QualityList})
    def list_quality() -> Response:
        """List level and number of findings of every study that was checked."""
        return answer(quality.glances())

    @api.get("/studies/<study_id>/quality", responses={200: QualityView})
    def get_quality(path: StudyPath) -> Response:
        """Return what quality control found in a study, with pictures."""
        return answer(quality.view(path.study_id))

    return api
