"""Drawings as inline SVG: profiles through the heart, polar maps, error over counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.evaluation.polar import RINGS, SEGMENT_NAMES
from model.report.page import escape

# Okabe & Ito's palette, distinguishable by colour-blind readers; the truth is drawn in the text colour
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES = ("", "7 3", "2 3", "9 3 2 3", "5 5", "1 4")
POLAR_LOW, POLAR_HIGH = 40.0, 100.0
_RADII = (100.0, 70.0, 42.0, 18.0, 0.0)
_SCALE = np.array(
    [[13, 8, 90], [126, 3, 168], [204, 71, 120], [248, 149, 64], [240, 249, 33]], dtype=np.float64
)  # plasma


def profile_chart(
    positions_mm: Sequence[float], truth: Sequence[float], lines: Mapping[str, Sequence[float]], label: str
) -> str:
    """Return counts along a line through the heart, the truth in the text colour, with a legend."""
    width, height, left, bottom, top = 760, 300, 62, 44, 12
    series = {"truth": truth, **lines}
    highest = _nice(max(max(values) for values in series.values()))
    first, last = positions_mm[0], positions_mm[-1]

    def x(mm: float) -> float:
        return left + (width - left - 12) * (mm - first) / (last - first)

    def y(value: float) -> float:
        return top + (height - top - bottom) * (1 - max(value, 0.0) / highest)

    legend_rows = math.ceil(len(series) / 3)
    parts = [_svg(width, height + 24 * legend_rows, label)]
    for tick in np.linspace(0, highest, 5):
        parts.append(f'<line x1="{left}" x2="{width - 12}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" {_GRID}/>')
        parts.append(_text(left - 8, y(tick) + 4, f"{tick:g}", "end"))
    for mm in range(math.ceil(first / 50) * 50, math.floor(last) + 1, 50):
        parts.append(
            f'<line x1="{x(mm):.1f}" x2="{x(mm):.1f}" y1="{height - bottom}" y2="{height - bottom + 5}" {_AXIS}/>'
        )
        parts.append(_text(x(mm), height - bottom + 19, str(mm), "middle"))
    parts.append(_text((left + width) / 2, height - 8, "mm from the grid's centre, patient's right to left", "middle"))
    parts.append(_text(14, (height - bottom) / 2, "counts per voxel", "middle", turn=True))
    for number, (name, values) in enumerate(series.items()):
        points = " ".join(f"{x(mm):.1f},{y(v):.1f}" for mm, v in zip(positions_mm, values, strict=True))
        stroke = _stroke(number)
        parts.append(f'<polyline fill="none" {stroke} points="{points}"/>')
        at = left + (number % 3) * 230, height + 12 + 24 * (number // 3)
        parts.append(f'<line x1="{at[0]}" x2="{at[0] + 30}" y1="{at[1]}" y2="{at[1]}" {stroke}/>')
        parts.append(_text(at[0] + 38, at[1] + 4, name, "start"))
    return "".join(parts) + "</svg>"


@dataclass(frozen=True)
class Wedge:
    """How one segment is drawn: what stands in it, what is said of it, its two colours, whether it is outlined."""

    text: str
    said: str
    colour: str
    ink: str
    outlined: bool = False


def polar_map(values: npt.NDArray[np.float64], label: str) -> str:
    """Return the 17 segments as a bull's eye, anterior up, septum left, each with its value in points."""
    return bulls_eye([_points(float(value)) for value in values], _spoken(values, label))


def bulls_eye(wedges: Sequence[Wedge], label: str, *, small: bool = False) -> str:
    """Return 17 segments in AHA order as a bull's eye, anterior up, septum left; outlined ones are drawn last.

    A `small` one leaves out the names of the walls, which nobody could read.
    """
    half = 104 if small else 118
    parts = [f'<svg viewBox="{-half} {-half} {2 * half} {2 * half}" role="img" aria-label="{escape(label)}">']
    drawn = [
        (wedges[first + i].outlined, _segment(wedges[first + i], ring, i * 360 / count, 360 / count, SEGMENT_NAMES[first + i]))
        for ring, (first, count) in enumerate(RINGS)
        for i in range(count)
    ]  # fmt: skip
    parts += [shape for _, shape in sorted(drawn, key=lambda one: one[0])]
    if not small:
        for x, y, name in ((0, -106, "anterior"), (0, 114, "inferior")):
            parts.append(_text(x, y, name, "middle", size=10))
        parts.append(_text(-109, 0, "septal", "middle", size=10, turn=True))
        parts.append(_text(109, 0, "lateral", "middle", size=10, turn=True))
    return "".join(parts) + "</svg>"


