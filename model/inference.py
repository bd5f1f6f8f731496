"""From a study and a network to an image in counts."""

import numpy as np
import torch
from numpy.typing import NDArray

from model.dataset import PreparedStudy, prepare_study
from model.io.study import Study
from model.networks.inputs import ReconstructionNetwork


def fitted(sample: PreparedStudy, network: ReconstructionNetwork) -> PreparedStudy:
    """Return the sample prepared as the network wants it; itself where it already is.

    A sample keeps the last other preparation, so that the rounds of a federation prepare once.

    Raises
    ------
    ModelError
        ``network.geometry`` if the network cannot take the study's geometry.
    """
    network.check_geometry(sample.study.geometry)
    if sample.recipe == network.recipe:
        return sample
    other = sample.others.get(network.recipe)
    if other is None:
        device = sample.inputs.mask.device
        other = prepare_study(sample.study, name=sample.name, recipe=network.recipe, device=device)
        sample.others.clear()
        sample.others[network.recipe] = other
    return other


@torch.no_grad()
def reconstruct_prepared(network: ReconstructionNetwork, sample: PreparedStudy) -> NDArray[np.float32]:
    """Return the activity map (Z, Y, X), float32 counts per voxel, of a prepared study."""
    network.eval()
    ready = fitted(sample, network)
    return np.asarray(network(ready.inputs).cpu().numpy() * np.float32(ready.scale), dtype=np.float32)


def reconstruct(study: Study, network: ReconstructionNetwork) -> NDArray[np.float32]:
    """Return the activity map (Z, Y, X) of a study, float32 expected counts per voxel without attenuation.

    Computed on the device of the network.

    Raises
    ------
    SampleInvalid
        ``sample.empty`` when nothing was counted.
    ModelError
        ``network.geometry`` if the network cannot take the study's geometry.
    """
    network.check_geometry(study.geometry)
    device = next(network.parameters()).device
    return reconstruct_prepared(network, prepare_study(study, name="study", recipe=network.recipe, device=device))
