"""Files that a camera wrote apart, by window or by head, are one scan; copies, beds and other examinations are not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from model.io.dicom import AnonymousIds, write_nm_tomo
from model.io.imported import ImportedStudy, PatientFrame
from model.io.importing import discover, import_studies
from model.io.study_records import Study
from model.quantification import ActivityCalibration, calibration_of, with_calibration
from tests.support.studies import tiny_study


def of_windows(study: Study, windows: list[int]) -> Study:
    geometry = replace(study.geometry, windows=tuple(study.geometry.windows[i] for i in windows))
    return replace(study, projections=study.projections[windows], geometry=geometry)


def of_views(study: Study, views: slice) -> Study:
    g = study.geometry
    geometry = replace(g, angles_rad=g.angles_rad[views], radius_mm=g.radius_mm[views], duration_s=g.duration_s[views])
    return replace(study, projections=study.projections[:, views].copy(), geometry=geometry)


def names(path: Path) -> list[list[str]]:
    return [[file.name for file in scan.files] for scan in discover(path).scans]


def with_sensitivity(found: ImportedStudy) -> ImportedStudy:
    return replace(found, study=with_calibration(found.study, ActivityCalibration(80.0)))


@pytest.fixture(scope="module")
def study() -> Study:
    return tiny_study(windows=2)


def test_windows_in_files_of_their_own_are_one_scan_with_the_photopeak_first(tmp_path: Path, study: Study) -> None:
    write_nm_tomo(tmp_path / "a.dcm", of_windows(study, [1]))
    write_nm_tomo(tmp_path / "b.dcm", of_windows(study, [0]))
    assert names(tmp_path) == [["a.dcm", "b.dcm"]]
    assert names(tmp_path / "b.dcm") == [["b.dcm", "a.dcm"]]
    for source in (tmp_path, tmp_path / "b.dcm"):
        [found] = import_studies(source)
        assert [w.name for w in found.study.geometry.windows] == ["photopeak", "scatter"]
        np.testing.assert_array_equal(found.study.projections, study.projections)
        assert "2 files of one acquisition were put together." in found.notes
        assert not any("No energy window holds" in note for note in found.notes)


def test_heads_in_files_of_their_own_are_one_scan(tmp_path: Path, study: Study) -> None:
    half = study.geometry.n_views // 2
    write_nm_tomo(tmp_path / "a.dcm", of_views(study, slice(None, half)))
    write_nm_tomo(tmp_path / "b.dcm", of_views(study, slice(half, None)))
    assert names(tmp_path) == [["a.dcm", "b.dcm"]]
    [found] = import_studies(tmp_path)
    np.testing.assert_array_equal(found.study.projections, study.projections)
    np.testing.assert_allclose(found.study.geometry.angles_rad, study.geometry.angles_rad, atol=1e-5)
    assert found.heads == 2
    assert calibration_of(with_sensitivity(found)).acquisition_s == sum(study.geometry.duration_s) / 2


def test_copies_beds_interleaved_views_and_other_series_stay_apart(tmp_path: Path, study: Study) -> None:
    half = study.geometry.n_views // 2
    placed = PatientFrame.centred(study.geometry.grid, positioned=True)
    x, y, z = placed.origin_mm
    first, second = of_views(study, slice(None, half)), of_views(study, slice(half, None))
    cases: dict[str, list[tuple[Study, dict[str, object]]]] = {
        "copies": [(study, {}), (study, {})],
        "beds": [(first, {"frame": placed}), (second, {"frame": replace(placed, origin_mm=(x, y, z + 200.0))})],
        "interleaved": [(of_views(study, slice(0, None, 2)), {}), (of_views(study, slice(1, None, 2)), {})],
        "series": [(first, {"ids": AnonymousIds(series="1")}), (second, {"ids": AnonymousIds(series="2")})],
    }
    for name, (one, other) in cases.items():
        write_nm_tomo(tmp_path / name / "a.dcm", one[0], **one[1])  # type: ignore[arg-type]  # mixed options
        write_nm_tomo(tmp_path / name / "b.dcm", other[0], **other[1])  # type: ignore[arg-type]  # mixed options
        assert names(tmp_path / name) == [["a.dcm"], ["b.dcm"]], name


def test_where_no_series_is_named_the_examination_and_its_frame_of_reference_stand_for_it(
    tmp_path: Path, study: Study
) -> None:
    for number in (0, 1):
        write_nm_tomo(tmp_path / f"{number}.dcm", of_windows(study, [number]))
        dataset = pydicom.dcmread(tmp_path / f"{number}.dcm")
        del dataset.SeriesInstanceUID
        dataset.save_as(tmp_path / f"{number}.dcm")
    assert names(tmp_path) == [["0.dcm", "1.dcm"]]
