"""The configuration file of each Flower child, as the daemons write it; free of flwr and torch."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class ChildConfig(BaseModel):
    """Base: unknown fields are refused, so that a typing error in a daemon is seen at the first start."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SuperLinkConfig(ChildConfig):
    """`fl_core.flower.superlink_main`; listens on 127.0.0.1:port."""

    port: int
    engine_secret: str = Field(
        min_length=20, description="what every call must show, see fl_core.transport.engine_door"
    )
    secret_file: Path = Field(description="made when missing; shared with the laboratory's agent")
    database: Path
    flwr_home: Path


class SuperNodeConfig(ChildConfig):
    """`fl_core.flower.supernode_main`; its runtime API listens on 127.0.0.1:port."""

    port: int
    superlink: str = Field(description="host:port of the relay, plain HTTP on loopback")
    key_file: Path = Field(description="the site's private key in OpenSSH format")
    secret_file: Path = Field(description="made when missing; shared with the site's agent")
    flwr_home: Path
    wake_url: str = Field(default="", description="POSTed without body when a message is there: the agent's /wake")
    idle_pause_s: float = Field(
        default=1.0, ge=0.01, description="pause after an empty answer that came at once (no gateway holds it)"
    )


class LaboratoryAgentConfig(ChildConfig):
    """`fl_core.flower.agent --role laboratory`; its API listens on 127.0.0.1:port."""

    port: int
    token: str = Field(min_length=20, description="bearer token of its API")
    superlink: str
    engine_secret: str = Field(min_length=20, description="shown to the SuperLink")
    secret_file: Path
    flwr_home: Path
    home: Path = Field(description="where run/, logs/ and runs.json live")
    gateway_admin: str = Field(default="", description="http://127.0.0.1:port of the gateway's admin API")
    gateway_secret: str = ""
    progress_url: str = ""
    progress_token: str = ""
    serverapp_silence_s: float = Field(default=120.0, gt=0, description="a ServerApp silent for this long is ended")


class SiteAgentConfig(ChildConfig):
    """`fl_core.flower.agent --role site`; serves POST /wake and GET /health on 127.0.0.1:port."""

    port: int
    runtime: str = Field(description="host:port of the SuperNode's runtime API")
    secret_file: Path
    flwr_home: Path
    home: Path
    grants_file: Path
    progress_file: Path
    progress_url: str = ""
    progress_token: str = ""
    torch_threads: int = Field(default=1, ge=1)
    poll_s: float = Field(default=2.0, gt=0, description="how often it looks for work without being woken")


class ServerAppConfig(ChildConfig):
    """`fl_core.flower.server_app`, started by the laboratory's agent for one acquired task."""

    superlink: str
    engine_secret: str
    token: str
    task_id: str
    flwr_home: Path
    gateway_admin: str = ""
    gateway_secret: str = ""
    progress_url: str = ""
    progress_token: str = ""


class RunnerConfig(ChildConfig):
    """`fl_core.flower.runner`, started by the site's agent; gets task tokens on stdin."""

    runtime: str
    flwr_home: Path
    grants_file: Path
    progress_file: Path
    progress_url: str = ""
    progress_token: str = ""
    torch_threads: int = 1
