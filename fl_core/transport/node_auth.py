"""Flower's node authentication, checked without Flower.

Source: flwr 1.41, ``NodeAuthHttpInterceptor``: header ``flwr-public-key`` is the base64 SPKI PEM, ``flwr-timestamp`` an
ISO 8601 time, ``flwr-signature`` the base64 DER ECDSA/SHA-256 signature over the timestamp's ASCII bytes.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fl_core.errors import InvalidInput, NotTrusted

PUBLIC_KEY = "flwr-public-key"
SIGNATURE = "flwr-signature"
TIMESTAMP = "flwr-timestamp"
FRESH_S = 60.0
AHEAD_S = 10.0


class NodeAuth:
    """Accepts requests signed by one key a moment ago."""

    def __init__(self, public_key_pem: str) -> None:
        key = serialization.load_pem_public_key(public_key_pem.encode("ascii"))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            message = "the site's public key is not an EC key"
            raise InvalidInput(message)
        self._key = key
        self._header = base64.b64encode(public_key_pem.encode("ascii")).decode("ascii")

    def check(self, headers: Mapping[str, str], now: datetime | None = None) -> None:
        """Raise NotTrusted unless the headers carry this key and its fresh signature."""
        if headers.get(PUBLIC_KEY) != self._header:
            message = "the request is not signed by this site's key"
            raise NotTrusted(message)
        try:
            timestamp = headers[TIMESTAMP]
            age_s = ((now or datetime.now(UTC)) - datetime.fromisoformat(timestamp)).total_seconds()
            self._key.verify(
                base64.b64decode(headers[SIGNATURE], validate=True),
                timestamp.encode("ascii"),
                ec.ECDSA(hashes.SHA256()),
            )
        except (KeyError, ValueError, TypeError, binascii.Error, InvalidSignature) as error:
            message = "the signature of the request does not fit"
            raise NotTrusted(message) from error
        if not -AHEAD_S < age_s < FRESH_S:
            message = f"the signature is {age_s:.0f} s old, {FRESH_S:.0f} s are allowed"
            raise NotTrusted(message)
