"""From folders to a training and a validation set: patients stay whole, bad studies are left out by name."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.errors import ModelError
from model.io.export import export_volume
from model.io.imported import ImportedStudy
from model.io.study import read_study, write_study
from model.task_parameters import SpectReconstructionParameters, TargetKind
from model.training import memory as training_memory
from model.training.data import StudyFile, describe_files, find_sets, prepare_file, prepare_files, why_left_out
from model.training.memory import MEMORY_SHARE, check_memory, compact, prepared_bytes, release
from model.training.targets import target_for
from tests.support.training import prepared_studies, small_network, small_study, write_small_studies

CPU = torch.device("cpu")
TARGET = target_for("phantom", SpectReconstructionParameters())


def prepared(files: tuple[StudyFile, ...]) -> tuple[list[str], list[tuple[str, str]]]:
    ready, left_out = prepare_files(files, small_network(), TARGET, device=CPU)
    return [study.name for study in ready.values()], [(item.name, item.code) for item in left_out]


@pytest.mark.parametrize("seed", range(4))
def test_rest_and_stress_of_one_patient_are_never_on_both_sides(tmp_path: Path, seed: int) -> None:
    for patient in range(4):
        for scan in ("rest", "stress"):
            write_small_studies(tmp_path / scan, 1, first_seed=patient, patient_key=f"p{patient}", counts=2e4)
    for patient in range(4):  # the stress study is another acquisition
        path = tmp_path / "stress" / f"study-{patient}.h5"
        write_study(path, replace(small_study(patient + 50), provenance={"patient_key": f"p{patient}"}))
    sets = find_sets([tmp_path / "rest", tmp_path / "stress"], None, 0.3, seed)
    train, held = ({file.patient for file in part} for part in (sets.train, sets.held))
    assert not train & held
    assert (len(sets.train), len(sets.held)) == (6, 2)


def test_a_patient_of_the_validation_folder_does_not_train(tmp_path: Path) -> None:
    write_small_studies(tmp_path / "a", 3, counts=2e4)
    write_small_studies(tmp_path / "b", 1, first_seed=1, counts=4e4)
    sets = find_sets([tmp_path / "a"], tmp_path / "b", 0.3, 0)
    assert [file.name for file in sets.train] == ["a/study-0", "a/study-2"]
    assert [file.name for file in sets.held] == ["b/study-1"]
    assert [(item.name, item.code) for item in sets.left_out] == [("a/study-1", "sample.patient")]


def test_equal_files_count_once(tmp_path: Path) -> None:
    write_small_studies(tmp_path / "a", 3, counts=2e4)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    sets = find_sets([tmp_path / "a", tmp_path / "b"], None, 0.3, 0)
    assert len(sets.train) + len(sets.held) == 3


def test_reconstructed_images_beside_the_studies_are_no_studies(tmp_path: Path) -> None:
    write_small_studies(tmp_path / "ward", 2, counts=2e4)
    study = read_study(tmp_path / "ward" / "study-0.h5")
    assert study.reference is not None
    image = tmp_path / "ward" / "study-0.flomir.h5"
    export_volume(image, study.reference, ImportedStudy(study), method={"name": "osem"})
    sets = find_sets([tmp_path / "ward"], None, 0.5, 0)
    assert {file.name for file in (*sets.train, *sets.held)} == {"ward/study-0", "ward/study-1"}
    assert not sets.left_out


def test_folders_are_searched_below_and_hidden_files_skipped(tmp_path: Path) -> None:
    write_small_studies(tmp_path / "camera" / "one", 1, counts=2e4)
    write_small_studies(tmp_path / "camera" / "two", 1, first_seed=1, counts=2e4)
    (tmp_path / "camera" / ".half.h5").write_bytes(b"")
    sets = find_sets([tmp_path / "camera"], None, 0.5, 0)
    assert sorted(file.name for file in (*sets.train, *sets.held)) == ["camera/one/study-0", "camera/two/study-1"]


def test_bad_studies_are_left_out_with_name_and_reason(tmp_path: Path) -> None:
    folder = tmp_path / "ward"
    write_small_studies(folder, 3, counts=2e4)
    wrong = small_study(7, counts=2e4)
    assert wrong.reference is not None
    write_study(folder / "wrong-scale.h5", replace(wrong, reference=np.asarray(wrong.reference * 2, dtype=np.float32)))
    write_study(folder / "bare.h5", small_study(8, with_reference=False, counts=2e4))
    (folder / "broken.h5").write_bytes(b"no study" * 9)
    sets = find_sets([folder], None, 0.01, 0)
    names, refused = prepared((*sets.train, *sets.held))
    assert sorted(names) == ["ward/study-0", "ward/study-1", "ward/study-2"]
    assert sorted(refused) == [("ward/bare", "sample.no_reference"), ("ward/wrong-scale", "sample.calibration")]
    assert [item.name for item in sets.left_out] == ["ward/broken"]
    elsewhere = [file for file in (*sets.train, *sets.held) if file.name in {name for name, _ in refused}]
    told = why_left_out(elsewhere, small_network(), TARGET, device=CPU)
    assert sorted((item.name, item.code) for item in told) == sorted(refused)


def test_a_study_that_only_another_process_could_not_read_is_named_too(tmp_path: Path) -> None:
    write_small_studies(tmp_path / "ward", 2, counts=2e4)
    sets = find_sets([tmp_path / "ward"], None, 0.5, 0)
    told = why_left_out(sets.train, small_network(), TARGET, device=CPU)
    assert [(item.name, item.code) for item in told] == [(file.name, "sample.unreadable") for file in sets.train]


def test_when_every_study_is_refused_the_first_reason_is_the_error(tmp_path: Path) -> None:
    write_small_studies(tmp_path / "ward", 2, with_reference=False, counts=2e4)
    sets = find_sets([tmp_path / "ward"], None, 0.5, 0)
    with pytest.raises(ModelError, match="no study can be used; ward/study-") as caught:
        prepared(sets.train)
    assert caught.value.code == "sample.no_reference"
    assert "--targets" in caught.value.remedy


def test_a_missing_or_empty_folder_and_a_single_patient_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "nowhere"):
        with pytest.raises(ModelError, match=folder) as caught:
            find_sets([tmp_path / folder], None, 0.2, 0)
        assert caught.value.code == "training.no_data"
        assert str(tmp_path) not in str(caught.value)
    write_small_studies(tmp_path / "one", 1, counts=2e4)
    with pytest.raises(ModelError) as caught:
        find_sets([tmp_path / "one"], None, 0.2, 0)
    assert caught.value.code == "training.no_validation"


def test_a_description_has_names_numbers_and_one_digest_whatever_the_order(tmp_path: Path) -> None:
    write_small_studies(tmp_path / "ward", 3, counts=2e4)
    sets = find_sets([tmp_path / "ward"], None, 0.01, 0)
    files = (*sets.train, *sets.held)
    described = describe_files(files)
    assert described == describe_files(files[::-1])
    assert described["folders"] == ["ward"]
    assert (described["studies"], described["patients"]) == (3, 3)
    assert described["reference_kinds"] == {"phantom": 3}
    assert str(tmp_path) not in str(described)
    assert describe_files(files[:2])["digest"] != described["digest"]


def test_too_little_memory_is_said_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_studies(tmp_path / "ward", 2, counts=2e4)
    sets = find_sets([tmp_path / "ward"], None, 0.5, 0)
    monkeypatch.setattr(training_memory, "free_bytes", lambda *_: 1000)
    with pytest.raises(ModelError, match="GB are free") as caught:
        prepared((*sets.train, *sets.held))
    assert caught.value.code == "training.memory"
    assert caught.value.remedy


def test_a_changed_copy_of_every_study_counts_where_training_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    study = prepared_studies("phantom", 1)[0]
    monkeypatch.setattr(training_memory, "free_bytes", lambda *_: prepared_bytes(study) * 10 / MEMORY_SHARE)
    check_memory(study, 10)
    with pytest.raises(ModelError, match="10 studies need"):
        check_memory(study, 10, copies=True)


@pytest.mark.parametrize(
    ("kind", "parameters", "copies"),
    [
        ("phantom", {}, False),
        ("phantom", {"augment": True}, True),
        ("phantom", {"other_infarcts": 0.5}, True),
        ("full-counts", {}, True),
        ("self-supervised", {}, True),
    ],
)
def test_every_target_says_whether_it_keeps_copies(
    kind: TargetKind, parameters: dict[str, object], copies: bool
) -> None:
    target = target_for(kind, SpectReconstructionParameters.model_validate(parameters))
    study = prepared_studies(kind, 1)[0]
    assert target.keeps_copies is copies
    assert (target.example(study, torch.Generator().manual_seed(0)).study is not study) is copies


def test_a_compact_study_is_the_same_study() -> None:
    study = prepared_studies("phantom", 1)[0]
    network = small_network()
    before = network(study.inputs).detach().clone()
    kept = compact(study)
    assert torch.equal(network(kept.inputs), before)
    assert all(torch.equal(a, b) for a, b in zip(study.inputs.sensitivity, kept.inputs.sensitivity, strict=True))
    assert study.target is not None
    assert kept.target is not None
    assert torch.equal(kept.target, study.target)
    assert np.array_equal(kept.study.projections, study.study.projections)
    assert prepared_bytes(kept) == prepared_bytes(study)
    release(kept.inputs)
    assert torch.equal(network(kept.inputs), before)


def test_a_study_is_prepared_with_its_own_patient(tmp_path: Path) -> None:
    write_small_studies(tmp_path / "ward", 2, counts=2e4)
    file = find_sets([tmp_path / "ward"], None, 0.5, 0).train[0]
    assert prepare_file(file, small_network(), TARGET, device=CPU).patient == file.patient
    assert read_study(file.path).provenance["patient_key"] == file.patient
