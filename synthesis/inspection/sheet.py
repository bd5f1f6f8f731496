"""The contact sheet: one row of small pictures a study, and which studies of a large set it shows."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from model.evaluation.polar import polar_segments
from model.io.study import Study
from model.report import page
from synthesis.inspection import drawings, planes
from synthesis.inspection.collect import Inspection, load
from synthesis.inspection.facts import StudyFacts
from synthesis.inspection.greys import MU_WHITE_PER_MM, black, grey

OUTLIER_SHARE = 4  # at most one in four places goes to studies that stand out
OUTLINE = "#00c2a8"
Pixels = npt.NDArray[np.uint8]


def chosen(found: Inspection, number: int) -> list[int]:
    """Return which studies are shown, in order: all if they fit, else some that stand out and others evenly spaced.

    The same set gives the same choice.
    """
    total = len(found.facts)
    if total <= number:
        return list(range(total))
    place = {study.name: i for i, study in enumerate(found.facts)}
    strange = list(dict.fromkeys(place[outlier.name] for outlier in found.outliers))[: number // OUTLIER_SHARE]
    rest = [i for i in range(total) if i not in set(strange)]
    even = np.linspace(0, len(rest) - 1, number - len(strange)).round().astype(int)
    return sorted({*strange, *(rest[i] for i in even)})


def contact_sheet(found: Inspection, shown: Sequence[int], on_study: Callable[[int, int], None] | None = None) -> str:
    """Return the rows of the studies at the places `shown`; every study is read, drawn and forgotten."""
    reasons: dict[str, list[str]] = {}
    for outlier in found.outliers:
        reasons.setdefault(outlier.name, []).append(outlier.reason)
    rows = []
    for done, place in enumerate(shown, start=1):
        facts = found.facts[place]
        rows.append(_row(facts, load(found.entries[place]), reasons.get(facts.name, [])))
        if on_study is not None:
            on_study(done, len(shown))
    return "".join(rows)


def _row(facts: StudyFacts, study: Study, reasons: Sequence[str]) -> str:
    pictures = [*_activity(study), *_attenuation(study), *_map(study), *_measured(study)]
    strange = page.note("Stands out: " + "; ".join(reasons) + ".") if reasons else ""
    return (
        f'<article class="study"><h3>{page.escape(facts.name)}</h3>'
        f"{page.paragraph(_in_words(facts), soft=True)}{strange}"
        f'<div class="pictures">{"".join(pictures)}</div></article>'
    )


def _in_words(facts: StudyFacts) -> str:
    said = [facts.site] if facts.site != "unknown" else []
    if facts.female is not None:
        said.append("woman" if facts.female else "man")
    if facts.width_mm is not None and facts.depth_mm is not None:
        said.append(f"{facts.width_mm:.0f} x {facts.depth_mm:.0f} mm")
    said.append(f"{facts.counts / 1e6:.2f} million counts")
    if facts.scatter_fraction is not None:
        said.append(f"scatter {100 * facts.scatter_fraction:.0f} %")
    if facts.variant:
        said.append(f"variant {facts.variant}")
    defects = [
        f"{100 * d.severity:.0f} % in segment{'s' if len(d.segments) > 1 else ''} {', '.join(map(str, d.segments)) or 'none'}"
        for d in facts.defects
    ]
    said.append("infarct " + " and ".join(defects) if defects else "no infarct")
    return "; ".join(said)


def _activity(study: Study) -> list[str]:
    if study.reference is None:
        return []
    darkest = black(study)
    figures = []
    across, along = planes.short_axis(study, study.reference), planes.transverse(study, study.reference)
    if across is not None:
        figures.append(_figure(grey(across.values, darkest), across.defect, "Activity, short axis"))
    return [*figures, _figure(grey(along.values, darkest), along.defect, "Activity, transverse")]


def _attenuation(study: Study) -> list[str]:
    if study.attenuation is None:
        return []
    mu = planes.transverse(study, study.attenuation)
    return [_figure(255 - grey(mu.values, MU_WHITE_PER_MM), mu.defect, "Attenuation map")]


def _measured(study: Study) -> list[str]:
    peak, rows = float(study.projections[0].max()), planes.sinogram(study)
    figures = [_figure(grey(view, peak), None, f"Projection at {angle:.0f}°") for angle, view in planes.views(study)]
    return [*figures, _figure(grey(rows, float(rows.max())), None, "Sinogram")]


def _map(study: Study) -> list[str]:
    values = polar_segments(study.reference, study) if study.reference is not None else None
    if values is None or study.truth is None:
        return []
    hit = sorted({segment for defect in study.truth.defects for segment in defect.segments})
    return [page.figure(drawings.true_map(values, hit, "True polar map"), "True polar map")]


def _figure(pixels: Pixels, outline: planes.Mask | None, caption: str) -> str:
    height, width = pixels.shape
    drawn = ""
    if outline is not None and outline.any():
        drawn = (
            f'<path d="{outline_path(outline)}" fill="none" stroke="{OUTLINE}" stroke-width="1.6"'
            ' vector-effect="non-scaling-stroke"/>'
        )
    alt = caption + (", infarct outlined" if drawn else "")
    picture = (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{page.escape(alt)}">'
        f'<image width="{width}" height="{height}" preserveAspectRatio="none" href="{_uri(pixels)}"/>{drawn}</svg>'
    )
    return page.figure(picture, caption)


def outline_path(mask: planes.Mask) -> str:
    """Return the edge of a mask as SVG path data, one step a pixel's side, in units of pixels."""
    padded = np.pad(mask, 1)
    parts = []
    for y, x in np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1]):
        parts.append(f"M{x} {y}h1")
    for y, x in np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1]):
        parts.append(f"M{x} {y}v1")
    return "".join(parts)


def _uri(pixels: Pixels) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
