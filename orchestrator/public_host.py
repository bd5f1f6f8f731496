"""What can stand in an invitation as the laboratory's address: a DNS name or an IP address, the port apart."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

LONGEST_NAME = 253
"""RFC 1035, 2.3.4, as text."""
KIND = "public_host"
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def _checked(host: str) -> str:
    if not (_is_name(host) or _is_address(host)):
        message = (
            "give a DNS name (letters, digits, hyphens, dots) or an IP address without a port, not {host}; "
            "the port is a setting of its own, public_port"
        )
        raise PydanticCustomError(KIND, message, {"host": host[:80]})
    return host


PublicHost = Annotated[str, AfterValidator(_checked)]
"""A DNS name or an IP address, IPv6 with or without its brackets."""


def _is_name(host: str) -> bool:
    labels = host.split(".")
    return len(host) <= LONGEST_NAME and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()


def _is_address(host: str) -> bool:
    inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = ipaddress.ip_address(inner)
    except ValueError:
        return False
    return "%" not in inner and (inner == host or address.version == 6)
