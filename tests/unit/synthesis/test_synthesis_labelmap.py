import os
from pathlib import Path

import numpy as np
import pytest

from model.geometry import LEHR_NM670, AcquisitionGeometry, VolumeGrid, orbit_angles_rad
from synthesis.errors import PhantomInvalid
from synthesis.materials import MU_PER_MM
from synthesis.phantoms.labelmap import VoxelPhantom, place, read_labelmap
from synthesis.phantoms.shapes import Floats
from synthesis.simulation.analytic import AnalyticSimulator, finer_grid

WATER = MU_PER_MM["water"]
# Codes of the source map of BenAuer2021/Phantoms-For-Nuclear-Medicine-Imaging-Simulation, patient 15, found by their
# place and size; the lesions are 19000-21000. Below 15000 the map repeats the CT. Uptakes relative to the liver.
LUTETIUM = {15000: 1.0, 16000: 2.0, 17000: 3.0, 18000: 3.0, 19000: 8.0, 20000: 8.0, 21000: 8.0}


def write_interfile(path: Path, values: np.ndarray, spacing: tuple[float, float, float]) -> Path:
    z, y, x = values.shape
    path.with_suffix(".i33").write_bytes(values.astype("<f4").tobytes())
    path.write_text(
        "!INTERFILE :=\n!imaging modality := nucmed\n!data offset in bytes := 0\n"
        f"!name of data file := {path.with_suffix('.i33').name}\nimagedata byte order := LITTLEENDIAN\n"
        f"!total number of images := {z}\n!matrix size [1] := {x}\n!matrix size [2] := {y}\n"
        "!number format := float\n!number of bytes per pixel := 4\n"
        f"scaling factor (mm/pixel) [1] := {spacing[2]}\nscaling factor (mm/pixel) [2] := {spacing[1]}\n"
        f"slice thickness (pixels) := {spacing[0] / spacing[2]}\n!number of slices := {z}\n!END OF INTERFILE :=\n",
        encoding="latin-1",
    )
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    codes = np.zeros((10, 16, 20))
    codes[2:8, 3:13, 3:17] = 1
    codes[3:5, 4:7, 12:15] = 2
    mu = np.where(codes > 0, WATER, 0)
    spacing = (6.0, 5.0, 5.0)
    return write_interfile(tmp_path / "src.h33", codes, spacing), write_interfile(tmp_path / "att.h33", mu, spacing)


def test_a_label_map_becomes_activity_and_attenuation_in_our_axes(files: tuple[Path, Path]) -> None:
    phantom = read_labelmap(*files, uptakes={2: 5.0}, background=0.5, flip=("y",))
    assert phantom.grid == VolumeGrid((10, 16, 20), (6.0, 5.0, 5.0))
    assert phantom.activity[3, 15 - 4, 12] == 5.0
    assert phantom.activity[3, 15 - 4, 5] == 0.5
    assert phantom.activity[0, 0, 0] == 0
    assert phantom.mu_per_mm.max() == pytest.approx(WATER)


def test_attenuation_in_another_unit_is_converted_or_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    hu = np.full((10, 16, 20), -1000.0)
    hu[2:8, 3:13, 3:17] = 0
    ct = write_interfile(tmp_path / "ct.h33", hu, (6.0, 5.0, 5.0))
    assert read_labelmap(files[0], ct, uptakes={2: 1.0}, mu_unit="hu").mu_per_mm.max() == pytest.approx(WATER)
    with pytest.raises(PhantomInvalid, match=r"not in cm\^-1"):
        read_labelmap(*files, uptakes={2: 1.0}, mu_unit="cm^-1")


def test_maps_that_do_not_belong_together_are_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    other = write_interfile(tmp_path / "other.h33", np.full((10, 16, 21), WATER), (6.0, 5.0, 5.0))
    with pytest.raises(PhantomInvalid, match=r"\(10, 16, 20\).*\(10, 16, 21\)"):
        read_labelmap(files[0], other)
    with pytest.raises(PhantomInvalid, match=r"none of the codes \[7\]"):
        read_labelmap(*files, uptakes={7: 1.0})


@pytest.mark.parametrize("voxel_mm", [2.5, 5.0, 11.0])
def test_resampling_keeps_activity_attenuation_and_place(voxel_mm: float) -> None:
    activity: Floats = np.zeros((20, 24, 28), dtype=np.float32)
    activity[6:14, 8:16, 12:20] = 2
    phantom = VoxelPhantom(VolumeGrid(activity.shape, (5.0, 4.0, 4.0)), activity, activity * np.float32(WATER / 2), ())
    size = int(160 / voxel_mm)
    grid = VolumeGrid((size, size, size), (voxel_mm,) * 3)
    placed, mu = place(phantom, grid, (6.0, -8.0, 5.0))
    assert placed.sum() == pytest.approx(activity.sum(), rel=0.02)
    assert mu.sum() * voxel_mm**3 == pytest.approx(phantom.mu_per_mm.sum() * 5 * 4 * 4, rel=0.02)
    z, y, x = (np.indices(placed.shape) - (size - 1) / 2) * voxel_mm
    centre = [float((axis * placed).sum() / placed.sum()) for axis in (x, y, z)]
    assert centre == pytest.approx([(15.5 - 13.5) * 4 - 6, (11.5 - 11.5) * 4 + 8, (9.5 - 9.5) * 5 - 5], abs=0.5)


@pytest.mark.foreign_data
def test_a_patient_derived_phantom_of_others_runs_through_the_simulator() -> None:
    root = Path(os.environ.get("FLOMIR_FOREIGN_DATA") or Path(__file__).parents[4] / "shared" / "data")
    folder = root / "auer_lu177_patient_phantom"
    if not folder.is_dir():
        pytest.skip(f"foreign data are not here: {folder} (set FLOMIR_FOREIGN_DATA)")
    name = "patient15_LuDOTATATE"
    phantom = read_labelmap(
        folder / f"{name}_src.h33", folder / f"{name}_attn.h33",
        uptakes=LUTETIUM, background=0.02, flip=("z", "y"), mu_unit="hu+1000",
    )  # fmt: skip
    assert any("read as mm" in note for note in phantom.notes)  # its header gives the slice thickness in mm
    z, _, x = np.nonzero(phantom.activity == 1.0)
    assert x.mean() < 108 / 2  # the liver is on the patient's right,
    assert z.mean() > 90 / 2  # in the upper half: after the flip z runs to the head
    grid = VolumeGrid((16, 48, 48), (8.8, 8.8, 8.8))
    geometry = AcquisitionGeometry(
        angles_rad=orbit_angles_rad(8, start_deg=180.0, arc_deg=-360.0), radius_mm=(250.0,) * 8, duration_s=(20.0,) * 8,
        n_bins=48, n_axial=16, bin_mm=8.8, axial_mm=8.8, collimator=LEHR_NM670, intrinsic_fwhm_mm=3.9, grid=grid,
    )  # fmt: skip
    activity, mu = place(phantom, finer_grid(grid, 2), (0.0, 0.0, 70.0))  # liver, spleen and kidneys in the field
    expected = AnalyticSimulator(2).expect(activity, mu, geometry)
    detected = expected.primary.sum() / activity.sum()
    assert 0.1 < detected < 0.6  # the rest is absorbed or scattered in 15-30 cm of tissue
    anterior, posterior = expected.primary[0].sum(axis=0), expected.primary[4].sum(axis=0)
    assert anterior[:24].sum() > 1.3 * anterior[24:].sum()  # liver: patient's right, on the left of the picture
    assert posterior[24:].sum() > posterior[:24].sum()
