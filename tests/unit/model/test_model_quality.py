"""Promises of quality control: each check speaks where its fault is and is silent where it is not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
import pytest

from model.geometry import EnergyWindow
from model.io.study import Study
from model.quality.check import CHECKS, check_file, check_study
from model.quality.report import Level, QualityReport
from tests.support.studies import tiny_geometry, tiny_study, write_tiny_study

Change = Callable[[Study], Study]


@pytest.fixture(scope="module")
def clean() -> Study:
    return tiny_study(3, geometry=tiny_geometry(shape=(8, 40, 40), voxel_mm=9.0, views=32, radius_mm=230.0), counts=2e6)


@pytest.fixture(scope="module")
def reports() -> dict[str, QualityReport]:
    return {}


def report_of(name: str, clean: Study, reports: dict[str, QualityReport]) -> QualityReport:
    if name not in reports:
        reports[name] = check_study(FAULTS[name][0](clean))
    return reports[name]


def codes(study: Study) -> set[str]:
    return {finding.code for finding in check_study(study).findings}


def counted(study: Study, change: Callable[[np.ndarray], None]) -> Study:
    projections = study.projections.copy()
    change(projections[0])
    return replace(study, projections=projections)


def placed(study: Study, **changes: Any) -> Study:
    return replace(study, geometry=replace(study.geometry, **changes))


def without_views(study: Study, *views: int) -> Study:
    keep = [i for i in range(study.geometry.n_views) if i not in views]
    geometry = study.geometry
    per_view: dict[str, Any] = {
        name: tuple(getattr(geometry, name)[i] for i in keep) for name in ("angles_rad", "radius_mm", "duration_s")
    }
    return replace(
        study,
        projections=study.projections[:, keep],
        scatter=None if study.scatter is None else study.scatter[:, keep],
        geometry=replace(geometry, **per_view),
    )


def scaled(view: int, factor: float) -> Change:
    def change(p: np.ndarray) -> None:
        p[view] *= factor

    return lambda study: counted(study, change)


def pixel(value: float) -> Change:
    def change(p: np.ndarray) -> None:
        p[:, 4, 20] = value * p[:, 4, 20]

    return lambda study: counted(study, change)


def written(views: slice) -> Change:
    def change(p: np.ndarray) -> None:
        for column in (2, 3, 5, 7):
            p[views, 1:6, column] = p.max()

    return lambda study: counted(study, change)


def cut(study: Study) -> Study:
    def change(p: np.ndarray) -> None:
        p[:, :, :12] = 0
        p[:, :, -12:] = 0

    return counted(study, change)


def mapped(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    return lambda study: replace(study, attenuation=change(study.attenuation.copy()).astype(np.float32))  # type: ignore[union-attr]


def jumped(rows: int, bins: int) -> Change:
    def change(p: np.ndarray) -> None:
        p[16:] = np.roll(p[16:], (rows, bins), axis=(1, 2))

    return lambda study: counted(study, change)


def off_axis(study: Study) -> Study:
    return counted(study, lambda p: np.copyto(p, np.roll(p, 1, axis=2)))


def moved_map(study: Study) -> Study:
    return mapped(lambda mu: np.roll(mu, 2, axis=2))(study)


def lettered(mu: np.ndarray) -> np.ndarray:
    for column in (1, 3, 5):
        mu[4, 1:6, column] = 0.03
    return mu


def described(**words: object) -> Change:
    return lambda study: replace(study, provenance=dict(study.provenance) | words)


FAULTS: dict[str, tuple[Change, str]] = {
    "three views of 32 are not there": (lambda s: without_views(s, 9, 10, 11), "views.spacing"),
    "every second view only": (lambda s: without_views(s, *range(1, 32, 2)), "views.few"),
    "a step of half the angle": (lambda s: placed(s, angles_rad=tuple(a / 2 for a in s.geometry.angles_rad)), "views.arc"),
    "radii in cm": (lambda s: placed(s, radius_mm=(23.0,) * 32), "orbit.radius"),
    "a diameter": (lambda s: placed(s, radius_mm=(460.0,) * 32), "orbit.radius"),
    "one radius of another unit": (lambda s: placed(s, radius_mm=(*(230.0,) * 20, 310.0, *(230.0,) * 11)), "orbit.jump"),
    "a collimator in the body": (lambda s: placed(s, radius_mm=(95.0,) * 32), "orbit.body"),
    "a window beside the peak": (lambda s: placed(s, windows=(EnergyWindow("p", 114.0, 132.0),)), "windows.peak"),
    "a window that lets everything in": (lambda s: placed(s, windows=(EnergyWindow("p", 105.0, 176.0),)), "windows.width"),
    "a tenth of the counts": (lambda s: replace(s, projections=s.projections // 10), "counts.low"),
    "an empty view": (scaled(12, 0.0), "views.missing"),
    "a view of three quarters": (scaled(12, 0.75), "counts.view"),
    "a detector that counts less": (lambda s: counted(s, lambda p: np.multiply(p[16:], 0.85, out=p[16:])), "counts.step"),
    "a dead element": (pixel(0.0), "pixels.dead"),
    "a hot element": (pixel(6.0), "pixels.hot"),
    "writing in every view": (written(slice(None)), "identifiers.burnt_in"),
    "writing in one view": (written(slice(3, 4)), "identifiers.burnt_in"),
    "a body wider than the field of view": (cut, "truncation"),
    "a map in cm^-1": (mapped(lambda mu: mu * 10), "map.units"),
    "a map for 511 keV": (mapped(lambda mu: mu * 0.62), "map.units"),
    "an empty map": (mapped(lambda mu: mu * 0), "map.empty"),
    "a patient who moved along the axis": (jumped(1, 0), "motion.axial"),
    "a patient who moved across": (jumped(0, 1), "motion.lateral"),
    "an axis beside the middle": (off_axis, "centre"),
    "a map that lies beside": (moved_map, "map.shift"),
    "a reference of another scale": (lambda s: replace(s, reference=np.float32(1.2) * cast("np.ndarray", s.reference)), "calibration"),
    "writing in the map": (mapped(lettered), "identifiers.burnt_in"),
    "a name": (described(source="Doe^Jane"), "identifiers.words"),
    "a day": (described(note="taken on 2024-03-18"), "identifiers.words"),
    "a unique identifier": (described(parts=["1.2.840.113619.2.55.3"]), "identifiers.words"),
    "a patient's number": (described(note="case 00482913"), "identifiers.words"),
    "a key of another language": (described(Geburtstag="x"), "identifiers.words"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(clean: Study, reports: dict[str, QualityReport], name: str) -> None:
    assert FAULTS[name][1] in {finding.code for finding in report_of(name, clean, reports).findings}


def test_a_sound_study_raises_nothing(clean: Study) -> None:
    report = check_study(clean)
    assert report.findings == ()
    assert report.level is None
    assert "pixels" in report.checked


def test_a_study_without_map_and_reference_is_checked_as_far_as_it_goes(clean: Study) -> None:
    bare = replace(clean, attenuation=None, reference=None, reference_kind=None, scatter=None, truth=None, labels=None)
    report, whole = check_study(bare), check_study(clean)
    assert report.findings == ()
    assert set(whole.checked) == set(CHECKS)
    assert set(whole.checked) - set(report.checked) == {"map", "place of the map", "reference"}


def test_what_few_views_do_not_allow_is_not_among_the_checks_that_were_made(clean: Study) -> None:
    report = check_study(tiny_study(geometry=tiny_geometry(views=5)))
    assert {"views", "counts", "words"} <= set(report.checked)
    assert not {"arc", "each view", "pixels", "motion", "place of the map", "reference"} & set(report.checked)


@pytest.mark.parametrize("name", ["radii in cm", "writing in every view", "an empty view", "a map in cm^-1", "a name"])
def test_what_cannot_be_right_is_an_error(clean: Study, reports: dict[str, QualityReport], name: str) -> None:
    report = report_of(name, clean, reports)
    assert report.level is Level.ERROR
    assert FAULTS[name][1] in {finding.code for finding in report.errors}


@pytest.mark.parametrize("name", FAULTS)
def test_a_report_survives_json_and_never_holds_what_names_a_person(
    clean: Study, reports: dict[str, QualityReport], name: str
) -> None:
    report = report_of(name, clean, reports)
    assert QualityReport.from_dict(report.to_dict()).to_dict() == report.to_dict()
    text = str(report.to_dict())
    assert not any(word in text for word in ("Doe", "2024", "113619", "00482913"))
    assert all(finding.remedy and finding.text.endswith((".", "?")) for finding in report.findings)


def test_findings_come_the_gravest_first(clean: Study) -> None:
    report = check_study(scaled(12, 0.75)(placed(clean, radius_mm=(23.0,) * 32)))
    ranks = [finding.level.rank for finding in report.findings]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) > 1


def test_a_file_with_an_item_that_no_study_has_is_an_error_that_does_not_tell_its_name(tmp_path: Path) -> None:
    path = tmp_path / "study.h5"
    write_tiny_study(path)
    assert "identifiers.items" not in {finding.code for finding in check_file(path).findings}
    with h5py.File(path, "a") as file:
        file.attrs["Jane"] = "Doe"
        file["projections"].attrs["who"] = "Doe"
    [finding] = [one for one in check_file(path).findings if one.code == "identifiers.items"]
    assert finding.numbers["items"] == 2
    assert "Jane" not in str(finding.to_dict())
