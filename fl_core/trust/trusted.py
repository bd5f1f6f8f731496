"""The list of approved sites: written by the orchestrator daemon, read by the gateway."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from fl_core.errors import StorageFailed
from fl_core.trust.files import write_private

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class TrustedSites(BaseModel):
    """Approved sites: fingerprint of the key (hex) -> site id. A fingerprint that is not here is refused.

    `revoked` and `suspended` only decide whether the refusal says "revoked", "suspended" or "not known".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sites: dict[str, str] = {}
    revoked: tuple[str, ...] = ()
    suspended: tuple[str, ...] = ()

    def why_refused(self, fingerprint: str) -> str:
        """Return the error code for a fingerprint that is not approved."""
        if fingerprint in self.suspended:
            return "trust.suspended"
        return "trust.revoked" if fingerprint in self.revoked else "trust.unknown_certificate"

    @field_validator("sites")
    @classmethod
    def _fingerprints(cls, sites: dict[str, str]) -> dict[str, str]:
        if not all(_FINGERPRINT.fullmatch(key) for key in sites):
            message = "a fingerprint is 64 hexadecimal digits"
            raise ValueError(message)
        return sites


def write_trusted(
    path: Path, sites: Mapping[str, str], revoked: Iterable[str] = (), *, suspended: Iterable[str] = ()
) -> None:
    """Replace the list, whole; the gateway notices by itself within a second, or at once when told to reload."""
    content = TrustedSites(sites=dict(sites), revoked=tuple(revoked), suspended=tuple(suspended))
    write_private(path, content.model_dump_json(indent=1).encode())


def read_trusted(path: Path) -> TrustedSites:
    """Read the list; a missing file means that nobody is trusted yet. Raises StorageFailed when it is damaged."""
    try:
        return TrustedSites.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return TrustedSites()
    except (OSError, ValidationError) as error:
        message = f"the list of trusted sites cannot be read: {type(error).__name__}"
        raise StorageFailed(message) from error
