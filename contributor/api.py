"""The UI API as one Flask application with its OpenAPI description; what it serves is handed in."""

import json

from flask_openapi3 import Info, OpenAPI

from contributor.routes.answers import operation_id

API_TITLE = "FLoMIR contributor"


def openapi_app(name: str, **options: object) -> OpenAPI:
    """Return the application under which the routes are registered."""
    return OpenAPI(
        name,
        info=Info(title=API_TITLE, version="1"),
        doc_ui=False,
        operation_id_callback=operation_id,
        static_folder=None,
        **options,
    )


def document(app: OpenAPI) -> str:
    """Return the OpenAPI document, ordered, so that two runs give the same text."""
    return json.dumps(app.api_doc, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
