"""Settings of the orchestrator: environment ``FLOMIR_ORCHESTRATOR_...`` over ``<home>/settings.toml`` over defaults."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from fl_core.settings import DaemonSettings
from fl_core.storage.place import place_of
from orchestrator.public_host import PublicHost


class OrchestratorSettings(DaemonSettings):
    """Everything `flomir orchestrator run` can be told."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="FLOMIR_ORCHESTRATOR_")

    name: str = Field(default="FLoMIR laboratory", min_length=1, max_length=80, description="name that sites see")
    public_host: PublicHost = Field(
        default="127.0.0.1", description="DNS name or IP address under which sites reach the gateway, without a port"
    )
    public_port: int = Field(
        default=0, ge=0, le=65_535, description="the gateway's port; 0 takes a free one and keeps it for the next start"
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL instead of the file in the home folder: postgresql://USER:PASSWORD@HOST/DATABASE (it holds the password: keep it in settings.toml, which the installed service reads too, or in the environment, never in a command)",
    )
    bind: str = Field(default="127.0.0.1", description="address the gateway's port is opened on (0.0.0.0: all)")

    @property
    def database(self) -> Path | str:
        """Return what `open_database` opens; raises InvalidInput or Conflict, see `place_of`."""
        return place_of(self.home, None if self.database_url is None else self.database_url.get_secret_value())
