"""Whole studies with faults: what a camera and a patient do wrong never reaches the target."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from model.geometry import EnergyWindow
from model.io.study_records import Study, check_study
from model.scatter import ScatterSource, scatter_estimate
from synthesis.sample import make_study
from synthesis.scenario import Scenario, load_scenario
from synthesis.specs.perturbation import (
    DeadTimeSpec,
    MapShiftSpec,
    MapTruncationSpec,
    MotionSpec,
    PerturbationSpec,
    UniformitySpec,
)  # fmt: skip

FAULTS = PerturbationSpec(
    count_level=(0.3, 0.6),
    decay="Tc-99m",
    uniformity=UniformitySpec(share=1),
    dead_time=DeadTimeSpec(share=1),
    motion=MotionSpec(share=1),
    map_shift=MapShiftSpec(share=1),
    map_truncation=MapTruncationSpec(share=1),
)
QUICK = load_scenario("quick")
FAULTY = QUICK.model_copy(update={"perturbation": FAULTS})
TWO_WINDOWS = QUICK.model_copy(update={"scatter_window_kev": (114.0, 126.45)})


@lru_cache(maxsize=4)
def study_of(scenario: Scenario) -> Study:
    return make_study(scenario, QUICK.sites[0].name, seed=21, index=1)


def test_the_target_is_bit_identical_with_and_without_faults() -> None:
    sound, faulty = study_of(QUICK), study_of(FAULTY)
    check_study(faulty)
    assert sound.truth is not None
    assert faulty.truth is not None
    for one, other in (
        (sound.reference, faulty.reference),
        (sound.labels, faulty.labels),
        (sound.truth.aha, faulty.truth.aha),
        (sound.truth.defect_map, faulty.truth.defect_map),
    ):
        assert one is not None
        assert other is not None
        assert one.tobytes() == other.tobytes()
    assert sound.truth.defects == faulty.truth.defects
    assert sound.truth.heart == faulty.truth.heart
    assert sound.geometry == faulty.geometry


def test_faults_change_counts_scatter_and_map_and_are_recorded_with_the_study() -> None:
    sound, faulty = study_of(QUICK), study_of(FAULTY)
    assert sound.scatter is not None
    assert faulty.scatter is not None
    assert sound.attenuation is not None
    assert faulty.attenuation is not None
    level = faulty.provenance["perturbation"]["count_level"]
    assert faulty.projections.sum() == pytest.approx(sound.projections.sum() * level, rel=0.05)
    assert faulty.scatter.sum() == pytest.approx(sound.scatter.sum() * level, rel=0.1)
    assert not np.array_equal(faulty.attenuation, sound.attenuation)
    assert set(faulty.provenance["perturbation"]) >= {"decay", "motion", "map_shift_mm", "map_truncation_mm"}
    assert "perturbation" not in sound.provenance


def test_a_scenario_with_faults_has_its_own_identity_and_one_without_keeps_its_old_one() -> None:
    assert FAULTY.digest != QUICK.digest
    assert QUICK.model_copy(update={"perturbation": PerturbationSpec()}).digest == QUICK.digest


def test_a_study_with_a_scatter_window_gives_its_scatter_back() -> None:
    study = study_of(TWO_WINDOWS)
    check_study(study)
    assert study.scatter is None
    assert study.geometry.windows[1] == EnergyWindow("scatter", 114.0, 126.45)
    found = scatter_estimate(study)
    assert found.source is ScatterSource.DUAL_WINDOW
    assert found.counts is not None
    put_in = study.provenance["expected_counts"] * study.provenance["scatter_fraction"]
    assert found.counts.sum() == pytest.approx(put_in, rel=0.1)


def test_the_scatter_window_changes_nothing_else() -> None:
    one, two = study_of(QUICK), study_of(TWO_WINDOWS)
    assert one.projections[0].tobytes() == two.projections[0].tobytes()
    assert one.reference is not None
    assert two.reference is not None
    assert one.reference.tobytes() == two.reference.tobytes()
    assert replace(two.geometry, windows=one.geometry.windows) == one.geometry


def test_the_built_in_imperfect_scenario_makes_valid_studies_with_different_faults() -> None:
    scenario = load_scenario("imperfect")
    small = scenario.model_copy(update={"grid": QUICK.grid, "orbit": QUICK.orbit})
    studies = [make_study(small, "imperfect", seed=5, index=index) for index in range(4)]
    for study in studies:
        check_study(study)
    records = [set(study.provenance["perturbation"]) for study in studies]
    assert all({"count_level", "decay"} <= record for record in records)
    assert len({frozenset(record) for record in records}) > 1
