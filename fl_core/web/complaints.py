"""The shape of an error for the API description, and what does not fit a model in words; free of Flask."""

from pydantic import BaseModel, ValidationError


class Problem(BaseModel):
    """RFC 9457 problem: every error on every route."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    advice: str
    request_id: str
    retryable: bool


def first_problem(error: ValidationError) -> str:
    """Return the first complaint as words: where and what."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
