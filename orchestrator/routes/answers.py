"""How the routes are named in the OpenAPI document, and grouped."""

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from fl_core.web.complaints import Problem

PREFIX = "/api/v1"


def operation_id(*, name: str, path: str, method: str) -> str:
    """Name an operation by its function; the signature is the library's."""
    return name


def blueprint(tag: str, prefix: str = "") -> APIBlueprint:
    """Return a group of routes under the UI API."""
    return APIBlueprint(
        tag,
        __name__,
        url_prefix=PREFIX + prefix,
        abp_tags=[Tag(name=tag)],
        abp_responses=dict.fromkeys(("401", "403", "404", "409", "422"), Problem),
        operation_id_callback=operation_id,
    )
