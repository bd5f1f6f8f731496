"""Child process: three narrow beams through slabs of water, NaI and lead. ``python gate_beams.py OUT.json``.

Each beam starts 1 m before its slab; behind, a plane keeps every photon's place, direction and energy.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

ENERGY_KEV = 140.5
PHOTONS = 150_000
# name, material, thickness in mm: between one and two mean free paths
SLABS = (("water", "G4_WATER", 100.0), ("nai", "G4_SODIUM_IODIDE", 5.0), ("lead", "G4_Pb", 0.5))
SPACING_MM = 400.0


def main(out: str) -> None:
    """Simulate and write transmitted shares by name."""
    import opengate
    import uproot

    units = opengate.g4_units
    simulation = opengate.Simulation()
    simulation.random_seed = 20_261
    simulation.physics_manager.physics_list_name = "G4EmStandardPhysics"
    simulation.world.size = [2000.0, 500.0, 3000.0]
    simulation.world.material = "G4_Galactic"
    for i, (name, material, thickness) in enumerate(SLABS):
        slab = simulation.add_volume("Box", name)
        slab.size, slab.material = [300.0, 300.0, thickness], material
        slab.translation = [(i - 1) * SPACING_MM, 0.0, 0.0]
        beam = simulation.add_source("GenericSource", f"{name}_beam")
        beam.particle, beam.n = "gamma", PHOTONS
        beam.energy.type, beam.energy.mono = "mono", ENERGY_KEV * units.keV
        beam.position.type, beam.position.translation = "point", [(i - 1) * SPACING_MM, 0.0, -1000.0]
        beam.direction.type, beam.direction.momentum = "momentum", [0.0, 0.0, 1.0]
    plane = simulation.add_volume("Box", "plane")
    plane.size, plane.material, plane.translation = [1900.0, 400.0, 1.0], "G4_Galactic", [0.0, 0.0, 1200.0]
    keeper = simulation.add_actor("PhaseSpaceActor", "keeper")
    keeper.attached_to = "plane"
    keeper.attributes = ["KineticEnergy", "PrePosition", "PreDirection"]
    keeper.steps_to_store = "first"
    with tempfile.TemporaryDirectory() as folder:
        simulation.output_dir = folder
        keeper.output_filename = "keeper.root"
        simulation.run()
        with uproot.open(Path(folder) / "keeper.root") as stored:
            photons = stored["keeper"].arrays(library="np")
    straight = photons["PreDirection_Z"] > 1 - 1e-9
    untouched = straight & (photons["KineticEnergy"] > (ENERGY_KEV - 0.01) * units.keV)
    shares = {}
    for i, (name, _, _) in enumerate(SLABS):
        near = np.abs(photons["PrePosition_X"] - (i - 1) * SPACING_MM) < 0.1
        shares[name] = np.count_nonzero(near & untouched) / PHOTONS
    Path(out).write_text(json.dumps(shares))


if __name__ == "__main__":
    main(sys.argv[1])
