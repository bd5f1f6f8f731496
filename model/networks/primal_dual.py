"""Learned primal-dual: small CNNs take turns in projection space and in image space, the physics between them.

Tensors: Z, Y, X voxels; V views of one subset; U bins; M memory images. One study at a time, in its own geometry.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - the name torch's own documentation uses
from torch import Tensor, nn

from model.networks import PrimalDualConfig
from model.networks.blocks import MU_SCALE, SLOPE, SliceConv, from_box, in_box, over_neighbours
from model.networks.em import spread_order
from model.networks.inputs import CONDITIONS, ReconstructionNetwork, StartKind, StartRecipe, StudyInputs
from model.networks.precision import cnn_precision

VIEWS_PER_UNIT = 20.0
"""A view holds its share of the time; counts times views over this are about one inside a body, however many views."""
SMALLEST_UNIT = 0.05
"""Added to the expected counts below the ratio, in those units: less than a body gives, more than air."""


class DualCnn(nn.Module):
    """Three 3x3 layers over the bins of each view; the last starts at zero."""

    def __init__(self, memory: int, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(memory + 2, channels, 3, padding=1)
        self.condition = nn.Linear(CONDITIONS, channels, bias=False)
        self.middle = nn.Conv2d(channels, channels, 3, padding=1)
        self.last = nn.Conv2d(channels, memory, 3, padding=1, bias=False)
        nn.init.zeros_(self.condition.weight)
        nn.init.zeros_(self.last.weight)

    def forward(self, features_VCZU: Tensor, condition: Tensor) -> Tensor:
        """Return the change of the memory, (V, M, Z, U)."""
        hidden = self.first(features_VCZU.contiguous(memory_format=torch.channels_last))
        hidden = F.leaky_relu(hidden + self.condition(condition)[:, None, None], SLOPE, inplace=True)
        hidden = F.leaky_relu(self.middle(hidden), SLOPE, inplace=True)
        out: Tensor = self.last(hidden)
        return out


class PrimalCnn(nn.Module):
    """A 3x3x3, a 3x3 and a 3x3x3 layer over the voxels; the last starts at zero."""

    def __init__(self, memory: int, channels: int) -> None:
        super().__init__()
        self.first = SliceConv(memory + 3, channels)
        self.condition = nn.Linear(CONDITIONS, channels, bias=False)
        self.middle = nn.Conv2d(channels, channels, 3, padding=1)
        self.last = nn.Conv2d(channels, 3 * memory, 3, padding=1, bias=False)
        nn.init.zeros_(self.condition.weight)
        nn.init.zeros_(self.last.weight)

    def forward(self, features_ZCYX: Tensor, condition: Tensor) -> Tensor:
        """Return the change of the memory, (Z, M, Y, X)."""
        hidden = self.first(features_ZCYX) + self.condition(condition)[:, None, None]
        hidden = F.leaky_relu(hidden, SLOPE, inplace=True)
        hidden = F.leaky_relu(self.middle(hidden), SLOPE, inplace=True)
        return over_neighbours(self.last(hidden))


class PrimalDual(ReconstructionNetwork):
    """Learned primal-dual on interleaved subsets of views, one subset a step.

    The dual step adds what its CNN learnt to the relative residual of the subset, so that even the first steps see
    the data as an EM update does. The first memory image is the activity.

    Parameters
    ----------
    config : PrimalDualConfig

    References
    ----------
    Adler & Oktem, IEEE TMI 37 (2018) 1322, algorithm 3.
    """

    def __init__(self, config: PrimalDualConfig) -> None:
        super().__init__()
        self.config = config
        steps = range(config.iterations)
        self.dual = nn.ModuleList(DualCnn(config.memory, config.channels) for _ in steps)
        self.primal = nn.ModuleList(PrimalCnn(config.memory, config.channels) for _ in steps)

    @property
    def recipe(self) -> StartRecipe:
        """Return a short OS-EM, or the uniform body where the configuration asks for no passes."""
        kind: StartKind = "osem" if self.config.start_passes else "uniform"
        return StartRecipe(kind, self.config.subsets, self.config.start_passes)

    def forward(self, inputs: StudyInputs) -> Tensor:
        """Return activity (Z, Y, X) in units of the study's scale, non-negative, zero outside the mask."""
        order = spread_order(inputs.system.subsets)
        start, mask = in_box(inputs.start, inputs)[:, None], in_box(inputs.mask, inputs)[:, None]
        primal = torch.cat((start, start.new_zeros((len(start), self.config.memory - 1, *start.shape[2:]))), dim=1)
        duals: dict[int, Tensor] = {}
        for step in range(self.config.iterations):
            subset = order[step % len(order)]
            duals[subset], seen = self._dual_step(step, subset, duals.get(subset), primal, inputs)
            primal = self._primal_step(step, seen, primal, inputs) * mask
        return from_box(primal[:, 0].clamp_min(0.0), inputs)

    def _dual_step(
        self, step: int, subset: int, memory: Tensor | None, primal: Tensor, inputs: StudyInputs
    ) -> tuple[Tensor, Tensor]:
        """Return the subset's new memory (V, M, Z, U) and its back-projection, averaged over the views, (Z, Y, X)."""
        unit = sum(len(part) for part in inputs.measured) / VIEWS_PER_UNIT
        activity = from_box(primal[:, 0].clamp_min(0.0), inputs)
        expected = unit * (inputs.system.project(activity, subset) + inputs.scatter[subset])
        residual = (unit * inputs.measured[subset] - expected) / (expected + SMALLEST_UNIT)
        if memory is None:
            views, *bins = expected.shape
            memory = expected.new_zeros((views, self.config.memory, *bins))
        features = torch.cat((memory, expected[:, None], residual[:, None]), dim=1)
        with cnn_precision(self, features):
            change = self.dual[step](features, inputs.condition).float()
        memory = memory + change
        seen = inputs.system.backproject(memory[:, 0] + residual, subset)
        return memory, seen / inputs.sensitivity[subset].clamp_min(1e-6)

    def _primal_step(self, step: int, seen: Tensor, primal: Tensor, inputs: StudyInputs) -> Tensor:
        mu, part = MU_SCALE * in_box(inputs.mu, inputs)[:, None], in_box(seen, inputs)[:, None]
        features = torch.cat((primal, part, part * primal[:, :1], mu), dim=1)
        with cnn_precision(self, features):
            change = self.primal[step](features, inputs.condition).float()
        moved: Tensor = primal + change
        return moved
