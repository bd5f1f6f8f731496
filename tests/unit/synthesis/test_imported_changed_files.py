"""A phantom's files that changed under the same names: no set of studies, no template and no merge mixes the two."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from model.io.study import read_study_header
from synthesis.commands import synthesize
from synthesis.errors import OutputUnusable
from synthesis.execution.request import SampleRequest
from synthesis.execution.worker import _kept, make_samples
from synthesis.identity import patient_key
from synthesis.inspection.merge import plan_merge
from synthesis.manifest import MANIFEST_NAME, SampleRecord, file_sha256
from synthesis.phantoms.files import file_hashes
from synthesis.phantoms.labelmap_body import load_volume
from synthesis.pipeline import generate
from synthesis.sample import make_template
from synthesis.scenario import Scenario
from synthesis.specs.phantom import LabelmapSpec, XcatSpec
from synthesis.template_file import write_template
from tests.support.phantoms import labelled_thorax, small_scenario, write_organ_table
from tests.support.xcat import FAULT, install_stub

OWN_CODES = "code,organ,tissue,uptake\n1001,body,soft_tissue,0.05\n1002,myocardium,muscle,\n1008,liver,liver,0.7\n{},rest,muscle,0.1\n"


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    thorax = labelled_thorax(3, voxel_mm=6.0)
    thorax.codes.tofile(tmp_path / "labels.raw")
    spec = LabelmapSpec(
        labels=tmp_path / "labels.raw", organs=write_organ_table(tmp_path / "organs.csv", thorax),
        shape=thorax.grid.shape, voxel_mm=thorax.grid.voxel_mm, shift_mm=0.0,
    )  # fmt: skip
    return small_scenario().model_copy(update={"phantom": spec})


def organs_of(scenario: Scenario) -> Path:
    assert isinstance(scenario.phantom, LabelmapSpec)
    return scenario.phantom.organs


def here(requests: list[SampleRequest], on_done: Callable[[SampleRecord], None]) -> None:
    for request in requests:
        for record in make_samples(request):
            on_done(record)


@pytest.mark.parametrize("known_by", ["manifest", "file"])
def test_studies_of_another_organ_table_are_not_continued(known_by: str, scenario: Scenario, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (made,) = generate(scenario, out, 1, 5, runner=here).studies
    assert made.patient == read_study_header(out / made.file).provenance["patient_key"]
    assert generate(scenario, out, 1, 5, runner=here).studies[0].sha256 == made.sha256
    if known_by == "file":
        (out / MANIFEST_NAME).unlink()
    table = organs_of(scenario)
    before = table.read_text()
    table.write_text(before.replace("0.7", "0.9"))
    with pytest.raises(OutputUnusable, match=r"organ table.*has changed.*Choose another folder with --out"):
        generate(scenario, out, 2, 5, runner=here)
    assert file_sha256(out / made.file) == made.sha256
    table.unlink()  # nothing is to be made: the files are not needed
    assert generate(scenario, out, 1, 5, runner=here).complete
    table.write_text(before)
    assert generate(scenario, out, 1, 5, runner=here).complete


def test_a_template_of_another_organ_table_is_made_again(scenario: Scenario, tmp_path: Path) -> None:
    wanted = SampleRequest(scenario, scenario.sites[0].name, 0, 5, tmp_path, "study-00000.h5")
    path = tmp_path / "body.h5"
    write_template(path, make_template(scenario, wanted.site, seed=5, index=0))
    assert _kept(path, wanted) is not None
    table = organs_of(scenario)
    table.write_text(table.read_text().replace("0.7", "0.9"))
    assert _kept(path, wanted) is None
    table.unlink()
    assert _kept(path, wanted) is not None
    assert _kept(path, replace(wanted, index=1)) is None


@pytest.fixture
def interfile(scenario: Scenario) -> Scenario:
    """Give the label map a header, behind which the voxels lie in a file of their own."""
    spec = scenario.phantom
    assert isinstance(spec, LabelmapSpec)
    assert spec.shape is not None
    assert spec.voxel_mm is not None
    (z, y, x), header = spec.shape, spec.labels.with_suffix(".h33")
    header.write_text(
        f"!INTERFILE :=\nname of data file := labels.raw\n!matrix size [1] := {x}\n!matrix size [2] := {y}\n"
        f"!matrix size [3] := {z}\n!number format := unsigned integer\n!number of bytes per pixel := 1\n"
    )
    mended = spec.model_copy(update={"labels": header, "format": "auto", "shape": None})
    return scenario.model_copy(update={"phantom": mended})


def other_voxels(scenario: Scenario) -> None:
    """Make the left half of the patient the right one."""
    assert isinstance(scenario.phantom, LabelmapSpec)
    data = scenario.phantom.labels.with_suffix(".raw")
    data.write_bytes(data.read_bytes()[::-1])


def test_the_voxels_behind_the_same_header_are_a_part_of_the_label_map(interfile: Scenario, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (made,) = generate(interfile, out, 1, 5, runner=here).studies
    files = read_study_header(out / made.file).provenance["anatomy"]["files"]
    assert files.keys() == {"labels", "labels_data", "organs"}
    other_voxels(interfile)
    with pytest.raises(OutputUnusable, match=r"label map.*has changed"):
        generate(interfile, out, 2, 5, runner=here)
    (other,) = generate(interfile, tmp_path / "other", 1, 5, runner=here).studies
    assert other.patient != made.patient


def test_the_same_label_map_under_another_name_is_the_same_patient(interfile: Scenario, tmp_path: Path) -> None:
    spec = interfile.phantom
    assert isinstance(spec, LabelmapSpec)
    (made,) = generate(interfile, tmp_path / "out", 1, 5, runner=here).studies
    renamed = spec.model_copy(update={"labels": spec.labels.rename(tmp_path / "later.h33")})
    later = interfile.model_copy(update={"phantom": renamed})
    assert generate(later, tmp_path / "later", 1, 5, runner=here).studies[0].patient == made.patient


def test_voxels_that_change_behind_a_header_are_read_again(interfile: Scenario) -> None:
    assert isinstance(interfile.phantom, LabelmapSpec)
    before = load_volume(interfile.phantom).index.copy()
    data = interfile.phantom.labels.with_suffix(".raw")
    stamp = data.stat().st_mtime_ns
    other_voxels(interfile)
    os.utime(data, ns=(stamp + 1, stamp + 1))
    assert (load_volume(interfile.phantom).index == before[::-1, ::-1, ::-1]).all()


@pytest.mark.parametrize("kind", ["labelmap", "xcat"])
def test_studies_of_another_organ_table_are_not_merged_into_one_set(
    kind: str, scenario: Scenario, xcat: Scenario, tmp_path: Path
) -> None:
    wanted = scenario if kind == "labelmap" else xcat
    generate(wanted, tmp_path / "a", 1, 5, runner=here)
    change_table(wanted)
    generate(wanted, tmp_path / "b", 1, 5, first=1, runner=here)
    with pytest.raises(OutputUnusable, match=r"study-00000.h5 and .*study-00001.h5 were made of other label maps"):
        plan_merge([tmp_path / "a", tmp_path / "b"])


@pytest.fixture
def xcat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """Name an organ table for the program's own integers, and a parameter file."""
    monkeypatch.setenv(FAULT, "own-codes")
    others = " ".join(str(1000 + i) for i in (*range(3, 8), *range(9, 20)))
    (tmp_path / "codes.csv").write_text(OWN_CODES.format(others))
    (tmp_path / "own.par").write_text("hrt_period = 1.0\n")
    spec = XcatSpec(
        program=install_stub(tmp_path / "xcat"), array_size=72, pixel_mm=6.0, bottom_mm=1167 - 180, height_mm=360,
        organ_table=tmp_path / "codes.csv", parameter_file=tmp_path / "own.par",
    )  # fmt: skip
    return small_scenario().model_copy(update={"phantom": spec})


