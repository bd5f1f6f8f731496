"""NIfTI: left stays left, amounts stay amounts, and files that cannot be trusted are refused in one sentence."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pytest

from model.errors import StudyFormatError
from model.geometry import VolumeGrid
from model.io.imported import PatientFrame
from model.io.nifti import read_nifti, write_nifti
from model.io.resampling import PlacedVolume, centred_at, frame_to_lps, onto_frame

GRID = VolumeGrid((4, 5, 6), (3.0, 2.0, 2.0))
CENTRED = PatientFrame.centred(GRID)
PLACED = PatientFrame(GRID, (20.0, -30.0, 400.0), positioned=True)


@pytest.fixture
def volume() -> npt.NDArray[np.float32]:
    """Return a volume with a different value in every voxel."""
    return np.arange(120, dtype=np.float32).reshape(GRID.shape)


def marked(z: int, y: int, x: int) -> npt.NDArray[np.float32]:
    image = np.zeros(GRID.shape, dtype=np.float32)
    image[z, y, x] = 1.0
    return image


@pytest.mark.parametrize("name", ["image.nii", "image.nii.gz"])
@pytest.mark.parametrize(
    ("voxel", "world"),
    [
        ((0, 2, 5), ("x", -1)),  # the patient's left end: negative x in RAS
        ((0, 2, 0), ("x", 1)),
        ((0, 4, 3), ("y", -1)),  # the back: negative y
        ((0, 0, 3), ("y", 1)),
        ((3, 2, 3), ("z", 1)),  # the head: positive z
        ((0, 2, 3), ("z", -1)),
    ],
)
def test_nibabel_finds_each_end_of_the_patient_where_it_was_written(
    tmp_path: Path, name: str, voxel: tuple[int, int, int], world: tuple[str, int]
) -> None:
    write_nifti(tmp_path / name, marked(*voxel), CENTRED)
    image = nibabel.load(tmp_path / name)
    place = np.argwhere(np.asarray(image.dataobj) == 1.0)[0]
    ras = image.affine @ [*place, 1.0]
    assert np.sign(ras["xyz".index(world[0])]) == world[1]
    assert nibabel.aff2axcodes(image.affine) == ("L", "P", "S")
    np.testing.assert_allclose(image.header.get_zooms(), (2.0, 2.0, 3.0))


def test_what_is_written_comes_back_with_its_place(tmp_path: Path, volume: npt.NDArray[np.float32]) -> None:
    write_nifti(tmp_path / "a.nii.gz", volume, PLACED)
    found = read_nifti(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(found.values, volume)
    np.testing.assert_allclose(found.to_lps, frame_to_lps(PLACED), atol=1e-4)
    np.testing.assert_allclose(found.centre_mm, (25.0, -26.0, 404.5), atol=1e-4)
    first = (tmp_path / "a.nii.gz").read_bytes()
    write_nifti(tmp_path / "a.nii.gz", volume, PLACED)
    assert (tmp_path / "a.nii.gz").read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["a.nii.gz"]


@pytest.mark.parametrize("codes", ["RAS", "LPS", "LAS", "PIR", "SAL", "IRP"])
def test_an_image_in_any_order_of_axes_becomes_lps(tmp_path: Path, codes: str, volume: npt.NDArray[np.float32]) -> None:
    write_nifti(tmp_path / "lps.nii", volume, PLACED)
    image = nibabel.load(tmp_path / "lps.nii")
    turn = nibabel.orientations.ornt_transform(
        nibabel.orientations.io_orientation(image.affine), nibabel.orientations.axcodes2ornt(codes)
    )
    turned = image.as_reoriented(turn)
    assert nibabel.aff2axcodes(turned.affine) == tuple(codes)
    nibabel.save(turned, tmp_path / "turned.nii")
    found = read_nifti(tmp_path / "turned.nii")
    np.testing.assert_allclose(onto_frame(found, PLACED), volume, atol=1e-3)
    np.testing.assert_allclose(onto_frame(found, centred_at(CENTRED, found.centre_mm)), volume, atol=1e-3)


def test_a_coarser_grid_keeps_the_mean_and_the_centre() -> None:
    fine = VolumeGrid((12, 20, 20), (1.0, 1.0, 1.0))
    rng = np.random.default_rng(1)
    values = np.zeros(fine.shape, dtype=np.float32)
    values[3:9, 5:15, 5:15] = rng.uniform(1, 2, (6, 10, 10))
    coarse = VolumeGrid((4, 5, 5), (3.0, 4.0, 4.0))
    found = onto_frame(PlacedVolume(values, frame_to_lps(PatientFrame.centred(fine))), PatientFrame.centred(coarse))
    assert found.sum() * 48.0 == pytest.approx(values.sum(), rel=1e-3)

    def centre(image: npt.NDArray[np.float32], grid: VolumeGrid) -> list[float]:
        index = np.indices(grid.shape)
        return [
            float((index[a] - (grid.shape[a] - 1) / 2).ravel() @ image.ravel() / image.sum() * grid.voxel_mm[a])
            for a in range(3)
        ]

    np.testing.assert_allclose(centre(found, coarse), centre(values, fine), atol=0.02)


def test_a_shift_by_whole_voxels_is_exact_and_what_is_not_covered_is_said(volume: npt.NDArray[np.float32]) -> None:
    placed = PlacedVolume(volume, frame_to_lps(CENTRED))
    moved = onto_frame(placed, centred_at(CENTRED, (2.0, 0.0, 0.0)), outside=-1.0)
    np.testing.assert_allclose(moved[:, :, :-1], volume[:, :, 1:], rtol=1e-5)
    assert (moved[:, :, -1] == -1.0).all()


def test_an_image_in_metres_is_read_in_mm(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.ones((3, 3, 3), dtype=np.float32), np.diag([0.002, 0.002, 0.004, 1.0]))
    image.header.set_xyzt_units("meter")
    nibabel.save(image, tmp_path / "m.nii")
    assert read_nifti(tmp_path / "m.nii").voxel_mm3 == pytest.approx(16.0)


def refused(path: Path) -> str:
    with pytest.raises(StudyFormatError) as found:
        read_nifti(path)
    assert "Traceback" not in found.value.message
    return found.value.code


def save(path: Path, array: npt.NDArray[np.float32], affine: npt.NDArray[np.float64] | None) -> Path:
    nibabel.save(nibabel.Nifti1Image(array, affine), path)
    return path


def test_files_that_cannot_be_trusted_are_refused(tmp_path: Path) -> None:
    cube = np.ones((3, 3, 3), dtype=np.float32)
    assert refused(save(tmp_path / "four.nii", np.ones((3, 3, 3, 2), dtype=np.float32), np.eye(4))) == "nifti.shape"
    assert refused(save(tmp_path / "flat.nii", np.ones((3, 3), dtype=np.float32), np.eye(4))) == "nifti.shape"
    assert refused(save(tmp_path / "lost.nii", cube, None)) == "nifti.no_orientation"
    holes = cube.copy()
    holes[1, 1, 1] = np.nan
    assert refused(save(tmp_path / "nan.nii", holes, np.eye(4))) == "nifti.not_finite"
    whole = save(tmp_path / "whole.nii", cube, np.eye(4)).read_bytes()
    (tmp_path / "cut.nii").write_bytes(whole[:-20])
    assert refused(tmp_path / "cut.nii") == "nifti.unreadable"
    (tmp_path / "cut.nii.gz").write_bytes(gzip.compress(whole)[:-20])
    assert refused(tmp_path / "cut.nii.gz") == "nifti.unreadable"
    (tmp_path / "text.nii").write_text("hello")
    assert refused(tmp_path / "text.nii") == "nifti.unreadable"
    singular = bytearray(whole)
    singular[280:296] = bytes(16)  # srow_x
    (tmp_path / "singular.nii").write_bytes(bytes(singular))
    assert refused(tmp_path / "singular.nii") == "nifti.bad_affine"
    with pytest.raises(FileNotFoundError, match=r"none\.nii"):
        read_nifti(tmp_path / "none.nii")
