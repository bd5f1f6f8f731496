"""Draw how much activity every organ takes up, relative to healthy myocardium, and mix it into an activity map.

Ranges: Tc-99m sestamibi and tetrofosmin perfusion, reference page "Numbers for the open phantom" (liver .5-1.5, gall
bladder .5-3, spleen .4-1, lung .05-.15, blood .05-.1, soft tissue .03-.1), and the published XCAT perfusion set
(kidneys as myocardium, spine 6/75, ribs 5/75); bowel and stomach from nothing to more than the heart.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from model.geometry import VolumeGrid
from synthesis.defects import Lesion
from synthesis.phantoms.composition import Organ, Phantom
from synthesis.phantoms.shapes import Floats, Lattice

UPTAKE_RANGES = {
    "fat": (0.02, 0.05), "muscle": (0.05, 0.11), "breast": (0.03, 0.08), "soft_tissue": (0.05, 0.10), "lung": (0.05, 0.12),
    "rib": (0.05, 0.09), "spine": (0.06, 0.14), "cartilage": (0.03, 0.06), "blood": (0.05, 0.11),
    "right_ventricle": (0.30, 0.55), "liver": (0.5, 1.4), "gall_bladder": (0.5, 3.0), "stomach_wall": (0.3, 0.9),
    "stomach_content": (0.05, 0.5), "spleen": (0.4, 1.0), "kidney": (0.7, 1.3), "bowel": (0.1, 1.2),
}  # fmt: skip
TEXTURE_AMPLITUDE = 0.05  # standard deviation of the slow variation inside organs
TEXTURE_WAVES = 6
TEXTURE_PERIOD_MM = (40.0, 160.0)


def draw_uptakes(rng: np.random.Generator) -> dict[str, float]:
    """Draw one value an organ, relative to healthy myocardium (1)."""
    drawn = {key: float(rng.uniform(*limits)) for key, limits in UPTAKE_RANGES.items()}
    return drawn | {"myocardium": 1.0, "gas": 0.0}


def mix_activity(phantom: Phantom, uptakes: dict[str, float], lesions: tuple[Lesion, ...], texture: Floats) -> Floats:
    """Return the activity per voxel (Z, Y, X), healthy myocardium about 1; a lesion takes up 1 - severity."""
    activity: Floats = phantom.mix(organ_values(phantom.organs, uptakes, lesions)) * texture
    return activity


def organ_values(organs: tuple[Organ, ...], uptakes: Mapping[str, float], lesions: tuple[Lesion, ...]) -> list[float]:
    """Return the uptake of each organ, in their order: an infarct's is 1 - severity, a lesion's contrast times its host's."""
    values = dict(uptakes) | {f"lesion_{i + 1}": 1.0 - lesion.severity for i, lesion in enumerate(lesions)}
    return [values[organ.host] * organ.contrast if organ.host else values[organ.key] for organ in organs]


def draw_texture(grid: VolumeGrid, rng: np.random.Generator) -> Floats:
    """Draw a slowly varying factor (Z, Y, X) around 1: a few plane waves of random direction and phase."""
    p = Lattice.of(grid)
    field = np.zeros(grid.shape, dtype=np.float32)
    directions = rng.normal(size=(TEXTURE_WAVES, 3))
    periods = rng.uniform(*TEXTURE_PERIOD_MM, size=TEXTURE_WAVES)
    phases = rng.uniform(0, 2 * np.pi, size=TEXTURE_WAVES)
    for direction, period, phase in zip(directions, periods, phases, strict=True):
        k = (direction / np.linalg.norm(direction) * 2 * np.pi / period).astype(np.float32)
        # cos(a + b + c) as a product of planes and lines: no transcendental function of the whole grid
        xy, z = k[0] * p.x + k[1] * p.y + np.float32(phase), k[2] * p.z
        field += np.cos(xy) * np.cos(z) - np.sin(xy) * np.sin(z)
    scale = np.float32(TEXTURE_AMPLITUDE * np.sqrt(2 / TEXTURE_WAVES))
    texture: Floats = np.clip(1 + scale * field, 0.7, 1.3, dtype=np.float32)
    return texture
