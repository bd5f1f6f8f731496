"""Real runs of the generator: processes, files, interruptions and the command line."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from model.io.study import read_study, read_study_header
from model.projector import projector_for
from synthesis.commands import synthesize
from synthesis.errors import GenerationInterrupted, OutputUnusable
from synthesis.manifest import Manifest, file_sha256, read_manifest
from synthesis.pipeline import Progress, generate
from synthesis.sample import make_study
from synthesis.scenario import load_scenario

QUICK = load_scenario("quick")
DEADLINE_S = 120.0


def hashes(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): file_sha256(p) for p in sorted(folder.rglob("*.h5"))}


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    folder = tmp_path_factory.mktemp("six")
    return folder, generate(QUICK, folder, 6, 5, workers=1)


def test_one_and_two_workers_write_the_same_bytes(six: tuple[Path, Manifest], tmp_path: Path) -> None:
    folder, _ = six
    generate(QUICK, tmp_path, 6, 5, workers=2)
    assert len(hashes(folder)) == 6
    assert hashes(tmp_path) == hashes(folder)


def test_the_manifest_tells_configuration_seed_versions_checksums_and_times(six: tuple[Path, Manifest]) -> None:
    folder, manifest = six
    again = read_manifest(folder)
    assert again == manifest
    assert manifest.complete
    assert (manifest.seed, manifest.scenario.name, manifest.scenario_digest) == (5, "quick", QUICK.digest)
    assert {"numpy", "torch"} <= set(manifest.versions)
    assert {r.file: r.sha256 for r in manifest.studies} == hashes(folder)
    for record in manifest.studies:
        assert set(record.seconds) == {"phantom", "projection", "noise", "write"}
        assert record.counts == read_study_header(folder / record.file).total_counts
    assert len(manifest.paths(folder, "quick")) == 6


def test_valid_files_are_kept_and_damaged_or_missing_ones_made_again(
    six: tuple[Path, Manifest], tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(six[0], folder)
    before = hashes(folder)
    kept = folder / "study-00000.h5"
    (folder / "study-00001.h5").unlink()
    damaged = folder / "study-00002.h5"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    stamp = kept.stat().st_mtime_ns
    steps: list[Progress] = []
    generate(QUICK, folder, 6, 5, workers=2, on_progress=steps.append)
    assert hashes(folder) == before
    assert kept.stat().st_mtime_ns == stamp
    assert [(step.done, step.planned) for step in steps] == [(4, 6), (5, 6), (6, 6)]


def test_files_are_recognised_without_their_manifest(six: tuple[Path, Manifest], tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(six[0], folder)
    (folder / "manifest.json").unlink()
    steps: list[Progress] = []
    manifest = generate(QUICK, folder, 6, 5, on_progress=steps.append)
    assert [(step.done, step.planned) for step in steps] == [(6, 6)]
    assert {r.file: r.sha256 for r in manifest.studies} == hashes(six[0])


def test_a_folder_with_another_seed_is_left_alone(six: tuple[Path, Manifest]) -> None:
    before = hashes(six[0])
    with pytest.raises(OutputUnusable, match="seed 5"):
        generate(QUICK, six[0], 6, 6)
    assert hashes(six[0]) == before


def test_a_range_of_numbers_gives_the_same_studies_as_the_whole(six: tuple[Path, Manifest], tmp_path: Path) -> None:
    generate(QUICK, tmp_path, 2, 5, first=3, workers=2)
    whole = hashes(six[0])
    assert hashes(tmp_path) == {name: whole[name] for name in ("study-00003.h5", "study-00004.h5")}


def test_an_interruption_in_this_process_keeps_what_is_done_and_says_so(
    six: tuple[Path, Manifest], tmp_path: Path
) -> None:
    def stop(step: Progress) -> None:
        if step.latest is not None:
            raise KeyboardInterrupt

    with pytest.raises(GenerationInterrupted) as caught:
        generate(QUICK, tmp_path, 6, 5, workers=1, on_progress=stop)
    assert caught.value.planned == 6
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert not manifest.complete
    assert len(manifest.studies) >= 1
    assert generate(QUICK, tmp_path, 6, 5, workers=2).complete
    assert hashes(tmp_path) == hashes(six[0])


def test_ctrl_c_ends_cleanly_and_the_same_command_goes_on(six: tuple[Path, Manifest], tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", "from synthesis.commands import synthesize; synthesize()",
               "run", "quick", "--out", str(tmp_path), "--seed", "5", "--workers", "1", "--studies"]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [*command, "200"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a run in the background ignores it
    )  # fmt: skip
    try:
        until = time.monotonic() + DEADLINE_S
        while not (tmp_path / "study-00001.h5").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        _, errors = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert "are finished and kept" in errors
    assert "Run the same command again" in errors
    assert "Traceback" not in errors
    assert not list(tmp_path.glob(".*"))  # no half-written file
    for path in tmp_path.glob("*.h5"):
        read_study(path)
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert not manifest.complete
    assert sorted(r.file for r in manifest.studies) == sorted(p.name for p in tmp_path.glob("*.h5"))
    made = hashes(tmp_path)
    whole = hashes(six[0])
    assert all(made[name] == whole[name] for name in made if name in whole)


def test_a_folder_that_cannot_be_written_is_reported_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "north").write_text("a file where a folder is needed", encoding="utf-8")
    with pytest.raises(OutputUnusable, match="cannot be written: File exists") as caught:
        generate(load_scenario("four-hospitals"), tmp_path, 1, 0, workers=1)
    assert "run the same command again" in caught.value.remedy


def test_modules_in_the_working_folder_are_not_mistaken_for_ours(six: tuple[Path, Manifest], tmp_path: Path) -> None:
    for name in ("model", "synthesis", "numpy"):
        (tmp_path / f"{name}.py").write_text("open('taken', 'w').close()\nraise RuntimeError\n", encoding="utf-8")
    command = [
        str(Path(sys.executable).with_name("flomir")),
        "synthesize",
        "run",
        "quick",
        "--out",
        "out",
        "--studies",
        "1",
    ]
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONSAFEPATH"}}
    result = subprocess.run(
        [*command, "--seed", "5"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "taken").exists()
    assert hashes(tmp_path / "out")["study-00000.h5"] == hashes(six[0])["study-00000.h5"]


def test_the_command_prints_one_json_object(tmp_path: Path) -> None:
    arguments = ["run", "quick", "--out", str(tmp_path / "out"), "--studies", "2", "--seed", "5", "--json"]
    result = CliRunner().invoke(synthesize, arguments)
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert (summary["studies"], summary["sites"], summary["complete"]) == (2, {"quick": 2}, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["five-hospitals", "--out", "x"], "no built-in scenario called five-hospitals"),
        (["four-hospitals", "--site", "centre", "--out", "x"], "Choose one of: north, east, south, west"),
    ],
)
def test_a_wrong_command_gets_one_line_with_the_remedy(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(synthesize, ["run", *arguments, "--studies", "1"])
    assert result.exit_code == 1
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_every_site_gets_its_own_folder_and_its_own_patients(tmp_path: Path) -> None:
    scenario = load_scenario("four-hospitals")
    manifest = generate(scenario, tmp_path, 1, 0, workers=2)
    studies = {r.site: read_study(tmp_path / r.file) for r in manifest.studies}
    assert sorted(studies) == ["east", "north", "south", "west"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["east", "manifest.json", "north", "south", "west"]
    assert len({s.geometry.collimator for s in studies.values()}) == 4
    assert len({s.provenance["patient_key"] for s in studies.values()}) == 4
    for name, study in studies.items():
        assert study.reference is not None
        assert study.attenuation is not None
        assert study.scatter is not None
        assert study.projections.shape == (1, 60, 16, 48)
        with torch.no_grad():
            reference, mu = torch.from_numpy(study.reference)[None], torch.from_numpy(study.attenuation)[None]
            model = projector_for(study.geometry).forward(reference, mu)[0].numpy().astype(np.float64)
        measured = (study.projections - study.scatter)[0].astype(np.float64)
        assert measured.sum() / model.sum() == pytest.approx(1.0, abs=0.05), name
        assert (measured * model).sum() / (model**2).sum() == pytest.approx(1.0, abs=0.05), name


def test_a_single_site_gives_the_same_study_in_process_and_through_the_pool(tmp_path: Path) -> None:
    scenario = load_scenario("four-hospitals")
    generate(scenario, tmp_path, 1, 0, site="west", workers=1)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)  # as the pool does: the order of sums depends on the number of threads
        direct = make_study(scenario, "west", seed=0, index=0)
    finally:
        torch.set_num_threads(threads)
    stored = read_study(tmp_path / "study-00000.h5")
    assert stored.projections.tobytes() == direct.projections.tobytes()
    assert stored.reference is not None
    assert direct.reference is not None
    assert stored.reference.tobytes() == direct.reference.tobytes()
