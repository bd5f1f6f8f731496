"""The site's agent: acquires tasks from the SuperNode when woken and hands them to the one warm runner.

HTTP on loopback: ``POST /wake`` (look for a task now; carries nothing, so it needs no token) and ``GET /health``. Only
ClientApp tasks are ever acquired. A task whose runner died, or that a killed agent left behind, is ended as failed at
once, so that the SuperNode answers for it without waiting for a heartbeat to expire.
"""

import asyncio
import contextlib
import json
import logging
import time
from pathlib import Path

import httpx
from aiohttp import web

from fl_core.errors import ComputeFailed
from fl_core.flower.configs import SiteAgentConfig
from fl_core.flower.runtime import CLIENT_TASK, Acquired, acquire, executor_client, task_client
from fl_core.supervision.child import Child, ChildSpec, write_private
from fl_core.supervision.reconcile import next_delay_s

RUNNER_READY_S = 90.0
FAST_POLLS = 20
FAST_POLL_S = 0.05

logger = logging.getLogger(__name__)


class SiteAgent:
    """Owns the runner and the task it works on."""

    def __init__(self, config: SiteAgentConfig) -> None:
        self._config = config
        self._task_file: Path = config.home / "flower" / "task.json"
        self._woken = asyncio.Event()
        self._changed = asyncio.Event()
        self._runner: Child | None = None
        self._task_id: str | None = None
        self._done: set[str] = set()
        self._failures = 0

    def wake(self) -> None:
        """Look for a task now."""
        self._woken.set()

    async def work(self) -> None:
        """Serve tasks for ever."""
        await self._finish_orphan()
        known = ""
        while True:
            try:
                await self._ensure_runner()
                task = await self._next_task()
                known = ""
                await self._run_task(task)
            except (ComputeFailed, httpx.HTTPError, OSError) as error:
                if type(error).__name__ != known:  # told once, not at every attempt
                    known = type(error).__name__
                    logger.warning("agent interrupted", extra={"kind": known, "error": str(error)[:200]})
                await asyncio.sleep(0.2)

    async def _ensure_runner(self) -> None:
        if self._runner is not None and self._runner.is_alive:
            return
        if self._runner is not None:
            lived_s = time.monotonic() - self._runner.started_at
            self._runner.kill()
            self._failures, delay_s = next_delay_s(self._failures, lived_s)
            await asyncio.sleep(delay_s)
        config = self._config
        values = {
            "runtime": config.runtime,
            "flwr_home": str(config.flwr_home),
            "grants_file": str(config.grants_file),
            "progress_file": str(config.progress_file),
            "progress_url": config.progress_url,
            "progress_token": config.progress_token,
            "torch_threads": config.torch_threads,
        }
        threads = str(config.torch_threads)
        spec = ChildSpec(
            name="runner",
            module="fl_core.flower.runner",
            config=values,
            cwd=config.home,
            env={"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads},
            talks=True,
        )
        loop = asyncio.get_running_loop()

        def hear(line: str | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._from_runner, line)

        self._runner = Child(spec, on_line=hear)
        self._runner.start()  # in the main thread, which lives as long as this process
        await asyncio.to_thread(self._runner.wait_ready, RUNNER_READY_S)

    async def _next_task(self) -> Acquired:
        """Wait until there is a task: at once when woken, else every few seconds."""
        client = executor_client(self._config.runtime, self._config.secret_file)
        quick = FAST_POLLS
        try:
            while self._runner is not None and self._runner.is_alive:
                task = await asyncio.to_thread(acquire, client, CLIENT_TASK)
                if task is not None:
                    return task
                pause_s = FAST_POLL_S if quick > 0 else self._config.poll_s
                quick -= 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), pause_s)
                    quick = FAST_POLLS
                self._woken.clear()
        finally:
            client.close()
        message = "the runner ended while it was idle"
        raise ComputeFailed(message)

    async def _run_task(self, task: Acquired) -> None:
        task_id, runner = task.task_id, self._runner
        write_private(self._task_file, json.dumps({"task_id": task_id, "token": task.token}))
        try:
            if runner is not None:
                runner.send(json.dumps({"task_id": task_id, "token": task.token, "since": task.since}))
            while task_id not in self._done and runner is not None and runner.is_alive:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 1.0)
                self._changed.clear()
        finally:
            if task_id in self._done:
                self._done.discard(task_id)
                self._task_file.unlink(missing_ok=True)
            else:
                await self._finish_orphan()

    def _from_runner(self, line: str | None) -> None:
        if line is not None:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                self._done.add(str(json.loads(line)["done"]))
        self._changed.set()

    async def _finish_orphan(self) -> None:
        """End a task that nobody works on any more."""
        try:
            left = json.loads(self._task_file.read_text())
        except (OSError, ValueError):
            return
        logger.warning("ending a task without a runner")
        self._task_file.unlink(missing_ok=True)
        await asyncio.to_thread(fail_task, self._config.runtime, str(left["token"]))

    async def close(self) -> None:
        """End the runner."""
        if self._runner is not None:
            await asyncio.to_thread(self._runner.stop, 3.0)


def fail_task(runtime: str, token: str) -> None:
    """Tell the SuperNode that a task failed; does nothing when it does not know the task (any more)."""
    from flwr.proto.runtime_pb2 import PushTaskOutputRequest

    client = task_client(runtime, token, component="flwr-clientapp", max_time_s=0)
    try:
        client.PushTaskOutput(PushTaskOutputRequest(sub_status="failed", details="runner ended"))
    except Exception as error:  # noqa: BLE001 - an unknown token or a restarted SuperNode: the task is gone anyway
        logger.info("task was gone", extra={"kind": type(error).__name__})
    finally:
        client.close()


def make_app(agent: SiteAgent) -> web.Application:
    """Return the HTTP application."""

    async def wake(_: web.Request) -> web.Response:
        agent.wake()
        return web.json_response({})

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    app = web.Application()
    app.add_routes([web.post("/wake", wake), web.get("/health", health)])
    return app
