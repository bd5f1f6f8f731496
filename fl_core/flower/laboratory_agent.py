"""The laboratory's agent: drives flwr's Control for the daemon, starts a ServerApp for each run, reports lost runs.

HTTP on loopback with a bearer token::

    PUT    /nodes                {public_key_pem, name} -> {node_id}      DELETE /nodes/<node_id>      GET /nodes
    POST   /runs                 {session_id, plan}     -> {run_id}       (the same run while it goes on)
    GET    /runs/<run_id>        -> {run_id, session_id, status, details, round}
    POST   /runs/<run_id>/stop                                            GET /health

`status` is pending, running, completed, paused, stopped, failed or lost. A lost run (its ServerApp ended without a
word, or this agent was restarted) is over: the daemon posts the session again, and the new run goes on after the newest
checkpoint.
"""

import asyncio
import contextlib
import json
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx
from aiohttp import web

from fl_core.errors import FlomirError, InvalidInput, NotFound, PeerUnreachable
from fl_core.flower.configs import LaboratoryAgentConfig
from fl_core.flower.control import Control
from fl_core.flower.reporting import Hints
from fl_core.flower.runtime import SERVER_TASK, Acquired, acquire, executor_client
from fl_core.protocol.bundle import build_bundle
from fl_core.supervision.child import Child, ChildSpec, write_private

TICK_S = 0.2
ACQUIRE_PATIENCE_S = 60.0
FAILURES = (FlomirError, httpx.HTTPError, OSError)
"""What the loop outlives and tries again."""
OVER = frozenset({"completed", "paused", "stopped", "failed", "lost"})

logger = logging.getLogger(__name__)

RunStatus = Literal["pending", "running", "completed", "paused", "stopped", "failed", "lost"]
Result = TypeVar("Result")


@dataclass
class Run:
    """One run as the daemon may ask for it; kept in runs.json."""

    run_id: str
    session_id: str
    plan: str
    status: RunStatus = "pending"
    details: str = ""
    round: int = 0
    closed_at_engine: bool = False
    begun: float = field(default_factory=time.monotonic)


