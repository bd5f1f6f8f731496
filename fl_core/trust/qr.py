"""An invitation as a QR code: packed small enough to be read from a screen, drawn as one SVG path."""

import base64
import binascii
import json
import zlib

import segno
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from fl_core.protocol.messages import InvitationDocument
from fl_core.trust.identity import load_certificate

PREFIX = "FLOMIR:"
MOST_UNPACKED = 20_000
QUIET_MODULES = 4
"""White margin that readers need (ISO/IEC 18004)."""


def encode_code(invitation: InvitationDocument) -> str:
    """Return the invitation as letters and digits that a QR code holds densely: packed JSON in base32."""
    content = invitation.model_dump(mode="json", exclude={"format"})
    der = load_certificate(invitation.ca_pem).public_bytes(Encoding.DER)
    content["ca_pem"] = base64.b64encode(der).decode("ascii")
    packed = zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 9)
    return PREFIX + base64.b32encode(packed).decode("ascii").rstrip("=")


def unpack_code(text: str) -> bytes:
    """Return the JSON of the invitation in a code, however its blanks and letters were changed on the way.

    Raises
    ------
    ValueError
        When it is something else, or damaged.
    """
    body = "".join(text.split()).upper().removeprefix(PREFIX)
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(base64.b32decode(body + "=" * (-len(body) % 8)), MOST_UNPACKED)
        if not unpacker.eof:
            message = "the code is not whole"
            raise ValueError(message)
        content = json.loads(raw)
        certificate = load_der_x509_certificate(base64.b64decode(content["ca_pem"]))
        content["ca_pem"] = certificate.public_bytes(Encoding.PEM).decode("ascii")
    except (binascii.Error, zlib.error, KeyError, TypeError, RecursionError) as error:
        message = "the code cannot be read"
        raise ValueError(message) from error
    return json.dumps(content).encode()


def draw(text: str) -> tuple[int, str]:
    """Return (side in modules with its margin, SVG path of the dark modules) of the smallest QR code for a text."""
    matrix = segno.make_qr(text, error="l").matrix
    rows: list[str] = []
    for y, row in enumerate(matrix, QUIET_MODULES):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:
                rows.append(f"M{x + QUIET_MODULES} {y}h{end - x}v1h-{end - x}z")
            x = end + 1
    return len(matrix) + 2 * QUIET_MODULES, "".join(rows)
