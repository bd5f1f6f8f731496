"""The three kinds of target: each teaches something, and none looks at what it must not see."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from model.checkpoint import state_arrays
from model.errors import SampleInvalid
from model.task_parameters import SpectReconstructionParameters, TargetKind
from model.training.targets import HALF, MOST_OF_FULL_COUNTS, TARGET_KINDS, kept_share, target_for
from tests.support.training import prepared_studies, small_network, small_study, small_training

PARAMETERS = SpectReconstructionParameters()


@pytest.mark.parametrize("kind", TARGET_KINDS)
def test_every_kind_lowers_its_validation_figure_on_other_patients(kind: TargetKind) -> None:
    train, held = prepared_studies(kind, 4, counts=4e4), prepared_studies(kind, 2, first_seed=20, counts=4e4)
    outcome = small_training(train, held, kind=kind, plan={"epochs": 8}).run()
    first = outcome.state.curve[0]["loss"]
    assert isinstance(first, float)
    assert outcome.state.best_score is not None
    assert outcome.state.best_score < (0.999 if kind == "self-supervised" else 0.93) * first


@pytest.mark.parametrize("kind", ["full-counts", "self-supervised"])
def test_kinds_without_phantom_never_read_the_reference(kind: TargetKind) -> None:
    def trained(change: bool) -> dict[str, np.ndarray]:
        target = target_for(kind, PARAMETERS)
        studies = []
        for seed in range(3):
            study = small_study(seed, with_reference=not change, with_truth=False)
            ready = target.accept(study)
            studies.append(target.prepare(ready, name=f"s{seed}", recipe=small_network().recipe, half_factors=False))
        training = small_training(studies[:2], studies[2:], kind=kind)
        training.run()
        return {key: np.asarray(value) for key, value in state_arrays(training.network).items()}

    with_reference, without = trained(False), trained(True)
    assert all(np.array_equal(with_reference[key], without[key]) for key in without)


def test_the_self_supervised_kind_forgets_reference_labels_and_truth() -> None:
    seen = target_for("self-supervised", PARAMETERS).accept(small_study())
    assert seen.reference is None
    assert seen.labels is None
    assert seen.truth is None


def test_the_phantom_kind_needs_a_reference_and_says_what_needs_none() -> None:
    with pytest.raises(SampleInvalid) as caught:
        target_for("phantom", PARAMETERS).accept(small_study(with_reference=False))
    assert caught.value.code == "sample.no_reference"
    assert "self-supervised" in caught.value.remedy


def test_the_two_parts_of_a_split_add_up_to_the_counts() -> None:
    study = prepared_studies("self-supervised", 1)[0]
    example = target_for("self-supervised", PARAMETERS).example(study, torch.Generator().manual_seed(3))
    assert example.held_out is not None
    for whole, part, rest in zip(study.inputs.measured, example.study.inputs.measured, example.held_out, strict=True):
        assert torch.allclose(part * example.study.scale + rest, whole * study.scale, atol=1e-2)
        assert rest.min() >= 0
    kept = sum(float(part.sum()) for part in example.study.inputs.measured) * example.study.scale
    total = sum(float(whole.sum()) for whole in study.inputs.measured) * study.scale
    assert kept / total == pytest.approx(HALF, abs=0.01)
    assert example.held_out_scale == pytest.approx(HALF * study.scale)


def test_the_self_supervised_loss_is_lowest_at_the_true_image() -> None:
    truth = prepared_studies("phantom", 1, noise=False)[0].target
    assert truth is not None
    target = target_for("self-supervised", PARAMETERS)
    example = target.example(prepared_studies("self-supervised", 1)[0], None)

    class Says(torch.nn.Module):
        def __init__(self, image: torch.Tensor) -> None:
            super().__init__()
            self.image = image

        def forward(self, _: object) -> torch.Tensor:
            return self.image

    best = float(target.loss(Says(truth), example))
    others = [
        float(target.loss(Says(image), example)) for image in (0.9 * truth, 1.1 * truth, example.study.inputs.start)
    ]
    assert best < min(others)


def test_the_full_count_kind_shows_the_network_at_most_half() -> None:
    study = prepared_studies("full-counts", 1)[0]
    assert study.study.reference_kind == "osem_full_counts"
    target = target_for("full-counts", SpectReconstructionParameters(augment=True, augment_least=0.1))
    shares = [
        target.example(study, torch.Generator().manual_seed(seed)).study.scale / study.scale for seed in range(20)
    ]
    assert max(shares) <= MOST_OF_FULL_COUNTS
    assert min(shares) < 0.25


def test_augmentation_draws_the_share_evenly_on_a_logarithmic_scale() -> None:
    generator = torch.Generator().manual_seed(0)
    shares = np.array([kept_share(0.25, 1.0, generator) for _ in range(400)])
    assert shares.min() >= 0.25
    assert shares.max() <= 1.0
    assert np.mean(shares < 0.5) == pytest.approx(0.5, abs=0.08)
    assert kept_share(1.0, 1.0, generator) == 1.0


def test_without_augmentation_a_phantom_example_is_the_study_itself() -> None:
    study = prepared_studies("phantom", 1)[0]
    generator = torch.Generator().manual_seed(0)
    assert target_for("phantom", PARAMETERS).example(study, generator).study is study
    thinner = target_for("phantom", SpectReconstructionParameters(augment=True)).example(study, generator).study
    assert thinner.scale < study.scale


def test_scoring_is_the_same_every_time() -> None:
    for kind in TARGET_KINDS:
        study = prepared_studies(kind, 1)[0]
        target = target_for(kind, replace_augment())
        assert target.score(small_network(), study) == target.score(small_network(), study)


def replace_augment() -> SpectReconstructionParameters:
    return PARAMETERS.model_copy(update={"augment": True})


def test_a_study_without_a_defect_has_no_contrast_error() -> None:
    study = small_study(with_defect=False)
    target = target_for("phantom", PARAMETERS)
    ready = target.prepare(study, name="normal", recipe=small_network().recipe, half_factors=False)
    assert target.score(small_network(), ready)["contrast_error"] is None
    assert replace(study, reference=None, reference_kind=None).reference is None
