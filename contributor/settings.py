"""Settings of the contributor: environment `FLOMIR_CONTRIBUTOR_...` over ``settings.toml`` over these defaults."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from fl_core.settings import DaemonSettings


class ContributorSettings(DaemonSettings):
    """What `flomir contributor run` needs to know."""

    model_config = SettingsConfigDict(env_prefix="FLOMIR_CONTRIBUTOR_", frozen=True, extra="forbid")

    torch_threads: int = Field(default=1, ge=1, le=256, description="processor threads of the training")
