"""Importing: any folder becomes studies with the maps that belong to them; what is no scan is named, not fatal."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from model.errors import ModelError, StudyFormatError
from model.geometry import VolumeGrid
from model.io.companions import attenuation_unit, to_mu_per_mm
from model.io.dicom import AnonymousIds, write_nm_tomo, write_recon_tomo
from model.io.dicom.ct import water_mu_per_mm
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


def beside(folder: Path, study: Study, *names: str) -> None:
    for name in names:
        write_nifti(folder / name, mu_of(study), PatientFrame.centred(study.geometry.grid))


def companions(path: Path) -> dict[str, tuple[str | None, str | None]]:
    return {s.path.name: (s.map_file, s.reference.name if s.reference else None) for s in discover(path).scans}


def test_a_scan_never_takes_what_belongs_to_a_longer_name(tmp_path: Path, study: Study) -> None:
    for name in ("p1.hs", "p10.hs", "p1-2.hs", "4.7.1.hs", "4.7.11.hs"):
        write_interfile(tmp_path / name, study)
    beside(tmp_path, study, "p10_mumap.nii", "p10.reference.nii", "p1-2 umap.nii", "4.7.11.hs.umap.nii")
    expected = {
        "p1.hs": (None, None),
        "p10.hs": ("p10_mumap.nii", "p10.reference.nii"),
        "p1-2.hs": ("p1-2 umap.nii", None),
        "4.7.1.hs": (None, None),
        "4.7.11.hs": ("4.7.11.hs.umap.nii", None),
    }
    assert companions(tmp_path) == expected
    for name, found in expected.items():
        assert companions(tmp_path / name) == {name: found}


def test_a_single_file_takes_no_map_or_reference_that_its_folder_gives_to_another(tmp_path: Path, study: Study) -> None:
    write_interfile(tmp_path / "a.hs", study)
    write_interfile(tmp_path / "b.hs", study)
    beside(tmp_path, study, "a_mumap.nii", "lonely.reference.nii")
    assert companions(tmp_path / "b.hs") == {"b.hs": (None, None)}
    assert companions(tmp_path / "a.hs") == {"a.hs": ("a_mumap.nii", None)}


def test_a_map_that_only_its_place_pairs_is_said_to_be_so_and_no_note_names_the_file(
    tmp_path: Path, study: Study
) -> None:
    write_interfile(tmp_path / "scan.hs", study)
    beside(tmp_path, study, "MILLER_mumap.nii")
    [found] = import_studies(tmp_path / "scan.hs")
    assert any("the only one beside the only scan" in note for note in found.notes)
    assert "MILLER" not in repr(found.study.provenance) + repr(found.notes)


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
    assert to_mu_per_mm(np.array([1453.0]), "HU")[0] == pytest.approx(0.0295, rel=0.01)  # ICRU-44 cortical bone


def hu_of(study: Study) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Water where the map has anything, air elsewhere."""
    return np.where(mu_of(study) > 0, 0.0, -1000.0)


@pytest.mark.parametrize("unit", ["HU", "mg/cm3"])
def test_a_map_in_hu_or_density_is_converted_for_the_energy_of_the_window(
    tmp_path: Path, study: Study, unit: str
) -> None:
    thallium = {"energy window lower level [1]": "63", "energy window upper level [1]": "77"}
    scan = write_interfile(tmp_path / "scan.hs", study, thallium)
    values = hu_of(study) if unit == "HU" else hu_of(study) + 1000.0
    write_nifti(tmp_path / "scan.mumap.nii", values, PatientFrame.centred(study.geometry.grid))
    [found] = import_studies(scan)
    assert found.study.attenuation is not None
    assert found.study.attenuation.max() == pytest.approx(water_mu_per_mm(70.0), rel=1e-4)
    assert water_mu_per_mm(70.0) == pytest.approx(0.0193, rel=0.02)
    assert any(f"read in {unit}, converted for 70 keV" in note for note in found.notes)


