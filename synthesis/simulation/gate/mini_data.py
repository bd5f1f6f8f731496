"""Write a small tree of Geant4 data from the tables of `xraylib`, so that tests run GATE without the official archives.

``python -m synthesis.simulation.gate.mini_data OUT`` writes 7 MB in a second. For tests only: photo-electric effect
and coherent scattering of Z 1..92 between 0.1 and 790 keV, Compton scattering from Geant4's own Klein-Nishina formula,
no fluorescence, no Auger electrons, a crude bremsstrahlung table (electrons below 150 keV hardly radiate). It serves the
physics list G4EmStandardPhysics only. Studies made with it carry ``g4data = xraylib-mini``.

References
----------
File formats: Geant4 11.4, G4LivermorePhotoElectricModel.cc, G4LivermoreRayleighModel.cc and G4SeltzerBergerModel.cc
(``Initialise``, ``ReadData``), G4PhysicsFreeVector::Retrieve.
Cross sections: Schoonjans et al., "The xraylib library for X-ray-matter interactions", Spectrochim. Acta B 66 (2011) 776.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from synthesis.simulation.gate.data import FOLDERS, TAG_FILE

TAG = "xraylib-mini"
ELEMENTS = range(1, 93)
LOWEST_KEV, HIGHEST_KEV = 0.1001, 790.0  # what xraylib's tables of cross sections span
HIGHEST_PARTIAL_KEV = 190.0  # and those of single shells
TOP_KEV = 1000.0
POINTS = 120  # a table; the cross sections are smooth between edges
MM2_PER_BARN = 1e-22
BREMSSTRAHLUNG_MEV = (1e-3, 1e4)
Array = npt.NDArray[np.float64]


def write_tree(folder: Path) -> None:
    """Write the tree to `folder`, which must not exist; it appears complete or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".g4data-") as name:
        fresh = Path(name) / "tree"
        _write(fresh)
        fresh.replace(folder)


def _write(folder: Path) -> None:
    import xraylib  # only those who build the tree need it

    for data in FOLDERS.values():
        (folder / data).mkdir(parents=True)
    energies = folder / FOLDERS["G4LEDATA"]
    photo, coherent = energies / "livermore" / "phot_epics2014", energies / "livermore" / "rayl"
    for made in (photo, coherent, energies / "brem_SB", energies / "epics2017"):
        made.mkdir(parents=True)
    (energies / "epics2017" / "phot").symlink_to("../livermore/phot_epics2014")
    (energies / "epics2017" / "rayl").symlink_to("../livermore/rayl")
    for z in ELEMENTS:
        _write_photoelectric(photo, z, xraylib)
        _write_coherent(coherent, z, xraylib)
        _write_bremsstrahlung(energies / "brem_SB" / f"br{z}")
    (folder / FOLDERS["G4ENSDFSTATEDATA"] / "ENSDFSTATE.dat").touch()
    (folder / TAG_FILE).write_text(TAG + "\n", encoding="utf-8")


def _write_photoelectric(folder: Path, z: int, xraylib: Any) -> None:
    """Write the four files of one element: all shells above K, all below, one by one, and an unused fit.

    Geant4 keeps E^3 sigma (MeV^3 barn), which varies slowly.
    """
    shells = _shells(z, xraylib)
    energies = [kev for _, kev in shells]
    k_edge, lowest = energies[0], max(energies[-1], 0.005)

    def total(kev: float) -> float:
        inside = min(max(kev, LOWEST_KEV), HIGHEST_KEV)
        return _cubed(inside) * float(xraylib.CSb_Photo(z, inside))

    _write_vector(folder / f"pe-cs-{z}.dat", _grid(max(k_edge * 1.0000001, 0.0136), TOP_KEV), total)
    for name, start_mev in (("high", 1e9), ("low", 1e8)):  # the fits begin above every energy that occurs
        lines = [f"{len(shells)} {len(shells)} {start_mev:.3e}"]
        lines += [f"{kev / 1e3:.6e} " + " ".join(["1.0e-30"] * 6) for kev in energies]
        _write_lines(folder / f"pe-{name}-{z}.dat", lines)
    if len(shells) == 1:
        return
    steps = [kev * side for kev in energies[1:] for side in (0.999999, 1.000001)]
    _write_vector(folder / f"pe-le-cs-{z}.dat", _grid(min(lowest, k_edge * 0.9), k_edge * 0.9999999, steps), total)
    lines = []
    for number, (shell, edge) in enumerate(shells):
        grid = _grid(max(edge * 1.000001, LOWEST_KEV), TOP_KEV)
        lines.append(f"{grid[0] / 1e3:.9e} {grid[-1] / 1e3:.9e} {len(grid)} {number}")
        lines += [f"{e / 1e3:.9e} {_cubed(e) * _partial(z, shell, e, xraylib):.9e}" for e in grid.tolist()]
    _write_lines(folder / f"pe-ss-cs-{z}.dat", lines)


