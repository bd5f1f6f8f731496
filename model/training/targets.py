# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""What a reconstruction learns from: phantom truth, the OSEM image of the full counts, or held-out counts alone.

Tensors: Z, Y, X voxels; V views of one subset; U bins.
"""

import math
from dataclasses import dataclass, replace
from typing import Protocol, get_args

import numpy as np
import torch
from torch import Tensor, nn

from model.classical.osem import OsemSettings, reconstruct_osem
from model.dataset import PreparedStudy, prepare_study, started, thinned, thinned_study
from model.errors import SampleInvalid
from model.evaluation.metrics import case_metrics
from model.io.study import Study
from model.networks.inputs import StartRecipe
from model.networks.precision import bfloat16_training
from model.task_parameters import SpectReconstructionParameters, TargetKind
from model.training.infarcts import with_other_infarcts
from model.training.losses import poisson_deviance
from model.training.objective import study_loss

TARGET_KINDS: tuple[TargetKind, ...] = get_args(TargetKind)
FULL_COUNTS_OSEM = OsemSettings(iterations=10, subsets=6, postfilter_fwhm_mm=6.0)
"""The image of the full counts that counts as truth; the best of OSEM on simulated perfusion studies."""
MOST_OF_FULL_COUNTS = 0.5
"""Largest share of the counts that a network sees when the image of all of them is the target: their noise is shared."""
FULL_COUNTS_KIND = "osem_full_counts"
HALF = 0.5
"""Share of each bin's counts that is reconstructed when the rest scores the result."""
MOST_WHEN_SPLIT = 0.8
"""Largest such share with augmentation; the rest must still tell something."""
SMALLEST_EXPECTED = 1e-3
"""Floor of the expected counts of a bin, so that one stray count outside the body does not decide everything."""


@dataclass(frozen=True, eq=False)
class Example:
    """What a network sees of a study at one visit.

    Parameters
    ----------
    study : PreparedStudy
        As it is, or thinned.
    held_out : tuple of Tensor (V, Z, U), counts, one a subset; None unless counts are held out
    held_out_scale : float
        Held-out counts that one unit of the network's images means.
    """

    study: PreparedStudy
    held_out: tuple[Tensor, ...] | None = None
    held_out_scale: float = 0.0


class Target(Protocol):
    """One kind of target; stateless apart from its parameters."""

    kind: TargetKind

    @property
    def keeps_copies(self) -> bool:
        """Whether `example` returns changed copies of studies in training."""

    def accept(self, study: Study) -> Study:
        """Return the study as this kind may see it; raises `SampleInvalid` (``sample.no_reference``)."""

    def prepare(
        self, study: Study, *, name: str, recipe: StartRecipe, device: torch.device | None = None, half_factors: bool
    ) -> PreparedStudy:
        """Prepare a study with its target."""

    def example(self, study: PreparedStudy, generator: torch.Generator | None) -> Example:
        """Return what a network trains on; augmented where the parameters say so and there is a generator."""

    def loss(self, network: nn.Module, example: Example) -> Tensor:
        """Return the loss to minimise."""

    def score(self, network: nn.Module, study: PreparedStudy) -> dict[str, float | None]:
        """Return validation figures of one study, ``loss`` among them, without augmentation."""


def target_for(kind: TargetKind, parameters: SpectReconstructionParameters) -> Target:
    """Return the target of a kind."""
    if kind == "phantom":
        return PhantomTarget(parameters)
    if kind == "full-counts":
        return FullCountsTarget(parameters)
    return SelfSupervisedTarget(parameters)


