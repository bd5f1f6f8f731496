"""What faults do to counts and map, and what they never do to the target."""

import json
from functools import lru_cache

import numpy as np
import pytest
from pydantic import ValidationError

from model.geometry import AcquisitionGeometry, Collimator, VolumeGrid, orbit_angles_rad
from model.io.study_records import Study
from model.ventricle import share
from synthesis.perturbation import perturb
from synthesis.perturbation.timing import ViewTimes, decay_factors
from synthesis.phantoms.shapes import Floats, Lattice, ellipsoid, superellipse
from synthesis.simulation.analytic import AnalyticSimulator, finer_geometry
from synthesis.specs.perturbation import (
    CentreSpec,
    DeadTimeSpec,
    MapScaleSpec,
    MapShiftSpec,
    MapTruncationSpec,
    MotionSpec,
    PerturbationSpec,
    UniformitySpec,
)  # fmt: skip

EVERYTHING = PerturbationSpec(
    count_level=(0.2, 0.8),
    decay="Tc-99m",
    detectors=2,
    uniformity=UniformitySpec(share=1),
    dead_time=DeadTimeSpec(share=1),
    motion=MotionSpec(share=1),
    centre_of_rotation=CentreSpec(share=1),
    map_shift=MapShiftSpec(share=1),
    map_scale=MapScaleSpec(share=1),
    map_truncation=MapTruncationSpec(share=1),
)


def camera(views: int = 8) -> AcquisitionGeometry:
    return AcquisitionGeometry(
        angles_rad=orbit_angles_rad(views, start_deg=0.0, arc_deg=360.0),
        radius_mm=(200.0,) * views,
        duration_s=(20.0,) * views,
        n_bins=32,
        n_axial=16,
        bin_mm=9.0,
        axial_mm=9.0,
        collimator=Collimator("LEHR", 1.5, 35.0),
        intrinsic_fwhm_mm=3.9,
        grid=VolumeGrid((16, 32, 32), (9.0, 9.0, 9.0)),
    )


