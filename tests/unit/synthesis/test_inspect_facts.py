"""A study is measured on its own maps, and what stands out or makes a set a poor one is said in words."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.io.study import Study, read_study, write_study
from synthesis.inspection import planes
from synthesis.inspection.collect import inspect_folder
from synthesis.inspection.facts import DefectFacts, StudyFacts, study_facts
from synthesis.inspection.figures import distribution, main_territory, set_figures
from synthesis.inspection.folder import Part
from synthesis.inspection.outliers import find_outliers
from synthesis.inspection.verdicts import warn
from synthesis.manifest import Manifest
from tests.support.study_sets import make_set


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    folder = tmp_path_factory.mktemp("set")
    return folder, make_set(folder, studies=4, seed=3)


@pytest.fixture(scope="module")
def study(made: tuple[Path, Manifest]) -> Study:
    return read_study(made[0] / "study-00000.h5")


@pytest.fixture(scope="module")
def facts(study: Study) -> StudyFacts:
    return study_facts("study-00000.h5", study)


def population(facts: StudyFacts, number: int, *, bodies: int | None = None) -> list[StudyFacts]:
    """Vary what a healthy population varies; the same numbers every time."""
    rng = np.random.default_rng(5)
    return [
        replace(
            facts,
            name=f"study-{i:05d}.h5",
            index=i,
            body=f"body-{i % (bodies or number)}",
            noise=f"noise-{i}",
            counts=float(np.exp(rng.uniform(13.5, 15.0))),
            expected=None,
            width_mm=float(rng.uniform(300, 390)),
            heart_length_mm=float(rng.uniform(70, 94)),
            azimuth_deg=float(rng.normal(48, 8)),
            descent_deg=float(rng.normal(28, 8)),
            female=bool(i % 2),
            defects=(DefectFacts(0.6, 0.1, (1 + i % 17,)),) if i % 3 else (),
        )
        for i in range(number)
    ]


def warnings(facts: Sequence[StudyFacts], parts: Sequence[Part] = ()) -> str:
    return " ".join(f"{about} {text}" for about, text in warn(set_figures(facts), parts))


def test_lengths_and_directions_agree_with_what_the_generator_drew(study: Study, facts: StudyFacts) -> None:
    anatomy, voxel = study.provenance["anatomy"], study.geometry.grid.voxel_mm[2]
    ventricle = anatomy["ventricle"]
    assert facts.azimuth_deg == pytest.approx(ventricle["azimuth_deg"], abs=0.1)
    assert facts.descent_deg == pytest.approx(ventricle["elevation_deg"], abs=0.1)
    assert facts.heart_length_mm == pytest.approx(ventricle["length"], rel=1e-3)
    half = anatomy["cavity_half"][0] + anatomy["fat"] + anatomy["muscle"]
    assert facts.width_mm == pytest.approx(2 * half, abs=2.5 * voxel)
    assert facts.female is anatomy["female"]
    assert facts.scatter_fraction == pytest.approx(study.provenance["scatter_fraction"], abs=0.03)


def test_a_voxel_size_that_is_wrong_changes_the_measured_body(study: Study, facts: StudyFacts) -> None:
    grid = replace(study.geometry.grid, voxel_mm=(20.0, 20.0, 20.0))
    wrong = replace(study, geometry=replace(study.geometry, grid=grid, axial_mm=20.0))
    width = study_facts("x", wrong).width_mm
    assert width is not None
    assert facts.width_mm is not None
    assert width / facts.width_mm == pytest.approx(20.0 / study.geometry.grid.voxel_mm[2])


def test_an_attenuation_map_in_the_wrong_unit_is_named(study: Study) -> None:
    assert study.attenuation is not None
    facts = study_facts("study-00000.h5", replace(study, attenuation=study.attenuation * np.float32(1.22)))
    assert any("tissue attenuates" in outlier.reason for outlier in find_outliers([facts]))


def test_twenty_studies_of_one_body_are_said_to_share_it(facts: StudyFacts) -> None:
    assert "All 20 studies share one body" in warnings(population(facts, 20, bodies=1))


def test_fewer_bodies_than_patients_are_said(facts: StudyFacts) -> None:
    assert "40 patients were asked for, but only 30 bodies differ" in warnings(population(facts, 40, bodies=30))


def test_variants_of_many_bodies_are_no_fault(facts: StudyFacts) -> None:
    bodies = population(facts, 30)
    again = [replace(one, variant=1, noise=one.noise + "b") for one in bodies]
    assert warnings([*bodies, *again]) == ""


def test_a_varied_set_gets_no_warning_and_no_outliers(facts: StudyFacts) -> None:
    varied = population(facts, 200)
    assert warnings(varied) == ""
    assert find_outliers(varied) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"defects": ()}, "No study holds an infarct"),
        ({"defects": (DefectFacts(0.5, 0.1, (7,)),)}, "Every study holds an infarct"),
        ({"female": True}, "All 60 studies are of women"),
        ({"width_mm": 350.0}, "Body width hardly varies"),
        ({"azimuth_deg": 45.0, "descent_deg": 30.0}, "All hearts point the same way"),
        ({"noise": "same"}, "59 of 60 studies hold the same projections"),
    ],
)
def test_what_makes_a_set_poor_is_said_in_words(facts: StudyFacts, change: dict[str, object], said: str) -> None:
    assert said in warnings([replace(one, **change) for one in population(facts, 60)])  # type: ignore[arg-type]


def test_segments_that_no_infarct_reaches_are_named(facts: StudyFacts) -> None:
    one_place = (DefectFacts(0.5, 0.1, (7,)),)
    only = [replace(one, defects=one_place if i % 2 else ()) for i, one in enumerate(population(facts, 130))]
    assert "No infarct reaches: basal anterior, basal anteroseptal" in warnings(only)


def test_different_sizes_at_one_site_are_said(facts: StudyFacts) -> None:
    mixed = population(facts, 30)
    mixed[0] = replace(mixed[0], grid="48 x 48 x 16 voxels of 8.8 mm, 60 views of 48 x 16")
    assert "2 different grids" in warnings(mixed)


def test_a_monte_carlo_on_test_data_is_said(facts: StudyFacts, made: tuple[Path, Manifest]) -> None:
    folder, manifest = made
    record = manifest.studies[0].model_copy(update={"simulated_with": {"g4data": "xraylib-mini"}})
    part = Part(folder, "", manifest.model_copy(update={"studies": (record,), "complete": False}))
    text = warnings(population(facts, 30), [part])
    assert "not for training" in text
    assert "has not ended" in text


def test_outliers_are_named_with_figure_and_reason_within_their_site(facts: StudyFacts) -> None:
    low = [replace(one, site="north", counts=one.counts / 100) for one in population(facts, 30)]
    high = [replace(one, site="south", name=f"south/{one.name}") for one in population(facts, 30)]
    high[4] = replace(high[4], counts=high[4].counts * 50, width_mm=700.0)
    found = find_outliers([*low, *high])
    assert {outlier.name for outlier in found} == {high[4].name}
    assert {outlier.figure for outlier in found} == {"counts", "width_mm"}
    assert all(outlier.z is not None and outlier.z > 3.5 for outlier in found)
    assert any("body width 700 mm, usual is" in outlier.reason for outlier in found)


def test_counts_that_cannot_come_from_the_expected_ones_are_named(facts: StudyFacts) -> None:
    assert find_outliers([replace(facts, counts=1e6, expected=1.02e6)])[0].reason.startswith("1000000 counts are 20")
    assert find_outliers([replace(facts, counts=1e6, expected=1.001e6)]) == []
    assert find_outliers([replace(facts, counts=0.0)])[0].reason == "it holds no counts"


def test_an_infarct_that_does_not_show_in_the_activity_is_named(facts: StudyFacts) -> None:
    shown = replace(facts, shown_defect=0.97, expected_defect=0.4)
    assert "hardly shows" in find_outliers([shown])[0].reason
    assert find_outliers([replace(shown, shown_defect=0.6)]) == []


def test_an_infarct_shows_in_the_activity_of_a_real_study(made: tuple[Path, Manifest]) -> None:
    sick = [record.file for record in made[1].studies if record.defects]
    assert sick
    for file in sick:
        facts = study_facts(file, read_study(made[0] / file))
        assert facts.shown_defect is not None
        assert facts.expected_defect is not None
        assert facts.expected_defect - 0.05 <= facts.shown_defect < 0.95


def test_the_short_axis_has_the_anterior_wall_above_and_the_septum_on_the_left(study: Study) -> None:
    assert study.truth is not None
    size = planes.SHORT_AXIS_PIXELS / 2

    def centre(*segments: int) -> tuple[float, float]:
        plane = planes.short_axis(study, np.isin(study.truth.aha, segments).astype(np.float32))  # type: ignore[union-attr]
        assert plane is not None
        weight = plane.values / plane.values.sum()
        rows, columns = np.indices(weight.shape)
        return float((weight * rows).sum()) - size, float((weight * columns).sum()) - size

    assert centre(1, 7)[0] < -3
    assert centre(4, 10)[0] > 3
    assert centre(2, 3, 8, 9)[1] < -3
    assert centre(5, 6, 11, 12)[1] > 3


def test_the_sinogram_runs_over_angle_and_detector_position(study: Study) -> None:
    _, views, _, bins = study.projections.shape
    assert planes.sinogram(study).shape == (views, bins)
    assert [plane.shape for _, plane in planes.views(study)] == [study.projections.shape[2:]] * 3


def test_a_study_without_truth_labels_or_maps_is_still_counted(study: Study, tmp_path: Path) -> None:
    bare = replace(study, truth=None, labels=None, label_codes={}, attenuation=None, scatter=None, reference=None, reference_kind=None, provenance={})  # fmt: skip
    write_study(tmp_path / "scan.h5", bare)
    found = inspect_folder(tmp_path)
    assert found.figures["studies"] == 1
    assert found.figures["bodies"]["distinct"] == 0
    assert found.figures["distributions"]["width_mm"] is None


def test_the_spread_of_a_figure_ignores_what_is_unknown() -> None:
    row = distribution([1.0, None, 3.0])
    assert row is not None
    assert (row["n"], row["mean"]) == (2, 2.0)
    assert row["sd"] == pytest.approx(2**0.5, rel=1e-5)
    assert distribution([None]) is None


def test_an_infarct_belongs_to_the_territory_of_most_of_its_segments() -> None:
    assert main_territory(DefectFacts(0.5, 0.1, (9, 10, 8))) == "RCA"
    assert main_territory(DefectFacts(0.5, 0.1, ())) is None
