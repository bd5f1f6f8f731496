"""Runs of GATE that were refused or never started, each with one sentence and a remedy; finished ones are taken up."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from synthesis.errors import SimulationFailed
from synthesis.simulation.gate import GateSimulator, runs, warm_process
from synthesis.simulation.gate import data as g4
from synthesis.simulation.gate.cameras import camera_for
from synthesis.simulation.gate.data import FOLDERS, NEEDED, PATH_VARIABLE, TAG_FILE, G4Data, find_data
from synthesis.simulation.gate.job import GateJob, Source
from synthesis.simulation.gate.jobs import PLAIN_PHYSICS, JobMaker
from synthesis.simulation.gate.log import refuse_bad_run
from synthesis.simulation.gate.runs import Runner, RunResult
from synthesis.simulation.gate.views import GateBody, ViewSimulation
from synthesis.specs.simulation import GateSpec
from tests.support.gate import asymmetric_body, cubic_geometry

HEALTHY = "\x1b[32mSimulation: START \x1b[0m\nSimulation: STOP. Run: 1.\n"


def empty_tree(folder: Path, tag: str = "") -> Path:
    for name in NEEDED:
        (folder / FOLDERS[name]).mkdir(parents=True)
    if tag:
        (folder / TAG_FILE).write_text(tag + "\n")
    return folder


def some_job() -> GateJob:
    geometry = cubic_geometry(0.0)
    maker = JobMaker(GateSpec(), camera_for(geometry), geometry, PLAIN_PHYSICS)
    return maker.job(0, Source(), None, "primary", photons=5, seed=1)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let opengate seem installed, with its data folder missing."""
    monkeypatch.setattr(g4, "opengate_folder", lambda: tmp_path / "opengate_core")
    monkeypatch.setattr(g4, "versions", lambda data: {"g4data": data.tag})
    monkeypatch.delenv(PATH_VARIABLE, raising=False)
    return tmp_path


def test_missing_opengate_is_one_sentence_and_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SimulationFailed, match=r"opengate\) is not installed.*pip install") as raised:
        find_data()
    assert raised.value.remedy.endswith('pip install "flomir[gate]"')


def test_missing_data_name_the_folder_and_start_no_download(installed: Path) -> None:
    with pytest.raises(SimulationFailed, match=r"G4EMLOW8\.8 and G4ENSDFSTATE3\.0 are not in .*geant4_data") as raised:
        find_data()
    assert PATH_VARIABLE in raised.value.remedy


