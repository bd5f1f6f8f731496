"""Slices as PNG inside the page: grey for counts, blue and red for differences, the scale the same in a row."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from model.report.page import escape

Plane = npt.NDArray[np.floating]
_LESS, _MORE = np.array([33.0, 102.0, 172.0]), np.array([178.0, 24.0, 43.0])  # ColorBrewer RdBu, readable colour-blind


def grey_slice(plane_YX: Plane, maximum: float, alt: str) -> str:
    """Return a slice as an image element: white is 0, black is `maximum` and above."""
    share = np.clip(np.asarray(plane_YX, dtype=np.float64) / max(maximum, 1e-12), 0, 1)
    return _element(np.rint(255 * (1 - share)).astype(np.uint8), alt)


def difference_slice(plane_YX: Plane, limit: float, alt: str) -> str:
    """Return a difference as an image element: white is 0, red `limit` too much, blue `limit` too little."""
    share = np.clip(np.asarray(plane_YX, dtype=np.float64) / max(limit, 1e-12), -1, 1)[..., None]
    colour = 255.0 + np.where(share > 0, share * (_MORE - 255), -share * (_LESS - 255))
    return _element(np.rint(colour).astype(np.uint8), alt)


def _element(pixels: npt.NDArray[np.uint8], alt: str) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    height, width = pixels.shape[:2]
    return f'<img alt="{escape(alt)}" width="{width}" height="{height}" src="data:image/png;base64,{data}">'
