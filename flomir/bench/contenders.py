"""Who is timed by `flomir bench reconstruct`: each method with what it builds once a geometry and what it does a study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from flomir.bench import pytomography_osem
from model.attenuation import forget_paths
from model.checkpoint import load_shipped
from model.classical.map_osem import MapOsemSettings, reconstruct_map_osem
from model.classical.osem import OsemSettings, reconstruct_osem
from model.errors import ModelError
from model.filters import gaussian_postfilter
from model.geometry import AcquisitionGeometry
from model.inference import reconstruct
from model.io.study_records import Study
from model.methods import FbpMethod
from model.networks import NETWORKS, build_network
from model.networks.inputs import ReconstructionNetwork
from model.projector import forget_projectors
from model.shipped import shipped_networks

Volume = npt.NDArray[np.float32]
Ready = Callable[[], Volume]
REFERENCE = "pytomography"


@dataclass(frozen=True, eq=False)
class Contender:
    """One method.

    Parameters
    ----------
    name : str
    settings : str
        For the reader.
    prepare : callable
        Takes a study, forgets and builds what depends on the geometry alone, and returns the reconstruction of this
        study as a function: everything a person waits for per study.
    trained : bool
        False for a network with fresh weights: its time counts, its image does not.
    """

    name: str
    settings: str
    prepare: Callable[[Study], Ready]
    trained: bool = True


def osem_contender(settings: OsemSettings) -> Contender:
    """Return our OSEM."""
    return Contender("osem", _osem_words(settings), partial(_ours, partial(reconstruct_osem, settings=settings)))


def map_osem_contender(settings: MapOsemSettings) -> Contender:
    """Return our MAP-OSEM."""
    words = f"{settings.iterations} iterations x {settings.subsets} subsets, beta {settings.beta:g}"
    return Contender("map_osem", words, partial(_ours, partial(reconstruct_map_osem, settings=settings)))


def fbp_contender(settings: OsemSettings) -> Contender:
    """Return filtered backprojection with Chang's correction."""
    return Contender("fbp", f"post-filter {settings.postfilter_fwhm_mm:g} mm", partial(_ours, FbpMethod(settings)))


def network_contenders(geometry: AcquisitionGeometry) -> list[Contender]:
    """Return the networks with shipped weights and, untrained, the other kinds; without those that refuse the geometry."""
    there = shipped_networks()
    found = []
    for name in (*there, *(name for name in NETWORKS if name not in there)):
        network = load_shipped(name)[0] if name in there else build_network({"name": name}, seed=0)
        if isinstance(network, ReconstructionNetwork) and _suits(network, geometry):
            words = "shipped weights" if name in there else "untrained"
            found.append(Contender(name, words, partial(_ours, _applied(network)), trained=name in there))
    return found


def _suits(network: ReconstructionNetwork, geometry: AcquisitionGeometry) -> bool:
    try:
        network.check_geometry(geometry)
    except ModelError:
        return False
    return True


def pytomography_contender(settings: OsemSettings) -> Contender:
    """Return PyTomography's OSEM with our post-filter."""
    return Contender(REFERENCE, _osem_words(settings), partial(_theirs, settings))


def _osem_words(settings: OsemSettings) -> str:
    words = f"{settings.iterations} iterations x {settings.subsets} subsets"
    return f"{words}, post-filter {settings.postfilter_fwhm_mm:g} mm"


def _applied(network: ReconstructionNetwork) -> Callable[[Study], Volume]:
    return lambda study: reconstruct(study, network)


def _ours(method: Callable[[Study], Volume], study: Study) -> Ready:
    forget_projectors()
    forget_paths()
    method(study)  # builds what its own views and subsets need
    return lambda: method(study)


def _theirs(settings: OsemSettings, study: Study) -> Ready:
    mu = None if study.attenuation is None else torch.from_numpy(study.attenuation)
    system = pytomography_osem.system_matrix(study.geometry, mu)

    def run() -> Volume:
        iterates = pytomography_osem.osem_iterates(study, system, subsets=settings.subsets)
        for _ in range(settings.iterations):
            image = next(iterates)
        volume = torch.from_numpy(image)[None]
        smooth = gaussian_postfilter(volume, study.geometry.grid, settings.postfilter_fwhm_mm)
        return np.asarray(smooth[0].numpy(), dtype=np.float32)

    return run


def with_filter(settings: OsemSettings, fwhm_mm: float) -> OsemSettings:
    """Return the settings with another post-filter."""
    return replace(settings, postfilter_fwhm_mm=fwhm_mm)
