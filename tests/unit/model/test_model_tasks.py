"""What the two tasks promise beyond the shared suite."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from model.errors import ModelError, SampleInvalid
from model.io.slices import read_slice
from model.io.study import write_study
from model.networks.unet_2d import Unet2d
from model.samples import inspect_slice, inspect_study
from model.task_parameters import BrainSegmentationParameters, SpectReconstructionParameters
from model.tasks import Sample, load_halves, load_task, mean_metrics
from model.tasks.brain_segmentation import dice_per_class, jaccard, standardise
from tests.support.studies import tiny_study, write_tiny_study
from tests.support.tasks import write_brain_slice, write_samples

SPECT, BRAIN = load_task("spect-reconstruction"), load_task("brain-segmentation")


def names(samples: Sequence[Sample]) -> set[str]:
    return {sample.name for sample in samples}


def test_a_study_summary_warns_about_what_is_missing(tmp_path: Path) -> None:
    write_tiny_study(tmp_path / "poor.h5", counts=5000.0, with_reference=False)
    summary = inspect_study(tmp_path / "poor.h5")
    assert not summary.has_reference
    assert summary.counts == pytest.approx(5000, rel=0.1)
    assert any("noisy" in warning for warning in summary.warnings)
    assert any("training" in warning for warning in summary.warnings)
    assert "12 views" in summary.geometry_words
    write_tiny_study(tmp_path / "good.h5")
    assert inspect_study(tmp_path / "good.h5").warnings == ()


def test_a_study_without_reference_is_in_neither_half_of_a_split(tmp_path: Path) -> None:
    paths = write_samples("spect-reconstruction", tmp_path, 3)
    write_tiny_study(tmp_path / "bare.h5", 9, shape=(6, 14, 14), voxel_mm=22.0, with_reference=False)
    samples = SPECT.load_samples([*paths, tmp_path / "bare.h5"])
    train, held = SPECT.split(samples, 0.3, 0)
    assert {s.name for s in train} | {s.name for s in held} == {p.stem for p in paths}
    with pytest.raises(SampleInvalid, match="1 of 4"):
        SPECT.train(SPECT.build_network(SPECT.spec.default_network), samples, SpectReconstructionParameters())


def test_studies_that_come_with_a_further_agreement_move_nobody_to_the_other_half(tmp_path: Path) -> None:
    paths = write_samples("brain-segmentation", tmp_path, 30, samples_per_patient=2)
    first, second, third = paths[:10], paths[4:20], paths[2:]
    for seed in range(8):
        parameters = BrainSegmentationParameters(holdout_fraction=0.3, seed=seed)
        one = load_halves(BRAIN, first, parameters)
        two = load_halves(BRAIN, second, parameters, left_out=first[:4], earlier=[first])
        three = load_halves(BRAIN, third, parameters, left_out=paths[:2], earlier=[first, second])
        for before, after in ((one, two), (two, three), (one, three)):
            assert not names(before.train) & names(after.holdout)
            assert not names(before.holdout) & names(after.train)
        assert names(three.train) | names(three.holdout) == {path.stem for path in third}
        assert not {one.patient for one in three.train} & {one.patient for one in three.holdout}
        assert len({sample.patient for sample in three.holdout}) >= 3


def test_a_study_whose_reference_has_another_scale_is_in_neither_half_and_all_such_are_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = write_samples("spect-reconstruction", tmp_path, 3)
    wrong = tiny_study(9, shape=(6, 14, 14), voxel_mm=22.0)
    assert wrong.reference is not None
    write_study(tmp_path / "loud.h5", replace(wrong, reference=np.asarray(1.2 * wrong.reference, dtype=np.float32)))
    samples = SPECT.load_samples([*paths, tmp_path / "loud.h5"])
    train, held = SPECT.split(samples, 0.3, 0)
    assert {s.name for s in train} | {s.name for s in held} == {p.stem for p in paths}
    assert any("loud" in str(record.__dict__.get("reason")) for record in caplog.records)
    with pytest.raises(SampleInvalid, match="loud") as caught:
        SPECT.split(samples[-1:], 0.3, 0)
    assert caught.value.code == "sample.calibration"


def test_a_task_refuses_the_parameters_of_another(tmp_path: Path) -> None:
    samples = SPECT.load_samples(write_samples("spect-reconstruction", tmp_path, 1))
    with pytest.raises(ModelError) as caught:
        SPECT.train(SPECT.build_network(SPECT.spec.default_network), samples, BrainSegmentationParameters())
    assert caught.value.code == "task.parameters"


@pytest.mark.parametrize("change", [{"augment": True}, {"heart_weight": 0.0, "region_weight": 1.0}])
def test_every_switch_of_the_reconstruction_changes_training(tmp_path: Path, change: dict[str, float]) -> None:
    samples = SPECT.load_samples(write_samples("spect-reconstruction", tmp_path, 2))

    def trained(parameters: SpectReconstructionParameters) -> list[torch.Tensor]:
        network = SPECT.build_network(SPECT.spec.default_network, seed=0)
        SPECT.train(network, samples, parameters)
        return list(network.parameters())

    base = {"local_epochs": 1, "heart_weight": 1.0, "region_weight": 0.0}
    plain = trained(SpectReconstructionParameters.model_validate(base))
    switched = trained(SpectReconstructionParameters.model_validate(base | change))
    assert not all(torch.equal(a, b) for a, b in zip(plain, switched, strict=True))


def test_training_improves_reconstructions_of_other_patients(tmp_path: Path) -> None:
    samples = SPECT.load_samples(write_samples("spect-reconstruction", tmp_path, 6))
    network = SPECT.build_network(SPECT.spec.default_network, seed=0)
    before = mean_metrics(SPECT.evaluate(network, samples[4:]))["nrmse_body"]
    SPECT.train(network, samples[:4], SpectReconstructionParameters(local_epochs=15))
    after = mean_metrics(SPECT.evaluate(network, samples[4:]))["nrmse_body"]
    assert before is not None
    assert after is not None
    assert after < 0.95 * before


def test_baseline_settings_are_used_and_checked(tmp_path: Path) -> None:
    samples = SPECT.load_samples(write_samples("spect-reconstruction", tmp_path, 1))
    short = SPECT.score_baseline(samples, settings={"iterations": 1, "postfilter_fwhm_mm": 30.0})
    assert short != SPECT.score_baseline(samples)
    with pytest.raises(ValueError, match="iterations"):
        SPECT.score_baseline(samples, settings={"iterations": "many"})


def test_brain_training_reaches_a_good_overlap(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    samples = BRAIN.load_samples(write_samples("brain-segmentation", tmp_path, 8))
    network = BRAIN.build_network(BRAIN.spec.default_network, seed=0)
    BRAIN.train(network, samples[:6], BrainSegmentationParameters(local_epochs=25, learning_rate=5e-3))
    found = mean_metrics(BRAIN.evaluate(network, samples[6:]))
    dice, overlap = found["dice"], found["jaccard"]
    assert dice is not None
    assert overlap is not None
    assert dice > 0.8
    assert dice / (2 - dice) <= overlap < dice  # per case and class, then the mean


def test_slices_of_unequal_size_share_a_batch(tmp_path: Path) -> None:
    paths = [write_brain_slice(tmp_path / f"{i}.npz", seed=i, size=size) for i, size in enumerate([(40, 36), (33, 47)])]
    network = BRAIN.build_network(BRAIN.spec.default_network, seed=0)
    samples = BRAIN.load_samples(paths)
    assert BRAIN.train(network, samples, BrainSegmentationParameters(local_epochs=1)).steps == 1
    assert [BRAIN.preview(network, s)["estimate"].shape for s in samples] == [(40, 36), (33, 47)]


def write_h5(path: Path, **arrays: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return path


def test_a_slice_may_be_hdf5(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "a.h5", image=np.ones((2, 8, 8), np.float32), labels=np.zeros((8, 8), np.uint8))
    image, labels = read_slice(path)
    assert image.shape == (2, 8, 8)
    assert labels is not None
    assert inspect_slice(path).has_reference


@pytest.mark.parametrize(
    ("arrays", "code"),
    [
        ({"picture": np.ones((2, 8, 8))}, "sample.missing"),
        ({"image": np.ones((8, 8))}, "sample.shape"),
        ({"image": np.full((2, 8, 8), np.nan)}, "sample.not_finite"),
        ({"image": np.ones((2, 8, 8)), "labels": np.zeros((8, 9), np.uint8)}, "sample.shape"),
        ({"image": np.ones((2, 8, 8)), "labels": np.full((8, 8), 0.5)}, "sample.labels"),
        ({"image": np.ones((2, 8, 8)), "labels": np.full((8, 8), -1)}, "sample.labels"),
    ],
)
def test_a_slice_that_breaks_a_rule_is_refused_by_code(
    tmp_path: Path, arrays: dict[str, np.ndarray], code: str
) -> None:
    for path in (write_h5(tmp_path / "a.h5", **arrays), tmp_path / "a.npz"):
        if path.suffix == ".npz":
            np.savez(path, **arrays)  # type: ignore[arg-type]  # numpy types the flag allow_pickle into **kwargs
        with pytest.raises(SampleInvalid) as caught:
            BRAIN.load_samples([path])
        assert caught.value.code == code


def test_a_pickled_array_is_not_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "evil.npz", image=np.array([{"a": 1}], dtype=object))
    with pytest.raises(SampleInvalid) as caught:
        inspect_slice(tmp_path / "evil.npz")
    assert caught.value.code == "sample.unreadable"


def test_labels_that_the_network_does_not_know_and_other_channels_are_refused(tmp_path: Path) -> None:
    labels = np.zeros((8, 8), np.uint8)
    labels[0, 0] = 9
    many = write_h5(tmp_path / "many.h5", image=np.ones((2, 8, 8)), labels=labels)
    three = write_h5(tmp_path / "three.h5", image=np.ones((3, 8, 8)), labels=labels * 0)
    network = BRAIN.build_network(BRAIN.spec.default_network)
    for path, words in ((many, "label 9"), (three, "3 channels")):
        with pytest.raises(SampleInvalid, match=words):
            BRAIN.evaluate(network, BRAIN.load_samples([path]))
    with pytest.raises(SampleInvalid, match="3 channels"):
        BRAIN.load_samples([many, three])
    assert isinstance(network, Unet2d)
    with pytest.raises(ValueError, match="3 channels"):
        network(torch.zeros(1, 3, 8, 8))


def test_dice_counts_overlap_and_skips_absent_classes() -> None:
    truth, guess = torch.tensor([[1, 1, 0, 0]]), torch.tensor([[1, 0, 0, 0]])
    dice = dice_per_class(guess, truth, 4)
    assert dice == {1: pytest.approx(2 / 3), 2: None, 3: None}
    assert jaccard(dice[1] or 0.0) == pytest.approx(1 / 2)
    assert (jaccard(0.0), jaccard(1.0)) == (0.0, 1.0)


def test_standardising_keeps_the_background_and_ignores_gain() -> None:
    image = np.zeros((1, 4, 4), np.float32)
    image[0, 1:3, 1:3] = [[1, 2], [3, 4]]
    result = standardise(image)
    assert result[0, 0].max() == 0
    assert result[0, 1:3, 1:3].mean() == pytest.approx(0, abs=1e-6)
    assert np.allclose(standardise(5 * image), result, atol=1e-5)
    assert np.array_equal(standardise(np.zeros_like(image)), np.zeros_like(image))


def test_a_tiny_study_is_scored_worse_when_its_image_is_wrong() -> None:
    from model.evaluation.metrics import case_metrics

    study = tiny_study(0)
    assert study.reference is not None
    assert case_metrics(study.reference, study)["nrmse_body"] == pytest.approx(0)
    assert case_metrics(study.reference * 0, study)["nrmse_body"] == pytest.approx(1)
