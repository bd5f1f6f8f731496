import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from fl_core.flower.configs import LaboratoryAgentConfig
from fl_core.flower.laboratory_agent import LaboratoryAgent, make_app
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
