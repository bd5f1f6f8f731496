"""The SuperNode as a child of a site's daemon: talks to the relay on loopback, runs no code by itself.

Changes to flwr 1.41.0, each pinned by a contract test:

- flwr refuses a key over plain HTTP; here TLS begins in the relay, one process further out, so only the connection is
  opened as plain HTTP.
- Its loop sleeps 3 s after an empty pull and 0.5 s while it waits for the runner's reply. The first sleep is cut to
  nothing when the gateway held the pull open; the second ends as soon as the reply, or one of its objects, is stored.
- It works on one message at a time, to the end. Here replies are sent from a thread of their own, so that a session that
  waits for a person at this site keeps no other session from it.
- A run that ends while one of its messages is pulled leaves a task behind that never gets its objects; here such a pull
  fails, and flwr clears up after it.
- A killed SuperNode stays online at the SuperLink for 60 s, which refuses its successor; the successor signs it off.
- When the runner died, flwr tells nobody until a heartbeat expires 54 s later; here a task that ends as failed and
  without a reply is answered with error 8 at once.
"""

import logging
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import httpx

from fl_core.flower.configs import SuperNodeConfig
from fl_core.flower.fast_backoff import shorten_object_waits
from fl_core.flower.process import config_option, ensure_secret, log_as_ours, read_config, say, settle_environment
from fl_core.supervision.child import write_private

logger = logging.getLogger(__name__)

HELD_AT_LEAST_S = 0.5
"""A pull that took this long was held open by the gateway, so the next one may follow at once."""
IDLE_SLEEP_S = 3
"""flwr's own sleep after an empty pull."""
CALLS_OF_A_PULL = ("pull_object", "confirm_message_received")
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
NOBODY_THERE = frozenset({502, 503, 504})
MOST_IN_HAND = 16
"""Messages that may be here without an answer; the next is fetched when one is answered. More sessions than that at one
site, all waiting for a person, is not a case; a laboratory that floods a site is."""


