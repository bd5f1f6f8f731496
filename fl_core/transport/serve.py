"""Running gateway or relay as a process: configuration, logs, the ready line, signals."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from fl_core.errors import FlomirError
from fl_core.logs import setup_logging
from fl_core.transport.config import GatewayConfig, RelayConfig, read_config

Config = TypeVar("Config", GatewayConfig, RelayConfig)


class Service(Protocol):
    """What `run_process` runs."""

    async def start(self) -> dict[str, object]:
        """Open the ports and return what the ready line says beside ``ready``."""

    async def stop(self) -> None:
        """Close everything."""


def run_process(name: str, model: type[Config], make: Callable[[Config, Path], Service]) -> None:
    """Read ``--config FILE``, serve until SIGTERM or SIGINT, exit 0; exit 1 with one log line when it cannot start."""
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--config", type=Path, required=True)
    path: Path = parser.parse_args().config
    try:
        config = read_config(path, model)
        setup_logging(name, home=config.home)
        asyncio.run(_serve(make(config, path)))
    except (FlomirError, OSError) as error:
        print(json.dumps({"level": "error", "process": name, "message": str(error)}), file=sys.stderr)  # noqa: T201
        sys.exit(1)


async def _serve(service: Service) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, ended.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(ended.set))
    ready = await service.start()
    print(json.dumps({"ready": True, **ready}), flush=True)  # noqa: T201 - the ready line is the protocol
    try:
        await ended.wait()
    finally:
        await service.stop()
