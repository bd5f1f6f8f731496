"""Every reconstruction network in a size that runs in milliseconds, and the study it runs on."""

from functools import lru_cache
from typing import Any

import torch
from torch import nn

from model.dataset import PreparedStudy, prepare_study
from model.geometry import AcquisitionGeometry
from model.io.study import Study
from model.networks import build_network
from model.networks.inputs import ReconstructionNetwork
from tests.support.studies import tiny_geometry, tiny_study

SHAPE, VOXEL_MM, VIEWS = (6, 14, 14), 22.0, 12

SMALL_NETWORKS: dict[str, dict[str, Any]] = {
    "unrolled_em": {"blocks": 2, "subsets": 4, "warm_passes": 2, "channels": 8},
    "unrolled_unet": {"blocks": 2, "subsets": 4, "start_passes": 2, "channels": (8, 12)},
    "osem_unet": {"subsets": 4, "channels": (8, 12)},
    "fbp_unet": {"channels": (8, 12, 16)},
    "primal_dual": {"iterations": 3, "subsets": 3, "memory": 2, "channels": 8},
    "encoder_decoder": {"views": VIEWS, "bins": SHAPE[2], "plane": SHAPE[1:], "channels": (8, 16)},
}
"""By name; what is not said is the default. A network that is added to `model.networks.NETWORKS` must come here."""


def small_geometry() -> AcquisitionGeometry:
    """Return the geometry of `small_study`."""
    return tiny_geometry(shape=SHAPE, voxel_mm=VOXEL_MM, views=VIEWS)


@lru_cache(maxsize=16)
def small_study(seed: int = 0, **options: Any) -> Study:
    """Return a study of 6 x 14 x 14 voxels and 12 views; made once, so leave its arrays alone."""
    whole: dict[str, Any] = {"shape": SHAPE, "voxel_mm": VOXEL_MM, "views": VIEWS}
    return tiny_study(seed, **whole | options)


def small_network(name: str, seed: int = 0, *, active: bool = True, **changes: Any) -> ReconstructionNetwork:
    """Build a small network in float32; an active one has last layers and conditions that are not zero."""
    network = build_network({"name": name} | SMALL_NETWORKS[name] | changes, seed=seed)
    assert isinstance(network, ReconstructionNetwork)
    network.low_precision = False
    if active:
        wake(network, seed)
    return network


def wake(network: nn.Module, seed: int = 0) -> None:
    """Give every parameter that starts at zero small random values."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.02, generator=generator)


def small_sample(network: ReconstructionNetwork, study: Study | None = None) -> PreparedStudy:
    """Prepare `small_study`, or another, as the network wants it."""
    return prepare_study(study or small_study(), name="s", recipe=network.recipe)
