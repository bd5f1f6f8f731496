"""Tiny trainings that take milliseconds: a small network, a few small studies, every kind of target."""

from pathlib import Path
from typing import Any

import torch

from model.dataset import PreparedStudy
from model.io.study import Study
from model.networks import build_network
from model.networks.inputs import ReconstructionNetwork
from model.task_parameters import SpectReconstructionParameters, TargetKind
from model.training.local import LocalTraining
from model.training.plan import TrainPlan
from model.training.targets import target_for
from tests.support.studies import tiny_study, write_tiny_study

TINY: dict[str, Any] = {"shape": (6, 14, 14), "voxel_mm": 22.0, "views": 12}
SMALL: dict[str, object] = {"name": "unrolled_em", "subsets": 4, "channels": 8, "blocks": 2, "warm_passes": 2}


def small_network(seed: int = 0) -> ReconstructionNetwork:
    """Return a network of a few hundred values."""
    network = build_network(SMALL, seed=seed)
    assert isinstance(network, ReconstructionNetwork)
    return network


def small_study(seed: int = 0, **options: Any) -> Study:
    """Return a study of 6 x 14 x 14 voxels and 12 views."""
    return tiny_study(seed, **TINY, **options)


def write_small_studies(folder: Path, number: int, *, first_seed: int = 0, **options: Any) -> list[Path]:
    """Write studies of different patients."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"study-{first_seed + i}.h5" for i in range(number)]
    for i, path in enumerate(paths):
        write_tiny_study(path, first_seed + i, **TINY, **options)
    return paths


def prepared_studies(kind: TargetKind, number: int, *, first_seed: int = 0, **options: Any) -> list[PreparedStudy]:
    """Return studies prepared for `small_network` and a kind of target."""
    target = target_for(kind, SpectReconstructionParameters())
    recipe = small_network().recipe
    return [
        target.prepare(target.accept(small_study(seed, **options)), name=f"s{seed}", recipe=recipe, half_factors=False)
        for seed in range(first_seed, first_seed + number)
    ]


def small_training(
    train: list[PreparedStudy],
    held: list[PreparedStudy],
    *,
    kind: TargetKind = "phantom",
    parameters: dict[str, object] | None = None,
    plan: dict[str, Any] | None = None,
    **options: Any,
) -> LocalTraining:
    """Return a run of `small_network`, two epochs unless the plan says otherwise."""
    torch.set_num_threads(1)
    chosen = SpectReconstructionParameters.model_validate(parameters or {})
    settings = {"epochs": 2, "score": "loss", **(plan or {})}
    return LocalTraining(
        small_network(), train, held, target_for(kind, chosen), chosen, TrainPlan(**settings), **options
    )