class LaboratoryAgent:
    """Keeps the runs and their ServerApps; every blocking call to flwr runs in a thread."""

    def __init__(self, config: LaboratoryAgentConfig) -> None:
        self._config = config
        self._file = config.home / "flower" / "runs.json"
        self._runs: dict[str, Run] = self._load()
        self._children: dict[str, Child] = {}
        self._heard: dict[str, float] = {}
        self._starting: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._hints = Hints(config.progress_url, config.progress_token)
        self._control: Control | None = None

    # --- what the daemon asks for ----------------------------------------------------------------------------------

    async def register(self, public_key_pem: str, name: str) -> str:
        """Allow a site's key."""
        return await self._ask(lambda control: control.register_node(public_key_pem.encode(), name))

    async def unregister(self, node_id: str) -> None:
        """Forbid a site's key."""
        await self._ask(lambda control: control.unregister_node(node_id))

    async def nodes(self) -> list[dict[str, str]]:
        """List the nodes."""
        found = await self._ask(lambda control: control.nodes())
        return [{"node_id": node.node_id, "name": node.name, "status": node.status} for node in found]

    async def start(self, session_id: str, plan: str) -> Run:
        """Start a run of a session, or return the one that goes on."""
        async with self._starting[session_id]:  # a daemon that gave up waiting asks again while flwr is still at it
            for run in self._runs.values():
                if run.session_id == session_id and run.status not in OVER:
                    return run
            if not Path(plan).is_file():
                message = "there is no plan at the given path"
                raise InvalidInput(message)
            run_id = await self._ask(lambda control: control.start_run(build_bundle(), {"plan": plan}))
            run = self._runs[run_id] = Run(run_id, session_id, plan)
            self._save()
            return run

    async def stop(self, run_id: str) -> Run:
        """End a run at once: its ServerApp, then flwr's record of it."""
        run = self.find(run_id)
        if run.status not in OVER:
            run.status, run.details = "stopped", "stopped by request"
            await self._end_child(run_id)
            await self._close_at_engine(run)
            self._save()
        return run

    def find(self, run_id: str) -> Run:
        """Look a run up; raises NotFound."""
        try:
            return self._runs[run_id]
        except KeyError:
            message = f"there is no run {run_id[:40]!r}"
            raise NotFound(message) from None

    # --- the loop --------------------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Give new runs a ServerApp, end silent ones, close lost runs at the engine; for ever."""
        for run in self._runs.values():
            if run.status not in OVER:
                self._lose(run, "the agent was restarted")
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self._tick()
            except FAILURES as error:
                logger.warning("agent tick failed", extra={"kind": type(error).__name__, "error": str(error)[:200]})
                await asyncio.sleep(1.0)

    async def _tick(self) -> None:
        """Look after every run; what goes wrong with one is raised only once the others had their turn."""
        failed: Exception | None = None
        for run in list(self._runs.values()):
            try:
                await self._look_after(run, time.monotonic())
            except FAILURES as error:
                failed = error
        if any(run.status == "pending" and run.run_id not in self._children for run in self._runs.values()):
            await self._acquire()
        if failed is not None:
            raise failed

    async def _look_after(self, run: Run, now: float) -> None:
        child = self._children.get(run.run_id)
        if run.status in OVER:
            await self._settle(run, child)
        elif child is None and now - run.begun > ACQUIRE_PATIENCE_S:
            self._lose(run, "no task came for this run")
        elif child is not None and now - self._heard[run.run_id] > self._config.serverapp_silence_s:
            self._lose(run, "the ServerApp fell silent")

    async def _settle(self, run: Run, child: Child | None) -> None:
        if child is not None:
            await self._end_child(run.run_id)
        if not run.closed_at_engine:
            await self._close_at_engine(run)
            self._save()

    async def _acquire(self) -> None:
        task = await asyncio.to_thread(self._claim)
        if task is None:
            return
        run_id = task.run_id
        run = self._runs.get(run_id)
        if run is None or run.status in OVER:
            logger.warning("task of a run that is over", extra={"run": run_id})
            return
        loop = asyncio.get_running_loop()

        def hear(line: str | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._from_child, run, line)

        child = Child(self._serverapp(task), on_line=hear)
        self._children[run_id] = child
        self._heard[run_id] = time.monotonic()
        child.start()  # in the main thread, which lives as long as this process
        run.status = "running"
        self._save()

    def _claim(self) -> Acquired | None:
        client = executor_client(
            self._config.superlink, self._config.secret_file, engine_secret=self._config.engine_secret
        )
        try:
            return acquire(client, SERVER_TASK)
        finally:
            client.close()

    def _serverapp(self, task: Acquired) -> ChildSpec:
        config = self._config
        values = {
            "superlink": config.superlink,
            "engine_secret": config.engine_secret,
            "token": task.token,
            "task_id": task.task_id,
            "flwr_home": str(config.flwr_home),
            "gateway_admin": config.gateway_admin,
            "gateway_secret": config.gateway_secret,
            "progress_url": config.progress_url,
            "progress_token": config.progress_token,
        }
        return ChildSpec(
            name=f"serverapp-{task.run_id}", module="fl_core.flower.server_app", config=values, cwd=config.home
        )

    def _from_child(self, run: Run, line: str | None) -> None:
        """Take a line of a ServerApp, None at its end."""
        self._heard[run.run_id] = time.monotonic()
        if line is None:
            if run.status not in OVER:
                self._lose(run, "the ServerApp ended without a result")
            return
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict) and said.get("outcome") in OVER:
                run.status, run.round = said["outcome"], int(said["round"])
                run.details = " ".join(str(said[key]) for key in ("code", "detail") if said.get(key))
                run.closed_at_engine = True
                self._hints(run.session_id)
                self._save()

    def _lose(self, run: Run, why: str) -> None:
        run.status, run.details = "lost", why
        logger.warning("run lost", extra={"run": run.run_id, "session": run.session_id, "why": why})
        self._save()
        self._hints(run.session_id)

    async def _end_child(self, run_id: str) -> None:
        child = self._children.pop(run_id, None)
        if child is not None:
            await asyncio.to_thread(child.stop, 2.0)

    async def _close_at_engine(self, run: Run) -> None:
        view = await self._ask(lambda control: control.run(run.run_id))
        if view is not None and not view.is_finished:
            await self._ask(lambda control: control.stop_run(run.run_id))
        run.closed_at_engine = True

    async def _ask(self, call: Callable[[Control], Result]) -> Result:
        def work() -> Result:
            if self._control is None:
                self._control = Control(self._config.superlink, self._config.engine_secret)
            return call(self._control)

        try:
            return await asyncio.to_thread(work)
        except httpx.HTTPStatusError as error:
            message = f"the SuperLink refuses: HTTP {error.response.status_code}"
            raise PeerUnreachable(message, code="federation.engine_lost") from error
        except (httpx.HTTPError, OSError) as error:
            message = f"the SuperLink does not answer: {type(error).__name__}"
            raise PeerUnreachable(message, code="federation.engine_lost") from error

    async def close(self) -> None:
        """End every ServerApp."""
        for run_id in list(self._children):
            await self._end_child(run_id)

    def _load(self) -> dict[str, Run]:
        try:
            rows = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return {row["run_id"]: Run(**row, begun=time.monotonic()) for row in rows}

    def _save(self) -> None:
        rows = [{key: value for key, value in asdict(run).items() if key != "begun"} for run in self._runs.values()]
        write_private(self._file, json.dumps(rows[-200:], indent=1))


