"""Data that nobody of this project made: what the readers and the projector find in it.

SPECTUB projections (UCL/STIR, SimSET, 120 views over 360 degrees clockwise from 180, parallel holes). Found, and held
by the assertions below:

- The stated direction (CW) with the file's order of bins is consistent with ours: bin axis (-cos theta, sin theta).
  Without attenuation a parallel-hole scan cannot tell; with a water cylinder of 104 mm radius put in, the
  reprojected image correlates with the rods' rows 0.99 in the stated direction and 0.76 in the opposite one.
- The counts are attenuated (the matching map is not published with them): without correction the cylinder's middle
  shows 0.63 of its rim, with the water cylinder it is flat within 6 %. Its radius was read off the image.
- The activity: a uniform cylinder in the lower two thirds of the rows (index 3 to 19 of 32 after 2 x 2 binning), six
  hot rods of different width in the upper third, the widest at large y (behind, if the patient lay on the back).
- Which end of the rows is the head, and whether left and right are swapped together with the direction, no such data
  can tell; the upstream README warns of a flip in x and in z.

Lu-177 patient phantom (MIT): both files hold mass density in mg/cm^3, not mu and not activity alone; in the source
21 699 voxels of organs and lesions are replaced by 15000 to 21000. Slice thickness "in pixels" is meant in mm.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from model.classical.osem import osem
from model.errors import StudyFormatError
from model.geometry import Collimator
from model.io.interfile import InterfileProjections, read_interfile, read_interfile_projections
from model.projector import projector_for

pytestmark = pytest.mark.foreign_data
DATA = Path(os.environ.get("FLOMIR_FOREIGN_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
WATER_PER_MM = 0.0154
CYLINDER_MM = 104.0
RODS = slice(21, 29)
UNIFORM = slice(5, 8)


def located(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the reference data {name} is not in FLOMIR_FOREIGN_DATA or beside the repository")
    return path


@pytest.fixture(scope="module")
def spectub() -> InterfileProjections:
    """Return every second view, summed two by two bins."""
    full = read_interfile_projections(located("stir_spectub/input.hs"))
    assert full.projections.shape == (1, 120, 64, 128)
    assert float(full.projections.sum(dtype=np.float64)) == pytest.approx(2.516e7, rel=1e-3)
    assert full.radius_mm == (150.0,) * 120
    counts = full.projections[0, ::2].reshape(60, 32, 2, 64, 2).sum(axis=(2, 4))
    return replace(
        full,
        projections=np.ascontiguousarray(counts)[None],
        angles_rad=full.angles_rad[::2],
        radius_mm=full.radius_mm[::2],
        duration_s=full.duration_s[::2],
        bin_mm=2 * full.bin_mm,
        axial_mm=2 * full.axial_mm,
    )


def reconstruct(scan: InterfileProjections, *, attenuated: bool) -> tuple[Tensor, Tensor]:
    """Return the image and its reprojection after 4 iterations of 6 subsets."""
    geometry = scan.acquisition_geometry(collimator=Collimator("LEHR", 1.5, 35.0), intrinsic_fwhm_mm=3.9)
    projector = projector_for(geometry)
    factors = None
    if attenuated:
        inside = axis_distance_mm(scan) < CYLINDER_MM
        mu = torch.from_numpy(inside.astype(np.float32) * WATER_PER_MM).expand(1, *geometry.volume_shape)
        factors = projector.attenuation_factors(mu)
    image = osem(torch.from_numpy(scan.projections), None, factors, projector, iterations=4, subsets=6)
    return image[0], projector(image, factors)[0]


def axis_distance_mm(scan: InterfileProjections) -> npt.NDArray[np.float64]:
    line = (np.arange(64) - 31.5) * scan.bin_mm
    return np.asarray(np.hypot(line[:, None], line[None, :]))


def correlation(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    return float(np.corrcoef(np.ravel(a), np.ravel(b))[0, 1])


def test_spectub_fits_its_stated_direction_and_not_the_opposite(spectub: InterfileProjections) -> None:
    degrees = np.degrees(spectub.angles_rad)
    assert degrees[0] == pytest.approx(0.0)
    assert degrees[1] == pytest.approx(354.0)  # clockwise: towards smaller angles
    opposite = replace(spectub, angles_rad=tuple(-a for a in spectub.angles_rad))
    _, stated_counts = reconstruct(spectub, attenuated=True)
    _, opposite_counts = reconstruct(opposite, attenuated=True)
    measured = spectub.projections[0]
    assert correlation(stated_counts, measured) > 0.995
    assert correlation(stated_counts[:, RODS], measured[:, RODS]) > 0.99
    assert correlation(opposite_counts[:, RODS], measured[:, RODS]) < 0.85


def test_spectub_becomes_flat_once_water_is_put_in(spectub: InterfileProjections) -> None:
    distance = axis_distance_mm(spectub)

    def middle_over_rim(attenuated: bool) -> float:
        plane = reconstruct(spectub, attenuated=attenuated)[0][UNIFORM].mean(dim=0).numpy()
        return float(plane[distance < 30].mean() / plane[(distance > 75) & (distance < 90)].mean())

    assert middle_over_rim(attenuated=False) < 0.7
    assert middle_over_rim(attenuated=True) == pytest.approx(1.0, abs=0.08)


def test_spectub_activity_is_a_cylinder_below_six_rods(spectub: InterfileProjections) -> None:
    image = reconstruct(spectub, attenuated=True)[0].numpy()
    rows = image.sum(axis=(1, 2))
    assert rows[4:19].min() > 3 * rows[20:28].max()
    assert rows[0] + rows[1] + rows[31] < 1e-3 * rows.sum()
    outside = axis_distance_mm(spectub) > CYLINDER_MM + 15
    assert image[:, outside].sum() < 0.01 * image.sum()
    rods = image[RODS].sum(axis=0)
    assert rods[32:].sum() > 3 * rods[:28].sum()  # the wide rods lie at large y


def test_pinhole_projections_are_refused_with_the_reason() -> None:
    header = located("stir_pinhole_gate/input.hs")
    assert read_interfile(header).array.shape == (91, 104, 104)
    with pytest.raises(StudyFormatError, match=r"54\.8 mm.*pinhole") as refused:
        read_interfile_projections(header)
    assert refused.value.code == "interfile.unsupported_geometry"


def test_a_volume_whose_data_file_is_missing_is_said_so() -> None:
    with pytest.raises(FileNotFoundError, match=r"attmap\.v"):
        read_interfile(located("stir_pinhole_gate/attmap.hv"))


def test_patient_phantom_holds_density_and_marked_organs() -> None:
    body = read_interfile(located("auer_lu177_patient_phantom/patient15_LuDOTATATE_attn.h33"))
    source = read_interfile(located("auer_lu177_patient_phantom/patient15_LuDOTATATE_src.h33"))
    assert body.array.shape == source.array.shape == (90, 70, 108)
    assert body.spacing_mm == (4.4196, 3.9063, 3.9063)
    assert "read as mm" in body.warnings[0]
    tissue = body.array[(body.array > 500) & (body.array < 3000)]
    mu_per_mm = np.median(tissue) / 1000.0 * WATER_PER_MM  # g/cm^3 times what water of 1 g/cm^3 attenuates
    assert mu_per_mm == pytest.approx(WATER_PER_MM, rel=0.08)  # median 0.951 g/cm^3: water and fat
    marked = source.array != body.array
    assert int(marked.sum()) == 21699
    assert (source.array[marked].min(), source.array[marked].max()) == (15000, 21000)
    assert np.median(body.array[marked]) == pytest.approx(1077, abs=5)  # the organs themselves: soft tissue
