"""A hospital's way out: an HTTP proxy with CONNECT, with name and password, also one that itself speaks TLS."""

import ssl
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from fl_core.errors import InvalidInput
from fl_core.trust.files import write_private

PROXY_URL = r"^https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-]+):\d{1,5}/?$"


class Proxy(BaseModel):
    """Where the proxy is and how to sign in; kept in private files only, `password` is in no text of this object."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        pattern=PROXY_URL, max_length=300, description="http://HOST:PORT, or https:// for TLS to the proxy"
    )
    username: str = Field(default="", max_length=200)
    password: str = Field(default="", max_length=500, repr=False)
    ca_file: Path | None = Field(default=None, description="PEM file of the authority behind an https:// proxy")

    @field_validator("url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        port = int(url.rstrip("/").rpartition(":")[2])
        if not 0 < port < 65_536:
            message = "the port must be between 1 and 65535"
            raise ValueError(message)
        return url.rstrip("/")

    @model_validator(mode="after")
    def _plain_name(self) -> "Proxy":
        if ":" in self.username or not (self.username + self.password).isprintable():
            message = "username: a proxy takes no colon in a name and no control characters"
            raise ValueError(message)
        return self

    @property
    def is_tls(self) -> bool:
        """Tell whether the way to the proxy itself is encrypted."""
        return self.url.startswith("https:")

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port."""
        host, _, port = self.url.partition("://")[2].rpartition(":")
        return host.strip("[]"), int(port)

    def context(self) -> ssl.SSLContext | None:
        """Return what checks the proxy's own certificate: the system's authorities and `ca_file`; None without TLS.

        These authorities count for the proxy only. The laboratory is checked against the federation's authority alone.

        Raises
        ------
        InvalidInput
            ``proxy.ca_file`` when the file is no PEM file of certificates.
        """
        if not self.is_tls:
            return None
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        if self.ca_file is not None:
            check_ca_file(self.ca_file)
            context.load_verify_locations(self.ca_file)
        return context


def check_ca_file(path: Path) -> None:
    """Raise InvalidInput (``proxy.ca_file``) unless the file holds certificates."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (OSError, ssl.SSLError) as error:
        message = f"{path.name}: {'it holds no PEM certificate' if isinstance(error, ssl.SSLError) else error.strerror}"
        raise InvalidInput(message, code="proxy.ca_file") from error


def save_proxy(path: Path, proxy: Proxy | None) -> None:
    """Write the proxy into a file that only its owner may read; without one the file goes."""
    if proxy is None:
        path.unlink(missing_ok=True)
    else:
        write_private(path, proxy.model_dump_json().encode())


def load_proxy(path: Path) -> Proxy | None:
    """Return the proxy of a file, None where there is none.

    Raises
    ------
    InvalidInput
        When the file cannot be used: going around a proxy that is wanted would be worse than not going at all.
    """
    try:
        return Proxy.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        message = f"the file {path.name} of the proxy cannot be used: {type(error).__name__}"
        raise InvalidInput(message, code="proxy.settings") from None
