"""Arrays on their way to the page: raw float32 with shape and spacing in the headers."""

import numpy as np
from flask import Response
from numpy.typing import NDArray

BINARY = "application/octet-stream"


def volume(array: NDArray[np.float32], spacing_mm: tuple[float, float, float]) -> Response:
    """Return an array of (z, y, x), or (view, axial, bin), as little-endian float32 with its shape and spacing."""
    raw = np.ascontiguousarray(array, dtype="<f4")
    response = Response(raw.tobytes(), mimetype=BINARY)
    response.headers["X-Flomir-Shape"] = ",".join(str(n) for n in raw.shape)
    response.headers["X-Flomir-Spacing"] = ",".join(f"{mm:g}" for mm in spacing_mm)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response
