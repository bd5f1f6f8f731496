"""Name a way to reconstruct and get it: classical methods, shipped networks, weights files; all called alike.

A method turns a study into float32 (Z, Y, X) expected detected counts per voxel, without attenuation, over the whole
acquisition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import JsonValue

from model.checkpoint import load_model
from model.classical.fbp import fbp
from model.classical.map_osem import MapOsemSettings, reconstruct_map_osem
from model.classical.osem import OsemSettings, reconstruct_osem, study_tensors
from model.errors import ModelError
from model.filters import gaussian_postfilter
from model.inference import reconstruct
from model.io.study_records import Study
from model.io.weights import ModelCard
from model.networks import NETWORKS
from model.networks.inputs import ReconstructionNetwork
from model.shipped import DEFAULT, DEFAULT_NETWORK, TASK, shipped_networks, shipped_path

Volume = NDArray[np.float32]
Progress = Callable[[float], None]
CLASSICAL = ("osem", "mlem", "fbp", "map-osem")
MLEM_ITERATIONS = 60
"""As many updates as the default OSEM: 10 iterations of 6 subsets."""
WEIGHTS_SUFFIX = ".safetensors"


class Method(Protocol):
    """One way to reconstruct."""

    @property
    def name(self) -> str:
        """Short, for tables and file names."""

    def describe(self) -> dict[str, JsonValue]:
        """Return the settings or, for a network, what its card says; plain JSON."""

    def __call__(self, study: Study, *, on_progress: Progress | None = None) -> Volume:
        """Return the image, float32 (Z, Y, X) counts; ``on_progress`` hears the share that is done."""


@dataclass(frozen=True)
class OsemMethod:
    """OSEM, or MLEM where there is one subset."""

    name: str
    settings: OsemSettings

    def describe(self) -> dict[str, JsonValue]:
        """Return the settings."""
        return {"method": self.name, **asdict(self.settings)}

    def __call__(self, study: Study, *, on_progress: Progress | None = None) -> Volume:
        """Reconstruct."""
        total = self.settings.iterations
        heard = None if on_progress is None else (lambda done: on_progress(done / total))
        return reconstruct_osem(study, self.settings, on_iteration=heard)


@dataclass(frozen=True)
class MapOsemMethod:
    """OSEM with a total-variation prior; the prior takes the place of a post-filter."""

    settings: MapOsemSettings
    name: str = "map-osem"

    def describe(self) -> dict[str, JsonValue]:
        """Return the settings."""
        return {"method": self.name, **asdict(self.settings)}

    def __call__(self, study: Study, *, on_progress: Progress | None = None) -> Volume:
        """Reconstruct."""
        total = self.settings.iterations
        heard = None if on_progress is None else (lambda done: on_progress(done / total))
        return reconstruct_map_osem(study, self.settings, on_iteration=heard)


@dataclass(frozen=True)
class FbpMethod:
    """Filtered backprojection with Chang's correction and a Gaussian post-filter; negative values become 0."""

    settings: OsemSettings
    name: str = "fbp"

    def describe(self) -> dict[str, JsonValue]:
        """Return what it corrects for and its filter."""
        used = ("postfilter_fwhm_mm", "attenuation", "scatter")
        return {"method": self.name, **{key: value for key, value in asdict(self.settings).items() if key in used}}

    @torch.no_grad()
    def __call__(self, study: Study, *, on_progress: Progress | None = None) -> Volume:
        """Reconstruct."""
        data = study_tensors(study, replace(self.settings, resolution=False))
        image = fbp(data.projections, data.projector, scatter_BVZU=data.scatter, chang=data.attenuation)
        smooth = gaussian_postfilter(image, study.geometry.grid, self.settings.postfilter_fwhm_mm)
        if on_progress is not None:
            on_progress(1.0)
        return np.asarray(smooth[0].clamp_min(0).float().numpy(), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class NetworkMethod:
    """A trained network."""

    name: str
    network: ReconstructionNetwork
    card: ModelCard

    def describe(self) -> dict[str, JsonValue]:
        """Return what identifies the weights."""
        card = self.card
        return {
            "method": self.name,
            "network": dict(card.network),
            "parameters": card.parameters,
            "content_hash": card.content_hash,
            "created_at": card.created_at,
        }

    def __call__(self, study: Study, *, on_progress: Progress | None = None) -> Volume:
        """Reconstruct; raises what the network cannot take (another matrix size, an empty study)."""
        image = reconstruct(study, self.network)
        if on_progress is not None:
            on_progress(1.0)
        return image


def method_names() -> tuple[str, ...]:
    """Name everything `resolve_method` knows here, besides weights files."""
    there = shipped_networks()
    return (*((DEFAULT,) if DEFAULT_NETWORK in there else ()), *there, *CLASSICAL)


def default_settings(text: str) -> OsemSettings:
    """Return what a classical method uses unless told otherwise."""
    if text == "mlem":
        return OsemSettings(iterations=MLEM_ITERATIONS, subsets=1)
    if text == "map-osem":
        return OsemSettings(iterations=MapOsemSettings().iterations, subsets=MapOsemSettings().subsets)
    return OsemSettings()


def resolve_method(text: str, *, osem: OsemSettings | None = None, device: str = "cpu") -> Method:
    """Return the method that `text` names.

    Parameters
    ----------
    text : str
        ``osem``, ``mlem``, ``fbp``, ``map-osem``, ``default``, a shipped network's name, or a path of a weights file
        that has its card beside it.
    osem : OsemSettings, optional
        For the classical methods; their defaults unless given.
    device : str
        Where a network runs, as torch names it.

    Raises
    ------
    ModelError
        ``method.unknown``, listing the choices; ``weights.*`` for a file or network that cannot be used.
    """
    match text:
        case "osem":
            return OsemMethod("osem", osem or OsemSettings())
        case "mlem":
            return OsemMethod("mlem", replace(osem or default_settings(text), subsets=1))
        case "map-osem":
            return MapOsemMethod(_map_settings(osem))
        case "fbp":
            return FbpMethod(osem or OsemSettings())
    return _network_method(text, device)


def _map_settings(osem: OsemSettings | None) -> MapOsemSettings:
    """Take over what both have; the post-filter has no counterpart."""
    if osem is None:
        return MapOsemSettings()
    shared = {name: value for name, value in asdict(osem).items() if name != "postfilter_fwhm_mm"}
    return MapOsemSettings(**shared)


def _network_method(text: str, device: str) -> Method:
    if text.endswith(WEIGHTS_SUFFIX):
        path, name = Path(text), Path(text).stem[:40]
    elif text in (DEFAULT, *NETWORKS):
        path = shipped_path(text)
        name = path.stem
    else:
        choices = ", ".join(method_names())
        message = f"there is no method {text!r}; there are {choices} and files that end in {WEIGHTS_SUFFIX}"
        raise ModelError(code="method.unknown", message=message, remedy="Name one of them.")
    network, card = load_model(path, task=TASK)
    if not isinstance(network, ReconstructionNetwork):
        message = f"the model is a {type(network).__name__}, which reconstructs nothing"
        raise ModelError(code="weights.task", message=message)
    return NetworkMethod(name, network.to(device), card)