def make_app(agent: LaboratoryAgent, token: str) -> web.Application:
    """Return the HTTP application."""

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if request.path != "/health" and not secrets.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return web.json_response({"code": "trust.refused", "detail": "the bearer token is wrong"}, status=403)
        try:
            return await handler(request)
        except FlomirError as error:
            return web.json_response({"code": error.code, "detail": str(error)}, status=error.entry.status)
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"code": "input.invalid", "detail": type(error).__name__}, status=422)

    app = web.Application(middlewares=[guard])
    app.add_routes(_routes(agent))
    return app


def _routes(agent: LaboratoryAgent) -> list[web.RouteDef]:
    async def put_node(request: web.Request) -> web.Response:
        body = await request.json()
        return web.json_response({"node_id": await agent.register(str(body["public_key_pem"]), str(body["name"]))})

    async def delete_node(request: web.Request) -> web.Response:
        await agent.unregister(request.match_info["node_id"])
        return web.json_response({})

    async def get_nodes(_: web.Request) -> web.Response:
        return web.json_response(await agent.nodes())

    async def post_run(request: web.Request) -> web.Response:
        body = await request.json()
        return web.json_response(_view(await agent.start(str(body["session_id"]), str(body["plan"]))), status=201)

    async def get_run(request: web.Request) -> web.Response:
        return web.json_response(_view(agent.find(request.match_info["run_id"])))

    async def stop_run(request: web.Request) -> web.Response:
        return web.json_response(_view(await agent.stop(request.match_info["run_id"])))

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    return [
        web.put("/nodes", put_node),
        web.delete("/nodes/{node_id}", delete_node),
        web.get("/nodes", get_nodes),
        web.post("/runs", post_run),
        web.get("/runs/{run_id}", get_run),
        web.post("/runs/{run_id}/stop", stop_run),
        web.get("/health", health),
    ]


def _view(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "session_id": run.session_id,
        "status": run.status,
        "details": run.details,
        "round": run.round,
    }
