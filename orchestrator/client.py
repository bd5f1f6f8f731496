"""How the command line talks to a running daemon: over its UI API, with the token of its home folder."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import click

from fl_core.protocol.messages import Json
from model.sentences import in_sentences

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
TIMEOUT_S = 180.0
_OF_AN_ADDRESS = "%/?&=:;,+@!$'()*~"
"""What a path of the API may hold as it is; the rest is escaped."""


def at(path: str, identity: str) -> str:
    """Return a path with an id in the place of ``{id}``, whatever letters a person typed for it."""
    return path.format(id=quote(identity, safe="", errors="surrogateescape"))


class DaemonClient:
    """Calls ``/api/v1`` of the daemon whose home folder this is; failures become one line with the remedy."""

    def __init__(self, home: Path) -> None:
        try:
            self.url = str(json.loads((home / "daemon.json").read_text("utf-8"))["url"])
            self._token = (home / "api.token").read_text("ascii").strip()
        except (OSError, ValueError, KeyError) as error:
            message = f"No orchestrator runs with home {home}. Start it: flomir orchestrator run --home {home}"
            raise click.ClickException(message) from error

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """Send one request and return the JSON answer."""
        content = None if body is None else json.dumps(body).encode()
        return _parsed(self._send(method, path, content, "application/json"))

    def fetch(self, path: str) -> bytes:
        """Return what lies behind a path as it is."""
        return self._send("GET", path, None, "application/json")

    def upload(self, path: str, file: Path, fields: Mapping[str, str]) -> Json:
        """Send a file with the fields of its form and return the JSON answer."""
        import httpx

        form = httpx.Request("POST", self.url, data=dict(fields), files={"file": (file.name, file.read_bytes())})
        return _parsed(self._send("POST", path, form.read(), form.headers["Content-Type"]))

    def _send(self, method: str, path: str, content: bytes | None, kind: str) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        url = f"{self.url}/api/v1{quote(path, _OF_AN_ADDRESS, errors='surrogateescape')}"
        request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310 - the daemon on loopback
        try:
            with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise click.ClickException(_words(error)) from error
        except TimeoutError as error:
            message = f"The orchestrator did not answer within {TIMEOUT_S:.0f} s; it may still be at it. Look at its page first."
            raise click.ClickException(message) from error
        except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
            message = f"The orchestrator at {self.url} does not answer. Start it again."
            raise click.ClickException(message) from error

    def items(self, path: str) -> list[Json]:
        """Return the items of a list."""
        found = self.call("GET", path).get("items")
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _parsed(answer: bytes) -> Json:
    try:
        found = json.loads(answer)
    except ValueError as error:
        message = "The answer is no JSON; this is something to download."
        raise click.ClickException(message) from error
    return found if isinstance(found, dict) else {"items": found}


def _words(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.loads(error.read())
        return in_sentences(problem["title"], problem["detail"], problem["advice"])
    except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException):
        return f"The orchestrator answered with {error.code}."
