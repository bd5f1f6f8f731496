"""Calls to the daemon's own children on loopback: the agent that drives Flower, and the gateway."""

import json
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fl_core.errors import CATALOGUE, ComputeFailed, FlomirError, NotFound, PeerUnreachable
from fl_core.protocol.messages import Json

TIMEOUT_S = 15.0
_NOT_FOUND = 404
_UNAVAILABLE = 500
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class RunStatus:
    """What the agent says about a run."""

    status: str
    details: str

    @property
    def is_lost(self) -> bool:
        """Tell whether nobody works on the run any more and it did not end by itself."""
        return self.status in {"lost", "unknown"}

    @property
    def is_over(self) -> bool:
        """Tell whether the run has ended in one way or another."""
        return self.status.split(":")[0] in {"finished", "completed", "stopped", "failed"}

    @property
    def failure(self) -> tuple[str, str] | None:
        """Return the code and the words of a run that failed by itself, None where the details name no code."""
        code, _, words = self.details.partition(" ")
        return (code, words or code) if self.status == "failed" and code in CATALOGUE else None


class Engine(Protocol):
    """The agent as the services use it."""

    def put_node(self, public_key_pem: str, name: str) -> str:
        """Allow a key; returns the node id, the same at every call."""

    def delete_node(self, node_id: str) -> None:
        """Forbid a node's key."""

    def nodes_now(self) -> dict[str, str]:
        """Return node id -> the engine's word for how it is: registered, online, offline."""

    def start_run(self, session_id: str, plan: str) -> str:
        """Start a run of the plan file; returns its id."""

    def stop_run(self, run_id: str) -> None:
        """End a run; one that is not known has ended."""

    def run(self, run_id: str) -> RunStatus:
        """Say where a run stands."""


class Gateway(Protocol):
    """The gateway as the services use it."""

    def reload(self) -> None:
        """Read the list of trusted sites again and close the connections of those that are not in it."""

    def connections(self) -> dict[str, datetime]:
        """Return site id -> since when its oldest open connection stands."""


class AgentClient:
    """The laboratory agent's API."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    def put_node(self, public_key_pem: str, name: str) -> str:
        """Allow a key; returns the node id."""
        answer = self._call("PUT", "/nodes", {"public_key_pem": public_key_pem, "name": name})
        return str(answer["node_id"])

    def delete_node(self, node_id: str) -> None:
        """Forbid a node's key."""
        self._call("DELETE", f"/nodes/{node_id}")

    def nodes_now(self) -> dict[str, str]:
        """Return node id -> registered, online or offline."""
        rows = self._call("GET", "/nodes").get("items")
        return {str(row["node_id"]): str(row["status"]) for row in rows} if isinstance(rows, list) else {}

    def start_run(self, session_id: str, plan: str) -> str:
        """Start a run; returns its id."""
        return str(self._call("POST", "/runs", {"session_id": session_id, "plan": plan})["run_id"])

    def stop_run(self, run_id: str) -> None:
        """End a run; one that the agent does not know has ended: a backup that was restored has no record of it."""
        with suppress(NotFound):
            self._call("POST", f"/runs/{run_id}/stop", {})

    def run(self, run_id: str) -> RunStatus:
        """Say where a run stands; one that the agent does not know is lost."""
        try:
            answer = self._call("GET", f"/runs/{run_id}")
        except NotFound:
            return RunStatus("unknown", "the engine does not know the run")
        return RunStatus(str(answer.get("status", "unknown")), str(answer.get("details", "")))

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        return call(method, self._url + path, token=self._token, body=body)


class GatewayClient:
    """The gateway's admin API."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret

    def reload(self) -> None:
        """Make the gateway read its list now."""
        call("POST", f"{self._url}/reload", token=self._secret, body={}, timeout_s=4.0)

    def connections(self) -> dict[str, datetime]:
        """Return site id -> since when its oldest open connection stands."""
        rows = call("GET", f"{self._url}/status", token=self._secret, timeout_s=4.0).get("connections")
        found: dict[str, datetime] = {}
        for row in rows if isinstance(rows, list) else []:
            if row["site_id"] is not None:
                since = datetime.fromisoformat(str(row["since"]))
                found[str(row["site_id"])] = min(since, found.get(str(row["site_id"]), since))
        return found


def call(method: str, url: str, *, token: str, body: Json | None = None, timeout_s: float = TIMEOUT_S) -> Json:
    """Send one JSON request to a child.

    Raises
    ------
    PeerUnreachable
        ``federation.engine_lost`` when it does not answer or is not ready.
    NotFound, ComputeFailed
        When it answers with 404 or another refusal.
    """
    request = urllib.request.Request(  # noqa: S310 - the daemon's own loopback address
        url,
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method=method,
    )
    try:
        with _OPENER.open(request, timeout=timeout_s) as answer:
            raw = answer.read()
    except urllib.error.HTTPError as error:
        raise _refusal(error.code, error.read(2000).decode("utf-8", "replace")) from error
    except (urllib.error.URLError, OSError) as error:
        message = f"the federation engine does not answer: {error}"
        raise PeerUnreachable(message, code="federation.engine_lost") from error
    parsed = json.loads(raw) if raw else {}
    return parsed if isinstance(parsed, dict) else {"items": parsed}


def _refusal(status: int, text: str) -> FlomirError:
    if status == _NOT_FOUND:
        return NotFound(text)
    if status >= _UNAVAILABLE:
        return PeerUnreachable(f"the federation engine is not ready: {text}", code="federation.engine_lost")
    return ComputeFailed(f"the federation engine refused: {text}")
