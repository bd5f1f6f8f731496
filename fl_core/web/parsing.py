"""The border of the routes: what comes in becomes a model or a file of ours, what goes out becomes JSON."""

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TypeVar

from flask import Response, request
from pydantic import BaseModel, ValidationError

from fl_core.errors import InvalidInput, StorageFailed
from fl_core.web.complaints import first_problem

CHUNK_BYTES = 1024 * 1024
_NO_SPACE = 28  # errno.ENOSPC

ModelT = TypeVar("ModelT", bound=BaseModel)


def answer(model: BaseModel, status: int = 200) -> Response:
    """Return a model as a JSON response."""
    return Response(model.model_dump_json(), status=status, mimetype="application/json")


def items(models: Sequence[BaseModel]) -> Response:
    """Return a list as ``{"items": [...]}``."""
    return Response(
        json.dumps({"items": [model.model_dump(mode="json") for model in models]}), mimetype="application/json"
    )


def nothing() -> Response:
    """Return an empty success."""
    return Response(status=204)


def body(kind: type[ModelT]) -> ModelT:
    """Parse the request's JSON body; raises InvalidInput naming the first wrong field."""
    try:
        return kind.model_validate_json(request.get_data(cache=False))
    except ValidationError as error:
        raise InvalidInput(first_problem(error)) from error


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


def receive_file(stream: IO[bytes], folder: Path, *, limit_bytes: int, suffix: str = "") -> Path:
    """Write an upload to a fresh temporary file in `folder` (same disk as its place to be) and return it.

    Raises
    ------
    InvalidInput
        ``upload.too_large``; nothing is left.
    StorageFailed
        ``storage.disk_full`` or ``storage.failed``; nothing is left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".upload-", suffix=suffix)
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            _copy(stream, target, limit_bytes)
            target.flush()
            os.fsync(target.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        code = "storage.disk_full" if error.errno == _NO_SPACE else "storage.failed"
        message = f"the upload could not be stored: {error.strerror}"
        raise StorageFailed(message, code=code) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _copy(source: IO[bytes], target: IO[bytes], limit_bytes: int) -> None:
    written = 0
    while chunk := source.read(CHUNK_BYTES):
        written += len(chunk)
        if written > limit_bytes:
            message = f"the upload is larger than {limit_bytes} bytes"
            raise InvalidInput(message, code="upload.too_large")
        target.write(chunk)
