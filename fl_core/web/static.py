"""Serves the built pages: files as they are, every other address the page itself, a plain word when not built."""

from pathlib import Path

from flask import Flask, Response, abort, request, send_from_directory

from fl_core.web.security import NONCE

NONCE_MARK = "__CSP_NONCE__"
_RESERVED = ("api", "socket.io", "peer", "enrol", "internal", "health", "login")
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style nonce="{nonce}">body{{font:16px/1.5 system-ui;margin:15vh auto;max-width:36rem;padding:0 1rem}}</style>
<h1>{title} is running</h1><p>Its page is not built yet. Run <code>make setup</code> (it needs Node 20 or newer), then reload.
The programming interface under <code>/api/v1</code> works already.</p></html>"""


def install(app: Flask, folder: Path, *, title: str) -> None:
    """Serve a single-page application from `folder`.

    ``index.html`` gets the request's CSP nonce: the mark ``__CSP_NONCE__`` is replaced wherever it stands, and
    ``<meta name="csp-nonce" content="...">`` is added to the head for style libraries.
    """

    def page(path: str = "") -> Response:
        first = path.partition("/")[0]
        if first in _RESERVED:
            abort(404)
        if path and (folder / path).is_file() and path != "index.html":
            response = send_from_directory(folder, path)
            response.headers["Cache-Control"] = "max-age=31536000, immutable" if first == "assets" else "no-cache"
            return response
        if first == "assets":
            abort(404)
        return _index(folder, title)

    app.add_url_rule("/", "page", page, methods=["GET"])
    app.add_url_rule("/<path:path>", "page", page, methods=["GET"])


def _index(folder: Path, title: str) -> Response:
    nonce = str(request.environ.get(NONCE, ""))
    index = folder / "index.html"
    if not index.is_file():
        return Response(_NOT_BUILT.format(title=title, nonce=nonce), mimetype="text/html")
    html = index.read_text("utf-8").replace(NONCE_MARK, nonce)
    if 'name="csp-nonce"' not in html:
        html = html.replace("<head>", f'<head><meta name="csp-nonce" content="{nonce}">', 1)
    return Response(html, mimetype="text/html", headers={"Cache-Control": "no-cache"})
