"""Serves a daemon on loopback: gunicorn's threaded worker, one process, everything composed inside the worker."""

import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import NoReturn, Protocol
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from fl_core.errors import FlomirError

STOP_WITHIN_S = 9.0
"""A stopped daemon is gone after this long, whatever its threads and sockets do."""
LINGER_S = 1.5
MOST_SAID = 65_536

_NO_SERVER_IN_FRONT = {
    "forwarded_allow_ips": "",
    "forwarder_headers": "",
    "header_map": "refuse",
    "secure_scheme_headers": {},
}
"""By default gunicorn lets any program on this computer say ``SCRIPT_NAME``, ``PATH_INFO`` and the scheme in a header."""

logger = logging.getLogger(__name__)


class Served(Protocol):
    """What a daemon's composition root returns."""

    @property
    def wsgi(self) -> WSGIApplication:
        """The whole web application, with the gate outermost."""

    def start(self) -> None:
        """Start children and threads; called once, when the socket is bound."""

    def stop(self) -> None:
        """End children, threads and live connections within 8 s; idempotent."""


def bind(port: int, host: str = "127.0.0.1") -> socket.socket:
    """Bind the loopback socket (port 0: a free one), so that the port is known before anything is composed."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener


def serve(listener: socket.socket, compose: Callable[[], Served], *, threads: int = 64) -> None:
    """Serve until SIGTERM or SIGINT; then `Served.stop` runs and the process ends within 10 s.

    `compose` runs in the worker process, `start` after it on the worker's main thread. A worker that dies is started anew.

    Raises
    ------
    FlomirError
        What `compose` or `start` raised in the worker; the server has ended then.
    """
    heard, told = os.pipe()
    os.set_blocking(heard, False)
    try:
        _Gunicorn(listener, compose, threads, told).run()
    except SystemExit:
        failure = _failure_in(heard)
        if failure is None:
            raise
        raise failure from None
    finally:
        os.close(heard)
        os.close(told)


def _failure_in(pipe: int) -> FlomirError | None:
    try:
        said = json.loads(os.read(pipe, MOST_SAID).decode())
    except (BlockingIOError, ValueError):
        return None
    failure = FlomirError(said["detail"], code=said["code"])
    failure.remedy = said["remedy"]
    return failure


class _Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A threaded worker that stops its daemon at the first signal and never outlives `STOP_WITHIN_S`."""

    served: Served | None = None
    _stopping = False

    def handle_exit(self, sig: int, frame: object) -> None:
        """Begin to stop on SIGTERM."""
        self._begin_stop()

    def handle_quit(self, sig: int, frame: object) -> None:
        """Begin to stop on SIGINT and SIGQUIT."""
        self._begin_stop()

    def handle_abort(self, sig: int, frame: object) -> None:
        """Begin to stop on SIGABRT."""
        self._begin_stop()

    def is_parent_alive(self) -> bool:
        """Stop the daemon when the master process is gone."""
        if super().is_parent_alive():
            return True
        self._begin_stop()
        return False

    def _begin_stop(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        threading.Thread(target=_end_after, args=(STOP_WITHIN_S,), name="last-resort", daemon=True).start()
        threading.Thread(target=self._stop, name="stopping", daemon=True).start()

    def _stop(self) -> None:
        served = self.app.served
        if served is not None:
            try:
                served.stop()
            except Exception:
                logger.exception("the daemon did not stop cleanly")
        self.alive = False
        self.method_queue.defer(lambda: None)
        _end_after(LINGER_S)


def _end_after(seconds: float) -> None:
    time.sleep(seconds)
    logging.shutdown()
    os._exit(0)


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, listener: socket.socket, compose: Callable[[], Served], threads: int, told: int) -> None:
        self._listener = listener
        self._told = told
        self._compose = compose
        self._threads = threads
        self.served: Served | None = None
        super().__init__()

    def load_config(self) -> None:
        """Configure the server; nothing is read from files or the environment."""
        wanted: dict[str, object] = {
            "bind": f"fd://{self._listener.fileno()}",
            "workers": 1,
            "threads": self._threads,
            "worker_class": _Worker,
            "worker_connections": 1000,
            "timeout": 0,
            "graceful_timeout": int(STOP_WITHIN_S) + 1,
            "keepalive": 15,
            "proc_name": "flomir",
            "loglevel": "warning",
            "preload_app": False,
            "control_socket_disable": True,
            **_NO_SERVER_IN_FRONT,
        }
        for key, value in wanted.items():
            if key in self.cfg.settings:
                self.cfg.set(key, value)

    def load(self) -> WSGIApplication:
        """Compose and start the daemon, in the worker."""
        try:
            self.served = self._compose()
            self.served.start()
        except FlomirError as error:
            self._give_up(error)
        assert self.served is not None  # noqa: S101 - narrowing; giving up does not return
        return self.served.wsgi

    def _give_up(self, error: FlomirError) -> NoReturn:
        """Tell the master why, have it end, and wait for that: a worker that fails by itself would be started anew."""
        said = {"detail": str(error), "code": error.code, "remedy": error.remedy}
        os.write(self._told, json.dumps(said).encode()[:MOST_SAID])
        os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(STOP_WITHIN_S)
        os._exit(1)
