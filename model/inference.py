"""From a study and a network to an image in counts."""

import numpy as np
import torch
from numpy.typing import NDArray

from model.dataset import PreparedStudy, WarmRecipe, prepare_study
from model.io.study import Study
from model.networks.unrolled_em import UnrolledEm


def recipe_of(network: UnrolledEm) -> WarmRecipe:
    """Return how a network wants its inputs prepared."""
    return WarmRecipe(subsets=network.config.subsets, passes=network.config.warm_passes)


def fitted(sample: PreparedStudy, network: UnrolledEm) -> PreparedStudy:
    """Return the sample prepared as the network wants it; itself where it already is."""
    recipe = recipe_of(network)
    if sample.recipe == recipe:
        return sample
    return prepare_study(sample.study, name=sample.name, recipe=recipe)


@torch.no_grad()
def reconstruct_prepared(network: UnrolledEm, sample: PreparedStudy) -> NDArray[np.float32]:
    """Return the activity map (Z, Y, X), float32 counts per voxel, of a prepared study."""
    network.eval()
    ready = fitted(sample, network)
    return np.asarray(network(ready.inputs).numpy() * np.float32(ready.scale), dtype=np.float32)


def reconstruct(study: Study, network: UnrolledEm) -> NDArray[np.float32]:
    """Return the activity map (Z, Y, X) of a study, float32 expected counts per voxel without attenuation.

    Raises
    ------
    SampleInvalid
        ``sample.empty`` when nothing was counted.
    """
    return reconstruct_prepared(network, prepare_study(study, name="study", recipe=recipe_of(network)))
