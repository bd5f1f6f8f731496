"""The networks by name: a validated configuration for each, and one function that builds any of them."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from model.errors import ModelError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails
    from torch import nn


Channels = Annotated[tuple[Annotated[int, Field(ge=4, le=128)], ...], Field(min_length=2, max_length=4)]
Side = Annotated[int, Field(ge=8, le=512)]
Width = Annotated[int, Field(ge=4, le=512)]
ClosingPasses = Annotated[
    int, Field(ge=0, le=40, description="smoothed EM passes after the last block, each over half of the views")
]
ClosingWidth = Annotated[float, Field(ge=0.5, le=20, description="width of their smoothing at 50 counts a voxel")]


class UnrolledEmConfig(BaseModel):
    """`model.networks.unrolled_em.UnrolledEm`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["unrolled_em"] = "unrolled_em"
    blocks: int = Field(default=4, ge=1, le=16, description="EM-then-CNN blocks K")
    updates: int = Field(default=2, ge=0, le=8, description="subset EM updates in one block")
    subsets: int = Field(default=10, ge=1, le=120, description="interleaved view subsets")
    warm_passes: int = Field(default=6, ge=1, le=20, description="OS-EM passes before the first block")
    channels: int = Field(default=24, ge=4, le=128, description="features of one CNN")
    layers: int = Field(default=1, ge=0, le=8, description="in-plane layers between the two 3-D ones")
    closing_passes: ClosingPasses = 0
    closing_fwhm_voxels: ClosingWidth = 3.0


class UnrolledUnetConfig(BaseModel):
    """`model.networks.unrolled_unet.UnrolledUnet`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["unrolled_unet"] = "unrolled_unet"
    blocks: int = Field(default=4, ge=1, le=16, description="EM-then-U-Net blocks K")
    updates: int = Field(default=2, ge=0, le=8, description="subset EM updates in one block")
    subsets: int = Field(default=10, ge=1, le=120, description="interleaved view subsets")
    start_passes: int = Field(default=3, ge=1, le=20, description="OS-EM passes before the first block")
    channels: Channels = Field(default=(24, 28), description="features of the U-Net's levels, finest first")
    shared: bool = Field(default=False, description="one U-Net for all blocks, told which it is in")
    closing_passes: ClosingPasses = 0
    closing_fwhm_voxels: ClosingWidth = 3.0


class OsemUnetConfig(BaseModel):
    """`model.networks.osem_unet.OsemUnet`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["osem_unet"] = "osem_unet"
    subsets: int = Field(default=10, ge=1, le=120, description="interleaved view subsets")
    start_passes: int = Field(default=2, ge=1, le=20, description="OS-EM passes of the start")
    channels: Channels = Field(default=(32, 36, 40), description="features of the U-Net's levels, finest first")


class FbpUnetConfig(BaseModel):
    """`model.networks.fbp_unet.FbpUnet`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["fbp_unet"] = "fbp_unet"
    channels: Channels = Field(default=(32, 36, 40), description="features of the U-Net's levels, finest first")


class PrimalDualConfig(BaseModel):
    """`model.networks.primal_dual.PrimalDual`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["primal_dual"] = "primal_dual"
    iterations: int = Field(default=8, ge=1, le=32, description="primal-dual steps, one subset each")
    subsets: int = Field(default=4, ge=1, le=120, description="interleaved view subsets")
    start_passes: int = Field(default=1, ge=0, le=20, description="OS-EM passes of the start; 0 for a uniform body")
    memory: int = Field(default=4, ge=1, le=16, description="images kept from step to step, each side")
    channels: int = Field(default=16, ge=4, le=64, description="features of one CNN")


