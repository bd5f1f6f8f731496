"""Variants, resuming and the manifest of real runs."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from model.io.study import read_study
from synthesis.commands import synthesize
from synthesis.errors import OutputUnusable
from synthesis.manifest import MANIFEST_NAME, Manifest, file_sha256, read_manifest
from synthesis.pipeline import Progress, generate
from synthesis.sample import make_study
from synthesis.scenario import load_scenario
from tests.support.phantoms import labelled_thorax, write_organ_table
from tests.support.scenarios import quick_scenario

QUICK = load_scenario("quick")


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: file_sha256(path) for path in sorted(folder.glob("*.h5"))}


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    folder = tmp_path_factory.mktemp("varied")
    return folder, generate(QUICK, folder, 3, 5, variants=3, workers=2)


def test_variants_are_files_of_their_own_and_the_first_one_is_the_study_without_variants(
    varied: tuple[Path, Manifest], tmp_path: Path
) -> None:
    folder, manifest = varied
    assert [r.file for r in manifest.studies[:4]] == [
        "study-00000.h5", "study-00000-v01.h5", "study-00000-v02.h5", "study-00001.h5",
    ]  # fmt: skip
    generate(QUICK, tmp_path, 3, 5, workers=1)
    whole = hashes(folder)
    assert hashes(tmp_path) == {name: digest for name, digest in whole.items() if "-v" not in name}
    generate(QUICK, tmp_path, 3, 5, variants=2, workers=1)
    assert hashes(tmp_path) == {name: digest for name, digest in whole.items() if "-v02" not in name}


def test_bodies_and_studies_are_counted_apart(varied: tuple[Path, Manifest]) -> None:
    _, manifest = varied
    summary = manifest.summary()
    assert (summary["bodies"], summary["studies"], summary["variants"]) == (3, 9, 3)
    assert (manifest.planned, manifest.variants, manifest.executor, manifest.g4data) == (3, 3, "local", None)
    assert [record.variant for record in manifest.studies] == [0, 1, 2] * 3


def test_studies_of_one_label_map_are_one_patient_however_many_are_made(tmp_path: Path) -> None:
    thorax = labelled_thorax(3, voxel_mm=10.0)
    thorax.codes.tofile(tmp_path / "labels.raw")
    section = {
        "kind": "labelmap", "labels": str(tmp_path / "labels.raw"), "shape": thorax.grid.shape,
        "organs": str(write_organ_table(tmp_path / "organs.csv", thorax)), "voxel_mm": thorax.grid.voxel_mm,
    }  # fmt: skip
    grid = {"shape": (24, 48, 48), "voxel_mm": (8.8, 8.8, 8.8)}
    scenario = quick_scenario({"phantom": section, "grid": grid, "orbit": {"views": 4}})
    summary = generate(scenario, tmp_path / "out", 2, 0, variants=2, workers=1).summary()
    assert (summary["bodies"], summary["studies"]) == (1, 4)


def test_the_time_of_the_simulation_is_booked_once_a_body(varied: tuple[Path, Manifest]) -> None:
    _, manifest = varied
    stages = [set(record.seconds) for record in manifest.studies[:3]]
    assert stages[0] == {"phantom", "projection", "noise", "write"}
    assert stages[1] == {"phantom", "projection", "mix", "write"}
    assert stages[2] == {"mix", "write"}


def test_the_manifest_holds_figures_of_every_study(varied: tuple[Path, Manifest]) -> None:
    folder, manifest = varied
    for record in manifest.studies:
        study, found = read_study(folder / record.file), record.quality
        assert found["counts"] == pytest.approx(record.counts, rel=1e-5)
        assert found["scatter_fraction"] == pytest.approx(study.provenance["scatter_fraction"], rel=0.1)
        assert study.truth is not None
        assert found["wall_ml"] == pytest.approx((study.truth.aha > 0).sum() * 1.18**3, rel=1e-4)
        assert (found["defect_severity"] > 0) == (record.defects > 0)
        assert 0 < found["heart_share"] < 0.5
        assert found["mu_median"] == pytest.approx(0.0150, abs=0.001)


def test_a_manifest_of_the_first_release_is_read_and_continued(varied: tuple[Path, Manifest], tmp_path: Path) -> None:
    generate(QUICK, tmp_path, 2, 5, workers=1)
    path = tmp_path / MANIFEST_NAME
    data = json.loads(path.read_text(encoding="utf-8"))
    for name in ("planned", "variants", "executor"):
        del data[name]
    for record in data["studies"]:
        for name in ("variant", "patient", "quality", "simulated_with"):
            del record[name]
    path.write_text(json.dumps(data), encoding="utf-8")
    before = read_manifest(tmp_path)
    assert before is not None
    assert (before.bodies, before.variants, before.planned, before.g4data) == (2, 1, None, None)
    steps: list[Progress] = []
    assert generate(QUICK, tmp_path, 3, 5, workers=1, on_progress=steps.append).complete
    assert steps[0].done == 2


def test_resume_takes_number_seed_and_variants_from_the_folder_and_makes_what_is_missing(
    varied: tuple[Path, Manifest], tmp_path: Path
) -> None:
    generate(QUICK, tmp_path, 3, 5, variants=3, workers=1)
    (tmp_path / "study-00001-v01.h5").unlink()
    stamps = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.h5")}
    arguments = ["run", "quick", "--out", str(tmp_path), "--resume", "--json", "--workers", "1"]
    result = CliRunner().invoke(synthesize, arguments)
    assert result.exit_code == 0, result.stderr
    assert hashes(tmp_path) == hashes(varied[0])
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in stamps} == stamps


def test_resume_refuses_a_folder_without_an_earlier_run_and_makes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    with pytest.raises(OutputUnusable, match="nothing to resume"):
        generate(QUICK, folder, 3, 5, resume=True)
    assert not folder.exists()
    folder.mkdir()
    with pytest.raises(OutputUnusable, match="nothing to resume"):
        generate(QUICK, folder, 3, 5, resume=True)
    assert not list(folder.iterdir())


def test_a_folder_of_another_scenario_is_refused_with_and_without_resume(varied: tuple[Path, Manifest]) -> None:
    folder, _ = varied
    before = hashes(folder)
    for resume in (False, True):
        with pytest.raises(OutputUnusable, match="not of another quick"):
            generate(quick_scenario(infarct_share=0.1), folder, 3, 5, resume=resume)
    assert hashes(folder) == before


def test_another_number_of_threads_changes_no_label_and_no_expected_count_by_1e5() -> None:
    """Stands for another machine: another order of sums."""
    threads, found = torch.get_num_threads(), []
    try:
        for number in (1, 3):
            torch.set_num_threads(number)
            found.append(make_study(QUICK, "quick", seed=6, index=0, noise=False))
    finally:
        torch.set_num_threads(threads)
    one, three = found
    assert one.labels is not None
    assert three.labels is not None
    assert one.labels.tobytes() == three.labels.tobytes()
    assert one.truth is not None
    assert three.truth is not None
    assert one.truth.defect_map.tobytes() == three.truth.defect_map.tobytes()
    assert float(np.abs(one.projections - three.projections).max() / one.projections.max()) < 1e-5
    assert one.reference is not None
    assert three.reference is not None
    assert float(np.abs(one.reference - three.reference).max() / one.reference.max()) < 1e-5
