"""Run one job of GATE, in a process of its own: forked by `synthesis.simulation.gate.warm`.

A fresh state for every run: a free-flight simulation leaves something behind in Geant4, and the next one in the same
process counts nothing. Everything that Geant4 prints goes to standard output, where the parent looks for overlaps.
"""

from __future__ import annotations

import ctypes
import math
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from synthesis.simulation.gate.job import GateJob

ENERGY_KEV = 140.511  # Tc-99m
NAME = "spect"
CLEARANCE_MM = 0.01  # between the head's volumes and the box around them


def simulate(job: GateJob, folder: Path) -> dict[str, Any]:
    """Run `job` in this interpreter and return its counts; `folder` takes what GATE writes.

    Returns
    -------
    dict
        ``counts`` and ``squared`` float64 (W, Z, U), weights and squared weights summed over detected photons, oriented
        as `model.geometry` says; ``photons`` that started; ``transport_s``, processor time of transport.
    """
    import opengate  # only the child process loads Geant4

    simulation = opengate.Simulation()
    config = _configure(opengate, job, folder)
    config.setup_simulation(simulation)
    simulation.random_seed = job.seed
    simulation.progress_bar = False
    simulation.store_json_archive = False
    simulation.check_volumes_overlap = True
    simulation.physics_manager.physics_list_name = job.physics  # SPECTConfig sets another one
    _place_head(config, simulation, job)
    if job.phantom is not None:
        _add_phantom(opengate, simulation, job)
    _add_source(opengate, simulation, job)
    _free_flight(config, simulation, job)
    before_s = time.process_time()
    simulation.run()
    run_s = time.process_time() - before_s
    projection = config.detector_config.get_proj_actors(simulation)[0]
    counts = _oriented(projection.counts.image)
    squared = counts if job.mode == "analog" else _oriented(projection.squared_counts.image)
    statistics = simulation.get_actor("stats").counts
    transport_s = run_s * statistics.duration / (statistics.duration + statistics.init)  # those two are wall times
    return {"counts": counts, "squared": squared, "photons": job.photons, "transport_s": transport_s}


def _configure(opengate: Any, job: GateJob, folder: Path) -> Any:
    from opengate.contrib.spect.spect_config import SPECTConfig

    config = SPECTConfig(NAME)
    config.output_folder = folder
    detector, kev = config.detector_config, opengate.g4_units.keV
    detector.model, detector.collimator, detector.number_of_heads = job.camera, job.collimator, 1
    detector.size, detector.spacing = [job.shape[1], job.shape[0]], [job.bins_mm[1], job.bins_mm[0]]
    detector.digitizer_channels = [
        {"name": c.name, "min": c.lower_kev * kev, "max": c.upper_kev * kev} for c in job.channels
    ]
    return config


def _place_head(config: Any, simulation: Any, job: GateJob) -> None:
    """Shrink the head's box to its parts, put the openings of the holes at the radius and turn the gantry."""
    module = config.detector_config.get_model_module()
    head = simulation.volume_manager.get_volume(f"{NAME}_head_0")
    axis, sign = (2, 1.0) if job.camera == "nm670" else (0, -1.0)  # where the patient lies, in the head's own frame
    middle = (job.front_mm - job.back_mm) / 2
    head.size[axis] = job.front_mm + job.back_mm + 2 * CLEARANCE_MM
    for volume in simulation.volume_manager.volumes.values():
        if volume.name != "world" and volume.mother == head.name:
            moved = list(volume.translation)
            moved[axis] -= sign * middle
            volume.translation = moved
    if job.camera == "nm670":
        module.set_default_orientation(head, job.collimator)
    head.translation = [0.0, job.face_mm - middle, 0.0]
    module.rotate_gantry(head, job.radius_mm, -job.angle_deg)
    blur = simulation.actor_manager.find_actors_by_type("DigitizerSpatialBlurringActor")[0]
    blur.blur_fwhm = job.intrinsic_fwhm_mm


def _add_phantom(opengate: Any, simulation: Any, job: GateJob) -> None:
    phantom = job.phantom
    if phantom is None:
        return
    units = opengate.g4_units
    for material in phantom.materials:
        elements = material["elements"]
        simulation.volume_manager.material_database.add_material_weights(
            material["name"], list(elements), list(elements.values()), material["density"] * units.g_cm3
        )
    box = simulation.add_volume("Image", "phantom")
    box.image = phantom.image
    box.material = "G4_AIR"
    names = ["G4_AIR", *(material["name"] for material in phantom.materials)]
    box.voxel_materials = [[i - 0.5, i + 0.5, name] for i, name in enumerate(names)]
    box.translation = list(phantom.centre_mm)
    sin, cos = math.sin(math.radians(job.angle_deg)), math.cos(math.radians(job.angle_deg))
    box.rotation = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])  # by -angle about z, as the gantry


def _add_source(opengate: Any, simulation: Any, job: GateJob) -> None:
    if job.source.image:
        source = simulation.add_source("VoxelSource", "source")
        source.image = job.source.image
    else:
        source = simulation.add_source("GenericSource", "source")
        source.position.type = "point"
        source.position.translation = list(job.source.point_mm)
    source.particle = "gamma"
    source.energy.type = "mono"
    source.energy.mono = ENERGY_KEV * opengate.g4_units.keV
    source.direction.type = "iso"
    source.n = job.photons


def _free_flight(config: Any, simulation: Any, job: GateJob) -> None:
    if job.mode == "analog":
        return
    import opengate

    flight = config.free_flight_config
    flight.mode = job.mode
    flight.compton_splitting_factor = flight.rayleigh_splitting_factor = job.splitting
    acceptance = flight.angular_acceptance
    acceptance.enable_intersection_check = acceptance.enable_angle_check = True
    acceptance.angle_tolerance_max = job.acceptance_deg * opengate.g4_units.deg
    acceptance.policy = "ForceDirection" if job.mode == "primary" else "Rejection"
    flight.setup_simulation(simulation)


def _oriented(image: Any) -> Any:
    """Turn opengate's picture (rows against z, columns against u) to the axes (W, Z, U) of model.geometry."""
    import itk

    return np.ascontiguousarray(itk.array_from_image(image)[:, ::-1, ::-1], dtype=np.float64)


def _end_with_parent() -> None:
    """Die when the thread that started this process does (Linux); a forgotten run would go on for an hour."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def main(arguments: list[str]) -> int:
    """Read the job, run it and write the result; the file appears complete or not at all."""
    _end_with_parent()
    job, result = GateJob.read(Path(arguments[0])), Path(arguments[1])
    with tempfile.TemporaryDirectory(prefix="gate-") as folder:
        values = simulate(job, Path(folder)) | {"cpu_s": time.process_time()}
        fresh = Path(folder) / "result.npz"
        np.savez(fresh, **values)
        partial = result.with_suffix(".part")
        partial.write_bytes(fresh.read_bytes())
    partial.replace(result)
    return 0
