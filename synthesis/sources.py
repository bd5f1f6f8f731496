"""Which organs are simulated together, and how a mixture of organs becomes a mixture of sources. Torch-free.

Every source is simulated once and mixed with any uptake afterwards. Organs that stand for themselves can change their
uptake from examination to examination; those of a group keep their ratios, and the group changes as a whole. Infarcts
are sources of their own, so that their severity can change.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthesis.phantoms.composition import Phantom
from synthesis.phantoms.shapes import Floats
from synthesis.specs.simulation import Grouping

# Weakly taking up, wide-spread tissue whose parts no reader tells apart: one source saves a Monte Carlo of each.
GROUPS: dict[str, tuple[str, ...]] = {
    "background": ("fat", "muscle", "breast", "soft_tissue", "rib", "spine", "bone", "cartilage", "arm", "skin"),
}
INFARCT = "lesion_"
SURROUNDINGS = "surroundings"
"""The source of everything but myocardium and infarcts, where a scenario groups by regions."""
WHOLE = "whole"
"""The only source, where a scenario simulates the whole body at once."""


def sources_of(
    phantom: Phantom, uptakes: Mapping[str, float], grouping: Grouping = "organs"
) -> dict[str, tuple[str, ...]]:
    """Return source -> organs of every source that holds activity; `uptakes` are those of the first examination.

    Organs without volume or uptake are left out: a Monte Carlo of nothing would be refused for its zero counts. A lesion
    whose uptake is a multiple of its host's belongs to the host.
    """
    filled = [bool(share.any()) for share in phantom.shares]
    sources: dict[str, list[str]] = {}
    for organ, there in zip(phantom.organs, filled, strict=True):
        key = organ.host or organ.key
        if there and (key.startswith(INFARCT) or uptakes.get(key, 0.0) > 0):
            organs = sources.setdefault(_source_of(key, grouping), [])
            organs += [] if key in organs else [key]
    return {source: tuple(organs) for source, organs in sources.items()}


def _source_of(organ: str, grouping: Grouping) -> str:
    if grouping == "whole":
        return WHOLE
    if organ.startswith(INFARCT):
        return organ
    if grouping == "regions":
        return organ if organ == "myocardium" else SURROUNDINGS
    return next((group for group, organs in GROUPS.items() if organ in organs), organ)


def source_activity(
    phantom: Phantom, members: Mapping[str, tuple[str, ...]], uptakes: Mapping[str, float], texture: Floats
) -> Floats:
    """Return the activity (K, Z, Y, X) of every source at weight 1, on the phantom's grid.

    The weight of an organ that stands for itself is its uptake, that of a group a factor on the uptakes of the first
    examination, which `uptakes` holds, those of the infarcts among them (`with_infarcts`).
    """
    activity = np.zeros((len(members), *phantom.grid.shape), dtype=np.float32)
    for part, organs in zip(activity, members.values(), strict=True):
        for organ, share in zip(phantom.organs, phantom.shares, strict=True):
            key = organ.host or organ.key
            if key in organs:
                factor = (organ.contrast if organ.host else 1.0) * (uptakes[key] if len(organs) > 1 else 1.0)
                part += share * np.float32(factor)
        part *= texture
    return activity


def regrouped(
    members: Mapping[str, tuple[str, ...]], first: Mapping[str, float], drawn: Mapping[str, float]
) -> dict[str, float]:
    """Return the uptakes of a later examination: as drawn, but groups keep the ratios of the first one."""
    uptakes = dict(drawn)
    for organs in map(_healthy, members.values()):
        if len(organs) > 1:
            factor = sum(drawn[organ] for organ in organs) / sum(first[organ] for organ in organs)
            uptakes |= {organ: first[organ] * factor for organ in organs}
    return uptakes


def with_infarcts(uptakes: Mapping[str, float], severities: tuple[float, ...]) -> dict[str, float]:
    """Return the uptakes with those of the infarcts: 1 - severity."""
    return dict(uptakes) | {f"{INFARCT}{i}": 1.0 - severity for i, severity in enumerate(severities, start=1)}


def stands_alone(members: Mapping[str, tuple[str, ...]], infarct: int) -> bool:
    """Say whether infarct number `infarct`, from 0, is a source of its own, so that its severity can change."""
    return f"{INFARCT}{infarct + 1}" in members


def _healthy(organs: tuple[str, ...]) -> tuple[str, ...]:
    """Leave the infarcts out of a group: they follow it."""
    return organs if len(organs) == 1 else tuple(organ for organ in organs if not organ.startswith(INFARCT))


def source_weights(
    members: Mapping[str, tuple[str, ...]],
    first: Mapping[str, float],
    uptakes: Mapping[str, float],
    severities: tuple[float, ...],
) -> dict[str, float]:
    """Return the weight of every source for an examination's uptakes; an infarct takes up 1 - severity."""
    values = with_infarcts(uptakes, severities)
    return {
        source: values[organs[0]] if len(organs) == 1 else values[_healthy(organs)[0]] / first[_healthy(organs)[0]]
        for source, organs in members.items()
    }