def change_table(scenario: Scenario) -> None:
    assert isinstance(scenario.phantom, LabelmapSpec | XcatSpec)
    table = scenario.phantom.organ_table if isinstance(scenario.phantom, XcatSpec) else scenario.phantom.organs
    assert table is not None
    table.write_text(table.read_text().replace("0.7", "0.9"))


def change_parameters(scenario: Scenario) -> None:
    assert isinstance(scenario.phantom, XcatSpec)
    assert scenario.phantom.parameter_file is not None
    scenario.phantom.parameter_file.write_text("hrt_period = 0.8\n")


@pytest.mark.parametrize(("known_by", "change"), [("manifest", change_table), ("file", change_parameters)])
def test_studies_of_another_table_or_parameter_file_of_xcat_are_not_continued(
    known_by: str, change: Callable[[Scenario], None], xcat: Scenario, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    made = generate(xcat, out, 2, 5, runner=here).studies
    assert len({record.patient for record in made}) == 2  # XCAT draws every patient, whatever its files
    files = read_study_header(out / made[0].file).provenance["anatomy"]["files"]
    assert files.keys() == {"organ_table", "parameter_file"}
    assert [s.sha256 for s in generate(xcat, out, 2, 5, runner=here).studies] == [s.sha256 for s in made]
    if known_by == "file":
        (out / MANIFEST_NAME).unlink()
    change(xcat)
    with pytest.raises(OutputUnusable, match=r"XCAT's organ table or parameter file has changed.*folder with --out"):
        generate(xcat, out, 3, 5, runner=here)
    (other,) = generate(xcat, tmp_path / "other", 1, 5, runner=here).studies
    assert other.patient != made[0].patient


def test_a_template_of_another_table_of_xcat_is_made_again_and_its_studies_are_left_alone(
    xcat: Scenario, tmp_path: Path
) -> None:
    wanted = SampleRequest(xcat, xcat.sites[0].name, 0, 5, tmp_path, "study-00000.h5")
    path, out = tmp_path / "body.h5", tmp_path / "out"
    write_template(path, make_template(xcat, wanted.site, seed=5, index=0))
    assert _kept(path, wanted) is not None
    change_table(xcat)
    assert _kept(path, wanted) is None
    generate(xcat, out, 1, 5, runner=here)
    refused = CliRunner().invoke(synthesize, ["mix", str(path), "--out", str(out)])
    assert refused.exit_code == 1
    assert "study-00000.h5 in the output folder is another study" in refused.output


def test_an_xcat_phantom_without_files_of_the_users_is_named_as_before(xcat: Scenario, tmp_path: Path) -> None:
    assert isinstance(xcat.phantom, XcatSpec)
    plain = xcat.phantom.model_copy(update={"organ_table": None, "parameter_file": None})
    scenario = xcat.model_copy(update={"phantom": plain})
    assert file_hashes(plain) == {}
    drawn = f"{scenario.digest}/quick/5/0"
    told = "synthetic-" + hashlib.sha256(drawn.encode()).hexdigest()[:24]
    assert patient_key(scenario, "quick", 5, 0, {}) == told
