"""How the routes are named in the OpenAPI document, and grouped."""

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from fl_core.storage.listing import Wanted
from fl_core.views import ListQuery
from fl_core.web.complaints import Problem

PREFIX = "/api/v1"


def operation_id(*, name: str, path: str, method: str) -> str:
    """Name an operation by its function; the signature is the library's."""
    return name


def wanted(query: ListQuery) -> Wanted:
    """Return which part of a list a request asks for."""
    return Wanted(
        search=query.search, states=tuple(query.state), sort=query.sort, limit=query.limit, cursor=query.cursor
    )


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
