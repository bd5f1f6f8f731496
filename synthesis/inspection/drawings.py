"""Small charts as inline SVG: histograms, a scatter of two figures, bull's eyes of how often segments are hit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from model.evaluation.polar import SEGMENT_NAMES, Segments
from model.report.charts import POLAR_HIGH, POLAR_LOW, Wedge, bulls_eye, scale_colour
from model.report.page import escape

WIDTH, HEIGHT = 360, 220
LEFT, RIGHT, TOP, BOTTOM = 40, 14, 12, 44
BLUE, ORANGE = "#0072b2", "#d55e00"  # Okabe & Ito, as in the reports
_GRID = 'stroke="currentColor" stroke-opacity=".14"'
_AXIS = 'stroke="currentColor" stroke-opacity=".5"'


def histogram(values: Sequence[float], label: str, *, unit: str, logarithmic: bool = False, bins: int = 16) -> str:
    """Return how often values fall into equal bins (of their logarithm, on request); one value gives one bar."""
    known = np.asarray(values, dtype=np.float64)
    scaled = np.log10(np.maximum(known, 1e-12)) if logarithmic else known
    low, high = float(scaled.min()), float(scaled.max())
    if high - low < 1e-9 * max(abs(high), 1.0):
        low, high = low - 0.5, high + 0.5
    counted, edges = np.histogram(scaled, bins=min(bins, max(5, known.size // 3)), range=(low, high))
    top = _nice(float(counted.max()))
    axis = _Frame(low, high, 0.0, top)
    parts = [_svg(f"{label}: {known.size} values from {_number(known.min())} to {_number(known.max())} {unit}")]
    parts += axis.vertical_ticks("studies", whole=True) + axis.horizontal_ticks(unit, logarithmic=logarithmic)
    for count, left, right in zip(counted, edges[:-1], edges[1:], strict=True):
        x, y = axis.x(left) + 0.75, axis.y(float(count))
        wide, tall = axis.x(right) - axis.x(left) - 1.5, axis.y(0) - y
        ends = [10**edge if logarithmic else edge for edge in (left, right)]
        title = f"<title>{_number(ends[0])} to {_number(ends[1])} {escape(unit)}: {count}</title>"
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{BLUE}">{title}</rect>'
        )
    return "".join(parts) + "</svg>"


def scatter_plot(
    points: Sequence[tuple[float, float, bool]], label: str, *, across: str, upwards: str, names: tuple[str, str]
) -> str:
    """Return points (across, upwards, second kind or not): circles for the first kind, triangles for the second."""
    xs, ys = [x for x, _, _ in points], [y for _, y, _ in points]
    axis = _Frame(*_widened(xs), *_widened(ys))
    kinds = {second for _, _, second in points}
    parts = [_svg(f"{label}: {len(points)} points", HEIGHT + 20 * (len(kinds) > 1))]
    parts += axis.vertical_ticks(upwards) + axis.horizontal_ticks(across)
    parts += [_mark(axis.x(x), axis.y(y), second) for x, y, second in points]
    if len(kinds) == 2:
        for i, kind in enumerate((False, True)):
            parts.append(_mark(LEFT + 8 + 110 * i, HEIGHT + 8, kind))
            parts.append(_text(LEFT + 18 + 110 * i, HEIGHT + 12, names[int(kind)], "start"))
    return "".join(parts) + "</svg>"


def hit_map(hits: Sequence[int], studies: int, label: str) -> str:
    """Return how many studies have a defect in each of the 17 segments; bright is most."""
    most = max(max(hits), 1)
    wedges = []
    for count in hits:
        colour, ink = scale_colour(count / most)
        wedges.append(Wedge(str(count), f"hit in {count} of {studies} studies", colour, ink))
    least = SEGMENT_NAMES[int(np.argmin(hits))]
    return bulls_eye(wedges, f"{label}: most {max(hits)}, fewest {min(hits)} ({least})")


def true_map(values: Segments, hit: Sequence[int], label: str) -> str:
    """Return a study's true polar map without figures; segments with a stored defect are outlined."""
    wedges = []
    for number, value in enumerate(values, start=1):
        known = bool(np.isfinite(value))
        share = (float(value) - POLAR_LOW) / (POLAR_HIGH - POLAR_LOW) if known else 0.0
        colour, ink = scale_colour(share) if known else ("#999999", "#000000")
        said = f"{value:.0f} points" if known else "no voxels"
        wedges.append(Wedge("", said + (", defect" if number in hit else ""), colour, ink, number in hit))
    names = ", ".join(SEGMENT_NAMES[n - 1] for n in sorted(hit)) or "none"
    return bulls_eye(wedges, f"{label}; defects in: {names}", small=True)


class _Frame:
    """Places values in the drawing and draws the axes."""

    def __init__(self, low_x: float, high_x: float, low_y: float, high_y: float) -> None:
        self.low_x, self.high_x, self.low_y, self.high_y = low_x, high_x, low_y, high_y

    def x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self.low_x) / (self.high_x - self.low_x)

    def y(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - self.low_y) / (self.high_y - self.low_y))

    def vertical_ticks(self, name: str, *, whole: bool = False) -> list[str]:
        parts = []
        for tick in _ticks(self.low_y, self.high_y, 4, least=1.0 if whole else 0.0):
            y = self.y(tick)
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" {_GRID}/>')
            parts.append(_text(LEFT - 5, y + 4, _number(tick), "end"))
        middle = (TOP + HEIGHT - BOTTOM) / 2
        return [*parts, _text(10, middle, name, "middle", turn=True)]

    def horizontal_ticks(self, unit: str, *, logarithmic: bool = False) -> list[str]:
        base = HEIGHT - BOTTOM
        parts = [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}" {_AXIS}/>']
        ticks = _decades(self.low_x, self.high_x) if logarithmic else _ticks(self.low_x, self.high_x, 5)
        for tick in ticks:
            x, shown = self.x(tick), 10**tick if logarithmic else tick
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{base}" y2="{base + 4}" {_AXIS}/>')
            parts.append(_text(x, base + 17, _number(shown), "middle"))
        return [*parts, _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, unit, "middle")]


def _widened(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or max(abs(high), 1.0) * 0.05
    return low - room, high + room


def _ticks(low: float, high: float, about: int, least: float = 0.0) -> list[float]:
    step = max(_nice((high - low) / about), least)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _decades(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 of every power of ten inside, as logarithms; evenly spaced values where fewer than two fit."""
    found = [math.log10(m) + p for p in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)]
    inside = [value for value in found if low <= value <= high]
    return inside if len(inside) >= 2 else [low + (high - low) * i / 2 for i in range(3)]


def _nice(value: float) -> float:
    """Return the next of 1, 2, 2.5, 5 times a power of ten that is not below."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * 0.999)


def _number(value: float) -> str:
    """Return a figure as short as an axis wants it: 1.5 M, 20 k, 0.15."""
    for limit, letter in ((1e6, " M"), (1e4, " k")):
        if abs(value) >= limit:
            return f"{value / (1e6 if letter == ' M' else 1e3):.3g}{letter}"
    return f"{value:.4g}".replace("-", "−")


def _mark(x: float, y: float, second: bool) -> str:
    if second:
        return f'<path d="M{x:.1f},{y - 4.2:.1f} l4,7.2 h-8 Z" fill="{ORANGE}" fill-opacity=".8"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4" fill="{BLUE}" fill-opacity=".8"/>'


def _svg(label: str, height: int = HEIGHT) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">'


def _text(x: float, y: float, text: str, anchor: str, *, turn: bool = False) -> str:
    turned = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turn else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12"{turned}>{escape(text)}</text>'
