"""Groups of the orchestrator's routes, each with the refusals that any of them may answer."""

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.types import ResponseDict

from fl_core.web import blueprints
from fl_core.web.complaints import Problem


def blueprint(tag: str, prefix: str = "") -> APIBlueprint:
    """Return a group of routes under the UI API."""
    refusals: ResponseDict = dict.fromkeys(("401", "403", "404", "409", "422"), Problem)
    return blueprints.blueprint(tag, prefix, responses=refusals)