def test_a_map_of_another_bed_position_is_refused_or_left_out_with_a_note(tmp_path: Path, study: Study) -> None:
    placed = PatientFrame.centred(study.geometry.grid, positioned=True)
    x, y, z = placed.origin_mm
    write_nm_tomo(tmp_path / "scan.dcm", study, frame=placed)
    write_nifti(tmp_path / "scan.mumap.nii", mu_of(study), replace(placed, origin_mm=(x, y, z + 2000.0)))
    error = refused(tmp_path / "scan.dcm", ct=tmp_path / "scan.mumap.nii")
    assert error.code == "attenuation.no_overlap"
    assert "covers 0% of the emission slices, at least 50%" in error.message
    [found] = import_studies(tmp_path / "scan.dcm")
    assert found.study.attenuation is None
    assert any("was not used: the map covers 0%" in note for note in found.notes)


def test_a_short_maps_end_slices_are_repeated_undiluted_and_said(tmp_path: Path, study: Study) -> None:
    planes, rows, columns = study.geometry.volume_shape
    dz, dy, dx = study.geometry.grid.voxel_mm
    grid = VolumeGrid((4 * planes - 10, rows, columns), (dz / 4, dy, dx))  # one slice and a quarter short at both ends
    values = np.full(grid.shape, 0.015)
    values[: grid.shape[0] // 2] = 0.010
    write_interfile(tmp_path / "scan.hs", study)
    write_nifti(tmp_path / "scan.mumap.nii", values, PatientFrame.centred(grid))
    [found] = import_studies(tmp_path / "scan.hs")
    mu = mu_of(found.study)
    for feet, head in zip(mu[:3], mu[-3:], strict=True):
        np.testing.assert_allclose(feet, 0.010, rtol=1e-3)
        np.testing.assert_allclose(head, 0.015, rtol=1e-3)
    repeated = f"2 of {planes} emission slices lie outside the map: its last slice was repeated there."
    assert any(repeated in note for note in found.notes)


def dicom_scan_and_map(folder: Path, study: Study, per_mm: float, *, patient: str = "P") -> tuple[Path, Path]:
    ids, placed = AnonymousIds(patient="P"), PatientFrame.centred(study.geometry.grid, positioned=True)
    write_nm_tomo(folder / "scan.dcm", study, ids=ids, frame=placed)
    mu = mu_of(study) * np.float32(per_mm)
    write_recon_tomo(folder / "mumap.dcm", mu, study, ids=AnonymousIds(patient=patient), frame=placed)
    return folder / "scan.dcm", folder / "mumap.dcm"


@pytest.mark.parametrize("per_mm", [1.0, 10.0])
def test_a_map_stored_as_a_dicom_reconstruction_is_used_when_named_and_when_beside(
    tmp_path: Path, study: Study, per_mm: float
) -> None:
    scan, stored = dicom_scan_and_map(tmp_path, study, per_mm)
    elsewhere = stored.rename(tmp_path / "IM0007")  # nothing but the user says that it is a map
    [without] = import_studies(scan)
    assert without.study.attenuation is None
    [named] = import_studies(scan, ct=elsewhere)
    np.testing.assert_allclose(mu_of(named.study), mu_of(study), atol=1e-6)
    unit = "1/mm" if per_mm == 1 else "1/cm"
    assert any(f"read in {unit} and laid where both files say it lies" in note for note in named.notes)
    elsewhere.rename(stored)
    for found in (discover(tmp_path), discover(scan)):
        assert [one.map_file for one in found.scans] == ["mumap.dcm"]
        np.testing.assert_allclose(mu_of(found.scans[0].load().study), mu_of(study), atol=1e-6)


def test_a_dicom_map_is_known_by_its_image_type_and_one_of_another_patient_is_not_used(
    tmp_path: Path, study: Study
) -> None:
    scan, stored = dicom_scan_and_map(tmp_path, study, 1.0, patient="Q")
    dataset = pydicom.dcmread(stored)
    dataset.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "TRANSMISSION"]
    stored.unlink()
    dataset.save_as(tmp_path / "IM0007")
    [found] = discover(tmp_path).scans
    assert found.map_file == "IM0007"
    imported = found.load()
    assert imported.study.attenuation is None
    assert any("was not used: the attenuation map and the emission study" in note for note in imported.notes)
    assert refused(scan, ct=tmp_path / "IM0007").code == "dicom.other_frame_of_reference"
