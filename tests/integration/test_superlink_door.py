"""The real SuperLink on loopback, seen by another user of the computer and by a web page whose name points here."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from flwr.proto.control_pb2 import ListNodesRequest, RegisterNodeRequest

from fl_core.flower.control import Control
from fl_core.supervision.child import Child, ChildSpec
from fl_core.transport.engine_door import ENGINE_SECRET
from fl_core.trust.identity import generate_key, spki_pem
from tests.support.flower import free_port

PROTOBUF = {"content-type": "application/protobuf", "accept": "application/protobuf"}


@dataclass(frozen=True)
class Engine:
    port: int
    secret: str
    command_line: bytes

    def post(self, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.post(url, content=content, headers={**PROTOBUF, **(headers or {})}, trust_env=False, timeout=20)

    def paths(self) -> list[str]:
        """Return every call that flwr serves, by its own description."""
        url, shown = f"http://127.0.0.1:{self.port}/openapi.json", {ENGINE_SECRET: self.secret}
        return sorted(httpx.get(url, headers=shown, trust_env=False, timeout=20).json()["paths"])


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    home, port, secret = tmp_path_factory.mktemp("engine"), free_port(), secrets.token_urlsafe(32)
    flower = home / "flower"
    config = {
        "port": port, "engine_secret": secret, "secret_file": str(flower / "executor.secret"),
        "database": str(flower / "superlink.sqlite"), "flwr_home": str(flower / "home"),
    }  # fmt: skip
    child = Child(ChildSpec(name="superlink", module="fl_core.flower.superlink_main", config=config, cwd=home))
    child.start()
    try:
        child.wait_ready()
        yield Engine(port, secret, Path(f"/proc/{child.pid}/cmdline").read_bytes())
    finally:
        child.stop()


def test_no_call_of_flwrs_is_answered_without_the_secret(engine: Engine) -> None:
    paths = engine.paths()
    assert {"/v1/control/start-run", "/v1/control/register-node", "/v1/fleet/activate-node"} <= set(paths)
    assert len(paths) > 40
    for path in [*paths, "/docs", "/openapi.json"]:
        if path != "/health":
            assert engine.post(path).status_code == 403, path
            assert engine.post(path, headers={ENGINE_SECRET: engine.secret[:-1]}).status_code == 403, path


def test_a_stranger_neither_sees_nor_adds_nodes_and_ours_does_both(engine: Engine) -> None:
    body = RegisterNodeRequest(public_key=spki_pem(generate_key().public_key()), name="rogue").SerializeToString()
    for shown in ({}, {ENGINE_SECRET: engine.secret, "Host": "evil.example", "Origin": "https://evil.example"}):
        assert engine.post("/v1/control/register-node", body, shown).status_code == 403
        assert engine.post("/v1/control/list-nodes", ListNodesRequest().SerializeToString(), shown).status_code == 403
    control = Control(f"127.0.0.1:{engine.port}", engine.secret)
    try:
        assert control.nodes() == []
        node_id = control.register_node(spki_pem(generate_key().public_key()), "ours")
        assert [(node.node_id, node.name) for node in control.nodes()] == [(node_id, "ours")]
    finally:
        control.close()


def test_the_secret_is_in_no_command_line(engine: Engine) -> None:
    assert b"superlink_main" in engine.command_line
    assert engine.secret.encode() not in engine.command_line
