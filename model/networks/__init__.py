"""The networks by name: a validated configuration for each, and one function that builds any of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from model.errors import ModelError

if TYPE_CHECKING:
    from torch import nn


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


class Unet2dConfig(BaseModel):
    """`model.networks.unet_2d.Unet2d`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["unet_2d"] = "unet_2d"
    in_channels: int = Field(default=2, ge=1, le=16)
    classes: int = Field(default=4, ge=2, le=64, description="labels including background 0")
    channels: tuple[int, ...] = Field(default=(8, 16, 32), min_length=2, max_length=6)


NetworkConfig = Annotated[UnrolledEmConfig | Unet2dConfig, Field(discriminator="name")]
_ADAPTER: TypeAdapter[UnrolledEmConfig | Unet2dConfig] = TypeAdapter(NetworkConfig)


def parse_network(config: Mapping[str, object]) -> UnrolledEmConfig | Unet2dConfig:
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
        message = f"the network configuration is not valid at {place}: {first['msg']}"
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


def _construct(config: UnrolledEmConfig | Unet2dConfig) -> "nn.Module":
    if isinstance(config, UnrolledEmConfig):
        from model.networks.unrolled_em import UnrolledEm

        return UnrolledEm(config)
    from model.networks.unet_2d import Unet2d  # MONAI takes seconds to import; only who needs it pays

    return Unet2d(config)
