"""Configuration files of gateway and relay: written by their daemon, read once at start."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fl_core.errors import InvalidInput

HOST_PORT = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-]+):\d{1,5}$"
Config = TypeVar("Config", bound=BaseModel)


class GatewayConfig(BaseModel):
    """What the gateway needs; paths are of PEM files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    public_host: str
    public_port: int = Field(ge=0, le=65_535)
    bind: str = Field(default="127.0.0.1", description="address the public port is opened on")
    cert: Path
    key: Path
    ca: Path
    trusted_file: Path
    upstream_api: str = Field(pattern=r"^http://", description="the daemon's web server, on loopback")
    upstream_fleet: str = Field(pattern=r"^http://", description="the SuperLink, on loopback")
    gateway_secret: str = Field(min_length=20)
    engine_secret: str = Field(min_length=20, description="shown to the SuperLink, which answers nobody else")
    admin_port: int = Field(ge=0, le=65_535)
    journal: Path | None = Field(default=None, description="answers kept over a restart; default: beside the config")
    home: Path | None = Field(default=None, description="data folder, kept out of the log")
    hold_s: float = Field(default=20.0, ge=0, le=25, description="longest time a pull without a message stays open")
    max_body_bytes: int = Field(default=4 * 2**30, ge=1, description="largest body of the peer API")


class RelayConfig(BaseModel):
    """What the relay needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int = Field(ge=0, le=65_535)
    gateway: str = Field(pattern=HOST_PORT)
    ca: Path
    cert: Path
    key: Path
    public_key_pem: str = Field(description="the site's public key, the only one that is served")
    proxy_file: Path | None = Field(default=None, description="the proxy to go through; without the file none")
    home: Path | None = None
    answer_within_s: float = Field(default=24.0, gt=0, le=28, description="then 503, before the SuperNode gives up")


def read_config(path: Path, model: type[Config]) -> Config:
    """Read a configuration file; raises InvalidInput naming the fields that do not fit, never their values."""
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        message = f"the configuration cannot be read: {type(error).__name__}"
        raise InvalidInput(message) from error
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
        message = f"the configuration does not fit: {fields}"
        raise InvalidInput(message) from None
