"""A real HTTP proxy with CONNECT, as a process on loopback: sign-in, its own names, TLS to itself, or TLS inspection."""

import argparse
import asyncio
import base64
import contextlib
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NAME = "laboratory.invalid"
"""Nobody but this proxy finds it (RFC 6761), so whoever reaches it came through here."""


@dataclass
class RunningProxy:
    """Where it listens and what it wrote down: one line for each CONNECT."""

    port: int
    log: Path
    tls: bool

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def passed(self) -> int:
        """Return the bytes that went out through it in closed tunnels."""
        return sum(int(str(line.get("out", 0))) for line in self.lines())


@contextmanager
def running_proxy(folder: Path, *arguments: str, port: int = 0) -> Iterator[RunningProxy]:
    """Start the proxy; it ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "proxy.jsonl"
    command = [sys.executable, "-m", "tests.support.proxy", "--log", str(log), "--port", str(port), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    try:
        yield RunningProxy(int(process.stdout.readline()), log, "--cert" in arguments)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


class _Proxy:
    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._login = (
            "Basic " + base64.b64encode(f"{options.user}:{options.password}".encode()).decode()
            if options.user
            else None
        )
        self._log = options.log.open("a")

    def note(self, **line: object) -> None:
        self._log.write(json.dumps(line) + "\n")
        self._log.flush()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
            await self._serve(reader, writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        if method != "CONNECT" or self._options.refuse:
            self.note(target=target, status=403)
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        if self._login is not None and headers.get("proxy-authorization") != self._login:
            self.note(target=target, status=407)
            writer.write(
                b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
            )
            return
        host, _, port = target.rpartition(":")
        there = await asyncio.open_connection("127.0.0.1" if host == NAME else host.strip("[]"), int(port))
        self.note(target=target, status=200)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        if self._options.inspect_cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._options.inspect_cert, self._options.inspect_key)
            await writer.start_tls(context)
        out, _back = await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
        self.note(target=target, out=out)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    total = 0
    with contextlib.suppress(OSError, ssl.SSLError):
        while piece := await reader.read(65_536):
            total += len(piece)
            writer.write(piece)
            await writer.drain()
        writer.close()
    return total


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM; the first line of standard output is the port."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--refuse", action="store_true")
    for name in ("--cert", "--key", "--inspect-cert", "--inspect-key"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args(arguments)

    async def run() -> None:
        context = None
        if options.cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options.cert, options.key)
        proxy = _Proxy(options)
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", options.port, ssl=context)
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await server.serve_forever()

    asyncio.run(run())


if __name__ == "__main__":
    main()
