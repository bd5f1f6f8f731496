"""The proximal term of FedProx as a training hook.

Source: Li et al., MLSys 2020, equation 2: ``mu/2 ||w - w_t||^2``, over the shared trainable parameters only.
"""

from collections.abc import Callable, Collection

import torch
from torch import Tensor, nn


def proximal_term(network: nn.Module, shared: Collection[str], mu: float) -> Callable[[nn.Module], Tensor] | None:
    """Return the extra loss that holds `network` near its present parameters; None when `mu` is 0.

    Parameters
    ----------
    network : nn.Module
        Holds the received model now; its parameters are copied.
    shared : collection of str
        Names of the parameters that travel; what stays on site is free.
    mu : float
        Coefficient, not negative.
    """
    if mu == 0:
        return None
    anchors = {
        name: parameter.detach().clone()
        for name, parameter in network.named_parameters()
        if name in shared and parameter.requires_grad
    }

    def extra_loss(current: nn.Module) -> Tensor:
        steps = [
            (parameter - anchors[name]).square().sum()
            for name, parameter in current.named_parameters()
            if name in anchors
        ]
        return 0.5 * mu * torch.stack(steps).sum()

    return extra_loss if anchors else None
