"""The agent as a process, in either role; the only child that speaks flwr for its daemon."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import click
from aiohttp import web

from fl_core.flower.configs import LaboratoryAgentConfig, SiteAgentConfig
from fl_core.flower.process import config_option, ensure_secret, ignore_interrupts, read_config, say, settle_environment


class _Agent(Protocol):
    async def close(self) -> None: ...


async def serve(app: web.Application, port: int, work: Callable[[], Awaitable[None]], agent: _Agent) -> None:
    """Serve HTTP and do the agent's work until SIGTERM; ends the agent's children."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    ignore_interrupts()
    with contextlib.suppress(NotImplementedError):  # Windows
        loop.add_signal_handler(signal.SIGTERM, ended.set)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    say(ready=True, port=port)
    tasks = [asyncio.ensure_future(work()), asyncio.ensure_future(ended.wait())]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await agent.close()
    await runner.cleanup()
    for task in done:
        task.result()


async def _laboratory(config: LaboratoryAgentConfig) -> None:
    from fl_core.flower.laboratory_agent import LaboratoryAgent, make_app

    agent = LaboratoryAgent(config)
    await serve(make_app(agent, config.token), config.port, agent.watch, agent)


async def _site(config: SiteAgentConfig) -> None:
    from fl_core.flower.site_agent import SiteAgent, make_app

    agent = SiteAgent(config)
    await serve(make_app(agent), config.port, agent.work, agent)


@click.command()
@config_option
@click.option("--role", type=click.Choice(["laboratory", "site"]), default=None, help="Told by the configuration.")
def main(config_path: Path, role: str | None) -> None:
    """Run the agent; the configuration's own fields tell the role where --role is not given."""
    is_site = role == "site" or (role is None and '"grants_file"' in config_path.read_text(encoding="utf-8"))
    if is_site:
        site = read_config(SiteAgentConfig, config_path)
        settle_environment("agent", site.flwr_home)
        ensure_secret(site.secret_file)
        asyncio.run(_site(site))
    else:
        laboratory = read_config(LaboratoryAgentConfig, config_path)
        settle_environment("agent", laboratory.flwr_home)
        ensure_secret(laboratory.secret_file)
        asyncio.run(_laboratory(laboratory))


if __name__ == "__main__":
    main()
