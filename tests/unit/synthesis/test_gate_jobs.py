"""Jobs of the Monte Carlo: camera, angles, physics, documents and costs, without starting GATE."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.geometry import LEHR_INTEVO, Collimator
from synthesis.errors import SimulationFailed
from synthesis.simulation.gate.cameras import CAMERAS, camera_for, name_of
from synthesis.simulation.gate.cost import core_hours_per_sample
from synthesis.simulation.gate.data import G4Data
from synthesis.simulation.gate.images import write_mha
from synthesis.simulation.gate.job import GateJob, Phantom, Source, digest_of, run_seed
from synthesis.simulation.gate.jobs import BEST_PHYSICS, PLAIN_PHYSICS, JobMaker, acceptance_deg, physics_for
from synthesis.simulation.gate.rates import STORED
from synthesis.specs.simulation import GateSpec
from tests.support.gate import cubic_geometry

MINI, OFFICIAL = G4Data(Path("/mini"), "xraylib-mini"), G4Data(Path("/full"), "official G4EMLOW8.8")


def test_the_camera_is_the_one_with_the_sites_collimator() -> None:
    geometry = cubic_geometry(0.0)
    assert camera_for(geometry).title == "GE NM670 LEHR"
    assert camera_for(replace(geometry, collimator=LEHR_INTEVO)).title == "Siemens Intevo LEHR"
    for camera in CAMERAS:
        own = replace(geometry, collimator=Collimator(camera.title, camera.hole_mm, camera.length_mm))
        assert camera_for(own, name_of(camera)) is camera


def test_a_collimator_that_no_camera_has_is_refused() -> None:
    odd = replace(cubic_geometry(0.0), collimator=Collimator("own", 1.9, 30.0))
    with pytest.raises(SimulationFailed, match=r"no camera with holes of 1\.9 mm.*GE NM670 LEHR 1\.5 / 35"):
        camera_for(odd)
    with pytest.raises(SimulationFailed, match=r"intevo/lehr has no collimator with holes of 1\.5 mm"):
        camera_for(cubic_geometry(0.0), "intevo/lehr")


def test_a_job_says_what_the_geometry_says_and_survives_its_document(tmp_path: Path) -> None:
    geometry = cubic_geometry(225.0, 90.0, radius_mm=180.0)
    maker = JobMaker(GateSpec(splitting=7), camera_for(geometry), geometry, PLAIN_PHYSICS)
    phantom = Phantom("box.mha", ({"name": "tissue_1", "density": 1.0, "elements": {"H": 1.0}},), (1.0, 2.0, 3.0))
    job = maker.job(1, Source("a.mha"), phantom, "scatter", photons=10, seed=3)
    assert (job.angle_deg, job.radius_mm, job.shape, job.splitting) == (90.0, 180.0, (24, 24), 7)
    assert [(c.lower_kev, c.upper_kev) for c in job.channels] == [(126.45, 154.55)]
    job.write(tmp_path / "job.json")
    assert GateJob.read(tmp_path / "job.json") == job
    in_air = replace(job, phantom=None)
    in_air.write(tmp_path / "job.json")
    assert GateJob.read(tmp_path / "job.json") == in_air


def test_photons_reach_at_least_the_widest_way_through_a_hole() -> None:
    for camera in CAMERAS:
        widest = math.degrees(math.atan(camera.hole_mm / math.cos(math.pi / 6) / camera.length_mm))
        assert acceptance_deg(GateSpec(), camera) > 1.3 * widest
    assert acceptance_deg(GateSpec(acceptance_deg=9.0), CAMERAS[0]) == 9.0


def test_physics_follow_the_data() -> None:
    assert physics_for(GateSpec(), OFFICIAL) == BEST_PHYSICS
    assert physics_for(GateSpec(), MINI) == PLAIN_PHYSICS
    with pytest.raises(SimulationFailed, match="option3 needs the official Geant4 data"):
        physics_for(GateSpec(physics="G4EmStandardPhysics_option3"), MINI)


def test_seeds_and_digests_change_with_every_part() -> None:
    assert digest_of("a", 1) == digest_of("a", 1) != digest_of("a", 2)
    assert digest_of(b"a") != digest_of(b"b")
    seeds = {run_seed("body", view) for view in range(200)}
    assert len(seeds) == 200
    assert all(0 < seed < 2**31 for seed in seeds)


def test_the_cost_is_linear_in_views_and_sources_and_analog_costs_most() -> None:
    one = core_hours_per_sample(GateSpec(), views=1, sources=1)
    assert core_hours_per_sample(GateSpec(), views=60, sources=8) == pytest.approx(480 * one)
    assert core_hours_per_sample(GateSpec(mode="analog"), views=1, sources=1) > 20 * one
    fixed = core_hours_per_sample(GateSpec(photons_per_view=16_000), views=1, sources=1)
    by_hand = 2 * STORED.startup_s + 16_000 / STORED.primary.photons_per_s + 16_000 / STORED.scatter.photons_per_s
    assert fixed == pytest.approx(by_hand / 3600)


def test_an_image_holds_the_volume_x_fastest_around_its_middle(tmp_path: Path) -> None:
    volume = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    write_mha(tmp_path / "v.mha", volume, (3.0, 2.0, 1.0))
    header, data = (tmp_path / "v.mha").read_bytes().split(b"LOCAL\n")
    fields = dict(line.split(" = ") for line in header.decode().splitlines())
    assert fields["DimSize"] == "4 3 2"
    assert [float(v) for v in fields["ElementSpacing"].split()] == [1.0, 2.0, 3.0]
    assert [float(v) for v in fields["Offset"].split()] == [-1.5, -2.0, -1.5]
    assert np.frombuffer(data, "<i2").tolist() == list(range(24))