class WakingClock:
    """Stands in for the `time` module of flwr's loop: its sleeps end early when there is something to do.

    Parameters
    ----------
    idle_pause_s : float
        Pause after an empty pull that was not held open.
    """

    def __init__(self, idle_pause_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._idle_pause_s, self._clock = idle_pause_s, clock
        self._stored = threading.Event()
        self._last_idle_end = clock()

    def note_stored(self) -> None:
        """Tell that a reply or an object arrived from the runner."""
        self._stored.set()

    def sleep(self, seconds: float) -> None:
        """Sleep as flwr asked, or less."""
        if seconds >= IDLE_SLEEP_S:
            held = self._clock() - self._last_idle_end >= HELD_AT_LEAST_S
            if not held:
                time.sleep(self._idle_pause_s)
            self._last_idle_end = self._clock()
        else:
            self._stored.wait(seconds)
            self._stored.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def make_state_factory(clock: WakingClock) -> Any:
    """Return a factory of a node state that wakes the loop and answers for runners that died."""
    from flwr.supercore.constant import TaskType
    from flwr.supercore.object_store import ObjectStoreFactory
    from flwr.supernode.nodestate import NodeStateFactory
    from flwr.supernode.nodestate.in_memory_nodestate import CLIENT_APP_CRASHED_ERROR, InMemoryNodeState

    class SiteNodeState(InMemoryNodeState):  # type: ignore[misc,valid-type,unused-ignore]  # flwr is not analysed
        """flwr's node state, which wakes the loop, counts, and answers for runners that died."""

        def in_hand(self) -> int:
            """Return how many messages are not answered yet."""
            with self.lock_msg_store:
                return sum(not entry.message.metadata.reply_to_message_id for entry in self.msg_store.values())

        def store_message(self, message: Any) -> str | None:
            stored: str | None = super().store_message(message)
            clock.note_stored()
            return stored

        def store_object(self, *args: Any, **kwargs: Any) -> Any:
            answer = super().store_object(*args, **kwargs)
            clock.note_stored()
            return answer

        def finish_task(self, task_id: int, sub_status: str, details: str) -> bool:
            finished: bool = super().finish_task(task_id, sub_status, details)
            tasks = self.get_tasks(task_ids=[task_id])
            if finished and sub_status == "failed" and tasks and tasks[0].type == TaskType.CLIENT_APP:
                run_ids = {tasks[0].run_id}
                self.get_messages_legacy(run_ids=list(run_ids), is_reply=False)  # marks what nobody fetched
                self._store_error_replies(run_ids, CLIENT_APP_CRASHED_ERROR)
            return finished

    class SiteNodeStateFactory(NodeStateFactory):  # type: ignore[misc,valid-type,unused-ignore]
        """Makes the one state."""

        def state(self) -> Any:
            with self.lock:
                if getattr(self, "state_instance", None) is None:
                    self.state_instance = SiteNodeState(self.objectstore_factory.store())
                return self.state_instance

    return SiteNodeStateFactory(objectstore_factory=ObjectStoreFactory())


class Waker:
    """POSTs to the agent without waiting for it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._event = threading.Event()
        if url:
            threading.Thread(target=self._run, name="wake-agent", daemon=True).start()

    def __call__(self) -> None:
        """Schedule one wake-up."""
        self._event.set()

    def _run(self) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while self._event.wait():
            self._event.clear()
            try:
                with opener.open(urllib.request.Request(self._url, b"", method="POST"), timeout=2):  # noqa: S310
                    pass
            except (urllib.error.URLError, OSError):
                continue


def sign_off_predecessor(superlink: str, key: Any, node_file: Path) -> None:
    """Sign the node off if an earlier process of this site was killed without doing so; patient as the arrival itself.

    The SuperLink refuses to activate a node that it still believes online, for 60 s after its last heartbeat.
    """
    from flwr.proto.fleet_pb2 import DeactivateNodeRequest
    from flwr.supercore.interceptors.http.runtime_version import RuntimeVersionHttpInterceptor
    from flwr.supernode.fleet_http_client import FleetHttpClient
    from flwr.supernode.node_auth_http_interceptor import NodeAuthHttpInterceptor

    try:
        request = DeactivateNodeRequest(node_id=int(node_file.read_text()))
    except (OSError, ValueError):
        return
    interceptors = [
        RuntimeVersionHttpInterceptor(component_name="SuperNode"),
        NodeAuthHttpInterceptor(key, key.public_key()),
    ]
    with FleetHttpClient.from_server_address(superlink, True, None, interceptors=interceptors) as client:
        pause_s = FIRST_PAUSE_S
        while not _is_answered(client.DeactivateNode, request):
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _is_answered(call: Callable[[Any], Any], request: Any) -> bool:
    """Return whether the SuperLink answered, in whatever way; False when nobody did."""
    try:
        call(request)
    except httpx.HTTPStatusError as error:
        if error.response.status_code in NOBODY_THERE:
            return False
        logger.info("no stale presence to leave", extra={"status": error.response.status_code})
    except httpx.TransportError:
        return False
    except RuntimeError as error:
        logger.info("no stale presence to leave", extra={"kind": type(error).__name__})
    return True


def with_ended_run_as_failure(call: Callable[..., Any]) -> Callable[..., Any]:
    """Let a run's end in the middle of a pull be a failure of that pull, after which flwr removes message and task.

    flwr's own exception for it passes that by: the task stayed, the runner took it and waited for ever for its objects.
    """
    from flwr.supercore.run import RunNotRunningException

    def called(*args: Any, **named: Any) -> Any:
        try:
            return call(*args, **named)
        except RunNotRunningException:
            message = "the run ended meanwhile"
            raise RuntimeError(message) from None

    return called


class Sender:
    """Sends replies from a thread of its own, as flwr's loop would between two messages.

    Parameters
    ----------
    push : waits for replies and sends them; flwr's own, called again and again with the parts of the first call
    pause : called after a failure, before the next try
    """

    def __init__(self, push: Callable[..., None], pause: Callable[[], None]) -> None:
        self._push, self._pause = push, pause
        self._thread: threading.Thread | None = None

    def __call__(self, **parts: Any) -> None:
        """Take over from the loop, which calls this after each message; returns at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, kwargs=parts, name="send-replies", daemon=True)
            self._thread.start()

    def _run(self, **parts: Any) -> None:
        while True:
            try:
                self._push(**parts)
            except Exception:
                logger.exception("a reply was not sent")
                self._pause()


