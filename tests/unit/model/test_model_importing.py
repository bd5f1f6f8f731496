"""Importing: any folder becomes studies with the maps that belong to them; what is no scan is named, not fatal."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.errors import ModelError, StudyFormatError
from model.io.companions import attenuation_unit, to_mu_per_mm
from model.io.imported import PatientFrame
from model.io.importing import discover, import_studies
from model.io.nifti import write_nifti
from model.io.study import Study, write_study
from tests.support.foreign import write_interfile, write_interfile_volume
from tests.support.studies import tiny_study


@pytest.fixture(scope="module")
def study() -> Study:
    return tiny_study(3)


def mu_of(study: Study) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    assert study.attenuation is not None
    return study.attenuation


def test_an_interfile_scan_becomes_the_study_it_came_from(tmp_path: Path, study: Study) -> None:
    [found] = import_studies(write_interfile(tmp_path / "rest.hs", study))
    np.testing.assert_array_equal(found.study.projections, study.projections)
    geometry = found.study.geometry
    np.testing.assert_allclose(np.cos(geometry.angles_rad), np.cos(study.geometry.angles_rad), atol=1e-6)
    np.testing.assert_allclose(np.sin(geometry.angles_rad), np.sin(study.geometry.angles_rad), atol=1e-6)
    assert geometry.grid == study.geometry.grid
    assert any("LEHR NM670 was assumed" in note for note in found.notes)
    assert found.study.attenuation is None
    write_study(tmp_path / "kept.h5", found.study)


@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_a_map_beside_the_scan_is_paired_by_name_and_its_unit_is_told_from_its_values(
    tmp_path: Path, study: Study, scale: float
) -> None:
    write_interfile(tmp_path / "rest.hs", study)
    write_interfile(tmp_path / "stress.hs", study)
    write_nifti(tmp_path / "rest.attenuation.nii.gz", mu_of(study) * scale, PatientFrame.centred(study.geometry.grid))
    write_interfile_volume(tmp_path / "lungs.hv", mu_of(study), study.geometry.grid.voxel_mm)
    rest, stress = import_studies(tmp_path)
    assert rest.study.attenuation is not None
    np.testing.assert_allclose(rest.study.attenuation, mu_of(study), atol=1e-6)
    assert stress.study.attenuation is None
    assert any("1/mm" in note if scale == 1 else "1/cm" in note for note in rest.notes)
    [again] = import_studies(tmp_path / "rest.hs")
    assert again.study.attenuation is not None
    [named] = import_studies(tmp_path / "stress.hs", ct=tmp_path / "rest.attenuation.nii.gz")
    assert named.study.attenuation is not None


def test_the_only_map_of_the_only_scan_needs_no_common_name(tmp_path: Path, study: Study) -> None:
    write_interfile(tmp_path / "input.hs", study)
    write_interfile_volume(tmp_path / "attmap.hv", mu_of(study), study.geometry.grid.voxel_mm)
    [found] = import_studies(tmp_path)
    assert found.study.attenuation is not None
    np.testing.assert_allclose(found.study.attenuation, mu_of(study), atol=1e-6)


def test_a_reference_image_keeps_its_amount(tmp_path: Path, study: Study) -> None:
    write_interfile(tmp_path / "scan.hs", study)
    assert study.reference is not None
    half = study.reference.repeat(2, axis=1).repeat(2, axis=2) / 4
    grid = replace(study.geometry.grid, shape=half.shape, voxel_mm=(16.0, 8.0, 8.0))
    write_nifti(tmp_path / "scan.reference.nii", half, PatientFrame.centred(grid))
    [found] = import_studies(tmp_path)
    assert found.study.reference is not None
    assert found.study.reference_kind == "clinical_reconstruction"
    np.testing.assert_allclose(found.study.reference, study.reference, rtol=1e-4, atol=1e-4)


def test_a_folder_of_anything_is_sorted(tmp_path: Path, study: Study) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    write_study(tmp_path / "a" / "whole.h5", study)
    write_interfile(tmp_path / "a" / "b" / "input.hs", study)
    (tmp_path / "letter MILLER.txt").write_text("Dear Mr Miller")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "old.flomir.h5").write_bytes((tmp_path / "a" / "whole.h5").read_bytes())
    write_nifti(tmp_path / "picture.nii", mu_of(study), PatientFrame.centred(study.geometry.grid))
    found = discover(tmp_path)
    assert [scan.path.name for scan in found.scans] == ["input.hs", "whole.h5"]
    reasons = {skipped.path.name: (skipped.reason, skipped.used) for skipped in found.skipped}
    assert reasons == {
        "input.s": ("the raw data of a header", True),
        "letter MILLER.txt": ("a file of no known kind", False),
        "empty": ("a file of no known kind", False),
        "old.flomir.h5": ("an earlier result", True),
        "picture.nii": ("it is a volume, no projections", False),
    }
    np.testing.assert_array_equal(found.scans[1].load().study.projections, study.projections)


def refused(path: Path, **options: Path) -> ModelError:
    with pytest.raises(ModelError) as found:
        import_studies(path, **options)
    return found.value


def test_what_holds_no_scan_is_said_in_one_sentence(tmp_path: Path, study: Study) -> None:
    (tmp_path / "empty").mkdir()
    assert refused(tmp_path / "empty").code == "import.nothing"
    note = tmp_path / "MILLER_JOHN.txt"
    note.write_text("Dear Mr Miller")
    found = refused(note)
    assert "MILLER" not in found.message
    assert found.remedy
    scan = write_interfile(tmp_path / "scan.hs", study)
    assert refused(scan, ct=tmp_path / "empty").code == "import.no_ct"
    with pytest.raises(FileNotFoundError):
        import_studies(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        import_studies(scan, ct=tmp_path / "nowhere")


def test_names_and_strange_keys_of_a_header_reach_neither_study_nor_report(tmp_path: Path, study: Study) -> None:
    secrets = {"patient name": "MILLER", "patient ID": "4711", "study date": "2024:02:03", "miller john": "4711"}
    [found] = import_studies(write_interfile(tmp_path / "scan.hs", study, secrets))
    text = repr(found.study.provenance) + repr(found.report) + repr(found.notes)
    assert "miller" not in text.lower()
    assert "4711" not in text
    assert found.report.counts_by_category()["name"] == 2
    assert found.report.counts_by_category()["date or time"] == 1


def test_an_empty_scan_is_refused(tmp_path: Path, study: Study) -> None:
    empty = replace(study, projections=np.zeros_like(study.projections))
    assert refused(write_interfile(tmp_path / "scan.hs", empty)).code == "study.empty"


def test_units_of_a_map() -> None:
    body = np.zeros((4, 4, 4), dtype=np.float32)
    body[1:3, 1:3, 1:3] = 1.0
    hu = np.where(body > 0, 40.0, -1000.0)
    for values, unit in ((0.0154 * body, "1/mm"), (0.154 * body, "1/cm"), (1050 * body, "mg/cm3"), (hu, "HU")):
        assert attenuation_unit(values) == unit
        mu = to_mu_per_mm(values, unit)
        assert mu[1, 1, 1] == pytest.approx(0.0157, rel=0.03)
        assert mu[0, 0, 0] == 0.0
    for wrong in (3.0 * body, 0.0 * body, 90.0 * body):
        with pytest.raises(StudyFormatError, match=r"median") as found:
            attenuation_unit(wrong)
        assert found.value.code == "attenuation.unit"
    assert to_mu_per_mm(np.array([1500.0]), "HU")[0] == pytest.approx(0.0285, rel=1e-3)
