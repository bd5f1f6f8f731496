"""Studies of one site bear no site in their names: those of another are never written over, and a run goes on with its own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from model.io.study import read_study_header
from synthesis.commands import synthesize
from synthesis.errors import OutputUnusable
from synthesis.execution.request import SampleRequest
from synthesis.execution.slurm.plan import new_array
from synthesis.execution.worker import make_samples
from synthesis.inspection.status import folder_status
from synthesis.manifest import MANIFEST_NAME, SampleRecord, file_sha256
from synthesis.pipeline import generate
from synthesis.scenario import Scenario, load_scenario, validate_scenario

QUICK = load_scenario("quick")


def two_sites() -> Scenario:
    data = QUICK.model_dump(mode="json")
    return validate_scenario(data | {"sites": [data["sites"][0] | {"name": name} for name in ("north", "east")]})


def here(requests: list[SampleRequest], on_done: Callable[[SampleRecord], None]) -> None:
    """Make the studies in this process."""
    for request in requests:
        for record in make_samples(request):
            on_done(record)


@pytest.fixture
def north(tmp_path: Path) -> Path:
    generate(two_sites(), tmp_path, 1, 5, site="north", runner=here)
    return tmp_path


def sites_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): str(read_study_header(path).provenance["site"])
        for path in sorted(folder.rglob("*.h5"))
    }


def test_the_studies_of_another_site_are_left_alone(north: Path) -> None:
    before = file_sha256(north / "study-00000.h5")
    with pytest.raises(OutputUnusable, match=r"study-00000\.h5 .* of site north, not of site east\. Give every site"):
        generate(two_sites(), north, 1, 5, site="east", runner=here)
    assert file_sha256(north / "study-00000.h5") == before
    assert len(generate(two_sites(), north, 1, 5, site="north", runner=here).studies) == 1


def test_so_are_those_that_no_manifest_names(north: Path) -> None:
    (north / MANIFEST_NAME).unlink()
    before = file_sha256(north / "study-00000.h5")
    with pytest.raises(OutputUnusable, match="of site north, not of site east"):
        generate(two_sites(), north, 1, 5, site="east", runner=here)
    assert file_sha256(north / "study-00000.h5") == before


def test_a_run_of_one_site_goes_on_with_that_site(north: Path) -> None:
    manifest = generate(two_sites(), north, 2, 5, resume=True, runner=here)
    assert manifest.complete
    assert sites_of(north) == {"study-00000.h5": "north", "study-00001.h5": "north"}


def test_one_site_that_is_left_to_a_cluster_is_planned_for_that_site_only(tmp_path: Path) -> None:
    def later(requests: list[SampleRequest], on_done: Callable[[SampleRecord], None]) -> None:
        """Leave everything to an array that nobody waits for."""
        new_array(requests, per_task=1, max_restarts=0)

    generate(two_sites(), tmp_path, 2, 5, site="north", runner=later)
    make_samples(SampleRequest(two_sites(), "north", 0, 5, tmp_path, "study-00000.h5"))
    found = folder_status(tmp_path)
    assert (found.planned, found.done, found.missing) == (2, 1, 1)


def test_a_run_of_one_site_that_made_nothing_yet_goes_on_with_that_site(tmp_path: Path) -> None:
    generate(two_sites(), tmp_path, 1, 5, site="north", runner=lambda requests, on_done: None)
    assert generate(two_sites(), tmp_path, 1, 5, resume=True, runner=here).complete
    assert sites_of(tmp_path) == {"study-00000.h5": "north"}


def test_a_run_of_all_sites_goes_on_with_all_of_them(tmp_path: Path) -> None:
    def only_the_first(requests: list[SampleRequest], on_done: Callable[[SampleRecord], None]) -> None:
        here(requests[:1], on_done)

    assert not generate(two_sites(), tmp_path, 1, 5, runner=only_the_first).complete
    assert generate(two_sites(), tmp_path, 1, 5, resume=True, runner=here).complete
    assert sites_of(tmp_path) == {"east/study-00000.h5": "east", "north/study-00000.h5": "north"}


def test_all_sites_may_follow_one_because_each_has_a_folder_then(north: Path) -> None:
    assert generate(two_sites(), north, 1, 5, runner=here).complete
    assert sites_of(north) == {"study-00000.h5": "north", "east/study-00000.h5": "east"}


def test_a_mix_leaves_the_study_of_another_body_alone(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    try:
        for seed in ("5", "6"):
            body, template = tmp_path / f"b{seed}.h5", tmp_path / f"t{seed}.h5"
            for arguments in (
                ("phantom", "quick", "--seed", seed, "--out", body),
                ("simulate", body, "--out", template),
            ):
                assert CliRunner().invoke(synthesize, [*map(str, arguments)]).exit_code == 0
    finally:
        torch.set_num_threads(threads)
    out = tmp_path / "mixed"
    mixed = CliRunner().invoke(synthesize, ["mix", str(tmp_path / "t5.h5"), "--out", str(out), "--json"])
    before = json.loads(mixed.stdout)["studies"][0]["sha256"]
    refused = CliRunner().invoke(synthesize, ["mix", str(tmp_path / "t6.h5"), "--out", str(out), "--variants", "2"])
    assert refused.exit_code == 1
    assert "study-00000.h5 in the output folder is another study (scenario quick, site quick, seed 5)" in refused.stderr
    assert {path.name: file_sha256(path) for path in out.iterdir()} == {"study-00000.h5": before}
    again = CliRunner().invoke(synthesize, ["mix", str(tmp_path / "t5.h5"), "--out", str(out)])
    assert again.exit_code == 0