class PhantomTarget:
    """Learn from the study's reference image, and see its counts; thinned and with other infarcts where asked."""

    kind: TargetKind = "phantom"

    def __init__(self, parameters: SpectReconstructionParameters) -> None:
        self.parameters = parameters

    @property
    def keeps_copies(self) -> bool:
        """Whether studies are thinned or get other infarcts."""
        return self.parameters.varies

    def accept(self, study: Study) -> Study:
        """Return the study; it must have a reference."""
        if study.reference is None:
            raise SampleInvalid(
                "sample.no_reference",
                "it has no reference image",
                "Train without references: --targets full-counts or --targets self-supervised.",
            )
        return study

    def prepare(
        self, study: Study, *, name: str, recipe: StartRecipe, device: torch.device | None = None, half_factors: bool
    ) -> PreparedStudy:
        """Prepare the study; its reference is the target."""
        return prepare_study(study, name=name, recipe=recipe, device=device, half_factors=half_factors)

    def example(self, study: PreparedStudy, generator: torch.Generator | None) -> Example:
        """Return the study; some with other infarcts, all thinned, as the parameters ask for."""
        parameters = self.parameters
        if generator is None or not parameters.varies:
            return Example(study)
        if parameters.other_infarcts and _drawn(generator) < parameters.other_infarcts:
            study = with_other_infarcts(study, generator)
        if not parameters.augment:
            return Example(replace(study, inputs=started(study.inputs, study.recipe, study.study.geometry)))
        return Example(thinned(study, kept_share(parameters.augment_least, 1.0, generator), generator))

    def loss(self, network: nn.Module, example: Example) -> Tensor:
        """Return `model.training.objective.study_loss`."""
        return study_loss(network, example.study, self.parameters)

    @torch.no_grad()
    def score(self, network: nn.Module, study: PreparedStudy) -> dict[str, float | None]:
        """Return ``loss``, `model.evaluation.metrics.case_metrics` and ``contrast_error`` = |1 - defect contrast|."""
        return _scored(network, study, study, self.parameters)


class FullCountsTarget(PhantomTarget):
    """Learn the OSEM image of all counts from a random part of them; needs no reference and looks at none."""

    kind: TargetKind = "full-counts"
    keeps_copies = True

    def accept(self, study: Study) -> Study:
        """Return the study with the OSEM image of its counts in place of any reference."""
        image = reconstruct_osem(study, FULL_COUNTS_OSEM)
        return replace(study, reference=image, reference_kind=FULL_COUNTS_KIND)

    def example(self, study: PreparedStudy, generator: torch.Generator | None) -> Example:
        """Return the study with at most `MOST_OF_FULL_COUNTS` of its counts."""
        if generator is None:
            return Example(thinned(study, MOST_OF_FULL_COUNTS, _fixed(study)))
        least = min(self.parameters.augment_least, MOST_OF_FULL_COUNTS)
        least = least if self.parameters.augment else MOST_OF_FULL_COUNTS
        return Example(thinned(study, kept_share(least, MOST_OF_FULL_COUNTS, generator), generator))

    @torch.no_grad()
    def score(self, network: nn.Module, study: PreparedStudy) -> dict[str, float | None]:
        """Return ``loss`` and `model.evaluation.metrics.case_metrics` of half the counts against the image of all."""
        return _scored(network, self.example(study, None).study, study, self.parameters)


def is_full_counts(study: PreparedStudy) -> bool:
    """Tell whether a study's target is the OSEM image of its own counts, so that a network may see a part of them only."""
    return study.study.reference_kind == FULL_COUNTS_KIND


def as_scored(study: PreparedStudy) -> tuple[PreparedStudy, float]:
    """Return what methods may see of a study that scores them, and how bright images of it are against its reference.

    Where the OSEM image of all counts is the reference that is a fixed half of the counts, else the study itself.
    """
    if not is_full_counts(study):
        return study, 1.0
    return thinned_study(study, MOST_OF_FULL_COUNTS, _fixed(study)), MOST_OF_FULL_COUNTS


