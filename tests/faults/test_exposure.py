"""With a public address set, one orchestrator port and no contributor port answers from another host.

The laboratory and a hospital run in one network namespace, the scanner in a second one, joined by a veth pair: two
hosts of the test's own on one machine. Needs root and iproute2; skips loudly otherwise.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flomir.daemon_process import DaemonProcess
from flomir.demo import federation as fed
from flomir.demo.settings import DemoSettings
from flomir.waiting import wait_until

pytestmark = pytest.mark.slow
LAB, OUTSIDE = f"flomir-lab-{os.getpid()}", f"flomir-out-{os.getpid()}"
LAB_ADDRESS, OUTSIDE_ADDRESS = "10.77.31.1", "10.77.31.2"
INSIDE_PORTS = 6  # the product listens on more ports than the gateway, on loopback: the scan has something to find


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=20)


@pytest.fixture
def two_hosts() -> Iterator[None]:
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and the ip command (Debian: iproute2) for network namespaces")
    made = []
    try:
        for name in (LAB, OUTSIDE):
            _ip("netns", "add", name)
            made.append(name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("link", "add", "veth-lab", "netns", LAB, "type", "veth", "peer", "name", "veth-out", "netns", OUTSIDE)
        for name, device, address in ((LAB, "veth-lab", LAB_ADDRESS), (OUTSIDE, "veth-out", OUTSIDE_ADDRESS)):
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", device)
            _ip("-n", name, "link", "set", device, "up")
        yield
    finally:
        for name in made:
            _ip("netns", "del", name)


async def _open_ports(address: str) -> list[int]:
    limit = asyncio.Semaphore(400)

    async def probe(port: int) -> int | None:
        async with limit:
            try:
                _reader, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 5)
            except (OSError, TimeoutError):
                return None
            writer.close()
            return port

    found = await asyncio.gather(*(probe(port) for port in range(1, 65536)))
    return [port for port in found if port is not None]


def scan(address: str) -> list[int]:
    """Connect to every TCP port of an address once."""
    return asyncio.run(_open_ports(address))


@pytest.mark.timeout(300)
def test_only_the_gateway_answers_from_another_host(two_hosts: None, tmp_path: Path) -> None:
    script = Path(__file__)
    inside = subprocess.Popen(
        ["ip", "netns", "exec", LAB, sys.executable, str(script), "serve", str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        assert inside.stdout is not None
        facts = json.loads(inside.stdout.readline())
        done = subprocess.run(
            ["ip", "netns", "exec", OUTSIDE, sys.executable, str(script), "scan", LAB_ADDRESS],
            capture_output=True, text=True, check=True, timeout=200, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert facts["state"] == "connected"
        assert facts["listening"] >= INSIDE_PORTS
        assert json.loads(done.stdout) == [facts["gateway_port"]]
    finally:
        inside.communicate("stop\n", timeout=60)


def serve(folder: Path) -> None:
    """Run an orchestrator with a public address and an enrolled contributor until standard input speaks."""
    orchestrator = DaemonProcess(
        "orchestrator", folder / "orchestrator", ["--public-host", LAB_ADDRESS, "--bind", LAB_ADDRESS]
    )
    site = DaemonProcess("contributor", folder / "contributor")
    with orchestrator, site:
        fed.enrol(fed.Federation(orchestrator, (site,)), DemoSettings(contributors=1, workdir=folder))
        wait_until(  # SuperLink and SuperNode open their ports a moment after the daemons answer
            lambda: len(_listening()) >= INSIDE_PORTS, timeout_s=60, what=f"{INSIDE_PORTS} listening ports"
        )
        facts = {
            "state": site.call("GET", "/enrolment")["state"],
            "gateway_port": int(str(orchestrator.ready["gateway"]).rpartition(":")[2]),
            "listening": len(_listening()),
        }
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()
        sys.stdin.readline()


def _listening() -> set[str]:
    rows = Path("/proc/self/net/tcp").read_text().splitlines()[1:]
    return {row.split()[1] for row in rows if row.split()[3] == "0A"}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    if sys.argv[1] == "scan":
        sys.stdout.write(json.dumps(scan(sys.argv[2])))
    else:
        serve(Path(sys.argv[2]))