def test_the_data_say_what_they_are(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mini = empty_tree(installed / "mini", "xraylib-mini")
    assert find_data(str(mini)).tag == "xraylib-mini"
    assert not find_data(str(mini)).is_official
    monkeypatch.setenv(PATH_VARIABLE, str(mini))
    assert find_data().folder == mini
    own = empty_tree(installed / "opengate_core" / "geant4_data")
    monkeypatch.delenv(PATH_VARIABLE)
    assert find_data().is_official
    environment = find_data().environment()
    assert environment["G4LEDATA"] == str(own / "G4EMLOW8.8")
    assert environment["GATEONRTD"] == "1"  # opengate then looks for nothing and downloads nothing


@pytest.mark.parametrize(
    ("status", "text", "sentence"),
    [
        (0, HEALTHY + "Overlap is detected for volume phantom:0\n", "volumes that overlap in view007"),
        (1, HEALTHY + "Overlap is detected for volume phantom:0\n", "volumes that overlap in view007"),
        (0, HEALTHY + "*** Fatal Exception *** core dump\n", "fatal error in view007: .*Fatal Exception"),
        (1, "Traceback\nException: Cannot read the image\n\n", "status 1 in view007: Exception: Cannot read the image"),
        (-9, HEALTHY, "killed by signal 9 in view007"),
        (2, "", "status 2 in view007: it printed nothing"),
    ],
)
def test_bad_runs_are_refused_by_their_log(tmp_path: Path, status: int, text: str, sentence: str) -> None:
    log = tmp_path / "run.log"
    log.write_text(text)
    with pytest.raises(SimulationFailed, match=sentence):
        refuse_bad_run(status, log, "view007")


def test_a_healthy_log_is_accepted(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text(HEALTHY)
    refuse_bad_run(0, log, "view007")


def stored(folder: Path, name: str, cpu_s: float = 2.0) -> None:
    counts = np.full((1, 24, 24), 0.5)
    np.savez(folder / f"{name}.npz", counts=counts, squared=counts / 4, photons=9, cpu_s=cpu_s, transport_s=1.0)


def test_a_finished_run_is_taken_not_made_again(tmp_path: Path) -> None:
    stored(tmp_path, "done")
    runner = Runner(G4Data(tmp_path, "none"), tmp_path)
    result = runner.run("done", some_job())
    assert (result.photons, result.cpu_s, runner.spent_s) == (9, 2.0, 2.0)
    assert result.equivalent_counts == pytest.approx((0.5 * 576) ** 2 / (0.125 * 576))
    assert result.plus(result).equivalent_counts == pytest.approx(2 * result.equivalent_counts)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["done.npz"]


def test_no_run_starts_when_the_core_hours_are_used_up(tmp_path: Path) -> None:
    stored(tmp_path, "done", cpu_s=100.0)
    runner = Runner(G4Data(tmp_path, "none"), tmp_path, max_cpu_s=36.0)
    runner.run("done", some_job())
    with pytest.raises(SimulationFailed, match=r"used up its 0\.01 core hours before next"):
        runner.run("next", some_job())


def test_work_comes_back_in_order_and_the_first_failure_is_raised(tmp_path: Path) -> None:
    runner = Runner(G4Data(tmp_path, "none"), tmp_path, workers=3)
    assert runner.map(lambda i: i * i, range(7)) == [0, 1, 4, 9, 16, 25, 36]

    def fail(item: int) -> int:
        message = f"view {item} failed"
        raise SimulationFailed(message)

    with pytest.raises(SimulationFailed, match="view 0 failed"):
        runner.map(fail, [0])


def test_a_body_too_near_to_the_camera_is_refused_before_any_run(tmp_path: Path) -> None:
    geometry = cubic_geometry(90.0, radius_mm=143.0)  # the trunk is 140 mm wide on this side, the cover 6 mm deep
    activity, mu = asymmetric_body(geometry)
    maker = JobMaker(GateSpec(), camera_for(geometry), geometry, PLAIN_PHYSICS)
    runner = Runner(G4Data(tmp_path, "none"), tmp_path)
    simulation = ViewSimulation(maker, runner, GateBody.of(activity, mu, geometry), "body")
    with pytest.raises(
        SimulationFailed, match=r"body reaches 1\d\d mm towards the camera at 90 degrees.*begins at 137"
    ):
        simulation.simulate(0)
    assert not list(tmp_path.iterdir())


def test_a_body_beyond_the_core_hours_is_refused_before_any_run(installed: Path) -> None:
    geometry = cubic_geometry(0.0)
    activity, mu = asymmetric_body(geometry)
    data = empty_tree(installed / "mini", "xraylib-mini")
    spec = GateSpec(g4data=str(data), max_core_hours=0.001)
    with pytest.raises(SimulationFailed, match=r"needs about 0\.0\d+ core hours of GATE, 0\.001 are allowed"):
        GateSimulator(spec, folder=installed / "work").project_sources(("all",), activity, mu, geometry, seed=1)
    assert not (installed / "work").exists()


def test_equivalent_counts_of_nothing_are_zero() -> None:
    nothing = np.zeros((1, 2, 2))
    assert RunResult(nothing, nothing, 1, 0.0, 0.0).equivalent_counts == 0.0


def test_a_result_that_was_never_judged_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_process, "WARM_MODULE", "synthesis.no_such_module")  # fails at once
    stored(tmp_path, "view")
    (tmp_path / "view.npz").rename(tmp_path / "view.unjudged")  # the parent was killed before it read the log
    runner = Runner(G4Data(tmp_path, "none"), tmp_path)
    with pytest.raises(SimulationFailed, match=r"ended with status 1 in view: .*no_such_module"):
        runner.run("view", some_job())
    assert not (tmp_path / "view.npz").exists()
    assert not (tmp_path / "view.unjudged").exists()


class HealthyProcess:
    """Stands where a process that has loaded GATE would: appends to the log and leaves a result."""

    is_alive = True

    def __init__(self, data: G4Data, log: Path) -> None:
        log.touch()

    def run(self, job: Path, result: Path, log: Path) -> int:
        with log.open("a") as output:
            output.write(HEALTHY)
        stored(result.parent, "made")
        (result.parent / "made.npz").rename(result)
        return 0

    def end(self) -> None:
        """Nothing to end."""


def test_a_run_is_not_judged_by_the_log_of_an_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "WarmProcess", HealthyProcess)
    (tmp_path / "view.log").write_text("Overlap is detected for volume phantom:0\n")
    with Runner(G4Data(tmp_path, "none"), tmp_path) as runner:
        assert runner.run("view", some_job()).photons == 9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["view.npz"]
