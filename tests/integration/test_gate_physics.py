"""GATE on the small Geant4 data does what theory says: attenuation, the collimator's width, and refusals of bad runs."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synthesis.errors import SimulationFailed
from synthesis.simulation.gate.cameras import CAMERAS, camera_for
from synthesis.simulation.gate.data import G4Data
from synthesis.simulation.gate.images import write_mha
from synthesis.simulation.gate.job import GateJob, Phantom, Source
from synthesis.simulation.gate.jobs import PLAIN_PHYSICS, JobMaker
from synthesis.simulation.gate.runs import Runner
from synthesis.simulation.gate.tissues import material_for
from synthesis.specs.simulation import GateSpec
from tests.support import gate_beams
from tests.support.gate import cubic_geometry, data_tree, needs_gate, profile_fwhm
from tests.support.gate_beams import ENERGY_KEV, PHOTONS, SLABS

pytestmark = [pytest.mark.slow, needs_gate, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def g4data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[G4Data]:
    yield data_tree(tmp_path_factory.mktemp("geant4"))


def job_in_air(**changes: object) -> GateJob:
    geometry = cubic_geometry(0.0)
    maker = JobMaker(GateSpec(), camera_for(geometry), geometry, PLAIN_PHYSICS)
    job = maker.job(0, Source(point_mm=(0.0, 0.0, 0.0)), None, "primary", photons=1000, seed=7)
    return replace(job, **changes)  # type: ignore[arg-type]


def test_narrow_beams_are_attenuated_as_xraylib_says(g4data: G4Data, tmp_path: Path) -> None:
    import xraylib

    environment = {**os.environ, **g4data.environment()}
    command = [sys.executable, str(Path(gate_beams.__file__)), str(tmp_path / "shares.json")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    formulas = {"water": ("H2O", 1.0), "nai": ("NaI", 3.667), "lead": ("Pb", 11.35)}
    shares = json.loads((tmp_path / "shares.json").read_text())
    for name, _, thickness in SLABS:
        formula, density = formulas[name]
        expected = xraylib.CS_Total_CP(formula, ENERGY_KEV) * density / 10  # mm^-1
        share = shares[name]
        found = -math.log(share) / thickness
        uncertain = math.sqrt((1 - share) / (share * PHOTONS)) / thickness / expected
        print(f"{name}: {10 * found:.4f} cm^-1 +- {100 * uncertain:.2f} %, xraylib {10 * expected:.4f}")
        assert found == pytest.approx(expected, rel=0.02), name


@pytest.mark.parametrize("distance_mm", [100.0, 200.0])
def test_a_point_in_air_shows_the_collimators_width(g4data: G4Data, tmp_path: Path, distance_mm: float) -> None:
    camera, geometry = CAMERAS[0], cubic_geometry(0.0)
    step, photons = 0.5, 400_000  # 27 000 counts; the width is known to 0.6 %
    job = job_in_air(radius_mm=distance_mm, shape=(121, 121), bins_mm=(step, step), photons=photons)
    with Runner(g4data, tmp_path) as runner:
        counts = runner.run("point", job).counts[0]
    widths = [profile_fwhm(counts.sum(axis=axis), step, smoothing=1.0) for axis in (0, 1)]
    width = sum(widths) / 2
    length = camera.length_mm - 2 / 2.69  # shortened by penetration, mu of lead in mm^-1
    geometric = camera.hole_mm * (length + distance_mm + camera.gap_mm) / length
    with_gap = math.hypot(geometric, geometry.intrinsic_fwhm_mm)
    print(f"{distance_mm} mm: {width:.2f} mm, Anger {with_gap:.2f}, the projector {geometry.fwhm_mm(distance_mm):.2f}")
    assert width == pytest.approx(with_gap, rel=0.05)
    assert width == pytest.approx(geometry.fwhm_mm(distance_mm), rel=0.05)


def test_a_body_that_reaches_into_the_camera_is_refused(g4data: G4Data, tmp_path: Path) -> None:
    image = tmp_path / "box.mha"
    write_mha(image, np.ones((10, 22, 10), dtype=np.int16), (10.0, 10.0, 10.0))
    water = material_for(0.0153, "tissue_1").to_dict()
    job = job_in_air(radius_mm=105.0, phantom=Phantom(str(image), (water,), (0.0, 0.0, 0.0)))
    with Runner(g4data, tmp_path) as runner, pytest.raises(SimulationFailed, match="overlap in touching"):
        runner.run("touching", job)
    assert not (tmp_path / "touching.npz").exists()


def test_a_run_that_counts_nothing_is_refused(g4data: G4Data, tmp_path: Path) -> None:
    job = job_in_air(mode="scatter", photons=5)  # air scatters too little
    with Runner(g4data, tmp_path) as runner, pytest.raises(SimulationFailed, match="counted nothing in empty"):
        runner.run("empty", job)
    assert not (tmp_path / "empty.npz").exists()


def test_an_error_inside_gate_arrives_as_one_sentence(g4data: G4Data, tmp_path: Path) -> None:
    job = job_in_air(source=Source(image=str(tmp_path / "nowhere.mha")))
    with Runner(g4data, tmp_path) as runner, pytest.raises(SimulationFailed, match=r"ended with status \d+ in lost"):
        runner.run("lost", job)
    assert (tmp_path / "lost.log").exists()
