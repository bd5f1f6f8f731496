"""Identifiers as distinct types, so that a site id is never passed for a session id."""

import secrets
from typing import NewType

SiteId = NewType("SiteId", str)
SessionId = NewType("SessionId", str)
InvitationId = NewType("InvitationId", str)
EnrolmentId = NewType("EnrolmentId", str)
ModelId = NewType("ModelId", str)
StudyId = NewType("StudyId", str)


def new_id(prefix: str) -> str:
    """Return a fresh identifier such as ``site-3f9c1b2a77d0`` (48 random bits behind a readable prefix)."""
    return f"{prefix}-{secrets.token_hex(6)}"
