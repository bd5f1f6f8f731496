"""The warm runner of a site: executes installed code only, one task token a line on stdin, one JSON line back for each.

It never unpacks or imports what a run brought along: the bundle's bytes are hashed and compared, nothing else.
"""

import hashlib
import json
import logging
import os
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from fl_core.errors import FlomirError
from fl_core.flower.configs import RunnerConfig
from fl_core.flower.fast_backoff import shorten_object_waits
from fl_core.flower.process import config_option, ignore_interrupts, read_config, say, settle_environment

PUSH_PATIENCE_S = 120.0
PREPARE_EVERY_S = 1.0

logger = logging.getLogger(__name__)


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """What leaves the site instead of an update: flwr's error number and our code."""

    def __init__(self, number: int, code: str) -> None:
        super().__init__(code)
        self.number, self.code = number, code


class Runner:
    """Works on tasks: several may wait for a person or an hour, one of them computes."""

    def __init__(self, config: RunnerConfig) -> None:
        from fl_core.flower.answered import AnsweredRounds
        from fl_core.flower.client_app import SiteWorker
        from fl_core.flower.consent_check import GrantsFile
        from fl_core.flower.reporting import EventLog, Hints
        from fl_core.protocol.bundle import bundle_sha256

        log = EventLog(config.progress_file, Hints(config.progress_url, config.progress_token))
        self._config = config
        self._speaking = threading.Lock()
        self._bundle_sha256 = bundle_sha256()
        self._worker = SiteWorker(
            grants=GrantsFile(config.grants_file),
            report=lambda event: log.append(event.session_id, event),
            answered=AnsweredRounds(config.progress_file.with_name("answered.json")),
        )

    def prepare_while_idle(self) -> None:
        """Load what was granted before its first round asks for it; runs in a thread of its own."""
        while not self._worker.prepare():
            time.sleep(PREPARE_EVERY_S)

    def carry_out(self, task: dict[str, str]) -> None:
        """Work on the task of one line and say when it is done."""
        try:
            self.do(task["token"], task.get("since", ""))
        except Exception as error:
            logger.exception("task not finished", extra={"kind": type(error).__name__})
        finally:
            with self._speaking:
                say(done=task["task_id"])

    def do(self, token: str, since: str) -> None:
        """Work on one task to its end; whatever happens, the task is finished and something is replied.

        Its deadline counts from `since`, when its message arrived, however long it waited for the task before it.
        """
        from flwr.supercore.heartbeat import HeartbeatSender
        from flwr.supernode.runtime.run_clientapp import pull_task_input, push_message, push_task_output

        from fl_core.flower.runtime import task_client

        client = task_client(self._config.runtime, token, component="flwr-clientapp", max_time_s=PUSH_PATIENCE_S)
        lost = threading.Event()
        heart = HeartbeatSender(beat(client, lost))
        heart.start()
        context, status = None, "failed"
        try:
            message, context, _, fab = pull_task_input(client)
            reply = self._reply(message, fab.content, lost, since)
            push_message(client, reply, context)
            status = "completed"
        except Exception as error:
            logger.exception("task failed", extra={"kind": type(error).__name__})
        finally:
            push_task_output(client, None if context is None else context, status, "")
            heart.stop()
            client.close()

    def _reply(self, message: Any, bundle: bytes, lost: threading.Event, since: str) -> Any:
        from flwr.app import Message
        from flwr.app.error import Error

        from fl_core.flower.messages import reply_message

        try:
            return reply_message(message, self._answer(message, bundle, lost, since))
        except Refused as refused:
            return Message(Error(refused.number, refused.code), reply_to=message)

    def _answer(self, message: Any, bundle: bytes, lost: threading.Event, since: str) -> Any:
        from flwr.common.constant import ErrorCode

        from fl_core.flower.messages import read_request

        found = hashlib.sha256(bundle).hexdigest()
        if found != self._bundle_sha256:
            logger.warning("bundle refused", extra={"bundle": found[:12]})
            raise Refused(ErrorCode.INVALID_FAB, "protocol.mismatch")
        try:
            request, waited_s = read_request(message), waited(since, datetime.now(UTC))
            return self._worker.answer(request, found, is_cancelled=lost.is_set, waited_s=waited_s)
        except FlomirError as error:
            logger.warning("round refused", extra={"code": error.code})
            number = (
                ErrorCode.MOD_FAILED_PRECONDITION
                if error.code.startswith("consent.")
                else ErrorCode.CLIENT_APP_RAISED_EXCEPTION
            )
            raise Refused(number, error.code) from None
        except Exception as error:
            logger.exception("round failed")
            raise Refused(ErrorCode.CLIENT_APP_RAISED_EXCEPTION, f"compute.failed:{type(error).__name__}") from None


def waited(since: str, now: datetime) -> float:
    """Return for how many seconds a task has been here; 0 where nobody says or the clock was put back."""
    try:
        return max(0.0, (now - datetime.fromisoformat(since)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def beat(client: Any, lost: threading.Event) -> Any:
    """Return a heartbeat that notes a lost task instead of ending the process, as flwr's own does."""
    from flwr.proto.runtime_pb2 import SendTaskHeartbeatRequest
    from httpx import HTTPError, HTTPStatusError

    def once() -> bool:
        if lost.is_set():
            return True
        try:
            if not client.SendTaskHeartbeat(SendTaskHeartbeatRequest()).success:
                lost.set()
        except HTTPStatusError as error:
            if error.response.status_code in {401, 403, 404}:
                lost.set()
                return True
            return False
        except (HTTPError, OSError):
            return False
        return True

    return once


@click.command()
@config_option
def main(config_path: Path) -> None:
    """Run until stdin ends."""
    config = read_config(RunnerConfig, config_path)
    settle_environment("runner", config.flwr_home)
    ignore_interrupts()
    import torch

    torch.set_num_threads(config.torch_threads)
    shorten_object_waits()
    runner = Runner(config)
    say(ready=True)
    threading.Thread(target=runner.prepare_while_idle, name="prepare", daemon=True).start()
    for line in sys.stdin:
        threading.Thread(target=runner.carry_out, args=(json.loads(line),), name="task", daemon=True).start()
    logging.shutdown()
    os._exit(0)  # whoever would hear of the rest is gone; nothing is waited for, nothing half torn down


if __name__ == "__main__":
    main()
