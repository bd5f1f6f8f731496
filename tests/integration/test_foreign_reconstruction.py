"""Scans that nobody of this project made, through the doors that users take: import, reconstruct, export.

SPECTUB (UCL/STIR; what is known of it stands in `test_foreign_data`): the header gives neither collimator nor time nor
energy window, and no attenuation map is published with it, so the notes must say what was assumed. The rods' place (the
wide ones at large y, that is at the back of a patient who lies on the back) must survive into NIfTI.
"""

import json
import os
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pytest
import torch
from click.testing import CliRunner

from model.commands.reconstruct import reconstruct
from model.errors import StudyFormatError
from model.geometry import VolumeGrid
from model.io.companions import attenuation_unit, read_volume, to_mu_per_mm
from model.io.imported import PatientFrame
from model.io.importing import discover, import_studies
from model.io.nifti import read_nifti, write_nifti
from model.io.resampling import PlacedVolume, centred_at, onto_frame
from model.io.study import Study, read_study, write_study
from model.projector import projector_for

pytestmark = pytest.mark.foreign_data
DATA = Path(os.environ.get("FLOMIR_FOREIGN_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
AUER = "auer_lu177_patient_phantom/patient15_LuDOTATATE"


def located(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the reference data {name} is not in FLOMIR_FOREIGN_DATA or beside the repository")
    return path


@pytest.fixture(scope="module")
def spectub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a study file of every second view, two by two bins summed."""
    [found] = import_studies(located("stir_spectub/input.hs"))
    path = tmp_path_factory.mktemp("spectub") / "spectub.h5"
    write_study(path, two_by_two(every_other_view(found.study)))
    return path


def every_other_view(study: Study) -> Study:
    """Return half of the views."""
    geometry = study.geometry
    half = replace(
        geometry,
        angles_rad=geometry.angles_rad[::2],
        radius_mm=geometry.radius_mm[::2],
        duration_s=geometry.duration_s[::2],
    )
    return replace(study, projections=np.ascontiguousarray(study.projections[:, ::2]), geometry=half)


def two_by_two(study: Study) -> Study:
    """Return the study with two by two detector elements summed."""
    geometry = study.geometry
    windows, views, rows, bins = study.projections.shape
    counts = study.projections.reshape(windows, views, rows // 2, 2, bins // 2, 2).sum(axis=(3, 5))
    grid = VolumeGrid(
        (rows // 2, bins // 2, bins // 2), (2 * geometry.axial_mm, 2 * geometry.bin_mm, 2 * geometry.bin_mm)
    )
    coarse = replace(
        geometry,
        n_axial=rows // 2,
        n_bins=bins // 2,
        axial_mm=2 * geometry.axial_mm,
        bin_mm=2 * geometry.bin_mm,
        grid=grid,
    )
    return replace(study, projections=counts, geometry=coarse)


def image_of(scan: Path, method: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Return the image (x, y, z) and its matrix to RAS mm, as nibabel reads what the command wrote."""
    out = scan.parent / f"{method}.nii.gz"
    options = ["--iterations", "4", "--subsets", "6"] if method == "osem" else []
    answer = CliRunner().invoke(reconstruct, [str(scan), "--method", method, "--out", str(out), *options, "--json"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["done"] == 1
    image = nibabel.load(out)
    return np.asarray(image.dataobj, dtype=np.float32), image.affine


def test_the_spectub_folder_is_one_scan_with_its_assumptions() -> None:
    found = discover(located("stir_spectub"))
    assert [scan.path.name for scan in found.scans] == ["input.hs"]
    assert {s.path.name: s.used for s in found.skipped} == {"input.s": True, "README_upstream.txt": False}
    imported = found.scans[0].load()
    study = imported.study
    assert study.projections.shape == (1, 120, 64, 128)
    assert float(study.projections.sum(dtype=np.float64)) == pytest.approx(2.516e7, rel=1e-3)
    assert np.degrees(study.geometry.angles_rad[:2]) == pytest.approx([0.0, 357.0])
    assert study.geometry.grid.voxel_mm == pytest.approx((3.32, 3.32, 3.32))
    for words in ("collimator", "time a view", "energy window", "left"):
        assert any(words in note for note in imported.notes), words
    assert "head_in" not in str(study.provenance)


@pytest.mark.parametrize("method", ["osem", "fbp"])
def test_spectub_is_reconstructed_with_its_counts_and_its_rods_in_place(spectub: Path, method: str) -> None:
    image, to_ras = image_of(spectub, method)
    study = read_study(spectub)
    assert image.shape == study.geometry.volume_shape[::-1]
    total = float(study.projections.sum(dtype=np.float64))
    if method == "osem":
        expected = projector_for(study.geometry)(torch.from_numpy(image.transpose(2, 1, 0).copy())[None], None)[0]
        assert float(expected.sum()) == pytest.approx(total, rel=0.02)
    else:
        assert float(image.sum()) == pytest.approx(total, rel=0.1)
    rods = image[:, :, 21:29].sum(axis=2)
    columns, rows = np.indices(rods.shape)
    place = [float((index * rods).sum() / rods.sum()) for index in (columns, rows)]
    middle_z = 24.5
    right, front, _ = (to_ras @ [*place, middle_z, 1.0])[:3]
    assert front < -10  # the wide rods lie at the back
    assert abs(right) < 25


def test_the_pinhole_set_is_refused_in_one_sentence() -> None:
    folder = located("stir_pinhole_gate")
    found = discover(folder)
    assert [scan.path.name for scan in found.scans] == ["input.hs"]
    with pytest.raises(StudyFormatError, match=r"54\.8 mm.*pinhole"):
        found.scans[0].load()
    answer = CliRunner().invoke(reconstruct, [str(folder), "--method", "osem", "--out", "nowhere"])
    assert answer.exit_code == 1
    assert "pinhole or preclinical" in answer.output
    assert "Traceback" not in answer.output
    assert not Path("nowhere").exists()


def test_the_patient_phantom_goes_through_interfile_and_nifti_unchanged(tmp_path: Path) -> None:
    source = read_volume(located(f"{AUER}_src.h33"))
    frame = PatientFrame.centred(grid_of(source), positioned=True)
    write_nifti(tmp_path / "source.nii.gz", source.values.astype(np.float32), frame)
    np.testing.assert_array_equal(read_nifti(tmp_path / "source.nii.gz").values, source.values)
    np.testing.assert_allclose(
        onto_frame(read_nifti(tmp_path / "source.nii.gz"), frame), source.values, rtol=1e-4, atol=0.1
    )


def test_the_patient_phantoms_density_becomes_mu_on_a_cameras_grid() -> None:
    density = read_volume(located(f"{AUER}_attn.h33"))
    assert attenuation_unit(density.values) == "mg/cm3"
    mu = PlacedVolume(to_mu_per_mm(density.values, "mg/cm3"), density.to_lps)
    camera = centred_at(PatientFrame.centred(VolumeGrid((64, 64, 64), (6.8, 6.8, 6.8))), density.centre_mm)
    found = onto_frame(mu, camera)
    line_integral = [float(v.sum()) * mm3 for v, mm3 in ((found, 6.8**3), (mu.values, mu.voxel_mm3))]
    assert line_integral[0] == pytest.approx(line_integral[1], rel=0.01)
    assert np.median(found[found > 0.01]) == pytest.approx(0.0150, rel=0.08)


def grid_of(volume: PlacedVolume) -> VolumeGrid:
    """Return the size of a volume whose axes lie along LPS."""
    z, y, x = (float(n) for n in np.abs(volume.to_lps[[2, 1, 0], [0, 1, 2]]))
    shape = volume.values.shape
    return VolumeGrid((shape[0], shape[1], shape[2]), (z, y, x))
