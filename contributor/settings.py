"""Settings of the contributor: environment `FLOMIR_CONTRIBUTOR_...` over ``settings.toml`` over these defaults."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from fl_core.settings import DaemonSettings
from fl_core.transport.proxy import PROXY_URL, Proxy


class ContributorSettings(DaemonSettings):
    """What `flomir contributor run` needs to know."""

    model_config = SettingsConfigDict(env_prefix="FLOMIR_CONTRIBUTOR_", frozen=True, extra="forbid")

    data_folder: Path | None = Field(
        default=None,
        description="folder for studies, images and imports; names of files, pseudonyms, pictures of quality control and the "
        "pseudonyms' secret stay in the home folder: protect both; without it, as chosen on the page Data",
    )
    reserve_mib: int = Field(
        default=1024, ge=0, le=1_000_000, description="free disk space that imports leave untouched, MiB"
    )
    torch_threads: int = Field(default=1, ge=1, le=256, description="processor threads of the training")
    proxy_url: str | None = Field(
        default=None,
        pattern=PROXY_URL,
        description="HTTP proxy for everything that goes out, http://HOST:PORT or https://HOST:PORT; over the one of the page Settings",
    )
    proxy_username: str = Field(default="", max_length=200, description="name at the proxy")
    proxy_password: SecretStr = Field(
        default=SecretStr(""),
        description="password at the proxy (keep it in settings.toml, which the installed service reads too, or in the environment)",
    )
    proxy_ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authority behind an https:// proxy, where the system does not know it",
    )

    @property
    def proxy(self) -> Proxy | None:
        """Return the proxy of environment or file, None where neither names one."""
        if self.proxy_url is None:
            return None
        return Proxy(
            url=self.proxy_url,
            username=self.proxy_username,
            password=self.proxy_password.get_secret_value(),
            ca_file=self.proxy_ca_file,
        )
