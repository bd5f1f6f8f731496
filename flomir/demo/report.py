"""The demonstration's report: one HTML page with the table, the curves and the pictures, no outside address."""

import base64
import html
import io
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Volume = NDArray[np.float32]
_COLOURS = ("#0b7285", "#e8590c", "#5f3dc4", "#2b8a3e", "#c2255c", "#1864ab", "#846358", "#495057", "#000000")
_STYLE = """
:root{color-scheme:light dark;--line:#d0d7de;--soft:#57606a;--good:#1a7f37}
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:.2rem}h2{margin-top:2.2rem}p.soft,figcaption{color:var(--soft)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.45rem .7rem;border-bottom:1px solid var(--line);text-align:right}
th:first-child,td:first-child{text-align:left}tr.ours td{font-weight:650}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.8rem}
figure{margin:0}figure img{width:100%;image-rendering:pixelated;border:1px solid var(--line);border-radius:.4rem}
svg text{font:12px system-ui,sans-serif;fill:currentColor}
"""


def page(title: str, sections: Sequence[str]) -> str:
    """Return a whole HTML document."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{html.escape(title)}</h1>{''.join(sections)}</body></html>"
    )


def section(title: str, body: str, note: str = "") -> str:
    """Return a titled section; `body` is HTML already, `note` is plain text."""
    soft = f'<p class="soft">{html.escape(note)}</p>' if note else ""
    return f"<section><h2>{html.escape(title)}</h2>{soft}{body}</section>"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], ours: int | None = None) -> str:
    """Return a table; row `ours` is emphasised."""
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in header)
    lines = []
    for number, row in enumerate(rows):
        mark = ' class="ours"' if number == ours else ""
        lines.append(f"<tr{mark}>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def number(value: float | None, digits: int = 4) -> str:
    """Format a figure, or a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def curves(series: Mapping[str, Sequence[float]], label: str) -> str:
    """Return a line chart over rounds as inline SVG, with a legend in words."""
    width, height, left, bottom = 720, 280, 56, 30
    values = [value for line in series.values() for value in line if np.isfinite(value)]
    if not values:
        return "<p>No rounds were closed.</p>"
    top, low, longest = max(values), min(values), max(len(line) for line in series.values())
    span = (top - low) or 1.0

    def point(index: int, value: float) -> str:
        x = left + (width - left - 10) * (index / max(longest - 1, 1))
        return f"{x:.1f},{10 + (height - bottom - 10) * (top - value) / span:.1f}"

    parts = [f'<svg viewBox="0 0 {width} {height + 22 * len(series)}" role="img" aria-label="{html.escape(label)}">']
    for tick in np.linspace(low, top, 5):
        y = 10 + (height - bottom - 10) * (top - tick) / span
        parts.append(f'<line x1="{left}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" opacity=".15"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.3f}</text>')
    for index in range(longest):
        x = point(index, low).split(",")[0]
        parts.append(f'<text x="{x}" y="{height - 8}" text-anchor="middle">{index + 1}</text>')
    for row, (name, line) in enumerate(series.items()):
        colour = _COLOURS[row % len(_COLOURS)]
        points = " ".join(point(index, value) for index, value in enumerate(line))
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2.5" points="{points}"/>')
        y = height + 14 + 22 * row
        parts.append(f'<rect x="{left}" y="{y - 9}" width="18" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{left + 26}" y="{y - 2}">{html.escape(name)}</text>')
    return "".join(parts) + "</svg>"


def slice_picture(volume: Volume, plane: int, maximum: float, caption: str, scale: int = 5) -> str:
    """Return one transverse slice (front up, patient's right on the left) as a figure."""
    grey = np.clip(volume[plane] / max(maximum, 1e-12), 0, 1)
    image = Image.fromarray((255 * (1 - grey)).astype(np.uint8), mode="L")
    image = image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    text = html.escape(caption)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'