class SelfSupervisedTarget:
    """Learn from counts alone: split each bin's counts in two, reconstruct from one, score the likelihood of the other.

    A binomially split Poisson count gives two independent Poisson counts, so nothing of the first one's noise helps to
    explain the second, and the expected image is the best guess. The study's reference is removed on reading.

    References
    ----------
    Lehtinen et al., ICML 2018 (Noise2Noise); Hendriksen, Pelt & Batenburg, IEEE TCI 6 (2020) 1320 (splits of projections).
    """

    kind: TargetKind = "self-supervised"
    keeps_copies = True

    def __init__(self, parameters: SpectReconstructionParameters) -> None:
        self.parameters = parameters

    def accept(self, study: Study) -> Study:
        """Return the study without its reference, labels and truth."""
        return replace(study, reference=None, reference_kind=None, labels=None, label_codes={}, truth=None)

    def prepare(
        self, study: Study, *, name: str, recipe: StartRecipe, device: torch.device | None = None, half_factors: bool
    ) -> PreparedStudy:
        """Prepare the study; it has no target image."""
        return prepare_study(study, name=name, recipe=recipe, device=device, half_factors=half_factors)

    def example(self, study: PreparedStudy, generator: torch.Generator | None) -> Example:
        """Return one part of the counts as the study, the rest as what scores it."""
        share = HALF
        if generator is not None and self.parameters.augment:
            share = kept_share(min(self.parameters.augment_least, MOST_WHEN_SPLIT), MOST_WHEN_SPLIT, generator)
        part = thinned(study, share, generator if generator is not None else _fixed(study))
        rest = tuple(
            (whole * study.scale).round() - kept * part.scale
            for whole, kept in zip(study.inputs.measured, part.inputs.measured, strict=True)
        )
        return Example(part, tuple(counts.round().clamp_min(0) for counts in rest), study.scale * (1 - share))

    def loss(self, network: nn.Module, example: Example) -> Tensor:
        """Return the mean Poisson deviance of the held-out counts."""
        assert example.held_out is not None  # noqa: S101 - narrowing; `example` always splits
        inputs = example.study.inputs
        with bfloat16_training(self.parameters.bfloat16):
            estimate: Tensor = network(inputs)
        total = estimate.new_zeros(())
        bins = 0
        for subset, counts in enumerate(example.held_out):
            expected = (inputs.system.project(estimate, subset) + inputs.scatter[subset]) * example.held_out_scale
            total = total + poisson_deviance(expected.clamp_min(SMALLEST_EXPECTED), counts).sum()
            bins += counts.numel()
        return total / bins

    @torch.no_grad()
    def score(self, network: nn.Module, study: PreparedStudy) -> dict[str, float | None]:
        """Return ``loss``: the deviance of a fixed half, given the other."""
        network.eval()
        return {"loss": float(self.loss(network, self.example(study, None)))}


def kept_share(least: float, most: float, generator: torch.Generator) -> float:
    """Draw a share of the counts between ``least`` and ``most``, evenly on a logarithmic scale."""
    if least >= most:
        return most
    return math.exp(math.log(least) + _drawn(generator) * math.log(most / least))


def _drawn(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator, device=generator.device))


def _fixed(study: PreparedStudy) -> torch.Generator:
    return torch.Generator(device=study.inputs.mask.device).manual_seed(0)


def _scored(
    network: nn.Module, seen: PreparedStudy, whole: PreparedStudy, parameters: SpectReconstructionParameters
) -> dict[str, float | None]:
    network.eval()
    estimate: Tensor = network(seen.inputs)
    scores: dict[str, float | None] = {"loss": float(study_loss(_Known(estimate), seen, parameters))}
    image = np.asarray(estimate.float().cpu().numpy() * np.float32(whole.scale), dtype=np.float32)
    scores |= case_metrics(image, whole.study)
    recovered = scores.get("defect_contrast")
    if "contrast_error" not in scores:
        scores["contrast_error"] = None if recovered is None else abs(1 - recovered)
    return scores


class _Known(nn.Module):
    """A network whose answer is known already, so that scoring runs the real one once."""

    def __init__(self, estimate: Tensor) -> None:
        super().__init__()
        self._estimate = estimate

    def forward(self, _: object) -> Tensor:
        return self._estimate