class EncoderDecoderConfig(BaseModel):
    """`model.networks.encoder_decoder.EncoderDecoder`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["encoder_decoder"] = "encoder_decoder"
    views: int = Field(default=60, ge=8, le=256, description="views it is made for")
    bins: int = Field(default=64, ge=8, le=256, description="detector bins it is made for")
    plane: tuple[Side, Side] = Field(default=(64, 64), description="rows and columns of a slice it is made for")
    channels: tuple[Width, ...] = Field(
        default=(32, 64, 128, 256), min_length=2, max_length=5, description="features after each halving"
    )


ReconstructionConfig = (
    UnrolledEmConfig | UnrolledUnetConfig | OsemUnetConfig | FbpUnetConfig | PrimalDualConfig | EncoderDecoderConfig
)


class Unet2dConfig(BaseModel):
    """`model.networks.unet_2d.Unet2d`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["unet_2d"] = "unet_2d"
    in_channels: int = Field(default=2, ge=1, le=16)
    classes: int = Field(default=4, ge=2, le=64, description="labels including background 0")
    channels: tuple[int, ...] = Field(default=(8, 16, 32), min_length=2, max_length=6)


class NetworkKind(NamedTuple):
    """A kind of reconstruction network: how it is configured, and what it is in one line."""

    config: type[BaseModel]
    description: str


NETWORKS: Mapping[str, NetworkKind] = {
    "unrolled_em": NetworkKind(UnrolledEmConfig, "Unrolled OS-EM with a shallow CNN after every few updates."),
    "unrolled_unet": NetworkKind(UnrolledUnetConfig, "Unrolled OS-EM with a small 3-D U-Net after every few updates."),
    "osem_unet": NetworkKind(OsemUnetConfig, "A short OS-EM, then one residual 3-D U-Net."),
    "fbp_unet": NetworkKind(FbpUnetConfig, "Filtered back-projection, then one residual 3-D U-Net; the fastest."),
    "primal_dual": NetworkKind(PrimalDualConfig, "Learned primal-dual: small CNNs in image and projection space."),
    "encoder_decoder": NetworkKind(
        EncoderDecoderConfig, "Projections to slices without physics, for one matrix and number of views (baseline)."
    ),
}
"""The reconstruction networks by name."""

NetworkConfig = Annotated[ReconstructionConfig | Unet2dConfig, Field(discriminator="name")]
_ADAPTER: TypeAdapter[ReconstructionConfig | Unet2dConfig] = TypeAdapter(NetworkConfig)
_CLASSES = {
    "unrolled_em": ("model.networks.unrolled_em", "UnrolledEm"),
    "unrolled_unet": ("model.networks.unrolled_unet", "UnrolledUnet"),
    "osem_unet": ("model.networks.osem_unet", "OsemUnet"),
    "fbp_unet": ("model.networks.fbp_unet", "FbpUnet"),
    "primal_dual": ("model.networks.primal_dual", "PrimalDual"),
    "encoder_decoder": ("model.networks.encoder_decoder", "EncoderDecoder"),
    "unet_2d": ("model.networks.unet_2d", "Unet2d"),
}


def _complaint(first: "ErrorDetails", config: Mapping[str, object]) -> str:
    if first["type"] == "union_tag_invalid":
        return f"there is no network {config['name']}; there are {', '.join(sorted(NETWORKS))}"
    if first["type"] == "union_tag_not_found":
        return f"it is missing; there are {', '.join(sorted(NETWORKS))}"
    return str(first["msg"])


def parse_network(config: Mapping[str, object]) -> ReconstructionConfig | Unet2dConfig:
    """Validate a configuration and fill in defaults.

    Raises
    ------
    ModelError
        ``network.invalid``, naming the first wrong field.
    """
    try:
        return _ADAPTER.validate_python(dict(config))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "name"
        message = f"the network configuration is not valid at {place}: {_complaint(first, config)}"
        raise ModelError(code="network.invalid", message=message) from error


def build_network(config: Mapping[str, object], *, seed: int | None = None) -> "nn.Module":
    """Build a network; with a seed its first weights are reproducible and the global random state is untouched."""
    import torch  # here, so that a configuration can be validated without torch

    parsed = parse_network(config)
    if seed is None:
        return _construct(parsed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _construct(parsed)


def _construct(config: BaseModel) -> "nn.Module":
    module, kind = _CLASSES[config.name]  # type: ignore[attr-defined]  # every configuration has its name
    # imported here: MONAI takes seconds, and only who needs it pays
    network: nn.Module = getattr(import_module(module), kind)(config)
    return network