def body(geometry: AcquisitionGeometry, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> tuple[Floats, Floats]:
    """Return activity and attenuation on the fine grid of an uneven patient who lies at (x, y, z)."""
    p = Lattice.of(finer_geometry(geometry, 2).grid)
    heart = share(ellipsoid(p, (30.0 + x, -20.0 + y, 10.0 + z), (25.0, 20.0, 18.0)), 4.5)
    spine = share(superellipse(p, (x, 55.0 + y), (15.0, 15.0), 2.0), 4.5)
    trunk = share(superellipse(p, (x, y), (110.0, 85.0), 2.0), 4.5)
    activity = heart + 0.1 * np.broadcast_to(trunk, heart.shape)
    return activity.astype(np.float32), np.broadcast_to(0.0152 * trunk + 0.01 * spine, heart.shape).astype(np.float32)


@lru_cache(maxsize=1)
def examined() -> tuple[Study, Floats]:
    """Return a study with a map, scatter and a target, and its expected counts (1, V, Z, U)."""
    geometry = camera()
    activity, mu = body(geometry)
    expected = AnalyticSimulator(2).expect(activity, mu, geometry)
    counts = expected.primary * np.float32(1e6 / expected.primary.sum())
    scatter = expected.scatter_shape * np.float32(3e5)
    coarse = mu.reshape(16, 2, 32, 2, 32, 2).mean(axis=(1, 3, 5))
    study = Study(
        projections=(counts + scatter)[None],
        geometry=geometry,
        attenuation=coarse,
        scatter=scatter[None],
        reference=coarse.copy(),
        reference_kind="phantom",
    )
    return study, (counts + scatter)[None]


def measured(spec: PerturbationSpec, seed: int = 0) -> Floats:
    study, expected = examined()
    return perturb(study, expected, spec, np.random.default_rng(seed)).projections_mean


def test_without_faults_everything_comes_back_as_it_was() -> None:
    study, expected = examined()
    result = perturb(study, expected, PerturbationSpec(), np.random.default_rng(0))
    assert result.projections_mean is expected
    assert result.scatter is study.scatter
    assert result.attenuation is study.attenuation
    assert result.record == {}


def test_all_faults_together_leave_the_given_arrays_alone_and_are_on_record() -> None:
    study, expected = examined()
    arrays = [array for array in (expected, study.scatter, study.attenuation, study.reference) if array is not None]
    before = [array.copy() for array in arrays]
    result = perturb(study, expected, EVERYTHING, np.random.default_rng(3))
    assert all(np.array_equal(a, b) for a, b in zip(before, arrays, strict=True))
    assert result.attenuation is not None
    assert result.scatter is not None
    for changed, was in (
        (result.projections_mean, before[0]),
        (result.scatter, before[1]),
        (result.attenuation, before[2]),
    ):
        assert changed.dtype == np.float32
        assert changed.shape == was.shape
        assert changed.min() >= 0
        assert not np.allclose(changed, was)
    said = json.loads(json.dumps(result.record))
    assert set(said) == {
        "count_level", "decay", "uniformity", "dead_time", "motion", "centre_of_rotation_mm", "map_shift_mm",
        "map_scale", "map_truncation_mm",
    }  # fmt: skip


def test_the_same_stream_gives_the_same_faults() -> None:
    assert np.array_equal(measured(EVERYTHING, 5), measured(EVERYTHING, 5))
    assert not np.array_equal(measured(EVERYTHING, 5), measured(EVERYTHING, 6))


def test_one_more_fault_changes_no_other() -> None:
    study, expected = examined()
    motion = PerturbationSpec(motion=MotionSpec(share=1))
    alone = perturb(study, expected, motion, np.random.default_rng(5)).record
    among = perturb(study, expected, EVERYTHING, np.random.default_rng(5)).record
    assert alone["motion"] == among["motion"]


def test_a_fault_befalls_its_share_of_the_studies() -> None:
    study, expected = examined()
    spec = PerturbationSpec(map_scale=MapScaleSpec(share=0.3))
    found = ["map_scale" in perturb(study, expected, spec, np.random.default_rng(seed)).record for seed in range(400)]
    assert 0.22 < np.mean(found) < 0.38


@pytest.mark.parametrize(("x", "y", "z"), [(12.0, 0.0, 0.0), (0.0, 12.0, 0.0), (0.0, 0.0, 12.0), (-7.0, 10.0, -13.0)])
def test_motion_shows_what_a_patient_projected_at_the_other_place_shows(x: float, y: float, z: float) -> None:
    geometry = camera()
    here, there = (
        AnalyticSimulator(2).expect(*body(geometry, *place), geometry).primary for place in ((0.0, 0.0, 0.0), (x, y, z))
    )
    moves = MotionSpec(share=1, kind="abrupt", lateral_mm=(abs(x),) * 2, depth_mm=(abs(y),) * 2, axial_mm=(abs(z),) * 2)
    study = Study(projections=here[None], geometry=geometry)
    for seed in range(60):  # until the drawn directions are the asked ones
        result = perturb(study, here[None], PerturbationSpec(motion=moves), np.random.default_rng(seed))
        drawn = result.record["motion"]
        if np.allclose([drawn["x_mm"], drawn["y_mm"], drawn["z_mm"]], [x, y, z]):
            break
    late = ViewTimes.of(geometry.duration_s, 1).progress > drawn["onset"]
    moved = result.projections_mean[0]
    assert np.array_equal(moved[~late], here[~late])  # not a bin changes before
    middle = slice(3, -3)  # the uniform trunk goes on above and below, the simulated one ends there
    difference = np.abs(moved[late] - there[late])[:, middle].sum()
    assert difference < 0.02 * there[late][:, middle].sum()
    assert difference < 0.1 * np.abs(here[late] - there[late])[:, middle].sum()


def test_a_creeping_patient_moves_a_little_more_in_every_view() -> None:
    creep = MotionSpec(share=1, kind="creeping", lateral_mm=(0, 0), depth_mm=(0, 0), axial_mm=(16, 16))
    rows = np.arange(16, dtype=np.float32)[:, None]
    spot = np.exp(-(((rows - 7.5) / 1.5) ** 2) - ((np.arange(32, dtype=np.float32) - 15.5) / 3) ** 2)
    result = perturb(
        examined()[0], np.tile(spot, (1, 8, 1, 1)), PerturbationSpec(motion=creep), np.random.default_rng(0)
    )
    moved = result.projections_mean[0]
    rows_moved = (moved * rows).sum(axis=(1, 2)) / moved.sum(axis=(1, 2)) - 7.5
    end = result.record["motion"]["z_mm"] / 9
    assert rows_moved == pytest.approx(end * (np.arange(8) + 0.5) / 8, abs=0.01)


def test_detectors_that_measure_together_see_the_patient_at_the_same_time() -> None:
    times = ViewTimes.of((10.0,) * 6, 2)
    assert times.detector.tolist() == [0, 0, 0, 1, 1, 1]
    assert times.start_s.tolist() == [0, 10, 20, 0, 10, 20]
    assert times.end_s == 30


def test_the_radionuclide_decays_by_its_half_life_and_the_total_stays() -> None:
    short = ViewTimes.of((1.0, 6.0067 * 3600 - 1.0, 1.0), 1)  # two views a half-life apart
    factors = decay_factors(short)
    assert factors[2] / factors[0] == pytest.approx(0.5, rel=1e-4)
    assert np.average(factors, weights=short.duration_s) == pytest.approx(1, rel=1e-12)
    _, expected = examined()
    ratio = measured(PerturbationSpec(decay="Tc-99m")).sum(axis=(0, 2, 3)) / expected.sum(axis=(0, 2, 3))
    assert ratio[7] / ratio[0] == pytest.approx(0.5 ** (140 / (6.0067 * 3600)), rel=1e-5)


@pytest.mark.parametrize("paralysable", [False, True])
def test_dead_time_loses_the_events_that_its_model_says(paralysable: bool) -> None:
    _, expected = examined()
    dead = DeadTimeSpec(share=1, tau_us=(5, 5), paralysable=paralysable, events_per_count=3)
    seen = measured(PerturbationSpec(dead_time=dead)).sum(axis=(0, 2, 3), dtype=np.float64)
    rate = expected.sum(axis=(0, 2, 3), dtype=np.float64) * 3 / 20
    counted = rate * np.exp(-rate * 5e-6) if paralysable else rate / (1 + rate * 5e-6)
    assert seen * 3 / 20 == pytest.approx(counted, rel=1e-5)
    assert (seen < 0.99 * expected.sum(axis=(0, 2, 3))).any()


def test_each_detector_keeps_its_own_uneven_sensitivity_during_the_rotation() -> None:
    study, _ = examined()
    uneven = UniformitySpec(share=1, sd=(0.02, 0.02), width_mm=40)
    spec = PerturbationSpec(detectors=2, uniformity=uneven)
    ratio = perturb(study, np.ones_like(study.projections), spec, np.random.default_rng(0)).projections_mean[0]
    assert ratio[1] == pytest.approx(ratio[0], rel=1e-5)
    assert ratio[7] == pytest.approx(ratio[4], rel=1e-5)
    assert np.abs(ratio[4] - ratio[0]).max() > 0.02
    assert ratio[0].std() == pytest.approx(0.02, rel=0.05)
    assert np.abs(np.diff(ratio[0], axis=1)).max() < 0.02  # smooth


def test_a_wrong_centre_of_rotation_moves_all_views_of_a_detector_alike() -> None:
    _, expected = examined()
    study, result_of = (
        examined()[0],
        PerturbationSpec(detectors=2, centre_of_rotation=CentreSpec(share=1, offset_mm=(4, 4))),
    )
    result = perturb(study, expected, result_of, np.random.default_rng(2))
    bins = np.arange(32) * 9.0
    moved = [
        float((new.sum(axis=0) * bins).sum() / new.sum() - (old.sum(axis=0) * bins).sum() / old.sum())
        for new, old in zip(result.projections_mean[0], expected[0], strict=True)
    ]
    offsets = result.record["centre_of_rotation_mm"]
    assert moved == pytest.approx([offsets[0]] * 4 + [offsets[1]] * 4, abs=0.1)


def test_the_count_level_is_drawn_log_uniformly_and_scales_counts_and_scatter() -> None:
    study, expected = examined()
    spec = PerturbationSpec(count_level=(0.05, 1.0))
    levels = []
    for seed in range(200):
        result = perturb(study, expected, spec, np.random.default_rng(seed))
        levels.append(result.record["count_level"])
    assert 0.05 <= min(levels) < 0.07
    assert np.median(levels) == pytest.approx(0.05**0.5, rel=0.35)
    assert result.projections_mean == pytest.approx(expected * levels[-1], rel=1e-5)
    assert result.scatter is not None
    assert study.scatter is not None
    assert result.scatter == pytest.approx(study.scatter * levels[-1], rel=1e-5)


def test_faults_of_the_map_change_the_map_and_not_the_counts() -> None:
    study, expected = examined()
    assert study.attenuation is not None
    spec = PerturbationSpec(
        map_shift=MapShiftSpec(share=1, distance_mm=(18, 18)),
        map_scale=MapScaleSpec(share=1, factor=(0.9, 0.9)),
        map_truncation=MapTruncationSpec(share=1, diameter_mm=(180, 180)),
    )
    result = perturb(study, expected, spec, np.random.default_rng(1))
    assert result.projections_mean is expected
    assert result.attenuation is not None
    x, y, _ = result.record["map_shift_mm"]
    assert np.linalg.norm(result.record["map_shift_mm"]) == pytest.approx(18)
    across = (np.arange(32) - 15.5) * 9
    middle = result.attenuation[8]
    seen = np.hypot(*np.meshgrid(across, across)) <= 90
    kept = np.where(seen, study.attenuation[8], 0)
    assert middle.sum() == pytest.approx(0.9 * kept.sum(), rel=0.02)
    for axis, by in ((0, x), (1, y)):
        centre = [(m.sum(axis=axis) * across).sum() / m.sum() for m in (middle, kept)]
        assert centre[0] - centre[1] == pytest.approx(by, abs=0.5)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"count_level": (0.0, 1.0)}, "greater than 0"),
        ({"count_level": (0.5, 100.0)}, "must lie between 0.001 and 10"),
        ({"motion": {"share": 0.5, "axial_mm": (10, 3)}}, "above the upper limit"),
        ({"motion": {"share": 0.5, "speed": 3}}, "Extra inputs"),
        ({"decay": "Tl-201"}, "Input should be 'Tc-99m'"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_the_reason(data: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PerturbationSpec.model_validate(data)
