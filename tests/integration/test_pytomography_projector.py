"""Our projector and OSEM agree with PyTomography's, an implementation by other people, at matched settings.

Needs the extra ``crosscheck`` (``make setup`` installs it); where it is absent this skips and says so.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from flomir.bench import pytomography_osem as theirs
from model.classical.osem import osem_iterates, study_tensors
from model.errors import ModelError
from model.evaluation.metrics import nrmse, region_masks
from model.geometry import AcquisitionGeometry, orbit_angles_rad
from model.io.study import Study
from model.projector import projector_for
from synthesis.sample import make_study
from synthesis.scenario import load_scenario
from tests.support.studies import tiny_geometry, tiny_study

pytestmark = pytest.mark.skipif(
    not theirs.available(), reason="PyTomography is not installed: pip install -e '.[crosscheck]'"
)
LARGEST_DIFFERENCE = 0.01  # relative L1 of each view; 0.5 % found, from their bilinear rotation


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """With more threads than idle cores PyTomography takes many times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def half_turn() -> AcquisitionGeometry:
    return tiny_geometry(shape=(16, 48, 48), voxel_mm=8.0, views=15, radius_mm=230.0)


def full_turn(study: Study) -> AcquisitionGeometry:
    """Return thirteen views around the study's patient, each from another distance."""
    radius = study.geometry.radius_mm[0]
    return replace(
        study.geometry,
        angles_rad=orbit_angles_rad(13, start_deg=7.0, arc_deg=360.0),
        radius_mm=tuple(radius + 6.0 * i for i in range(13)),
        duration_s=(20.0,) * 13,
    )


@pytest.fixture(scope="module")
def patient() -> Study:
    """Return a patient of the scenario that the shipped networks are judged on, every fifth of its 60 views."""
    study = make_study(load_scenario("perfusion-64"), "cardiac", seed=9002, index=0, noise=False)
    geometry = study.geometry
    fewer = {name: getattr(geometry, name)[::5] for name in ("angles_rad", "radius_mm", "duration_s")}
    return replace(study, geometry=replace(geometry, **fewer), projections=study.projections[:, ::5], scatter=None)


def images(study: Study) -> tuple[Tensor, Tensor]:
    """Return (activity, mu), (Z, Y, X)."""
    assert study.reference is not None and study.attenuation is not None
    return torch.from_numpy(study.reference), torch.from_numpy(study.attenuation)


def differences(ours: Tensor, other: Tensor) -> Tensor:
    """Return the relative L1 difference of each view."""
    return (ours - other).abs().sum(dim=(1, 2)) / other.sum(dim=(1, 2))


@pytest.mark.parametrize("attenuated", [True, False], ids=["attenuated", "air"])
@pytest.mark.parametrize("orbit", ["perfusion", "uneven full turn"])
def test_every_view_agrees_within_one_per_cent(patient: Study, orbit: str, attenuated: bool) -> None:
    geometry = patient.geometry if orbit == "perfusion" else full_turn(patient)
    activity, mu = images(patient)
    other = theirs.project(theirs.system_matrix(geometry, mu if attenuated else None), geometry, activity)
    ours = projector_for(geometry)(activity[None], mu[None] if attenuated else None)[0]
    assert float(differences(ours, other).max()) < LARGEST_DIFFERENCE
    assert float(ours.sum() / other.sum()) == pytest.approx(1.0, abs=0.003)


def test_the_comparison_sees_a_mirrored_or_turned_patient(patient: Study) -> None:
    geometry = patient.geometry
    activity, mu = images(patient)
    other = theirs.project(theirs.system_matrix(geometry, mu), geometry, activity)
    for axis in (0, 1, 2):
        mirrored = projector_for(geometry)(activity.flip(axis)[None], mu.flip(axis)[None])[0]
        assert float(differences(mirrored, other).max()) > 10 * LARGEST_DIFFERENCE
    turned = replace(geometry, angles_rad=tuple(a + math.radians(3) for a in geometry.angles_rad))
    assert float(differences(projector_for(turned)(activity[None], mu[None])[0], other).max()) > 2 * LARGEST_DIFFERENCE


def test_their_osem_comes_to_our_image() -> None:
    study = tiny_study(1, geometry=half_turn(), counts=2e6, scatter_fraction=0.25)
    assert study.attenuation is not None
    system = theirs.system_matrix(study.geometry, torch.from_numpy(study.attenuation))
    data = study_tensors(study)
    mine = osem_iterates(data.projections, data.scatter, data.attenuation, data.projector, subsets=3)
    other = theirs.osem_iterates(study, system, subsets=3)
    body = region_masks(study).body
    with torch.no_grad():
        for _ in range(3):
            ours, image = next(mine)[0].numpy(), next(other)
    assert nrmse(ours, image, body) < 0.04  # the subsets' order differs
    assert float(ours[body].sum()) == pytest.approx(float(image[body].sum()), rel=0.01)


def test_a_geometry_that_they_do_not_know_is_refused() -> None:
    with pytest.raises(ModelError, match=r"24 bins of 16\.0 mm") as caught:
        theirs.system_matrix(tiny_geometry(n_bins=24), None)
    assert caught.value.code == "bench.geometry"
