"""Five faults that an earlier pipeline had and that must not return.

Too few bodies, wrong physics, wrong dimensions, augmentation that destroys what is learned, no ailments.
"""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from model.io.study import Study, read_study
from model.projector import projector_for
from synthesis.manifest import Manifest
from synthesis.pipeline import generate
from synthesis.sample import make_study
from synthesis.scenario import load_scenario
from tests.support.scenarios import quick_scenario

BODIES = 8
QUICK = load_scenario("quick")
FAULTY = {
    "perturbation": {
        "motion": {"share": 1.0},
        "uniformity": {"share": 1.0},
        "centre_of_rotation": {"share": 1.0},
        "dead_time": {"share": 1.0},
        "map_shift": {"share": 1.0},
        "map_truncation": {"share": 1.0},
        "count_level": [0.3, 0.3],
    }
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Manifest, list[Study]]:
    folder = tmp_path_factory.mktemp("bodies")
    manifest = generate(QUICK, folder, BODIES, 7, variants=2, workers=2)
    return manifest, [read_study(folder / record.file) for record in manifest.studies]


# ---------------------------------------------------------------- too few bodies


def test_n_studies_are_n_different_bodies_and_variants_are_counted_apart(made: tuple[Manifest, list[Study]]) -> None:
    manifest, studies = made
    summary = manifest.summary()
    assert (summary["bodies"], summary["studies"], summary["variants"]) == (BODIES, 2 * BODIES, 2)
    assert len({study.provenance["patient_key"] for study in studies}) == BODIES
    shapes = {study.labels.tobytes() for study in studies if study.labels is not None}
    assert len(shapes) == BODIES
    first = [study for study in studies if "variant" not in study.provenance]
    assert len(first) == BODIES


def test_bodies_differ_as_people_do_and_not_by_noise_only(made: tuple[Manifest, list[Study]]) -> None:
    _, studies = made
    first = [study for study in studies if "variant" not in study.provenance]
    bodies = [study.labels > 0 for study in first if study.labels is not None]
    overlap = [2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in itertools.combinations(bodies, 2)]
    assert max(overlap) < 0.99
    volumes = np.array([body.sum() for body in bodies], dtype=float)
    assert volumes.std() / volumes.mean() > 0.05
    hearts = np.array([np.argwhere(study.truth.aha > 0).mean(axis=0) for study in first if study.truth is not None])
    assert (hearts.std(axis=0) * 11.8 > 3.0).all()  # mm, along every axis


# ---------------------------------------------------------------- wrong physics


