"""A reconstruction is written into the patient's own examination or as nobody's, and read back where it lies."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
import torch

from model.classical.osem import osem
from model.errors import DicomError, GeometryMismatch
from model.geometry import VolumeGrid
from model.io.dicom import AnonymousIds, read_attenuation_map, read_nm, read_recon_tomo, write_nm_tomo, write_recon_tomo
from model.io.dicom.recon import THE_IMAGE, Shown, recon_dataset
from model.io.imported import PatientFrame
from model.io.units import Unit
from model.projector import SpectProjector
from tests.support.dicom import default_study, nm_file, read_back
from tests.support.studies import tiny_study

STUDY = default_study()


def reference() -> Any:
    assert STUDY.reference is not None
    return STUDY.reference


def patients_file(path: Path) -> Path:
    def person(dataset: Any) -> None:
        dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Doe^Jane", "4711", "19600102"
        dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber = "20260102", "101112", "A9"
        dataset.ReferringPhysicianName, dataset.SeriesNumber = "House^G", 3
        dataset.OperatorsName, dataset.PatientWeight = "Op^Er", "70"
        del dataset.PatientIdentityRemoved, dataset.DeidentificationMethod

    return nm_file(path, person, frame=PatientFrame(STUDY.geometry.grid, (-150.0, -170.0, 12.5)))


def test_the_result_belongs_to_the_patients_own_examination_in_a_series_of_its_own(tmp_path: Path) -> None:
    template = read_back(patients_file(tmp_path / "t.dcm"))
    write_recon_tomo(tmp_path / "r.dcm", reference(), STUDY, template=tmp_path / "t.dcm", method="osem 4 x 8")
    written = read_back(tmp_path / "r.dcm")
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "StudyInstanceUID", "StudyDate", "AccessionNumber",
                    "FrameOfReferenceUID", "ReferringPhysicianName", "PatientWeight", "PatientOrientationCodeSequence"):  # fmt: skip
        assert written[keyword].value == template[keyword].value, keyword
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber"):
        assert written[keyword].value != template[keyword].value, keyword
    assert "OperatorsName" not in written
    assert "PatientIdentityRemoved" not in written
    assert written.ImageType == ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    assert "osem 4 x 8" in written.DerivationDescription
    assert written.SourceImageSequence[0].ReferencedSOPInstanceUID == template.SOPInstanceUID
    assert [float(v) for v in written.DetectorInformationSequence[0].ImagePositionPatient] == pytest.approx(
        [-150.0, -170.0, 12.5]
    )


@pytest.mark.parametrize("template", [True, False])
def test_a_half_width_is_no_image_by_its_series_and_first_words(template: bool, tmp_path: Path) -> None:
    source = patients_file(tmp_path / "t.dcm") if template else None
    found = []
    for name, shown in (
        ("image", THE_IMAGE),
        ("half", Shown(half_width=True)),
        ("gate", Shown(half_width=True, gate=3, gates=8)),
    ):
        write_recon_tomo(tmp_path / name, reference(), STUDY, template=source, method="osem", shown=shown)
        found.append(read_back(tmp_path / name))
    image, half, gate = found
    assert half.SeriesDescription == f"{image.SeriesDescription}, half-width"
    assert gate.SeriesDescription == f"{image.SeriesDescription}, half-width, gate 3 of 8"
    assert half.DerivationDescription == "FLoMIR reconstruction, half-width: osem"
    for keyword in ("SeriesNumber", "SeriesInstanceUID", "SOPInstanceUID"):
        assert len({one[keyword].value for one in found}) == 3, keyword
    assert len({one.StudyInstanceUID for one in found}) == 1


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_one_rotation_is_described_or_none(rotations: int, tmp_path: Path) -> None:
    template = read_back(patients_file(tmp_path / "t.dcm"))
    [turn] = template.RotationInformationSequence
    template.RotationInformationSequence, template.NumberOfRotations = [turn] * rotations, rotations
    frame = PatientFrame.centred(STUDY.geometry.grid)
    written = recon_dataset(reference(), STUDY, template=template, frame=frame)
    assert written.NumberOfRotations == 1
    assert len(written.RotationInformationSequence) == rotations % 2
    del template.RotationInformationSequence
    bare = recon_dataset(reference(), STUDY, template=template, frame=frame)
    assert len(bare.RotationInformationSequence) == 0


def test_without_a_template_the_file_is_nobodys(tmp_path: Path) -> None:
    write_recon_tomo(tmp_path / "r.dcm", reference(), STUDY, ids=AnonymousIds(patient="CASE-1"))
    written = read_back(tmp_path / "r.dcm")
    assert str(written.PatientName) == "CASE-1^"
    assert written.PatientIdentityRemoved == "YES"
    assert [written[k].value for k in ("PatientBirthDate", "StudyDate", "StudyTime", "ContentDate")] == [""] * 4


@pytest.mark.parametrize(("unit", "code"), [("counts", "{counts}"), ("Bq/mL", "Bq/ml")])
def test_values_come_back_to_a_65535th_with_their_unit(unit: Unit, code: str, tmp_path: Path) -> None:
    write_recon_tomo(tmp_path / "r.dcm", reference(), STUDY, unit=unit)
    got = read_recon_tomo(tmp_path / "r.dcm")
    assert np.abs(got.values - reference()).max() <= 0.51 * reference().max() / 65535
    item = read_back(tmp_path / "r.dcm").RealWorldValueMappingSequence[0]
    assert item.MeasurementUnitsCodeSequence[0].CodeValue == code
    stored = read_back(tmp_path / "r.dcm").pixel_array
    assert np.allclose(stored * item.RealWorldValueSlope + item.RealWorldValueIntercept, got.values)


def test_a_volume_lies_where_its_frame_says(tmp_path: Path) -> None:
    frame = PatientFrame(STUDY.geometry.grid, (-101.5, 20.25, -300.0))
    write_recon_tomo(tmp_path / "r.dcm", reference(), STUDY, frame=frame)
    got = read_recon_tomo(tmp_path / "r.dcm").frame
    assert got.positioned
    assert np.allclose(got.affine_lps(), frame.affine_lps())


@pytest.mark.parametrize("turn", ["slices from the head", "rows from the left", "coronal"])
def test_however_a_reconstruction_is_stored_it_is_read_along_lps(turn: str, tmp_path: Path) -> None:
    frame = PatientFrame(STUDY.geometry.grid, (-101.5, 20.25, -300.0))
    write_recon_tomo(tmp_path / "a.dcm", reference(), STUDY, frame=frame)
    expected = read_recon_tomo(tmp_path / "a.dcm")
    dataset = pydicom.dcmread(tmp_path / "a.dcm")
    head, stored = dataset.DetectorInformationSequence[0], dataset.pixel_array
    slices, rows, columns = stored.shape
    if turn == "slices from the head":
        turned = stored[::-1]
        head.ImagePositionPatient = [-101.5, 20.25, -300.0 + (slices - 1) * 16.0]
        dataset.SpacingBetweenSlices = "-16"
    elif turn == "rows from the left":
        turned = stored[:, :, ::-1]
        head.ImagePositionPatient = [-101.5 + (columns - 1) * 16.0, 20.25, -300.0]
        head.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]
        dataset.SpacingBetweenSlices = "-16"  # the normal now points to the feet
    else:
        turned = stored.transpose(1, 0, 2)[:, ::-1]
        head.ImagePositionPatient = [-101.5, 20.25, -300.0 + (slices - 1) * 16.0]
        head.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]  # columns to the feet: the normal points to the back
        dataset.NumberOfFrames, dataset.Rows = rows, slices
    dataset.PixelData = np.ascontiguousarray(turned).tobytes()
    dataset.save_as(tmp_path / "b.dcm")
    got = read_recon_tomo(tmp_path / "b.dcm")
    assert np.allclose(got.values, expected.values)
    assert np.allclose(got.frame.affine_lps(), expected.frame.affine_lps())


def test_the_whole_way_from_projections_to_a_reconstruction_keeps_every_side(tmp_path: Path) -> None:
    study = tiny_study(3, scatter_fraction=0.0, arc_deg=360.0, views=24)
    assert study.reference is not None
    frame = PatientFrame(study.geometry.grid, (-150.0, -170.0, 12.5))
    write_nm_tomo(tmp_path / "nm.dcm", study, frame=frame, detectors=2)
    imported = read_nm(tmp_path / "nm.dcm")
    counts = torch.from_numpy(imported.study.projections)
    mu = torch.from_numpy(study.attenuation)[None]
    image = osem(counts, None, mu, SpectProjector(imported.study.geometry), iterations=4, subsets=4)[0].numpy()
    write_recon_tomo(tmp_path / "r.dcm", image, imported.study, template=tmp_path / "nm.dcm")
    got = read_recon_tomo(tmp_path / "r.dcm")
    assert np.allclose(got.frame.affine_lps(), frame.affine_lps(), atol=1e-6)

    def likeness(volume: Any) -> float:
        return float(np.corrcoef(volume.ravel(), study.reference.ravel())[0, 1])  # type: ignore[union-attr]  # checked above

    right = likeness(got.values)
    flips = [likeness(np.flip(got.values, axis)) for axis in range(3)]
    assert right > 0.8
    assert right > max(flips) + 0.1


def test_bad_volumes_and_templates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DicomError, match="0 or more") as error:
        write_recon_tomo(tmp_path / "r.dcm", -reference(), STUDY)
    assert error.value.code == "dicom.negative_values"
    with pytest.raises(GeometryMismatch):
        write_recon_tomo(tmp_path / "r.dcm", reference()[1:], STUDY)
    nobody = nm_file(tmp_path / "t.dcm", lambda d: delattr(d, "StudyInstanceUID"))
    with pytest.raises(DicomError) as error:
        write_recon_tomo(tmp_path / "r.dcm", reference(), STUDY, template=nobody)
    assert error.value.code == "dicom.no_patient"
    assert not (tmp_path / "r.dcm").exists()
    with pytest.raises(DicomError) as error:
        read_recon_tomo(nm_file(tmp_path / "nm.dcm"))
    assert error.value.code == "dicom.not_reconstruction"


def test_an_oblique_reconstruction_is_refused(tmp_path: Path) -> None:
    write_recon_tomo(tmp_path / "r.dcm", reference(), STUDY)
    dataset = pydicom.dcmread(tmp_path / "r.dcm")
    dataset.DetectorInformationSequence[0].ImageOrientationPatient = [0.8, 0.6, 0, -0.6, 0.8, 0]
    dataset.save_as(tmp_path / "r.dcm")
    with pytest.raises(DicomError) as error:
        read_recon_tomo(tmp_path / "r.dcm")
    assert error.value.code == "dicom.oblique"


@pytest.mark.parametrize("per_mm", [1.0, 10.0])
def test_an_attenuation_map_stored_as_a_reconstruction_is_read_in_either_unit(per_mm: float, tmp_path: Path) -> None:
    assert STUDY.attenuation is not None
    frame = read_nm(nm_file(tmp_path / "nm.dcm")).frame
    assert frame is not None
    write_recon_tomo(tmp_path / "m.dcm", STUDY.attenuation * per_mm, STUDY, template=tmp_path / "nm.dcm")
    mu = read_attenuation_map(tmp_path / "m.dcm", frame).mu_per_mm
    assert np.allclose(mu, STUDY.attenuation, atol=1e-6)
    assert frame.grid == VolumeGrid(mu.shape, frame.grid.voxel_mm)


def test_a_map_of_no_known_unit_or_of_another_patient_is_refused(tmp_path: Path) -> None:
    assert STUDY.attenuation is not None
    frame = read_nm(nm_file(tmp_path / "nm.dcm")).frame
    assert frame is not None
    write_recon_tomo(tmp_path / "m.dcm", STUDY.attenuation * 1e4, STUDY, template=tmp_path / "nm.dcm")
    with pytest.raises(DicomError, match="water is") as error:
        read_attenuation_map(tmp_path / "m.dcm", frame)
    assert error.value.code == "dicom.map_unit"
    write_recon_tomo(tmp_path / "o.dcm", STUDY.attenuation, STUDY, ids=AnonymousIds(patient="other"))
    with pytest.raises(DicomError) as error:
        read_attenuation_map(tmp_path / "o.dcm", frame)
    assert error.value.code == "dicom.other_frame_of_reference"


def test_another_program_puts_every_voxel_where_we_say(tmp_path: Path) -> None:
    program = shutil.which("dcm2niix")
    if program is None:
        pytest.skip("dcm2niix is not installed (Debian: apt-get install dcm2niix); no other program has read our files")
    frame = PatientFrame(STUDY.geometry.grid, (-101.5, 20.25, -300.0))
    volume = reference().copy()
    volume[6, 3, 15] = 2.0 * volume.max()
    (tmp_path / "in").mkdir()
    write_recon_tomo(tmp_path / "in" / "r.dcm", volume, STUDY, frame=frame)
    command = [program, "-o", str(tmp_path), "-f", "out", "-z", "n", str(tmp_path / "in")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    image = nibabel.load(next(tmp_path.glob("out*.nii")))
    values = image.get_fdata()
    right, front, up, _ = image.affine @ [*np.unravel_index(int(values.argmax()), values.shape), 1.0]
    assert np.allclose([-right, -front, up], (frame.affine_lps() @ [15, 3, 6, 1])[:3], atol=1e-3)
    assert float(values.max()) == pytest.approx(float(volume.max()), rel=1e-4)
    assert float(values.sum()) == pytest.approx(float(volume.sum()), rel=1e-3)
