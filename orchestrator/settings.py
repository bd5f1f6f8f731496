"""Settings of the orchestrator: environment ``FLOMIR_ORCHESTRATOR_...`` over ``<home>/settings.toml`` over defaults."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from fl_core.settings import DaemonSettings


class OrchestratorSettings(DaemonSettings):
    """Everything `flomir orchestrator run` can be told."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="FLOMIR_ORCHESTRATOR_")

    name: str = Field(default="FLoMIR laboratory", min_length=1, max_length=80, description="name that sites see")
    public_host: str = Field(
        default="127.0.0.1", description="host name or address under which sites reach the gateway"
    )
    public_port: int = Field(
        default=0, ge=0, le=65_535, description="the gateway's port; 0 takes a free one and keeps it for the next start"
    )
    bind: str = Field(default="127.0.0.1", description="address the gateway's port is opened on (0.0.0.0: all)")
