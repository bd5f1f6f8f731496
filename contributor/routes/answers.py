"""What the route modules share: operation names, and arrays as raw float32."""

import numpy as np
from flask import Response
from numpy.typing import NDArray

from fl_core.storage.listing import Wanted
from fl_core.views import ListQuery

BINARY = "application/octet-stream"


def operation_id(*, name: str, path: str, method: str) -> str:
    """Name an operation of the OpenAPI document by its function; the signature is the library's."""
    return name


def volume(array: NDArray[np.float32], spacing_mm: tuple[float, float, float]) -> Response:
    """Return an array of (z, y, x), or (view, axial, bin), as little-endian float32 with its shape and spacing."""
    raw = np.ascontiguousarray(array, dtype="<f4")
    response = Response(raw.tobytes(), mimetype=BINARY)
    response.headers["X-Flomir-Shape"] = ",".join(str(n) for n in raw.shape)
    response.headers["X-Flomir-Spacing"] = ",".join(f"{mm:g}" for mm in spacing_mm)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def wanted(query: ListQuery) -> Wanted:
    """Return which part of a list a request asks for."""
    return Wanted(
        search=query.search, states=tuple(query.state), sort=query.sort, limit=query.limit, cursor=query.cursor
    )