def _write_coherent(folder: Path, z: int, xraylib: Any) -> None:
    """Write E^2 sigma of coherent scattering (MeV^2 mm^2)."""

    def scaled(kev: float) -> float:
        return (kev / 1e3) ** 2 * float(xraylib.CSb_Rayl(z, kev)) * MM2_PER_BARN

    _write_vector(folder / f"re-cs-{z}.dat", _grid(LOWEST_KEV, HIGHEST_KEV), scaled)


def _write_bremsstrahlung(path: Path) -> None:
    """Write a table with the shape Geant4 expects: rows of energy, columns of the photon's share of it."""
    shares = np.linspace(0.0, 1.0, 32)
    energies = np.linspace(math.log(BREMSSTRAHLUNG_MEV[0]), math.log(BREMSSTRAHLUNG_MEV[1]), 57)
    row = " ".join(f"{10.0 * (1.0 - 0.8 * share):.5f}" for share in shares)
    lines = [f"4 {len(shares)} {len(energies)}", " ".join(f"{s:.5f}" for s in shares)]
    lines += [" ".join(f"{e:.6f}" for e in energies), *[row] * len(energies)]
    _write_lines(path, lines)


def _shells(z: int, xraylib: Any) -> list[tuple[int, float]]:
    """Return the shells K to M5 of an element that exist, with their edges in keV, from the strongest bound."""
    found = []
    for name in ("K", "L1", "L2", "L3", "M1", "M2", "M3", "M4", "M5"):
        shell = getattr(xraylib, f"{name}_SHELL")
        try:
            edge = float(xraylib.EdgeEnergy(z, shell))
        except ValueError:  # the element has no such shell
            continue
        if edge > 0:
            found.append((shell, edge))
    return found or [(xraylib.K_SHELL, 0.0136)]  # hydrogen


def _partial(z: int, shell: int, kev: float, xraylib: Any) -> float:
    """Return the cross section of one shell in barn; above the tables of shells, its share stays what it was."""
    inside, whole = min(kev, HIGHEST_PARTIAL_KEV), min(kev, HIGHEST_KEV)
    try:
        share = float(xraylib.CSb_Photo_Partial(z, shell, inside)) / float(xraylib.CSb_Photo(z, inside))
    except ValueError:  # below the shell's edge
        return 0.0
    return max(share * float(xraylib.CSb_Photo(z, whole)), 0.0)


def _cubed(kev: float) -> float:
    return (kev / 1e3) ** 3


def _grid(lowest: float, highest: float, extra: Iterable[float] = ()) -> Array:
    inside = [kev for kev in extra if lowest < kev < highest]
    grid: Array = np.unique(np.concatenate([np.geomspace(lowest, highest, POINTS), inside]))
    return grid


def _write_vector(path: Path, grid_kev: Array, value: Callable[[float], float]) -> None:
    points = grid_kev.tolist()
    lines = [f"{points[0] / 1e3:.9e} {points[-1] / 1e3:.9e} {len(points)}", str(len(points))]
    _write_lines(path, lines + [f"{kev / 1e3:.9e} {value(kev):.9e}" for kev in points])


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def main(arguments: list[str]) -> int:
    """Write the tree to the one folder named."""
    if len(arguments) != 1 or Path(arguments[0]).exists():
        sys.stderr.write("usage: python -m synthesis.simulation.gate.mini_data NEW_FOLDER\n")
        return 2
    write_tree(Path(arguments[0]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
