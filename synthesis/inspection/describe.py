"""Describe a folder of studies for a page: figures of the whole, one row a study, small pictures and the inspection page."""

from __future__ import annotations

import datetime
import importlib.metadata
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from model.io.atomic import write_atomically
from model.io.study import Study, StudyHeader, read_study_header
from synthesis.inspection import greys, planes
from synthesis.inspection.collect import MOST_NAMED, Inspection, inspect_folder, load, scenario_of
from synthesis.inspection.sheet import chosen
from synthesis.inspection.view import build_view

PAGE_FILE, STUDIES_FILE, PICTURES_FOLDER = "page.html", "studies.json", "pictures"
MOST_PICTURES = 24
TILE = 120  # pixels
OUTLINE = np.array([0, 194, 168], dtype=np.uint8)
Step = Callable[[str, int, int], None]
Pixels = npt.NDArray[np.uint8]


def describe(folder: Path, about: Path, *, on_step: Step = lambda stage, done, total: None) -> dict[str, Any]:
    """Write ``page.html``, ``studies.json`` and ``pictures/`` into `about`; return the figures of the whole set.

    Parameters
    ----------
    folder : Path
        Of study files, with or without a manifest.
    about : Path
        What an earlier call left there is replaced.
    on_step : callable
        Hears ``checking`` or ``drawing``, how many are done, and of how many.

    Raises
    ------
    OutputUnusable
        As `inspect_folder`.
    """
    found = inspect_folder(folder, on_file=lambda done, total: on_step("checking", done, total))
    headers = [read_study_header(entry.path) for entry in found.entries]
    shown = chosen(found, MOST_PICTURES)
    pictures = about / PICTURES_FOLDER
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    for done, place in enumerate(shown, start=1):
        write_atomically(pictures / f"{place}.png", _png(tile(load(found.entries[place]))))
        on_step("drawing", done, 2 * len(shown))
    rows = [_row(found, place, headers[place], pictured=place in set(shown)) for place in range(len(found.facts))]
    write_atomically(about / STUDIES_FILE, json.dumps(rows))
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    text = build_view(
        found,
        show=MOST_PICTURES,
        made_at=now,
        version=importlib.metadata.version("flomir"),
        on_study=lambda done, total: on_step("drawing", total + done, 2 * total),
    )
    write_atomically(about / PAGE_FILE, text)
    return _whole(found, headers, rows)


def _row(found: Inspection, place: int, header: StudyHeader, *, pictured: bool) -> dict[str, Any]:
    facts = found.facts[place]
    lesions = header.provenance.get("lesions", ())
    return {
        "file": facts.name,
        "site": None if facts.site == "unknown" else facts.site,
        "counts": facts.counts,
        "grid": "x".join(str(n) for n in header.geometry.volume_shape),
        "female": facts.female,
        "infarcts": [
            {"severity": round(d.severity, 3), "extent": round(d.extent, 3), "segments": list(d.segments)}
            for d in facts.defects
        ],
        "lesions": dict(Counter(str(lesion["organ"]) for lesion in lesions)),
        "reference": header.reference_kind,
        "attenuation": header.has_attenuation,
        "stands_out": [outlier.reason for outlier in found.outliers if outlier.name == facts.name],
        "pictured": pictured,
    }


def _whole(found: Inspection, headers: Sequence[StudyHeader], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = sorted(facts.counts for facts in found.facts)
    patients = {
        str(header.provenance.get("patient_key") or row["file"]) for header, row in zip(headers, rows, strict=True)
    }
    made = [scenario_of(part) for part in found.parts]
    return {
        "studies": len(rows),
        "patients": len(patients),
        "bytes": sum(entry.path.stat().st_size for entry in found.entries),
        "references": dict(Counter(str(row["reference"]) for row in rows if row["reference"] is not None)),
        "with_attenuation": sum(bool(row["attenuation"]) for row in rows),
        "with_infarcts": sum(bool(row["infarcts"]) for row in rows),
        "with_lesions": sum(bool(row["lesions"]) for row in rows),
        "grids": dict(Counter(str(row["grid"]) for row in rows)),
        "counts": {"low": counts[0], "middle": counts[len(counts) // 2], "high": counts[-1]},
        "problems": [{"file": p.name, "state": str(p.state), "reason": p.reason} for p in found.problems[:MOST_NAMED]],
        "problem_count": len(found.problems),
        "outliers": sum(bool(row["stands_out"]) for row in rows),
        "scenarios": sorted({str(part["scenario"]) for part in made}),
        "seeds": sorted({int(part["seed"]) for part in made}),
    }


def tile(study: Study) -> Pixels:
    """Return one study in small, RGB: activity across the heart and through the body, attenuation map, one projection."""
    parts: list[tuple[Pixels, planes.Mask | None]] = []
    if study.reference is not None:
        black = greys.black(study)
        across = planes.short_axis(study, study.reference)
        along = planes.transverse(study, study.reference)
        if across is not None:
            parts.append((greys.grey(across.values, black), across.defect))
        parts.append((greys.grey(along.values, black), along.defect))
    if study.attenuation is not None:
        mu = planes.transverse(study, study.attenuation)
        parts.append((np.asarray(255 - greys.grey(mu.values, greys.MU_WHITE_PER_MM), dtype=np.uint8), None))
    _, view = planes.views(study, number=1)[0]
    parts.append((greys.grey(view, float(study.projections[0].max())), None))
    return np.concatenate([_square(pixels, outline) for pixels, outline in parts], axis=1)


def _square(pixels: Pixels, outline: planes.Mask | None) -> Pixels:
    """Return a square of `TILE` pixels with the picture in its middle, true to shape, the outline drawn in."""
    scale = TILE / max(pixels.shape)
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST))
    picture = np.repeat(small[:, :, None], 3, axis=2)
    if outline is not None and outline.any():
        large = np.asarray(Image.fromarray(outline).resize(size, Image.Resampling.NEAREST))
        picture[_edge(large)] = OUTLINE
    square = np.full((TILE, TILE, 3), 255, dtype=np.uint8)
    top, left = (TILE - size[1]) // 2, (TILE - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = picture
    return square


def _edge(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    padded = np.pad(mask, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: npt.NDArray[np.bool_] = mask & ~inside
    return edge


def _png(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
