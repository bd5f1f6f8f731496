"""`flomir synthesize run --phantom` with a stand-in for the licensed XCAT program, from parameter file to study file."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from model.io.study import Study, read_study
from synthesis.commands import synthesize
from tests.support.xcat import install_stub

SCENARIO = """
name = "xcat-lateral"
[grid]
shape = [24, 48, 48]
voxel_mm = [8.8, 8.8, 8.8]
[orbit]
views = 6
[lesions]
theta_centre_deg = [90.0, 90.0]
theta_width_deg = [80.0, 80.0]
x_centre = [0.5, 0.5]
x_width_mm = [50.0, 50.0]
wall_fraction = [1.0, 1.0]
severity = [0.5, 0.5]
second_share = 0.0
[[sites]]
name = "lateral"
infarct_share = 1.0
"""


def phantom_file(folder: Path) -> Path:
    program = install_stub(folder / "xcat")
    path = folder / "xcat.toml"
    path.write_text(
        f'kind = "xcat"\nprogram = "{program}"\narray_size = 72\npixel_mm = 6.0\nbottom_mm = 1035\nheight_mm = 264\n'
    )
    return path


def run(folder: Path, phantom: Path, *more: str) -> Result:
    (folder / "scenario.toml").write_text(SCENARIO)
    arguments = ["run", str(folder / "scenario.toml"), "--out", str(folder / "out"), "--phantom", str(phantom)]
    return CliRunner().invoke(synthesize, [*arguments, "--studies", "2", "--seed", "4", "--workers", "1", *more])


def contrast(study: Study) -> float:
    """Return mean reference activity in the defect over that of the healthy wall."""
    truth, reference = study.truth, study.reference
    assert truth is not None
    assert reference is not None
    defect, wall = truth.defect_map > 0, (truth.aha > 0) & (truth.defect_map == 0)
    return float(reference[defect].mean() / reference[wall].mean())


def test_studies_of_xcat_patients_hold_the_infarct_in_the_segments_asked_for(tmp_path: Path) -> None:
    result = run(tmp_path, phantom_file(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["with_defects"] == 2
    for path in sorted((tmp_path / "out").rglob("*.h5")):
        study = read_study(path)
        assert study.truth is not None
        defect = study.truth.defects[0]
        assert {11, 12} <= set(defect.segments) <= {5, 6, 10, 11, 12, 15, 16, 7, 17, 13}
        inside = study.truth.aha[study.truth.defect_map > 0]
        assert np.isin(inside, [5, 6, 11, 12, 16]).mean() > 0.8
        assert 0.4 < contrast(study) < 0.8  # half the uptake, blurred by the edge of the voxels
        assert study.provenance["anatomy"]["phantom"] == "xcat"
        assert study.provenance["uptakes"]["liver"] == pytest.approx(1, abs=0.5)


def test_a_fault_of_the_program_ends_the_run_with_its_sentence_and_no_study(tmp_path: Path) -> None:
    phantom = phantom_file(tmp_path)
    for name in ("vmale50_heart.nrb", "vfemale50_heart.nrb"):
        (tmp_path / "xcat" / name).unlink()
    result = run(tmp_path, phantom)
    assert result.exit_code == 1
    assert "male50_heart.nrb (heart_base) is not in its folder" in result.output
    assert "Set data_dir" in result.output
    assert not list((tmp_path / "out").rglob("*.h5"))
