"""Mix one examination from a template: uptake, severity, count level and noise change, the body stays. Torch-free."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from model.io.study import Defect, Study
from synthesis.draws import FIXED_UPTAKE_SPREAD, Streams
from synthesis.errors import SimulationFailed
from synthesis.examination import Mixture, examine
from synthesis.mixing import draw_uptakes
from synthesis.phantoms.shapes import Floats
from synthesis.sources import regrouped, source_weights, stands_alone
from synthesis.template import BodyRecord, Template

REFERENCE_ORGAN = "myocardium"  # uptakes are relative to it


def mix_study(template: Template, variant: int, *, noise: bool = True) -> Study:
    """Return examination number `variant` of a template's body.

    Parameters
    ----------
    template : Template
    variant : int
        0 is the examination that the body was drawn with; others redraw the uptake of every source, the severity of
        every infarct, the count level and the noise, each from its own stream.
    noise : bool
        False leaves the expected counts in the projections.

    Returns
    -------
    Study

    Raises
    ------
    SimulationFailed
        If the mixture holds no counts, or the Monte Carlo behind it is too noisy for the count level.
    """
    body = template.body
    streams = Streams.of(body.seed, body.site, body.index, variant)
    uptakes = draw_variant_uptakes(body, streams.uptake) if variant else dict(body.uptakes)
    defects = draw_variant_defects(body, streams.severity) if variant else body.defects
    severities = tuple(defect.severity for defect in defects)
    weights = source_weights(body.members, body.uptakes, uptakes, severities)
    primary, scatter, variance = template.projections.mix(weights)
    totals = float(primary.sum(dtype=np.float64)), float(scatter.sum(dtype=np.float64))
    if not all(np.isfinite(total) and total > 0 for total in totals):
        message = f"The mixture has {totals[0]} primary and {totals[1]} scattered counts."
        raise SimulationFailed(message)
    physical = template.projections.scatter_is_physical
    mixture = Mixture(
        activity=_mixed(template.activity, [weights[source] for source in body.members]),
        primary=primary,
        scatter=scatter if physical else scatter / np.float32(totals[1]),
        scatter_is_physical=physical,
        variance=variance,
        uptakes=uptakes,
        defects=defects,
        further_windows=template.projections.mix_further(weights),
        simulated_with=template.projections.versions,
    )
    return examine(body, mixture, streams, variant=variant, noise=noise)


def draw_variant_uptakes(body: BodyRecord, rng: np.random.Generator) -> dict[str, float]:
    """Draw the uptakes of a later examination: within the population's ranges, or around those of the back end."""
    drawn = draw_uptakes(rng)
    for organ, first in body.uptakes.items():
        factor = float(rng.uniform(*FIXED_UPTAKE_SPREAD))
        if organ in body.fixed or organ not in drawn:
            drawn[organ] = first if organ == REFERENCE_ORGAN else first * factor
    return regrouped(body.members, body.uptakes, drawn)


def draw_variant_defects(body: BodyRecord, rng: np.random.Generator) -> tuple[Defect, ...]:
    """Draw new severities for the infarcts of a body; where they lie, how far they reach and their kind stays.

    An infarct that was simulated together with other tissue keeps its severity.
    """
    spec = body.scenario.lesions
    kinds = body.records.get("defect_kinds", ["infarct"] * len(body.defects))
    limits = [spec.ischaemia_severity if kind == "ischaemia" else spec.severity for kind in kinds]
    drawn = [float(rng.uniform(*own)) for own in limits]
    return tuple(
        replace(defect, severity=severity) if stands_alone(body.members, i) else defect
        for i, (defect, severity) in enumerate(zip(body.defects, drawn, strict=True))
    )


def _mixed(activity: Floats, weights: list[float]) -> Floats:
    mixed: Floats = np.tensordot(np.array(weights, dtype=np.float32), activity, axes=1).astype(np.float32)
    return mixed
