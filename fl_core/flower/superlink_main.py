"""The SuperLink as a child of the laboratory's daemon: loopback, process isolation, node authentication, SQLite.

flwr refuses node authentication without TLS of its own. Here TLS ends in the gateway, one process further out, so the
parsed configuration gets `enable_supernode_auth` set afterwards; the check of every signature stays flwr's. Its Control API
has no sign-in of its own, so the whole application stands behind `fl_core.transport.engine_door`.
"""

import dataclasses
import logging
import sys
import threading
import time
import urllib.error
import urllib.request
from importlib import import_module
from pathlib import Path

import click

from fl_core.flower.configs import SuperLinkConfig
from fl_core.flower.fast_backoff import shorten_object_waits
from fl_core.flower.light_engine import clear_up_once_a_second
from fl_core.flower.process import config_option, ensure_secret, log_as_ours, read_config, say, settle_environment
from fl_core.transport.engine_door import EngineDoor

READY_POLL_S = 0.05


def arguments(config: SuperLinkConfig) -> list[str]:
    """Return flwr's command line."""
    return [
        "flower-superlink",
        "--insecure",
        "--host",
        "127.0.0.1",
        "--port",
        str(config.port),
        "--isolation",
        "process",
        "--superexec-auth-secret-file",
        str(config.secret_file),
        "--database",
        str(config.database),
        "--disable-runtime-dependency-installation",
    ]


def serve(config: SuperLinkConfig) -> None:
    """Run the SuperLink until SIGTERM."""
    import uvicorn
    from flwr.supercore.http_logging import get_uvicorn_log_config
    from flwr.supercore.logger import console_handler
    from flwr.superlink.main import create_app

    cli = import_module("flwr.superlink.cli.flower_superlink")  # the package exports a function of the same name
    log_as_ours()
    shorten_object_waits()
    clear_up_once_a_second()
    sys.argv = arguments(config)
    logging.disable(logging.WARNING)  # it warns of what the arguments leave out and this module adds: TLS, node keys
    parsed = cli._parse_superlink_lifespan_config()
    logging.disable(logging.NOTSET)
    threading.Thread(target=_say_when_healthy, args=(config.port,), daemon=True).start()
    inner = create_app(dataclasses.replace(parsed, enable_supernode_auth=True), cli.SuperLinkLifespan)
    uvicorn.run(
        EngineDoor(inner, secret=config.engine_secret, port=config.port),
        host=parsed.host,
        port=parsed.port,
        log_config=get_uvicorn_log_config(console_handler.level),
        proxy_headers=False,
        server_header=False,
    )


def _say_when_healthy(port: int) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(f"http://127.0.0.1:{port}/health", timeout=2):
                say(ready=True, port=port)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(READY_POLL_S)


@click.command()
@config_option
def main(config_path: Path) -> None:
    """Run the SuperLink."""
    config = read_config(SuperLinkConfig, config_path)
    settle_environment("superlink", config.flwr_home)
    ensure_secret(config.secret_file)
    config.database.parent.mkdir(parents=True, exist_ok=True)
    serve(config)


if __name__ == "__main__":
    main()
