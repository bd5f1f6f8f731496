"""Settings both daemons have; each adds its own. Environment over TOML over defaults, built once in the command."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, TomlConfigSettingsSource

MIB = 1024 * 1024


class DaemonSettings(BaseSettings):
    """What `run` of either daemon needs to know; a daemon sets its own `env_prefix` and reads ``<home>/settings.toml``."""

    model_config = {"frozen": True, "extra": "forbid"}

    home: Path = Field(description="folder that holds everything of this daemon")
    port: int = Field(default=0, ge=0, le=65_535, description="port of the page on 127.0.0.1; 0 takes a free one")
    headless: bool = Field(default=False, description="do not open a window")
    upload_limit_mib: int = Field(default=2048, ge=1, le=1_000_000, description="largest upload, MiB")
    threads: int = Field(default=64, ge=8, le=512, description="requests and live connections served at once")
    login_days: int = Field(default=7, ge=1, le=365, description="days a signed-in browser stays signed in")
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="least level that is logged"
    )

    @property
    def upload_limit_bytes(self) -> int:
        """Largest upload in bytes."""
        return self.upload_limit_mib * MIB

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then environment, then ``settings.toml`` in the home folder."""
        home = init_settings().get("home")
        toml = Path(str(home)) / "settings.toml" if home is not None else None
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml)
