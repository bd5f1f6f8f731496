"""Reads the key of a request that creates something (header ``Idempotency-Key``) before its route runs."""

import re

from flask import Flask, request

from fl_core.errors import InvalidInput
from fl_core.once import HEADER, PATTERN, asked_as
from fl_core.web.principal import PRINCIPAL, Principal

_VARIABLE = "HTTP_" + HEADER.upper().replace("-", "_")


def install(app: Flask) -> None:
    """Refuse keys that are none, and let the services see the others while a request is answered."""

    def before() -> None:
        key = request.headers.get(HEADER)
        if key is not None and re.fullmatch(PATTERN, key) is None:
            message = f"header {HEADER}: 16 to 80 letters, digits, - and _ are allowed"
            raise InvalidInput(message)

    app.before_request(before)
    inner = app.wsgi_app

    def asked(environ: dict[str, object], start_response: object) -> object:
        who = environ.get(PRINCIPAL)
        name = who.account_id if isinstance(who, Principal) else ""
        route = f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}"
        with asked_as(str(environ.get(_VARIABLE, "")), who=name, what=route):
            return inner(environ, start_response)  # type: ignore[arg-type]  # a plain WSGI call

    app.wsgi_app = asked  # type: ignore[method-assign,assignment]  # Flask's own way to wrap an application
