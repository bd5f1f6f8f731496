import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from aiohttp.test_utils import TestClient, TestServer

from fl_core.errors import PeerUnreachable
from fl_core.flower.configs import LaboratoryAgentConfig
from fl_core.flower.control import Control
from fl_core.flower.laboratory_agent import LaboratoryAgent, Run, make_app
from fl_core.flower.process import ensure_secret
from fl_core.flower.reporting import Hints
from tests.support.flower import free_port

TOKEN = "t" * 24


def laboratory(home: Path) -> LaboratoryAgent:
    config = LaboratoryAgentConfig(
        port=1,
        token=TOKEN,
        superlink=f"127.0.0.1:{free_port()}",
        engine_secret="e" * 24,
        secret_file=ensure_secret(home / "flower" / "executor.secret"),
        flwr_home=home / "flower" / "home",
        home=home,
    )
    return LaboratoryAgent(config)


def ask(
    agent: LaboratoryAgent, method: str, path: str, *, token: str | None = TOKEN, body: object = None
) -> tuple[int, object]:
    async def exchange() -> tuple[int, object]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with TestClient(TestServer(make_app(agent, TOKEN))) as client:
            response = await client.request(method, path, headers=headers, json=body)
            return response.status, await response.json()

    return asyncio.run(exchange())


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_the_agents_api_needs_its_token(tmp_path: Path, token: str | None) -> None:
    status, body = ask(laboratory(tmp_path), "GET", "/nodes", token=token)
    assert status == 403
    assert isinstance(body, dict)
    assert body["code"] == "trust.refused"


def test_health_is_open_and_an_unknown_run_is_not_found(tmp_path: Path) -> None:
    agent = laboratory(tmp_path)
    assert ask(agent, "GET", "/health", token=None) == (200, {"ok": True})
    assert ask(agent, "GET", "/runs/5")[0] == 404


def test_without_a_superlink_the_answer_says_so(tmp_path: Path) -> None:
    status, body = ask(laboratory(tmp_path), "GET", "/nodes")
    assert status == 503
    assert isinstance(body, dict)
    assert body["code"] == "federation.engine_lost"


def test_a_run_needs_a_plan_and_a_whole_request(tmp_path: Path) -> None:
    agent = laboratory(tmp_path)
    body = {"session_id": "s", "plan": str(tmp_path / "none.json")}
    assert ask(agent, "POST", "/runs", body=body)[0] == 422
    assert ask(agent, "POST", "/runs", body={"session_id": "s"})[0] == 422


def test_a_run_that_an_ended_agent_left_behind_is_lost(tmp_path: Path) -> None:
    rows = [{"run_id": "7", "session_id": "s", "plan": "p", "status": "running"}]
    (tmp_path / "flower").mkdir()
    (tmp_path / "flower" / "runs.json").write_text(json.dumps(rows))
    agent = laboratory(tmp_path)

    async def begin() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(agent.watch(), 0.05)

    asyncio.run(begin())
    assert agent.find("7").status == "lost"
    assert json.loads((tmp_path / "flower" / "runs.json").read_text())[0]["status"] == "lost"


class SlowControl:
    """A SuperLink that starts runs only when it is let."""

    def __init__(self) -> None:
        self.started = 0
        self.let = threading.Event()

    def start_run(self, bundle: bytes, run_config: dict[str, str]) -> str:
        self.started += 1
        number = self.started
        assert self.let.wait(10)
        return str(number)


def test_a_start_that_is_asked_again_while_it_goes_on_gives_one_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, control = laboratory(tmp_path), SlowControl()
    monkeypatch.setattr(agent, "_control", control)
    plan = tmp_path / "plan.json"
    plan.write_text("{}")

    async def ask_twice() -> list[str]:
        starts = [asyncio.create_task(agent.start("session-a", str(plan))) for _ in range(2)]
        await asyncio.wait(starts, timeout=0.05)
        control.let.set()
        return [run.run_id for run in await asyncio.gather(*starts)]

    assert asyncio.run(ask_twice()) == ["1", "1"]
    assert control.started == 1


