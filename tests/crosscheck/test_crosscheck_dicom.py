"""PyTomography's reader, which is used on files of GE and Siemens cameras, sees in our DICOM what our reader sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from model.io.dicom import read_nm, write_nm_tomo
from tests.support.studies import tiny_study


@pytest.mark.filterwarnings("ignore")  # its imports warn; they are not ours
def test_another_reader_finds_the_same_counts_angles_and_radii(tmp_path: Path) -> None:
    pytest.importorskip("pytomography", reason="the extra [crosscheck] is not installed")
    from pytomography.io.SPECT.dicom import parse_projection_dataset

    write_nm_tomo(tmp_path / "a.dcm", tiny_study(windows=2, start_deg=200.0, arc_deg=-300.0), detectors=2)
    ours = read_nm(tmp_path / "a.dcm").study
    projections, angles_deg, radii_cm, flags = parse_projection_dataset(pydicom.dcmread(tmp_path / "a.dcm"))
    turned = (np.degrees(ours.geometry.angles_rad) + 180.0) % 360.0  # its zero is in front, and it sorts by angle
    order = np.argsort(turned)
    assert np.allclose(angles_deg, turned[order])
    assert np.allclose(radii_cm, np.array(ours.geometry.radius_mm)[order] / 10.0)
    assert np.array_equal(projections[:, 0].numpy().transpose(0, 1, 3, 2), ours.projections[:, order])
    assert flags["multi_energy_window"]
