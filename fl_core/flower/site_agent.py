"""The site's agent: acquires tasks from the SuperNode when woken and hands them, several at once, to the one warm runner.

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


class TasksInHand:
    """The tasks that the runner works on and their tokens; on the disk, so that a killed agent's successor can end them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._tokens = _read_tokens(file)

    def add(self, task_id: str, token: str) -> None:
        """Note a task before the runner gets it."""
        self._tokens[task_id] = token
        self._write()

    def remove(self, task_id: str) -> None:
        """Forget a task that ended."""
        if self._tokens.pop(task_id, None) is not None:
            self._write()

    def all(self) -> list[tuple[str, str]]:
        """Return every task with its token."""
        return list(self._tokens.items())

    def _write(self) -> None:
        try:
            if self._tokens:
                write_private(self._file, json.dumps(self._tokens))
            else:
                self._file.unlink(missing_ok=True)
        except OSError as error:  # a full disk ends no task; a successor then waits for heartbeats to expire
            logger.warning("tasks not noted on the disk", extra={"kind": type(error).__name__})


def _read_tokens(file: Path) -> dict[str, str]:
    try:
        return {str(task_id): str(token) for task_id, token in json.loads(file.read_bytes()).items()}
    except (OSError, ValueError, AttributeError):
        return {}


class SiteAgent:
    """Owns the runner and the tasks it works on."""

    def __init__(self, config: SiteAgentConfig) -> None:
        self._config = config
        self._in_hand = TasksInHand(config.home / "flower" / "task.json")
        self._woken = asyncio.Event()
        self._runner: Child | None = None
        self._failures = 0

    def wake(self) -> None:
        """Look for a task now."""
        self._woken.set()

    async def work(self) -> None:
        """Serve tasks for ever."""
        known = ""
        while True:
            try:
                await self._ensure_runner()
                task = await self._next_task()
                known = ""
                self._hand_over(task)
            except (ComputeFailed, httpx.HTTPError, OSError) as error:
                if type(error).__name__ != known:  # told once, not at every attempt
                    known = type(error).__name__
                    logger.warning("agent interrupted", extra={"kind": known, "error": str(error)[:200]})
                await asyncio.sleep(0.2)

    async def _ensure_runner(self) -> None:
        if self._runner is not None and self._runner.is_alive:
            return
        await self._fail_orphans()
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
        message = "the runner ended"
        raise ComputeFailed(message)

    def _hand_over(self, task: Acquired) -> None:
        self._in_hand.add(task.task_id, task.token)
        if self._runner is None:
            return  # the next look at the runner ends the task
        self._runner.send(json.dumps({"task_id": task.task_id, "token": task.token, "since": task.since}))

    def _from_runner(self, line: str | None) -> None:
        if line is None:
            self.wake()  # it ended: what it worked on is to be failed at once
            return
        with contextlib.suppress(ValueError, KeyError, TypeError):
            self._in_hand.remove(str(json.loads(line)["done"]))

    async def _fail_orphans(self) -> None:
        """End the tasks that nobody works on any more."""
        for task_id, token in self._in_hand.all():
            logger.warning("ending a task without a runner")
            await asyncio.to_thread(fail_task, self._config.runtime, token)
            self._in_hand.remove(task_id)

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
