"""The ServerApp: reads the session's plan and runs the round loop on flwr's grid. Torch-free.

Started by the laboratory's agent with the token of an acquired task, or as ``app`` by anything that speaks flwr. The
last line on stdout tells the agent how the run ended; without such a line, as when the SuperLink is gone, the run counts
as lost and is begun again.
"""

import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from fl_core.errors import FlomirError, InvalidInput, StorageFailed
from fl_core.flower.configs import ServerAppConfig
from fl_core.flower.fast_backoff import shorten_object_waits
from fl_core.flower.process import config_option, ignore_interrupts, read_config, say, settle_environment
from fl_core.flower.reporting import EventLog, Hints
from fl_core.flower.rounds import Outcome, RoundLoop
from fl_core.protocol.plan import SessionPlan

ALIVE_EVERY_S = 2.0
ENGINE_PATIENCE_S = 50.0
"""How long a call to a dead SuperLink is repeated; flwr gives the run up after 60 s without a heartbeat."""

logger = logging.getLogger(__name__)


def read_plan(path: Path) -> SessionPlan:
    """Read a plan; raises InvalidInput."""
    try:
        return SessionPlan.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        message = f"the plan cannot be read: {type(error).__name__}"
        raise InvalidInput(message) from error


def run_session(grid: Any, plan_path: Path, run_id: str, config: ServerAppConfig | None) -> Outcome:
    """Run one session on a grid that has its run set."""
    from fl_core.flower.flower_link import FlowerLink, gateway_waker

    plan = read_plan(plan_path)
    hints = Hints(config.progress_url, config.progress_token) if config else Hints("", "")
    try:
        log = EventLog(plan_path.parent / "progress.jsonl", hints)
    except OSError as error:
        raise StorageFailed.of(error, "the progress could not be written") from error
    wake = gateway_waker(config.gateway_admin, config.gateway_secret) if config else lambda: None
    link = FlowerLink(grid, plan.sites, wake)
    try:
        loop = RoundLoop(
            plan=plan,
            folder=plan_path.parent,
            link=link,
            report=lambda event: log.append(event.session_id, event),
            run_id=run_id,
            alive=_Pulse(),
            reread=lambda: _plan_now(plan_path),
        )
        return loop.run()
    finally:
        link.close()
        hints.flush()


def _plan_now(path: Path) -> SessionPlan | None:
    try:
        return read_plan(path)
    except InvalidInput:
        logger.warning("the plan cannot be read again")
        return None


class _Pulse:
    """Says every few seconds that the loop goes round."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self) -> None:
        import time

        if time.monotonic() >= self._next:
            self._next = time.monotonic() + ALIVE_EVERY_S
            say(alive=True)


def work_on_task(config: ServerAppConfig) -> Outcome:
    """Pull the task, run its session, push the result."""
    from flwr.common.serde import context_from_proto, run_from_proto
    from flwr.proto.runtime_pb2 import PullTaskInputRequest, PushTaskOutputRequest
    from flwr.supercore.heartbeat import HeartbeatSender
    from flwr.supercore.task_identity import TaskIdentity
    from flwr.superlink.grid.http_grid import HttpGrid

    from fl_core.flower.runner import beat
    from fl_core.flower.runtime import show_secret

    grid = HttpGrid(runtime_api_address=config.superlink, insecure=True, token=config.token)
    grid._retry_invoker.max_time = ENGINE_PATIENCE_S
    client = grid._runtime_client
    show_secret(client, config.engine_secret)
    lost = threading.Event()
    heart = HeartbeatSender(beat(client, lost))
    heart.start()
    outcome = Outcome("failed", 0, "internal", "the ServerApp ended early")
    try:
        answer = client.PullTaskInput(PullTaskInputRequest())
        TaskIdentity.task_id, TaskIdentity.run_id = answer.task_id, answer.run.run_id
        TaskIdentity.node_id = answer.context.node_id
        run = run_from_proto(answer.run)
        grid.set_run(run)
        context = context_from_proto(answer.context)
        plan = run.override_config.get("plan") or context.run_config.get("plan", "")
        outcome = run_session(grid, Path(str(plan)), str(run.run_id), config)
        return outcome
    finally:
        grid._retry_invoker.max_tries = 1
        good = outcome.ending in {"completed", "paused", "stopped"}
        try:
            client.PushTaskOutput(
                PushTaskOutputRequest(sub_status="completed" if good else "failed", details=outcome.code or "")
            )
        except Exception as error:  # noqa: BLE001 - the run's own end matters more than telling it
            logger.warning("output not pushed", extra={"kind": type(error).__name__})
        heart.stop()
        grid.close()


@click.command()
@config_option
def main(config_path: Path) -> None:
    """Work on one acquired task."""
    config = read_config(ServerAppConfig, config_path)
    config_path.unlink(missing_ok=True)
    settle_environment("serverapp", config.flwr_home)
    ignore_interrupts()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    shorten_object_waits()
    say(ready=True)
    try:
        outcome = work_on_task(config)
    except FlomirError as error:
        logger.error("run ended", extra={"code": error.code, "error": str(error)})
        if error.code == "federation.engine_lost":
            sys.exit(3)
        outcome = Outcome("failed", 0, error.code, str(error))
    say(outcome=outcome.ending, round=outcome.round, code=outcome.code, detail=outcome.detail)


def __getattr__(name: str) -> object:
    """Give the bundle's `app` for runtimes that load a ServerApp by name."""
    if name != "app":
        raise AttributeError(name)
    from flwr.serverapp import ServerApp

    app = ServerApp()

    @app.main()  # type: ignore[untyped-decorator, unused-ignore]  # flwr is not analysed
    def run(grid: Any, context: Any) -> None:
        outcome = run_session(grid, Path(str(context.run_config["plan"])), str(context.run_id), None)
        if outcome.ending == "failed":
            raise InvalidInput(outcome.detail, code=outcome.code)

    return app


if __name__ == "__main__":
    main()