def patch_loop(clock: WakingClock, wake: Callable[[], None], node_file: Path, sign_off: Callable[[], None]) -> None:
    """Put the clock, the plain connection, the predecessor's farewell, the sender and the wake-up into flwr's loop."""
    from flwr.supernode import start_client_internal as loop

    connect, pull = loop._init_connection, loop._pull_and_store_message

    @contextmanager
    def plain_connection(*args: Any, **named: Any) -> Iterator[Any]:
        named.pop("insecure", None)
        address = args[0] if args else named.pop("server_address")
        sign_off()
        with connect(address, True, *args[2:], **named) as connection:
            write_private(node_file, str(connection[0]))
            yield connection

    def pull_and_wake(*args: Any, **named: Any) -> int | None:
        named |= {name: with_ended_run_as_failure(named[name]) for name in CALLS_OF_A_PULL}
        while named["state"].in_hand() >= MOST_IN_HAND:
            time.sleep(LONGEST_PAUSE_S)
        run_id: int | None = pull(*args, **named)
        if run_id is not None:
            wake()
        return run_id

    loop.time = clock
    loop._init_connection = plain_connection
    loop._pull_and_store_message = pull_and_wake
    loop._push_messages = Sender(loop._push_messages, lambda: time.sleep(LONGEST_PAUSE_S))


def serve(config: SuperNodeConfig) -> None:
    """Run the SuperNode until SIGTERM."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key
    from flwr.supercore.exit import add_exit_handler
    from flwr.supernode import start_client_internal as loop

    cli = import_module("flwr.supernode.cli.flower_supernode")  # the package exports a function of the same name
    log_as_ours()
    shorten_object_waits()
    key = load_ssh_private_key(config.key_file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        message = "the site's key is not an elliptic-curve key"
        raise click.ClickException(message)
    clock = WakingClock(config.idle_pause_s)
    factory = make_state_factory(clock)
    node_file = config.flwr_home / "node_id"
    patch_loop(clock, Waker(config.wake_url), node_file, lambda: sign_off_predecessor(config.superlink, key, node_file))
    server, thread = cli._start_supernode_http_api(_lifespan(config, key), factory)

    def stop_server() -> None:
        server.should_exit = True
        thread.join(timeout=3)
        server.force_exit = True

    add_exit_handler(stop_server)
    say(ready=True, port=config.port)
    loop.start_client_internal(
        state_factory=factory,
        server_address=config.superlink,
        node_config={},
        insecure=False,
        authentication_keys=(key, key.public_key()),
        isolation="process",
        runtime_api_address=f"127.0.0.1:{config.port}",
        superexec_auth_secret=config.secret_file.read_bytes(),
        runtime_dependency_install=False,
    )


def _lifespan(config: SuperNodeConfig, key: object) -> Any:
    return import_module("flwr.supernode.cli.flower_supernode").SuperNodeLifespanConfig(
        server_address=config.superlink,
        root_certificates=None,
        insecure=False,
        authentication_keys=(key, key.public_key()),  # type: ignore[attr-defined]  # checked by the caller
        max_retries=None,
        max_wait_time=None,
        node_config={},
        isolation="process",
        runtime_certificates=None,
        runtime_root_certificates_path=None,
        health_server_address=None,
        trusted_entities=None,
        superexec_auth_secret=config.secret_file.read_bytes(),
        runtime_dependency_install=False,
        host="127.0.0.1",
        port=config.port,
        runtime_ssl_certfile=None,
        runtime_ssl_keyfile=None,
    )


@click.command()
@config_option
def main(config_path: Path) -> None:
    """Run the SuperNode."""
    config = read_config(SuperNodeConfig, config_path)
    settle_environment("supernode", config.flwr_home)
    ensure_secret(config.secret_file)
    try:
        serve(config)
    except SystemExit as end:
        # Signed off, nothing left to save: the interpreter's clean-up among flwr's threads took up to 5 s.
        logging.shutdown()
        os._exit(end.code if isinstance(end.code, int) else 1)


if __name__ == "__main__":
    main()
