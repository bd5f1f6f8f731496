"""How much memory one reconstruction takes: the largest resident size of a fresh process that does nothing else.

``osem_peak_gib`` and ``<default network>_peak_gib`` include Python and torch themselves, ``..._import_gib``; ``peak_gib``
is the larger of the two. ``..._s`` is the processor time of that first reconstruction, operators included. The patient is
a cylinder of water and the network has fresh weights: memory depends on neither.
"""

import json
import subprocess
import sys
import time

import numpy as np

from flomir.bench.figures import MeasureError, Outcome
from model.geometry import LEHR_NM670, AcquisitionGeometry, VolumeGrid, orbit_angles_rad
from model.io.study_records import Study
from model.machine import peak_memory_bytes
from model.shipped import DEFAULT_NETWORK

TIMEOUT_S = 3600.0
ITERATIONS = 2  # more take longer, no more memory
WIDTH_MM, DEPTH_MM = 422.4, 211.2
MU_WATER_PER_MM = 0.01537  # at 140.5 keV, as model.io.dicom.ct


def bench_memory(size: tuple[int, int, int], views: int) -> Outcome:
    """Reconstruct once by OSEM and once by the default network, each in a fresh process of one thread.

    Raises
    ------
    MeasureError
        If such a process fails; the message ends with its own last words.
    """
    figures = {
        f"{method}_{key}": value
        for method in ("osem", DEFAULT_NETWORK)
        for key, value in _in_fresh_process(method, size, views).items()
    }
    figures["peak_gib"] = max(value for key, value in figures.items() if key.endswith("_peak_gib"))
    x, y, z = size
    return Outcome(figures, {"what": f"{x}x{y}x{z}, {views} views, OSEM of {ITERATIONS} iterations", "threads": "1"})


def _in_fresh_process(method: str, size: tuple[int, int, int], views: int) -> dict[str, float]:
    command = [sys.executable, "-P", "-m", "flomir.bench.memory", method, *map(str, size), str(views)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        msg = f"the reconstruction by {method} ended with code {done.returncode}: {done.stderr.strip()[-400:]}"
        raise MeasureError(msg)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _peak_gib() -> float:
    return peak_memory_bytes() / 2**30


def _reconstruct(method: str, size: tuple[int, int, int], views: int) -> dict[str, float]:
    import torch

    from model.classical.osem import OsemSettings, reconstruct_osem
    from model.inference import reconstruct
    from model.networks import build_network
    from model.networks.inputs import ReconstructionNetwork

    torch.set_num_threads(1)
    study = _cylinder(size, views)
    network = None if method == "osem" else build_network({"name": method}, seed=0)
    imported = _peak_gib()
    begin = time.process_time()
    if isinstance(network, ReconstructionNetwork):
        reconstruct(study, network)
    else:
        reconstruct_osem(study, OsemSettings(iterations=ITERATIONS))
    return {"peak_gib": _peak_gib(), "import_gib": imported, "s": time.process_time() - begin}


def _cylinder(size: tuple[int, int, int], views: int) -> Study:
    x, y, z = size
    voxel, axial = WIDTH_MM / x, DEPTH_MM / z
    geometry = AcquisitionGeometry(
        angles_rad=orbit_angles_rad(views, start_deg=225.0, arc_deg=-180.0),
        radius_mm=(240.0,) * views,
        duration_s=(20.0,) * views,
        n_bins=x,
        n_axial=z,
        bin_mm=voxel,
        axial_mm=axial,
        collimator=LEHR_NM670,
        intrinsic_fwhm_mm=3.9,
        grid=VolumeGrid((z, y, x), (axial, voxel, voxel)),
    )
    across = (np.arange(x) - (x - 1) / 2) * voxel
    along = (np.arange(y) - (y - 1) / 2) * voxel
    body = (across[None, :] / 180.0) ** 2 + (along[:, None] / 120.0) ** 2 < 1
    mu = np.broadcast_to(body * np.float32(MU_WATER_PER_MM), geometry.volume_shape).astype(np.float32)
    counts = np.random.default_rng(0).poisson(2.0, (1, *geometry.projection_shape)).astype(np.float32)
    return Study(projections=counts, geometry=geometry, attenuation=mu, scatter=np.full_like(counts, 0.3))


if __name__ == "__main__":
    name, *numbers = sys.argv[1:]
    width, height, depth, angles = map(int, numbers)
    sys.stdout.write(json.dumps(_reconstruct(name, (width, height, depth), angles)))
