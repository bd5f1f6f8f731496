"""Turn what a service returned into a response: a schema as JSON, an array as raw float32."""

import numpy as np
from flask import Response
from numpy.typing import NDArray
from pydantic import BaseModel

BINARY = "application/octet-stream"


def operation_id(*, name: str, path: str, method: str) -> str:
    """Name an operation of the OpenAPI document by its function; the signature is the library's."""
    return name


def answer(body: BaseModel, status: int = 200) -> Response:
    """Return a schema as JSON."""
    return Response(body.model_dump_json(), status=status, mimetype="application/json")


def volume(array: NDArray[np.float32], spacing_mm: tuple[float, float, float]) -> Response:
    """Return an array of (z, y, x), or (view, axial, bin), as little-endian float32 with its shape and spacing."""
    raw = np.ascontiguousarray(array, dtype="<f4")
    response = Response(raw.tobytes(), mimetype=BINARY)
    response.headers["X-Flomir-Shape"] = ",".join(str(n) for n in raw.shape)
    response.headers["X-Flomir-Spacing"] = ",".join(f"{mm:g}" for mm in spacing_mm)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response