def control_that_gets(status: int, said: object) -> Control:
    """Return a client of a SuperLink that answers every call in this way."""
    control = Control("127.0.0.1:9", "e" * 24)
    control._client._client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(status, json=said)))
    return control


def test_a_run_that_the_superlink_does_not_know_is_none_and_needs_no_end() -> None:
    control = control_that_gets(404, {"code": 16, "detail": "Run ID not found."})
    assert control.run("7") is None
    assert control.stop_run("7") is False


def test_a_run_that_has_ended_needs_no_end_and_another_refusal_is_one() -> None:
    assert control_that_gets(412, {"code": 18, "detail": "Run is already finished."}).stop_run("7") is False
    for control in (control_that_gets(412, {"code": 15, "detail": "no"}), control_that_gets(404, {"detail": "no"})):
        with pytest.raises(httpx.HTTPStatusError):
            control.stop_run("7")
        with pytest.raises(httpx.HTTPStatusError):
            control.run("7")


def test_a_refusal_of_the_superlink_is_told_with_its_status(tmp_path: Path) -> None:
    agent = laboratory(tmp_path)
    agent._control = control_that_gets(500, {"detail": "Internal server error."})
    status, body = ask(agent, "GET", "/nodes")
    assert status == 503
    assert isinstance(body, dict)
    assert "HTTP 500" in body["detail"]


def test_a_run_that_cannot_be_closed_keeps_no_other_run_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"run_id": one, "session_id": one, "plan": "p", "status": "stopped"} for one in ("1", "2")]
    rows += [{"run_id": "3", "session_id": "3", "plan": "p", "status": "pending"}]
    (tmp_path / "flower").mkdir()
    (tmp_path / "flower" / "runs.json").write_text(json.dumps(rows))
    agent = laboratory(tmp_path)
    closed: list[str] = []

    async def close(run: Run) -> None:
        if run.run_id == "1":
            message = "no"
            raise PeerUnreachable(message)
        closed.append(run.run_id)

    claims: list[None] = []
    monkeypatch.setattr(agent, "_close_at_engine", close)
    monkeypatch.setattr(agent, "_claim", lambda: claims.append(None))
    with pytest.raises(PeerUnreachable):
        asyncio.run(agent._tick())
    assert (closed, len(claims)) == (["2"], 1)


def test_how_a_run_ended_is_on_the_disk_once_it_was_heard(tmp_path: Path) -> None:
    agent = laboratory(tmp_path)
    run = agent._runs["7"] = Run("7", "s", "p", "running")
    agent._from_child(run, json.dumps({"outcome": "completed", "round": 3}))
    kept = json.loads((tmp_path / "flower" / "runs.json").read_text())[0]
    assert (kept["status"], kept["round"], kept["closed_at_engine"]) == ("completed", 3, True)


def test_the_executors_secret_is_private_and_made_once(tmp_path: Path) -> None:
    path = ensure_secret(tmp_path / "flower" / "executor.secret")
    first = path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert len(first) == 64
    assert ensure_secret(path).read_bytes() == first
    assert [file.name for file in path.parent.iterdir()] == [path.name]


class Daemon:
    """Takes hints on loopback."""

    def __init__(self) -> None:
        self.hints: list[tuple[str | None, object]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.hints.append((self.headers["X-Flomir-Progress"], json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/progress"


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    made = Daemon()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


def test_a_hint_names_the_session_and_carries_the_token(daemon: Daemon) -> None:
    hints = Hints(daemon.url, "secret")
    hints("session-a")
    hints.flush()
    assert daemon.hints == [("secret", {"session_id": "session-a"})]


def test_hints_to_a_daemon_that_is_away_disturb_nobody(daemon: Daemon) -> None:
    hints = Hints(f"http://127.0.0.1:{free_port()}/progress", "secret")
    for _ in range(20):
        hints("session-a")
    hints.flush()
