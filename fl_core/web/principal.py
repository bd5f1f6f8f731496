"""Who a request comes from, once the gate has let it in."""

from dataclasses import dataclass

PRINCIPAL = "flomir.principal"
"""Key in the WSGI environment."""
SCRIPT = "script"


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in person, or a script with the daemon's token (which has no account and no sign-in)."""

    account_id: str
    name: str
    role: str
    sign_in_id: str
