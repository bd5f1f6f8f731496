"""The Flask application both daemons start from: described by OpenAPI, one error shape, `/health`."""

import json
from collections.abc import Callable

from flask import Response
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.routing import Rule

from fl_core.web import problems


class _Route(Rule):
    """Compiles what writes its address when somebody asks for it: we never do, and for every route it took most of `make_app`."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = super()._compile_builder
        return lambda rule, **values: compiled(append_unknown)(rule, **values)


def create_app(import_name: str, *, title: str, version: str, upload_limit_bytes: int) -> OpenAPI:
    """Return an application without routes but ``GET /health`` (open to everybody on this computer).

    Bodies that are too large get 413 before they are read; what does not fit its model gets 422 with the field's name.
    """
    app = OpenAPI(
        import_name,
        info=Info(title=title, version=version),
        validation_error_status=422,
        validation_error_callback=problems.on_validation_error,
        doc_ui=False,
        static_folder=None,
    )
    app.url_rule_class = _Route
    app.config["MAX_CONTENT_LENGTH"] = upload_limit_bytes
    problems.install(app)
    app.add_url_rule("/health", "health", lambda: Response('{"ok": true}', mimetype="application/json"))
    return app


class Nobody:
    """Stands where the services would, so that routes are described without being called."""

    def __getattr__(self, name: str) -> "Nobody":
        return Nobody()


def openapi_text(app: OpenAPI) -> str:
    """Return the OpenAPI document as it is committed: sorted keys, two spaces, a newline at the end."""
    return json.dumps(app.api_doc, indent=2, sort_keys=True) + "\n"
