"""What a worker does with a simulator that costs hours: it keeps the template, and never simulates a body twice."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import synthesis.simulation.gate
from model.geometry import AcquisitionGeometry
from model.io.study import read_study
from synthesis.choices import with_simulator
from synthesis.execution.request import SampleRequest
from synthesis.execution.worker import make_samples, template_path
from synthesis.phantoms.shapes import Floats
from synthesis.simulation import SourceProjections
from synthesis.simulation.analytic import AnalyticSimulator
from synthesis.specs.simulation import GateSpec
from synthesis.template_file import read_template
from tests.support.scenarios import quick_scenario

SCENARIO = with_simulator(quick_scenario({"orbit": {"views": 4}}), "gate")
VERSIONS = {"opengate": "10", "geant4": "11", "g4data": "none"}


class CountedSimulator:
    """Stands for a Monte Carlo of hours: the analytic projections with an amount of scatter and a small variance."""

    name = "gate"
    calls = 0

    def __init__(self, spec: GateSpec, *, workers: int = 1, folder: Path | None = None) -> None:
        self.spec, self.workers, self.folder = spec, workers, folder

    def project_sources(
        self, sources: tuple[str, ...], activity: Floats, mu_per_mm: Floats, geometry: AcquisitionGeometry, *, seed: int
    ) -> SourceProjections:
        type(self).calls += 1
        assert self.folder is not None
        (self.folder / "view.npz").write_bytes(b"finished")
        exact = AnalyticSimulator(2).project_sources(sources, activity, mu_per_mm, geometry, seed=seed)
        variance = exact.primary * np.float32(1e-6)
        return replace(
            exact,
            scatter=exact.primary * np.float32(0.5),
            scatter_is_physical=True,
            variance=variance,
            simulator=self.name,
            versions=VERSIONS,
            seconds={"gate": 2.0, "gate_cpu": 7.0},
        )


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> type[CountedSimulator]:
    monkeypatch.setattr(synthesis.simulation.gate, "GateSimulator", CountedSimulator)
    CountedSimulator.calls = 0
    return CountedSimulator


def request(folder: Path, *variants: int, index: int = 0) -> SampleRequest:
    return SampleRequest(SCENARIO, "quick", index, 3, folder, f"study-{index:05d}.h5", variants)


def test_a_body_is_simulated_once_for_all_its_examinations_now_and_later(
    simulator: type[CountedSimulator], tmp_path: Path
) -> None:
    first = make_samples(request(tmp_path, 0, 1))
    assert [record.file for record in first] == ["study-00000.h5", "study-00000-v01.h5"]
    later = make_samples(request(tmp_path, 1, 2))
    assert simulator.calls == 1
    assert later[0].sha256 == first[1].sha256
    assert make_samples(request(tmp_path, 0, index=1))
    assert simulator.calls == 2


def test_finished_views_go_once_the_template_is_there(simulator: type[CountedSimulator], tmp_path: Path) -> None:
    make_samples(request(tmp_path, 0))
    kept = template_path(request(tmp_path, 0))
    assert read_template(kept).projections.versions == VERSIONS
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


@pytest.mark.parametrize("damage", ["cut off", "another body"])
def test_a_template_that_is_damaged_or_of_another_body_is_made_again(
    damage: str, simulator: type[CountedSimulator], tmp_path: Path
) -> None:
    made = make_samples(request(tmp_path, 0, 1))
    kept = template_path(request(tmp_path, 0))
    if damage == "cut off":
        kept.write_bytes(kept.read_bytes()[:-1000])
    else:
        make_samples(request(tmp_path, 0, index=1))
        template_path(request(tmp_path, 0, index=1)).replace(kept)
    before = simulator.calls
    again = make_samples(request(tmp_path, 0, 1))
    assert simulator.calls == before + 1
    assert [record.sha256 for record in again] == [record.sha256 for record in made]


def test_records_and_studies_say_what_the_monte_carlo_was_and_cost(
    simulator: type[CountedSimulator], tmp_path: Path
) -> None:
    first, second = make_samples(request(tmp_path, 0, 1))
    assert first.simulated_with == second.simulated_with == VERSIONS
    assert first.quality["gate_cpu_s"] == 7.0
    assert "gate_cpu_s" not in second.quality  # the body was simulated for the first one
    assert 0 < second.quality["mc_variance_ratio"] < 0.1
    provenance = read_study(tmp_path / second.file).provenance
    assert provenance["generator"] == "flomir-synthesis/gate"
    assert provenance["versions"]["g4data"] == "none"
    assert provenance["scatter_fraction"] == pytest.approx(1 / 3, rel=1e-5)


LONG = """
import threading, time
from synthesis.execution.process import long_work, prepare_process

stop, began = threading.Event(), time.monotonic()
prepare_process(stop)
try:
    with long_work():
        threading.Timer(0.1, stop.set).start()
        threading.Event().wait(60)
except KeyboardInterrupt:
    print("ended" if time.monotonic() - began < 30 else "late")
try:
    with long_work():
        print("went on")
except KeyboardInterrupt:
    print("not begun")
"""


def test_long_work_ends_when_the_pool_does_and_none_is_begun_afterwards() -> None:
    found = subprocess.run(
        [sys.executable, "-c", LONG], capture_output=True, text=True, timeout=90, check=False, cwd=Path(__file__).parents[3]
    )  # fmt: skip
    assert found.stdout.split("\n")[:2] == ["ended", "not begun"], found.stderr
