"""`flomir synthesize status`: planned, done, missing, damaged, running; only what is there is believed."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synthesis.commands import synthesize
from synthesis.execution.request import SampleRequest
from synthesis.execution.slurm.plan import new_array
from synthesis.inspection.status import folder_status
from synthesis.manifest import read_manifest, write_manifest
from synthesis.scenario import load_scenario
from tests.support.study_sets import damage, make_set


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("status")
    make_set(folder, studies=3, seed=3)
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "set"))


def interrupt(folder: Path, *, planned: int, age_s: float) -> None:
    """Make the folder look as after an interruption: more was planned, the last study is `age_s` old."""
    manifest = read_manifest(folder)
    assert manifest is not None
    write_manifest(folder, manifest.model_copy(update={"complete": False, "planned": planned}))
    for number, record in enumerate(manifest.studies):
        at = time.time() - age_s - 10.0 * (len(manifest.studies) - 1 - number)
        os.utime(folder / record.file, (at, at))


def flomir(*words: str | Path) -> Result:
    return CliRunner().invoke(synthesize, ["status", *(str(word) for word in words)])


def test_a_finished_folder_is_complete(folder: Path) -> None:
    result = flomir(folder)
    assert result.exit_code == 0
    assert result.stdout.startswith("complete: 3 of 3 studies done, 0 missing")


def test_a_run_that_goes_on_has_a_rate_and_a_time_left(folder: Path) -> None:
    interrupt(folder, planned=8, age_s=1.0)
    found = folder_status(folder)
    assert (found.state, found.planned, found.done, found.missing) == ("running", 8, 3, 5)
    assert found.per_hour == pytest.approx(360.0, rel=0.01)
    assert found.seconds_left == pytest.approx(50.0, rel=0.02)
    assert found.bytes_expected is not None
    assert found.bytes_expected > 2 * found.bytes_used


def test_a_run_that_has_stopped_says_how_to_go_on(folder: Path) -> None:
    interrupt(folder, planned=8, age_s=4000.0)
    result = flomir(folder)
    assert result.exit_code == 0
    assert result.stdout.startswith("stopped: 3 of 8 studies done, 5 missing")
    assert "Run the same `flomir synthesize run` again" in result.stdout


def test_damaged_and_vanished_studies_are_named(folder: Path) -> None:
    damage(folder / "study-00000.h5")
    (folder / "study-00002.h5").unlink()
    result = flomir(folder, "--json")
    figures = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (figures["done"], figures["missing"]) == (1, 2)
    assert figures["damaged"] == ["study-00000.h5"]
    assert figures["lost"] == ["study-00002.h5"]
    assert "study-00000.h5 (damaged), study-00002.h5 (gone)" in result.stderr


def test_a_quick_look_compares_sizes_only(folder: Path) -> None:
    damage(folder / "study-00000.h5")
    assert folder_status(folder, quick=True).damaged == ()
    with (folder / "study-00000.h5").open("ab") as file:
        file.write(b"x")
    assert folder_status(folder, quick=True).damaged == ("study-00000.h5",)


def test_studies_that_the_manifest_does_not_name_yet_are_done(folder: Path) -> None:
    interrupt(folder, planned=6, age_s=1.0)
    shutil.copy(folder / "study-00000.h5", folder / "study-00003.h5")
    (folder / ".study-00004.h5.abc.part").write_bytes(b"half")
    found = folder_status(folder)
    assert (found.done, found.unrecorded, found.missing, found.leftovers) == (4, 1, 2, 1)


def test_sites_and_variants_count_as_planned(tmp_path: Path) -> None:
    quick = load_scenario("quick")
    sites = tuple(quick.sites[0].model_copy(update={"name": name}) for name in ("north", "south"))
    make_set(tmp_path, studies=1, variants=2, planned=5, scenario=quick.model_copy(update={"sites": sites}))
    found = folder_status(tmp_path)
    assert (found.planned, found.done, found.missing) == (20, 4, 16)


def test_an_older_manifest_does_not_say_how_many_were_planned(folder: Path) -> None:
    interrupt(folder, planned=8, age_s=4000.0)
    manifest = read_manifest(folder)
    assert manifest is not None
    write_manifest(folder, manifest.model_copy(update={"planned": None}))
    assert folder_status(folder).planned is None
    assert "3 of an unknown number of studies done" in flomir(folder).stdout


def test_a_run_that_has_just_begun_runs_and_says_what_is_planned(folder: Path) -> None:
    for study in folder.glob("study-*.h5"):
        study.unlink()
    manifest = read_manifest(folder)
    assert manifest is not None
    write_manifest(folder, manifest.model_copy(update={"complete": False, "planned": 8, "studies": ()}))
    found = folder_status(folder)
    assert (found.state, found.planned, found.done, found.missing) == ("running", 8, 0, 8)
    assert flomir(folder).stdout.startswith("running: 0 of 8 studies done")


def test_every_variant_of_an_array_counts(tmp_path: Path) -> None:
    scenario = load_scenario("quick")
    requests = [SampleRequest(scenario, "quick", i, 1, tmp_path, f"study-{i:05d}.h5", (0, 1, 2)) for i in range(4)]
    new_array(requests, per_task=1, max_restarts=1)
    found = folder_status(tmp_path)
    assert (found.planned, found.done, found.missing) == (12, 0, 12)
    assert found.arrays[0].planned == 4


def test_an_array_without_studies_yet_is_counted_from_its_plan(tmp_path: Path) -> None:
    scenario = load_scenario("quick")
    requests = [SampleRequest(scenario, "quick", i, 1, tmp_path, f"study-{i:05d}.h5") for i in range(4)]
    new_array(requests, per_task=1, max_restarts=1)
    found = folder_status(tmp_path)
    assert (found.planned, found.done, found.missing) == (4, 0, 4)
    assert found.arrays[0].planned == 4
    assert "0 of 4 bodies done" in flomir(tmp_path).stdout


def test_a_folder_without_studies_gets_one_sentence(tmp_path: Path) -> None:
    result = flomir(tmp_path)
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "holds no studies" in result.stderr