def scales(maximum: float, limit: float) -> str:
    """Return the grey scale of the slices and the colours of the differences, with their ends."""
    parts = [_svg(200, 92, f"Grey from 0 to {maximum:.0f} counts, differences from {-limit:.0f} to {limit:.0f}")]
    for number, (low, high, stops) in enumerate(
        ((0.0, maximum, ("#ffffff", "#000000")), (-limit, limit, ("#2166ac", "#ffffff", "#b2182b")))
    ):
        y = 8 + 44 * number
        marks = "".join(f'<stop offset="{i / (len(stops) - 1):g}" stop-color="{c}"/>' for i, c in enumerate(stops))
        name = f"scale-{number}-{maximum:.6g}".replace(".", "-")
        parts.append(f'<defs><linearGradient id="{name}">{marks}</linearGradient></defs>')
        parts.append(f'<rect x="8" y="{y}" width="184" height="14" fill="url(#{name})" {_AXIS}/>')
        parts.append(_text(8, y + 28, _signed(low), "start"))
        parts.append(_text(192, y + 28, _signed(high) + (" and more" if number == 0 else ""), "end"))
    return "".join(parts) + "</svg>"


def _signed(value: float) -> str:
    return f"{value:.0f}".replace("-", "−")


def _points(value: float) -> Wedge:
    if not np.isfinite(value):
        return Wedge("–", "no voxels", "#999999", "#000000")
    colour, ink = scale_colour((value - POLAR_LOW) / (POLAR_HIGH - POLAR_LOW))
    return Wedge(f"{value:.0f}", f"{value:.0f} points", colour, ink)


def _segment(wedge: Wedge, ring: int, centre_deg: float, width_deg: float, name: str) -> str:
    outer, inner = _RADII[ring], _RADII[ring + 1]
    title = f"<title>{escape(name)}: {escape(wedge.said)}</title>"
    edge = 'stroke="#00c2a8" stroke-width="5"' if wedge.outlined else 'stroke="var(--page,#fff)" stroke-width="1.5"'
    shape = f'fill="{wedge.colour}" {edge}'
    if inner == 0:
        at = (0.0, 0.0)
        body = f'<circle r="{outer}" {shape}>{title}</circle>'
    else:
        start, end = centre_deg - width_deg / 2, centre_deg + width_deg / 2
        a, b, c, d = _at(outer, start), _at(outer, end), _at(inner, end), _at(inner, start)
        path = (
            f"M{a[0]:.1f},{a[1]:.1f} A{outer},{outer} 0 0 0 {b[0]:.1f},{b[1]:.1f} "
            f"L{c[0]:.1f},{c[1]:.1f} A{inner},{inner} 0 0 1 {d[0]:.1f},{d[1]:.1f} Z"
        )
        body, at = f'<path d="{path}" {shape}>{title}</path>', _at((outer + inner) / 2, centre_deg)
    if not wedge.text:
        return body
    ink = f"fill:{wedge.ink}"
    return (
        body
        + f'<text x="{at[0]:.1f}" y="{at[1] + 4:.1f}" text-anchor="middle" font-size="11" style="{ink}">{escape(wedge.text)}</text>'
    )


def _at(radius: float, turned_deg: float) -> tuple[float, float]:
    """Return (x, y) at an angle from the top, counter-clockwise as the AHA numbers its segments."""
    angle = math.radians(turned_deg)
    return -radius * math.sin(angle), -radius * math.cos(angle)


def scale_colour(share: float) -> tuple[str, str]:
    """Return the colour of a share from 0 (dark) to 1 (bright), and the ink that is readable on it."""
    place = np.clip(share, 0, 1) * (len(_SCALE) - 1)
    low = min(int(place), len(_SCALE) - 2)
    red, green, blue = _SCALE[low] + (place - low) * (_SCALE[low + 1] - _SCALE[low])
    bright = 0.299 * red + 0.587 * green + 0.114 * blue > 128
    return f"#{round(red):02x}{round(green):02x}{round(blue):02x}", "#000000" if bright else "#ffffff"


def _spoken(values: npt.NDArray[np.float64], label: str) -> str:
    known = [(v, name) for v, name in zip(values, SEGMENT_NAMES, strict=True) if np.isfinite(v)]
    if not known:
        return f"{label}: no segments"
    value, name = min(known)
    return f"{label}: lowest segment {name} with {value:.0f} points"


_GRID = 'stroke="currentColor" stroke-opacity=".14"'
_AXIS = 'stroke="currentColor" stroke-opacity=".5"'


def _stroke(number: int) -> str:
    if number == 0:
        return 'stroke="currentColor" stroke-width="2.6"'
    dash = DASHES[(number - 1) % len(DASHES)]
    return f'stroke="{COLOURS[(number - 1) % len(COLOURS)]}" stroke-width="2.2"' + (
        f' stroke-dasharray="{dash}"' if dash else ""
    )


def _svg(width: int, height: int, label: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'


def _text(x: float, y: float, text: str, anchor: str, *, size: int = 12, turn: bool = False) -> str:
    turned = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turn else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{turned}>{escape(text)}</text>'


def _nice(value: float) -> float:
    """Return the next value above whose quarters are round."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * power >= value * 0.999)
