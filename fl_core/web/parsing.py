"""The border of the routes: what comes in becomes a model, what goes out becomes JSON."""

from typing import TypeVar

from flask import Response, request
from pydantic import BaseModel, ValidationError

from fl_core.errors import InvalidInput
from fl_core.storage.listing import Wanted
from fl_core.views import ListQuery, PartQuery
from fl_core.web.complaints import first_problem

ModelT = TypeVar("ModelT", bound=BaseModel)


def answer(model: BaseModel, status: int = 200) -> Response:
    """Return a model as a JSON response."""
    return Response(model.model_dump_json(), status=status, mimetype="application/json")


def nothing() -> Response:
    """Return an empty success."""
    return Response(status=204)


def body(kind: type[ModelT]) -> ModelT:
    """Parse the request's JSON body; raises InvalidInput naming the first wrong field."""
    try:
        return kind.model_validate_json(request.get_data(cache=False))
    except ValidationError as error:
        raise InvalidInput(first_problem(error)) from error


def wanted(query: PartQuery) -> Wanted:
    """Return which part of a list a request asks for."""
    states = tuple(query.state) if isinstance(query, ListQuery) else ()
    return Wanted(search=query.search, states=states, sort=query.sort, limit=query.limit, cursor=query.cursor)


def query_int(name: str, default: int, *, low: int, high: int) -> int:
    """Read a whole number of the query string within bounds."""
    text = request.args.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or not low <= int(text) <= high:
        message = f"query {name}: got {text[:20]!r}, must be a whole number from {low} to {high}"
        raise InvalidInput(message)
    return int(text)


def query_float(name: str, default: float, *, low: float, high: float) -> float:
    """Read a number of the query string, cut to the bounds."""
    try:
        value = float(request.args.get(name, default))
    except ValueError:
        message = f"query {name}: must be a number"
        raise InvalidInput(message) from None
    return min(max(value, low), high) if value == value else default
