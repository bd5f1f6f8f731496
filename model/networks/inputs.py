"""What every reconstruction network takes, and what it must say of itself.

Tensors: Z, Y, X voxels; V views of one subset; U bins. One study at a time, in its own geometry.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor, nn

from model.geometry import AcquisitionGeometry

CONDITIONS = 3
"""Length of `StudyInputs.condition`."""

StartKind = Literal["osem", "fbp", "uniform"]


@dataclass(frozen=True)
class StartRecipe:
    """How a network wants a study prepared.

    Parameters
    ----------
    kind : {"osem", "fbp", "uniform"}
        The start image: OS-EM from a uniform body; filtered back-projection with Chang's correction, clipped at zero;
        or the uniform body itself.
    subsets : int
        Interleaved view subsets of the system; more than views means one view a subset. FBP takes one.
    passes : int
        Passes of OS-EM over all subsets; OS-EM only.
    """

    kind: StartKind
    subsets: int = 1
    passes: int = 0


class SubsetSystem(Protocol):
    """The system matrix of one study, attenuation included, one interleaved subset of views at a time."""

    @property
    def subsets(self) -> int:
        """Number of subsets."""

    def project(self, activity_ZYX: Tensor, subset: int) -> Tensor:
        """Return expected primary counts (V, Z, U)."""

    def backproject(self, counts_VZU: Tensor, subset: int) -> Tensor:
        """Return the exact transpose of `project`, (Z, Y, X)."""


@dataclass(frozen=True, eq=False)
class StudyInputs:
    """One study, prepared: everything without learnable parameters is computed once and kept.

    All images and counts are float32 on one device and divided by the study's scale (`model.transforms.study_scale`).

    Parameters
    ----------
    system : SubsetSystem
    measured, scatter : tuple of Tensor (V, Z, U), one a subset
    sensitivity : tuple of Tensor (Z, Y, X), one a subset
        Back-projection of ones; for an FBP start the mean transmission of a few views, which is the same but for what
        the blur loses at the edges.
    start : Tensor (Z, Y, X)
        Classical start image.
    mu : Tensor (Z, Y, X), mm^-1
    mask : Tensor (Z, Y, X), 1 where there may be activity
    box : (y0, y1, x0, x1)
        The part of the plane that the mask needs; the CNNs work on it alone.
    condition : Tensor (3,)
        log10 of the mean counts per voxel of the body (what decides the noise); log2 of the resolution at the rotation
        axis over the voxel size; log2 of the views over 60.
    """

    system: SubsetSystem
    measured: tuple[Tensor, ...]
    scatter: tuple[Tensor, ...]
    sensitivity: tuple[Tensor, ...]
    start: Tensor
    mu: Tensor
    mask: Tensor
    box: tuple[int, int, int, int]
    condition: Tensor


class ReconstructionNetwork(nn.Module):
    """A network that turns one prepared study into its activity image.

    ``low_precision`` lets its CNNs use bfloat16 at inference where that pays (`model.networks.precision`).
    """

    low_precision = True

    @property
    @abstractmethod
    def recipe(self) -> StartRecipe:
        """How studies must be prepared for `forward`."""

    @abstractmethod
    def forward(self, inputs: StudyInputs) -> Tensor:
        """Return activity (Z, Y, X) in units of the study's scale, non-negative, zero outside the mask.

        Linear in the scale up to what the counts tell about noise (`StudyInputs.condition`).
        """

    def check_geometry(self, geometry: AcquisitionGeometry) -> None:
        """Raise `ModelError` (``network.geometry``, both sizes in the sentence) for a geometry it cannot take."""
