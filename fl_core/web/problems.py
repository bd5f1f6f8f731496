"""One shape of error on every route: RFC 9457 problem+json with code, advice and request id."""

import json
import logging
import secrets
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.exceptions import NotFound as RouteNotFound

from fl_core.errors import CATALOGUE, FlomirError, InvalidInput, NotFound
from fl_core.supervision.failures import log_without_words
from fl_core.web.complaints import first_problem

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

REQUEST_ID = "flomir.request_id"
MEDIA_TYPE = "application/problem+json"

logger = logging.getLogger(__name__)


def problem(code: str, detail: str, request_id: str) -> dict[str, object]:
    """Return the body for one error code of the catalogue."""
    entry = CATALOGUE[code]
    return {
        "type": f"urn:flomir:problem:{code}",
        "title": entry.title,
        "status": entry.status,
        "detail": detail,
        "code": code,
        "advice": entry.advice,
        "request_id": request_id,
        "retryable": entry.retryable,
    }


def new_request_id() -> str:
    """Return a fresh request id."""
    return secrets.token_hex(6)


def request_id_of(environ: WSGIEnvironment) -> str:
    """Return the id that the gate gave this request; gives one when there is no gate (tests)."""
    return str(environ.setdefault(REQUEST_ID, new_request_id()))


def refuse(environ: WSGIEnvironment, start_response: StartResponse, error: FlomirError) -> Iterable[bytes]:
    """Answer a request with a problem, below Flask."""
    body = json.dumps(problem(error.code, str(error), request_id_of(environ))).encode()
    headers = [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body)))]
    start_response(f"{error.entry.status} {HTTPStatus(error.entry.status).phrase}", headers)
    return [b"" if environ.get("REQUEST_METHOD") == "HEAD" else body]


def on_validation_error(error: ValidationError) -> Response:
    """Answer a body, path or query that does not fit its model (called by flask-openapi3 before the route)."""
    return _answer(InvalidInput(first_problem(error)))


def install(app: Flask) -> None:
    """Register the handlers: expected failures by their code, anything else as `internal` with the trace in the log."""
    handlers: list[tuple[type[Exception], Callable[..., ResponseReturnValue]]] = [
        (FlomirError, _answer),
        (ValidationError, _own_misfit),
        (HTTPException, _http),
        (Exception, _unexpected),
    ]
    for kind, handler in handlers:
        app.register_error_handler(kind, handler)


def _answer(error: FlomirError) -> Response:
    request_id = request_id_of(request.environ)
    if error.entry.status >= 500:
        logger.error("request failed", extra={"code": error.code, "detail": str(error), "request": request_id})
    body = problem(error.code, str(error), request_id)
    return Response(json.dumps(body), status=error.entry.status, mimetype=MEDIA_TYPE)


def _http(error: HTTPException) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        return _answer(InvalidInput("the upload is larger than the limit", code="upload.too_large"))
    if isinstance(error, RouteNotFound):
        return _answer(NotFound(f"there is nothing at {request.path[:200]}"))
    response = _answer(InvalidInput(error.description or error.name))
    response.status_code = error.code or 400
    return response


def _own_misfit(error: ValidationError) -> Response:
    """Answer that something of this program's own does not fit its model: no fault of the request, which was checked."""
    request_id = request_id_of(request.environ)
    fields = sorted({str(one["loc"][0]) for one in error.errors(include_input=False, include_url=False) if one["loc"]})
    log_without_words(error, "an answer does not fit its model", request=request_id, of=f"{error.title}: {fields}")
    body = problem("internal", f"{type(error).__name__} (request {request_id})", request_id)
    return Response(json.dumps(body), status=500, mimetype=MEDIA_TYPE)


def _unexpected(error: Exception) -> Response:
    request_id = request_id_of(request.environ)
    logger.error("unexpected failure", exc_info=error, extra={"request": request_id})
    body = problem("internal", f"{type(error).__name__} (request {request_id})", request_id)
    return Response(json.dumps(body), status=500, mimetype=MEDIA_TYPE)
