"""The page of `flomir synthesize inspect`: what is there, how it varies, what stands out, and every study in small."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from model.report import page
from model.report.page import Cell
from synthesis.inspection import drawings
from synthesis.inspection.collect import MOST_NAMED, Inspection, scenario_of
from synthesis.inspection.outliers import FIGURES, MOST_Z
from synthesis.inspection.sheet import chosen, contact_sheet

STYLE = """
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:1.2rem;margin:.8rem 0 1rem}
.charts figure{max-width:26rem}
.study{border-top:1px solid var(--line);padding:.2rem 0 .6rem}.study h3{margin:.8rem 0 .1rem;overflow-wrap:anywhere}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(7.6rem,1fr));gap:.7rem;align-items:start}
.pictures svg{border:1px solid var(--line);border-radius:.3rem}.pictures image{image-rendering:pixelated}
.pictures figcaption{font-size:.82rem}section[aria-labelledby=outliers] :is(td,th):nth-child(2),section[aria-labelledby=files] :is(td,th){text-align:left}
@media(max-width:30rem){body{padding:1.2rem .9rem 3rem}dl{grid-template-columns:minmax(0,1fr);gap:0}dd{margin-bottom:.5rem;overflow-wrap:anywhere}}
@media print{.study{break-inside:avoid}.pictures{grid-template-columns:repeat(8,1fr)}.charts{grid-template-columns:repeat(2,1fr)}}
"""
MOST_OUTLIERS = 100


def build_view(
    found: Inspection, *, show: int, made_at: str, version: str, on_study: Callable[[int, int], None] | None = None
) -> str:
    """Return the page; at most `show` studies get pictures."""
    shown = chosen(found, show)
    sections = [
        ("summary", "In short", _summary(found)),
        *([("files", "Files", _files(found))] if found.problems else []),
        ("bodies", "Bodies and hearts", _bodies(found)),
        ("counts", "Counts and scatter", _counts(found)),
        ("defects", "Infarcts", _defects(found)),
        ("sites", "Sites", _sites(found.figures["sites"])),
        ("outliers", "What stands out", _outliers(found)),
        ("sheet", "Contact sheet", _sheet_intro(found, shown) + contact_sheet(found, shown, on_study)),
        ("made", "How it was made", _made(found)),
        ("how", "How it was measured", _how()),
    ]
    scenarios = sorted({part.manifest.scenario.title or part.manifest.scenario.name for part in found.parts})
    title = "Synthetic studies: " + (", ".join(scenarios) or found.root.resolve().name)
    return page.page(title, f"{made_at}, FLoMIR {version}; simulated patients, not for diagnosis", sections, STYLE)


def _summary(found: Inspection) -> str:
    figures = found.figures
    bodies, defects, sex = figures["bodies"], figures["defects"], figures["sex"]
    lines = [
        ("What is here.", f"{figures['studies']} studies of {bodies['distinct'] or 'unknown'} bodies at {_many(len(figures['sites']), 'site')}{_variants(figures)}."),
        ("Files.", _files_in_words(found)),
        ("Patients.", _patients(figures["distributions"], sex)),
        ("Infarcts.", f"{defects['studies_with']} of {figures['studies']} studies hold at least one{_severity(defects)}."),
        ("Outliers.", f"{_many(len({o.name for o in found.outliers}), 'study', 'studies')} stand out." if found.outliers else "None."),
    ]  # fmt: skip
    warnings = "".join(page.note(f"{about} {text}") for about, text in found.warnings)
    return page.bullets(lines) + (warnings or page.paragraph("No warning about variety.", soft=True))


def _many(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"


def _variants(figures: Mapping[str, Any]) -> str:
    more = figures["studies"] - figures["bodies"]["planned"]
    return f", {_many(more, 'further examination')} of the same bodies among them" if more > 0 else ""


def _files_in_words(found: Inspection) -> str:
    checked = f"{found.checked - len(found.problems)} of {found.checked} are intact"
    if not found.parts:
        return f"{checked}; there is no manifest, so nothing says whether any is missing."
    if found.unrecorded:
        checked += f"; {found.unrecorded} are not yet in the manifest"
    return f"{checked} (SHA-256 compared with the manifest)." if not found.problems else f"{checked}; see below."


def _patients(rows: Mapping[str, Any], sex: Mapping[str, int]) -> str:
    width, length = rows["width_mm"], rows["heart_length_mm"]
    said = []
    if sex["unknown"] == 0:
        said.append(f"{sex['women']} women and {sex['men']} men")
    if width is not None:
        said.append(f"bodies {width['min']:.0f} to {width['max']:.0f} mm wide")
    if length is not None:
        said.append(f"left ventricles {length['min']:.0f} to {length['max']:.0f} mm long")
    text = ", ".join(said) + "." if said else "Nothing is known about them."
    return text[0].upper() + text[1:]


def _severity(defects: Mapping[str, Any]) -> str:
    row = defects["severity"]
    return f", with a loss of uptake of {100 * row['min']:.0f} to {100 * row['max']:.0f} %" if row else ""


def _files(found: Inspection) -> str:
    text = page.paragraph(_files_in_words(found))
    if found.problems:
        rows = [(p.name, [Cell(p.state), Cell(p.reason)]) for p in found.problems[:MOST_NAMED]]
        text += page.table("Files that cannot be used", ["File", "State", "Why"], rows)
        if len(found.problems) > MOST_NAMED:
            text += page.paragraph(
                f"and {len(found.problems) - MOST_NAMED} more; the option --json names all.", soft=True
            )
    return text


def _bodies(found: Inspection) -> str:
    facts = found.facts
    body = [
        (f.width_mm, f.depth_mm, bool(f.female)) for f in facts if f.width_mm is not None and f.depth_mm is not None
    ]
    turn = [(f.azimuth_deg, f.descent_deg, bool(f.female)) for f in facts if f.azimuth_deg is not None and f.descent_deg is not None]  # fmt: skip
    kinds = ("men", "women") if found.figures["sex"]["unknown"] == 0 else ("studies", "women")
    charts = []
    if body:
        plot = drawings.scatter_plot(body, "Body width and depth", across="width, mm", upwards="depth, mm", names=kinds)
        charts.append(page.figure(plot, "Width and depth of the body in the slice of the heart."))
    if turn:
        plot = drawings.scatter_plot(turn, "Direction of the heart", across="apex to the left, degrees", upwards="apex down, degrees", names=kinds)  # fmt: skip
        charts.append(page.figure(plot, "Where the apex points: from the front to the left, and below the horizontal."))
    for key in ("heart_length_mm", "heart_radius_mm", "wall_mm"):
        charts += _histogram(found, key)
    keys = [key for key in FIGURES if key not in ("counts", "scatter_fraction")]
    return _charts(charts) + _spread_table("Spread of body and heart", found.figures["distributions"], keys)


def _counts(found: Inspection) -> str:
    charts = _histogram(found, "counts") + _histogram(found, "scatter_fraction")
    return _charts(charts) + _spread_table(
        "Spread of counts and scatter", found.figures["distributions"], ["counts", "scatter_fraction"]
    )


def _histogram(found: Inspection, key: str) -> list[str]:
    title, unit, get = FIGURES[key]
    values = [value for study in found.facts if (value := get(study)) is not None]
    if not values:
        return []
    name = f"{title}, {unit}" if unit else title
    plot = drawings.histogram(values, title, unit=name, logarithmic=key == "counts")
    return [page.figure(plot, f"{title[0].upper()}{title[1:]} of {_many(len(values), 'study', 'studies')}.")]


def _charts(charts: Sequence[str]) -> str:
    return f'<div class="charts">{"".join(charts)}</div>' if charts else page.paragraph("Nothing is known about it.")


def _spread_table(caption: str, distributions: Mapping[str, Any], keys: Sequence[str]) -> str:
    rows = []
    for key in keys:
        row, (title, unit, _) = distributions[key], FIGURES[key]
        if row is not None:
            cells = [Cell(number(row[name])) for name in ("mean", "sd", "min", "p5", "median", "p95", "max")]
            rows.append((f"{title}, {unit}" if unit else title, [Cell(str(row["n"])), *cells]))
    header = ["Figure", "Studies", "Mean", "SD", "Smallest", "5 %", "Median", "95 %", "Largest"]
    return page.table(caption, header, rows) if rows else ""


def number(value: float) -> str:
    """Return a figure for a table: whole from 1000, else three or four digits."""
    text = f"{value:,.0f}".replace(",", " ") if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 100 else f"{value:.4g}"  # fmt: skip
    return text.replace("-", "−")


def _defects(found: Inspection) -> str:
    defects = found.figures["defects"]
    if not defects["defects"]:
        return page.paragraph("No study holds an infarct.")
    hits = drawings.hit_map(
        defects["hits_by_segment"], defects["studies_with"], "Studies with a defect in each segment"
    )
    severity = [100 * d.severity for study in found.facts for d in study.defects]
    extent = [100 * d.extent for study in found.facts for d in study.defects]
    charts = [
        page.figure(hits, f"How many studies have an infarct in each segment, of {defects['studies_with']} with one."),
        page.figure(drawings.histogram(severity, "Severity", unit="loss of uptake, %"), f"Severity of {len(severity)} infarcts."),
        page.figure(drawings.histogram(extent, "Extent", unit="share of the wall, %"), f"Extent of {len(extent)} infarcts."),
    ]  # fmt: skip
    rows = [(name, [Cell(str(count)), Cell(f"{100 * count / defects['defects']:.0f} %")]) for name, count in defects["by_territory"].items()]  # fmt: skip
    shown = defects["shown_share_of_loss"]
    text = f"Of the loss that the severities say, the activity maps show {100 * shown['median']:.0f} % in the median (a transmural infarct without border zone would show all)." if shown else ""  # fmt: skip
    return (
        _charts(charts)
        + (page.paragraph(text) if text else "")
        + page.table("Infarcts by coronary territory", ["Territory", "Infarcts", "Share"], rows)
    )


def _sites(sites: Mapping[str, Any]) -> str:
    rows = []
    for name, site in sites.items():
        whole = (site["studies"], site["bodies"], site["with_defects"], site["women"])
        means = [_mean_sd(site[key]) for key in ("counts", "scatter_fraction", "width_mm", "heart_length_mm")]
        rows.append((name, [*(Cell(str(figure)) for figure in whole), *means]))
    header = ["Site", "Studies", "Bodies", "With infarct", "Women", "Counts", "Scatter", "Width, mm", "Heart, mm"]
    sizes: dict[str, list[str]] = {}
    for name, site in sites.items():
        sizes.setdefault(site["grid"], []).append(name)
    return (
        page.table("Means, below them standard deviations", header, rows)
        + "<h3>Sizes</h3>"
        + page.facts([(", ".join(names), grid) for grid, names in sizes.items()])
    )


def _mean_sd(row: Mapping[str, float] | None) -> Cell:
    return Cell("–") if row is None else Cell(number(row["mean"]), f"± {number(row['sd'])}")


def _outliers(found: Inspection) -> str:
    if not found.outliers:
        return page.paragraph(
            f"No study lies more than {MOST_Z:g} robust standard deviations from the others of its site."
        )
    rows = [(o.name, [Cell(o.reason), Cell("–" if o.z is None else number(o.z))]) for o in found.outliers[:MOST_OUTLIERS]]  # fmt: skip
    left = len(found.outliers) - MOST_OUTLIERS
    more = page.paragraph(f"and {left} more; the option --json names all.", soft=True) if left > 0 else ""
    return page.table("Studies unlike the others", ["Study", "Why", "Robust z"], rows) + more


def _made(found: Inspection) -> str:
    parts = []
    for part in found.parts:
        said = scenario_of(part)
        versions = ", ".join(f"{name} {value}" for name, value in said["versions"].items())
        rows = [
            ("Scenario", f"{said['scenario']} ({said['digest'][:12]}), seed {said['seed']}"),
            ("Phantom and simulator", f"{said['phantom']}, {said['simulator']}"),
            ("Run", f"{said['executor']}, {_many(said['workers'], 'worker')}, {said['wall_s']:.0f} s, {'complete' if said['complete'] else 'not complete'}"),
            ("Versions", versions),
        ]  # fmt: skip
        if said["g4data"]:
            rows.append(("Geant4 data", said["g4data"]))
        parts.append((f"<h3>{page.escape(said['folder'])}</h3>" if part.prefix else "") + page.facts(rows))
    timed = _named("Wall time of each stage, seconds per study", "Stage", found.figures["stages_s"])
    quality = _named("Quality figures of the manifest", "Figure", found.figures["quality"])
    return "".join(parts) + timed + quality or page.paragraph("There is no manifest.")


def _named(caption: str, first: str, spreads: Mapping[str, Any]) -> str:
    columns = {"Mean": "mean", "Smallest": "min", "Median": "median", "95 %": "p95", "Largest": "max"}
    rows = [
        (name.replace("_", " "), [Cell(str(row["n"])), *(Cell(number(row[key])) for key in columns.values())])
        for name, row in spreads.items()
        if row is not None
    ]
    return page.table(caption, [first, "Studies", *columns], rows) if rows else ""


def _sheet_intro(found: Inspection, shown: Sequence[int]) -> str:
    total = len(found.facts)
    if len(shown) < total:
        which = f"{len(shown)} of {total} studies: some that stand out, the others evenly spaced over the set; the option --show {total} draws all."
    else:
        which = f"All {_many(total, 'study', 'studies')}."
    text = (
        f"{which} Outlined: the infarct; on the polar map the segments that it touches (dark is 40 points and less, bright is 100). "
        "Transverse slices: patient's front above, patient's right on the left. Short axis and polar map: anterior wall above, septum on the left. "
        "Sinogram: detector position across, angle downwards, in the slice of the heart."
    )
    return page.paragraph(text, soft=True)


def _how() -> str:
    rows = [
        ("Bodies", "Two studies share a body if their maps of organs are the same, voxel by voxel."),
        ("Width, depth", "Of everything denser than lung in the slice of the heart, in steps of a voxel; arms and breasts included."),
        ("Tissue attenuation", "Mean of the voxels between 0.12 and 0.19 1/cm; water has 0.154 at 140 keV."),
        ("Scatter fraction", "Scatter estimate of the file over its counts, in the photopeak."),
        ("Outliers", f"Robust z-score (median, median absolute deviation) beyond {MOST_Z:g} among the studies of a site; counts on a logarithmic scale. Sites of fewer than 8 studies are judged together."),
        ("True polar map", "Mean of the true activity in each of the 17 AHA segments; 100 is the mean of the three highest."),
    ]  # fmt: skip
    return page.facts(rows)
