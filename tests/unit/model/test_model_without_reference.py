"""Studies without a reference image train on the OSEM image of all their counts, and see a part of them only."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.classical.osem import reconstruct_osem
from model.dataset import PreparedStudy, thinned_study
from model.errors import SampleInvalid
from model.task_parameters import SpectReconstructionParameters
from model.tasks import load_task, mean_metrics
from model.training.targets import FULL_COUNTS_KIND, FULL_COUNTS_OSEM, MOST_OF_FULL_COUNTS, as_scored
from tests.support.studies import write_tiny_study

SPECT = load_task("spect-reconstruction")
SIZE = {"shape": (6, 14, 14), "voxel_mm": 22.0}
LEARN = SpectReconstructionParameters(without_reference="full-counts")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Write three studies without a reference and one with."""
    folder = tmp_path_factory.mktemp("bare")
    paths = [folder / f"study-{number}.h5" for number in range(4)]
    for number, path in enumerate(paths):
        write_tiny_study(path, number, with_reference=number == 3, **SIZE)
    return paths


def prepared(paths: list[Path], parameters: SpectReconstructionParameters = LEARN) -> list[PreparedStudy]:
    samples = SPECT.load_samples(paths, parameters=parameters)
    return [sample for sample in samples if isinstance(sample, PreparedStudy)]


def test_only_where_asked_the_image_of_all_counts_stands_in_for_a_reference(files: list[Path]) -> None:
    studies = prepared(files)
    assert [study.study.reference_kind for study in studies] == [FULL_COUNTS_KIND] * 3 + ["phantom"]
    bare = replace(studies[0].study, reference=None, reference_kind=None)
    assert studies[0].study.reference is not None
    assert np.array_equal(studies[0].study.reference, reconstruct_osem(bare, FULL_COUNTS_OSEM))
    assert [s.has_reference for s in prepared(files, SpectReconstructionParameters())] == [False] * 3 + [True]
    train, held = SPECT.split(studies, 0.3, 0)
    assert len(train) + len(held) == 4, "the calibration check takes such studies"


def test_training_sees_at_most_half_of_the_counts_of_such_a_study(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    studies = prepared(files)
    seen: dict[str, list[float]] = {}

    def loss(network: torch.nn.Module, study: PreparedStudy, _: object) -> torch.Tensor:
        shares = seen.setdefault(study.name, [])
        shares.append(sum(float(part.sum()) for part in study.inputs.measured) * study.scale)
        return sum((p.sum() for p in network.parameters()), torch.zeros(()))

    monkeypatch.setattr("model.tasks.spect_reconstruction.study_loss", loss)
    network = SPECT.build_network(SPECT.spec.default_network, seed=0)
    SPECT.train(network, studies, LEARN.model_copy(update={"local_epochs": 8}))
    for study in studies[:3]:
        whole = float(study.study.projections[0].sum())
        assert max(seen[study.name]) < 0.6 * whole
        assert len(set(seen[study.name])) > 1, "new noise now and then"
    assert seen["study-3"] == pytest.approx([float(studies[3].study.projections[0].sum())] * 8, rel=1e-4)


def test_scores_compare_half_the_counts_with_the_image_of_all(files: list[Path]) -> None:
    studies = prepared(files[:3])
    half, brightness = as_scored(studies[0])
    assert brightness == MOST_OF_FULL_COUNTS
    whole = studies[0].study.projections[0]
    assert float(half.study.projections[0].sum()) == pytest.approx(MOST_OF_FULL_COUNTS * float(whole.sum()), rel=0.05)
    assert (half.study.projections[0] <= whole).all()
    assert np.array_equal(half.study.projections, as_scored(studies[0])[0].study.projections), "the same half each time"
    same = {"iterations": 10, "subsets": 6, "postfilter_fwhm_mm": 6.0}
    error = mean_metrics(SPECT.score_baseline(studies, settings=same))["nrmse_body"]
    assert error is not None
    assert 0.01 < error < 0.6, "not the image of all counts itself, and not half as bright"
    network = SPECT.build_network(SPECT.spec.default_network, seed=0)
    assert (mean_metrics(SPECT.evaluate(network, studies))["nrmse_body"] or 9) < 0.8


def test_each_subset_of_a_thinned_study_lies_in_its_views(files: list[Path]) -> None:
    study = prepared(files[3:])[0]
    part = thinned_study(study, 0.5, torch.Generator().manual_seed(3))
    system = study.inputs.system
    for subset, counts in enumerate(part.inputs.measured):
        views = part.study.projections[0, subset :: system.subsets]
        assert np.allclose(views, (counts * part.scale).numpy(), atol=0.01)


def test_training_improves_on_other_patients_without_any_reference(tmp_path: Path) -> None:
    for number in range(6):
        write_tiny_study(tmp_path / f"study-{number}.h5", number, with_reference=False, **SIZE)
    studies = prepared(sorted(tmp_path.glob("*.h5")))
    network = SPECT.build_network(SPECT.spec.default_network, seed=0)
    before = mean_metrics(SPECT.evaluate(network, studies[4:]))["nrmse_body"]
    SPECT.train(network, studies[:4], LEARN.model_copy(update={"local_epochs": 15}))
    after = mean_metrics(SPECT.evaluate(network, studies[4:]))["nrmse_body"]
    assert before is not None
    assert after is not None
    assert after < 0.95 * before


def test_without_being_asked_such_studies_are_still_refused(files: list[Path]) -> None:
    network = SPECT.build_network(SPECT.spec.default_network, seed=0)
    with pytest.raises(SampleInvalid, match="1 of 1"):
        SPECT.train(network, prepared(files[:1], SpectReconstructionParameters()), LEARN)