def test_counts_fall_with_depth_as_water_attenuates_and_blur_grows_with_distance() -> None:
    """Compare with the closed form, not with our own projector: a point source in a cylinder of water."""
    from synthesis.simulation.analytic import AnalyticSimulator, finer_grid

    scenario = quick_scenario({"orbit": {"views": 4, "start_deg": 0.0, "arc_deg": 360.0}})
    site = scenario.sites[0]
    geometry, fine = scenario.geometry(site, 200.0), finer_grid(scenario.volume_grid(), 2)
    _, y, x = (np.arange(n) - (n - 1) / 2 for n in fine.shape)
    step, radius, mu, depth_voxel = fine.voxel_mm[2], 120.0, 0.0154, 8
    water = np.broadcast_to((x[None] ** 2 + y[:, None] ** 2) * step**2 < radius**2, fine.shape)
    activity = np.zeros(fine.shape, dtype=np.float32)
    place = (fine.shape[0] // 2, fine.shape[1] // 2 + depth_voxel, fine.shape[2] // 2)
    activity[place] = 1.0
    found = AnalyticSimulator(2).expect(activity, (water * mu).astype(np.float32), geometry).primary
    behind = radius - y[place[1]] * step  # way through water towards the back, where view 0 looks from
    front = radius + y[place[1]] * step
    ratio = float(found[0].sum() / found[2].sum())
    assert ratio == pytest.approx(math.exp(mu * (front - behind)), rel=0.05)
    width = [_fwhm_mm(found[view].sum(axis=0), geometry.bin_mm) for view in (0, 2)]
    hole, length = site.collimator.hole_mm, site.collimator.length_mm
    for view, sign in ((0, 1), (1, -1)):
        distance = 200.0 - sign * float(y[place[1]]) * step
        resolution = math.hypot(hole * (length + distance) / length, site.intrinsic_fwhm_mm)
        within_a_bin = math.sqrt(resolution**2 + (geometry.bin_mm * 2.3548) ** 2 / 12)
        assert width[view] == pytest.approx(within_a_bin, rel=0.12)
    assert width[1] > width[0]


def _fwhm_mm(profile: np.ndarray, bin_mm: float) -> float:
    place = np.arange(profile.size) * bin_mm
    mean = (profile * place).sum() / profile.sum()
    return 2.3548 * math.sqrt(float((profile * (place - mean) ** 2).sum() / profile.sum()))


def test_noise_is_poisson_and_the_reference_projects_to_the_unscattered_counts() -> None:
    noisy, clean = (make_study(QUICK, "quick", seed=2, index=1, noise=noise) for noise in (True, False))
    mean = clean.projections[clean.projections > 5]
    excess = (noisy.projections[clean.projections > 5] - mean) / np.sqrt(mean)
    assert excess.mean() == pytest.approx(0.0, abs=0.03)
    assert excess.std() == pytest.approx(1.0, abs=0.03)
    assert (noisy.projections == np.round(noisy.projections)).all()
    assert clean.reference is not None
    assert clean.attenuation is not None
    with torch.no_grad():
        model = projector_for(clean.geometry).forward(
            torch.from_numpy(clean.reference)[None], torch.from_numpy(clean.attenuation)[None]
        )
    primary = float(clean.projections.sum()) * (1 - clean.provenance["scatter_fraction"])
    assert float(model.sum()) == pytest.approx(primary, rel=0.05)


# ---------------------------------------------------------------- wrong dimensions


@pytest.mark.parametrize("name", ["quick", "cardiac", "perfusion-64"])
def test_volumes_and_projections_have_the_sizes_that_the_scenario_says(name: str, tmp_path: Path) -> None:
    scenario = load_scenario(name)
    generate(scenario, tmp_path, 1, 0, site=scenario.sites[0].name, workers=1)
    study = read_study(tmp_path / "study-00000.h5")
    z, y, x = scenario.grid.shape
    assert study.projections.shape == (1, scenario.orbit.views, z, x)
    assert study.scatter is not None
    assert study.scatter.shape == study.projections.shape
    assert study.truth is not None
    for volume in (study.reference, study.attenuation, study.labels, study.truth.aha, study.truth.defect_map):
        assert volume is not None
        assert volume.shape == (z, y, x)
    geometry = study.geometry
    assert (geometry.bin_mm, geometry.axial_mm) == (scenario.grid.voxel_mm[2], scenario.grid.voxel_mm[0])
    assert len(geometry.angles_rad) == len(geometry.radius_mm) == len(geometry.duration_s) == scenario.orbit.views


# ---------------------------------------------------------------- destructive augmentation


def test_what_is_learned_is_the_same_bytes_with_and_without_noise_and_faults() -> None:
    perfect = make_study(QUICK, "quick", seed=4, index=0, noise=False)
    for index, (sections, noise) in enumerate([({}, True), (FAULTY, False), (FAULTY, True)]):
        study = make_study(quick_scenario(dict(sections)), "quick", seed=4, index=0, noise=noise)
        assert (study.projections != perfect.projections).any(), index
        for name in ("reference", "labels"):
            assert getattr(study, name).tobytes() == getattr(perfect, name).tobytes(), name
        assert study.truth is not None
        assert perfect.truth is not None
        assert study.truth.aha.tobytes() == perfect.truth.aha.tobytes()
        assert study.truth.defect_map.tobytes() == perfect.truth.defect_map.tobytes()
        assert study.truth.defects == perfect.truth.defects
        assert ("perturbation" in study.provenance) == bool(sections)


def test_the_attenuation_map_changes_only_where_a_fault_of_it_was_asked_for() -> None:
    perfect = make_study(QUICK, "quick", seed=4, index=0)
    moved = make_study(quick_scenario(dict(FAULTY)), "quick", seed=4, index=0)
    faults = {"perturbation": {"motion": {"share": 1.0}}}
    patient_moved = make_study(quick_scenario(dict(faults)), "quick", seed=4, index=0)
    assert perfect.attenuation is not None
    assert moved.attenuation is not None
    assert patient_moved.attenuation is not None
    assert (moved.attenuation != perfect.attenuation).any()
    assert patient_moved.attenuation.tobytes() == perfect.attenuation.tobytes()


# ---------------------------------------------------------------- no ailments


def test_diseased_patients_are_made_and_their_infarcts_are_seen_in_activity_and_sinogram() -> None:
    share = QUICK.sites[0].infarct_share
    studies = [make_study(QUICK, "quick", seed=9, index=index) for index in range(24)]
    sick = sum(bool(study.truth.defects) for study in studies if study.truth is not None)
    spread = math.sqrt(24 * share * (1 - share))
    assert abs(sick - 24 * share) < 3 * spread
    lesions = {
        "theta_width_deg": [80, 100],
        "x_width_mm": [35, 45],
        "wall_fraction": [0.9, 1.0],
        "severity": [0.5, 0.5],
    }
    always, never = (quick_scenario({"lesions": lesions}, infarct_share=share) for share in (1.0, 0.0))
    for index in range(3):
        diseased, healthy = (make_study(s, "quick", seed=9, index=index, noise=False) for s in (always, never))
        assert diseased.truth is not None
        assert diseased.reference is not None
        assert healthy.reference is not None
        covered = diseased.truth.defect_map > 0
        assert covered.any()
        named = {segment for defect in diseased.truth.defects for segment in defect.segments}
        assert set(np.unique(diseased.truth.aha[covered]).tolist()) & named
        outside = (healthy.reference > 0) & (diseased.truth.aha == 0)
        same_dose = healthy.reference[outside].sum() / diseased.reference[outside].sum()
        loss = 1 - diseased.reference[covered].sum() * same_dose / healthy.reference[covered].sum()
        assert loss > 0.2  # of the 0.5: on 12 mm voxels the border zone is most of it
        lost = healthy.projections / same_dose - diseased.projections
        seen = math.sqrt(float((lost**2 / np.maximum(diseased.projections, 1e-3)).sum()))  # ideal observer
        assert seen > 5
