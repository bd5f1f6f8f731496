"""Who may do what: one table a daemon, checked before every route of the UI API."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask, request

from fl_core.acting import acting_as
from fl_core.errors import NotTrusted
from fl_core.web.principal import PRINCIPAL, Principal

PREFIX = "/api/v1/"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, kw_only=True)
class Roles:
    """The roles of a daemon and what each may do.

    Parameters
    ----------
    order : tuple of str
        From the one that may least to the one that may everything.
    reading, acting : str
        Least role for safe methods and for all others.
    special : mapping of endpoint to role
        Least role of single routes; their names as in Flask (``accounts.invite_account``).
    """

    order: tuple[str, ...]
    reading: str
    acting: str
    special: Mapping[str, str]

    @property
    def highest(self) -> str:
        """The role that may everything: of the owner, and of scripts."""
        return self.order[-1]

    def least(self, endpoint: str, method: str) -> str:
        """Return the least role for a route."""
        return self.special.get(endpoint, self.reading if method in _SAFE_METHODS else self.acting)

    def allows(self, role: str, endpoint: str, method: str) -> bool:
        """Tell whether a role may call a route; an unknown role may nothing."""
        if role not in self.order:
            return False
        return self.order.index(role) >= self.order.index(self.least(endpoint, method))


def install(app: Flask, roles: Roles) -> None:
    """Refuse what a role may not do, and act for the signed-in account while a request is answered."""

    def before() -> None:
        if not request.path.startswith(PREFIX) or request.endpoint is None:
            return
        who = request.environ.get(PRINCIPAL)
        role = who.role if isinstance(who, Principal) else ""
        if not roles.allows(role, request.endpoint, request.method):
            least = roles.least(request.endpoint, request.method)
            message = f"the role {role or 'of nobody'} may not do this, {least} may"
            raise NotTrusted(message, code="auth.role")

    app.before_request(before)
    inner = app.wsgi_app

    def acting(environ: dict[str, object], start_response: object) -> object:
        who = environ.get(PRINCIPAL)
        with acting_as(who.name if isinstance(who, Principal) else ""):
            return inner(environ, start_response)  # type: ignore[arg-type]  # a plain WSGI call

    app.wsgi_app = acting  # type: ignore[method-assign,assignment]  # Flask's own way to wrap an application
