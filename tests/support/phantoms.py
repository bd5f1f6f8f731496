"""The built-in thorax as label maps, as others would bring them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model.geometry import VolumeGrid
from synthesis.phantoms.anatomy import Anatomy, draw_anatomy
from synthesis.phantoms.composition import Phantom
from synthesis.phantoms.thorax import build_patient
from synthesis.scenario import Scenario, load_scenario

TISSUE_OF_ORGAN = {
    "fat": "adipose", "muscle": "muscle", "breast": "breast", "soft_tissue": "soft_tissue", "lung": "lung", "rib": "rib",
    "spine": "vertebra", "cartilage": "cartilage", "blood": "blood", "right_ventricle": "muscle", "myocardium": "muscle",
    "liver": "liver", "gall_bladder": "water", "stomach_wall": "muscle", "stomach_content": "water", "gas": "gas",
    "spleen": "liver", "kidney": "soft_tissue", "bowel": "soft_tissue",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class LabelledThorax:
    """A patient of the built-in population as labels; code 0 is air, organ k has code 10 + k."""

    anatomy: Anatomy
    phantom: Phantom
    codes: npt.NDArray[np.uint8]
    mu_per_mm: npt.NDArray[np.float32]
    grid: VolumeGrid


def labelled_thorax(seed: int = 3, *, voxel_mm: float = 5.0, female_share: float = 0.0) -> LabelledThorax:
    """Voxelise one patient and keep the organ with the largest share of each voxel."""
    site = load_scenario("cardiac").sites[0].model_copy(update={"female_share": female_share})
    anatomy = draw_anatomy(site, np.random.default_rng(seed))
    across = round(440 / voxel_mm)
    grid = VolumeGrid((round(240 / voxel_mm), across, across), (voxel_mm,) * 3)
    phantom = build_patient(anatomy, (), grid).phantom
    codes = (10 + phantom.shares.argmax(axis=0)).astype(np.uint8)
    codes[phantom.shares.sum(axis=0) < 0.5] = 0
    return LabelledThorax(anatomy, phantom, codes, phantom.attenuation(), grid)


def write_organ_table(path: Path, thorax: LabelledThorax) -> Path:
    """Write the table of `labelled_thorax` as CSV; uptakes are left to be drawn, except that of the liver."""
    rows = [
        f"{10 + k}, {organ.key}, {TISSUE_OF_ORGAN[organ.key]}, {0.7 if organ.key == 'liver' else ''}"
        for k, organ in enumerate(thorax.phantom.organs)
    ]
    path.write_text("code, organ, tissue, uptake\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def small_scenario() -> Scenario:
    """Return a scenario of one site with a small grid and few views, every patient with one infarct."""
    quick = load_scenario("quick")
    site = quick.sites[0].model_copy(update={"infarct_share": 1.0})
    lesions = quick.lesions.model_copy(update={"second_share": 0.0})
    grid = quick.grid.model_copy(update={"shape": (24, 48, 48), "voxel_mm": (8.8, 8.8, 8.8)})
    orbit = quick.orbit.model_copy(update={"views": 4})
    return quick.model_copy(update={"sites": (site,), "lesions": lesions, "grid": grid, "orbit": orbit})
