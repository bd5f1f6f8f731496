"""What the figures mean, in words: too few bodies, no ailments, wrong dimensions, test data taken for real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synthesis.inspection.folder import Part

FEWEST_BODIES = 20
ENOUGH_TO_JUDGE = 10
ENOUGH_INFARCTS = 60  # before an untouched segment is no mere chance
LEAST_SPREAD = 0.02  # relative SD of body width and heart length below which a population hardly varies
LEAST_TURN_DEG = 2.0  # SD of the heart's direction
TEST_DATA = "xraylib-mini"


def warn(figures: Mapping[str, Any], parts: Sequence[Part]) -> list[tuple[str, str]]:
    """Return (what it is about, a sentence with what to do) for everything that makes a set a poor one to learn from."""
    found = [*_bodies(figures), *_variety(figures), *_sizes(figures), *_ailments(figures, parts), *_source(parts)]
    return [one for one in found if one is not None]


def _bodies(figures: Mapping[str, Any]) -> list[tuple[str, str] | None]:
    bodies, studies = figures["bodies"], figures["studies"]
    planned, distinct = bodies["planned"], bodies["distinct"]
    if distinct == 0:
        return [("Bodies.", "The studies hold neither labels nor attenuation maps, so bodies cannot be compared.")]
    copies = figures["copies"]
    return [
        ("Copies.", f"{copies} of {studies} studies hold the same projections as another one; leave them out.")
        if copies
        else None,
        _too_few(studies, planned, distinct),
    ]


def _too_few(studies: int, planned: int, distinct: int) -> tuple[str, str] | None:
    if distinct == 1 and studies > 1:
        text = f"All {studies} studies share one body; a network would learn that body. Make more studies instead of variants, or give more phantoms."
        return "One body.", text
    if distinct < planned:
        text = f"{planned} patients were asked for, but only {distinct} bodies differ. Check the phantom's settings and seeds."
        return "Shared bodies.", text
    if distinct < FEWEST_BODIES:
        return (
            "Few bodies.",
            f"{distinct} bodies are enough to try things, too few to train on (fewer than {FEWEST_BODIES}).",
        )
    return None


def _variety(figures: Mapping[str, Any]) -> list[tuple[str, str] | None]:
    if figures["bodies"]["planned"] < ENOUGH_TO_JUDGE:
        return []
    spread, sex = figures["distributions"], figures["sex"]
    one_sex = sex["unknown"] == 0 and 0 in (sex["women"], sex["men"])
    found: list[tuple[str, str] | None] = [
        ("One sex.", f"All {sex['women'] or sex['men']} studies are of {'women' if sex['women'] else 'men'}.")
        if one_sex
        else None
    ]
    for key, what in (("width_mm", "Body width"), ("heart_length_mm", "The heart's length")):
        row = spread[key]
        if row is not None and row["sd"] < LEAST_SPREAD * row["mean"]:
            found.append(
                (
                    "Alike.",
                    f"{what} hardly varies: {row['mean']:.0f} mm with a standard deviation of {row['sd']:.1f} mm.",
                )
            )
    turns = [spread[key]["sd"] for key in ("azimuth_deg", "descent_deg") if spread[key] is not None]
    if turns and max(turns) < LEAST_TURN_DEG:
        found.append(("One direction.", "All hearts point the same way; patients' axes differ by about 10 degrees."))
    return found


def _sizes(figures: Mapping[str, Any]) -> list[tuple[str, str] | None]:
    grids = list(figures["grids"])
    if len(grids) <= len(figures["sites"]):
        return []
    return [
        (
            "Sizes.",
            f"There are {len(grids)} different grids: {'; '.join(grids[:4])}. Train on them only if that is meant.",
        )
    ]


def _ailments(figures: Mapping[str, Any], parts: Sequence[Part]) -> list[tuple[str, str] | None]:
    defects, studies = figures["defects"], figures["studies"]
    if studies < ENOUGH_TO_JUDGE:
        return []
    wanted = not parts or any(site.infarct_share > 0 for part in parts for site in part.manifest.scenario.sites)
    if defects["studies_with"] == 0:
        if wanted:
            return [
                ("No ailments.", "No study holds an infarct: a network cannot learn to keep one. Raise infarct_share.")
            ]
        return [("No ailments.", "No study holds an infarct, as the scenario says (infarct_share 0).")]
    found: list[tuple[str, str] | None] = []
    if defects["studies_without"] == 0:
        found.append(
            ("No normal hearts.", "Every study holds an infarct; normal ones teach a network not to invent any.")
        )
    if defects["defects"] >= ENOUGH_INFARCTS and defects["never_hit"]:
        found.append(("Untouched wall.", f"No infarct reaches: {', '.join(defects['never_hit'])}."))
    return found


def _source(parts: Sequence[Part]) -> list[tuple[str, str] | None]:
    found: list[tuple[str, str] | None] = []
    for part in parts:
        where = f" in {part.prefix.rstrip('/')}" if part.prefix else ""
        if TEST_DATA in (part.manifest.g4data or ""):
            text = f"The Monte Carlo{where} used the small cross sections made for tests ({TEST_DATA}): not for training or publication."
            found.append(("Test data.", text))
        if not part.manifest.complete:
            found.append(("Unfinished.", f"The generation{where} has not ended; run it again to make the rest."))
    return found
