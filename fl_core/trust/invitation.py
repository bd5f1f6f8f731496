"""Invitations: a file or a text block that one site can use once to find, and to check, its orchestrator."""

import base64
import binascii
import hashlib
import re
import secrets
import textwrap
from datetime import UTC, datetime

from pydantic import ValidationError

from fl_core.errors import InvalidInput
from fl_core.protocol.messages import InvitationDocument
from fl_core.trust.identity import load_certificate
from fl_core.trust.qr import PREFIX, unpack_code

BEGIN = "-----BEGIN FLOMIR INVITATION-----"
END = "-----END FLOMIR INVITATION-----"
FILE_SUFFIX = ".flomir-invitation"
MAX_LENGTH = 40_000
_CHECKSUM_DIGITS = 8
_BLOCK = re.compile(
    r"-+BEGINFLOMIRINVITATION-+([A-Za-z0-9_\-]+?)\.([0-9a-f]{%d})-+ENDFLOMIRINVITATION-+" % _CHECKSUM_DIGITS  # noqa: UP031 - braces
)
_QUOTING = re.compile(r"[\s>\u00a0\u200b\ufeff]+")


def new_token() -> str:
    """Return a fresh single-use token (256 random bits, URL-safe)."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what is stored of a token: its SHA-256 (hex). The token has 256 random bits, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def encode_file(invitation: InvitationDocument) -> str:
    """Return the invitation as the text of a file (JSON)."""
    return invitation.model_dump_json(indent=1) + "\n"


def encode_text(invitation: InvitationDocument) -> str:
    """Return the invitation as a block to paste: base64url lines and a checksum between two marker lines."""
    content = invitation.model_dump_json().encode()
    body = base64.urlsafe_b64encode(content).decode("ascii").rstrip("=") + "." + _checksum(content)
    return "\n".join([BEGIN, *textwrap.wrap(body, 64, break_on_hyphens=False), END]) + "\n"


def decode(text: str, *, now: datetime | None = None) -> InvitationDocument:
    """Read an invitation (file, block, or text of a QR code); blanks, line ends and mail quoting in it do not matter.

    Raises
    ------
    InvalidInput
        With code ``invitation.malformed`` when the text was changed or is something else, and
        ``invitation.expired`` when its time is over.
    """
    if len(text) > MAX_LENGTH:
        raise _malformed(why="it is too long")
    content = text.strip().lstrip("\ufeff")
    try:
        invitation = InvitationDocument.model_validate_json(content if content.startswith("{") else _unpack(content))
    except ValidationError as error:
        raise _malformed(why=f"{error.error_count()} fields do not fit") from error
    _check_content(invitation)
    if invitation.expires_at <= (now or datetime.now(UTC)):
        message = f"it was valid until {invitation.expires_at:%Y-%m-%d %H:%M} UTC"
        raise InvalidInput(message, code="invitation.expired")
    return invitation


def _unpack(text: str) -> bytes:
    if text[: len(PREFIX)].upper() != PREFIX:
        return _unwrap(text)
    try:
        return unpack_code(text)
    except ValueError as error:
        raise _malformed(why=str(error)) from error


def _unwrap(text: str) -> bytes:
    found = _BLOCK.search(_QUOTING.sub("", text))
    if found is None:
        raise _malformed(why="its first and last line, or its end, are missing")
    body, checksum = found.groups()
    try:
        content = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise _malformed(why="characters are missing") from error
    if _checksum(content) != checksum:
        raise _malformed(why="characters were changed or are missing")
    return content


def _check_content(invitation: InvitationDocument) -> None:
    if invitation.expires_at.tzinfo is None:
        raise _malformed(why="its expiry has no time zone")
    port = int(invitation.address.rpartition(":")[2])
    if not 0 < port < 65_536:
        raise _malformed(why="its address has no possible port")
    try:
        load_certificate(invitation.ca_pem)
    except InvalidInput as error:
        raise _malformed(why="its certificate cannot be read") from error


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_CHECKSUM_DIGITS]


def _malformed(why: str) -> InvalidInput:
    return InvalidInput(f"the text is not a usable invitation: {why}", code="invitation.malformed")
