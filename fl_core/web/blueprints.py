"""Groups of routes: under which path they lie, and how the OpenAPI document names them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict

PREFIX = "/api/v1"
_is_described: ContextVar[bool] = ContextVar("is_described", default=False)


@contextmanager
def described() -> Iterator[None]:
    """Describe the groups that are made meanwhile in the application's OpenAPI document.

    No daemon serves that document, and it takes longer to make than all the rest of an application.
    """
    before = _is_described.set(True)
    try:
        yield
    finally:
        _is_described.reset(before)


def blueprint(
    name: str, prefix: str = "", *, tag: str | None = None, responses: ResponseDict | None = None
) -> APIBlueprint:
    """Return an empty group of routes under the UI API; the document names each operation by its function.

    Parameters
    ----------
    name : str
        Of the group, once in an application.
    prefix : str
        What follows ``/api/v1`` in every path of the group.
    tag : str, optional
        Heading in the document, which groups may share; the name otherwise.
    responses : mapping of status to type of body, optional
        What every route of the group may answer.
    """
    return APIBlueprint(
        name,
        __name__,
        url_prefix=PREFIX + prefix,
        abp_tags=[Tag(name=tag or name)],
        abp_responses=responses,
        operation_id_callback=_function_name,
        doc_ui=_is_described.get(),
    )


def _function_name(*, name: str, path: str, method: str) -> str:  # the signature is flask-openapi3's
    return name
