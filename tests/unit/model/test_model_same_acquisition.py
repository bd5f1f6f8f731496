"""What makes two scans the same acquisition when a site takes them in: counts and geometry, not the file that names them."""

from dataclasses import replace
from pathlib import Path

import pytest

from model.intake import Prepared, prepare, sort_out
from model.io.study import Study
from tests.support.foreign import write_interfile
from tests.support.studies import tiny_geometry, tiny_study

KEY = b"0123456789abcdef"


@pytest.fixture(scope="module")
def study() -> Study:
    return tiny_study(geometry=tiny_geometry(shape=(6, 14, 14), voxel_mm=22.0))


def taken(folder: Path) -> Prepared:
    (found,) = sort_out(folder).found
    return prepare(found.scan, folder, site_key=KEY)


def interfile(folder: Path, study: Study, header: str = "rest.hs") -> Path:
    folder.mkdir()
    return write_interfile(folder / "rest.hs", study).rename(folder / header)


def test_interfile_scans_of_one_header_and_other_data_are_two_acquisitions(tmp_path: Path, study: Study) -> None:
    other = replace(study, projections=study.projections[:, :, ::-1].copy())
    headers = [interfile(tmp_path / "a", study), interfile(tmp_path / "b", other)]
    assert headers[0].read_bytes() == headers[1].read_bytes()
    first, second = (taken(header.parent) for header in headers)
    assert first.content != second.content
    assert first.sha256 != second.sha256


def test_the_same_data_under_another_headers_name_are_one_acquisition(tmp_path: Path, study: Study) -> None:
    first, second = (
        taken(interfile(tmp_path / name, study, header).parent)
        for name, header in (("a", "rest.hs"), ("b", "Renamed.hs"))
    )
    assert first.content == second.content
