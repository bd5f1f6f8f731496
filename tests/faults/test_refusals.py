"""Who and what the running stack refuses: unknown keys, foreign certificates, hostile code, closed paths."""

import base64
import io
import json
import ssl
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from fl_core.flower.control import Control
from fl_core.protocol.bundle import PROJECT, build_bundle
from fl_core.protocol.messages import StrategyChoice
from fl_core.protocol.plan import PlannedSite, ServerEvent, SessionPlan
from fl_core.supervision.child import Child, ChildSpec, write_private
from fl_core.transport import fleet
from fl_core.transport.engine_door import ENGINE_SECRET
from fl_core.trust.identity import Key, generate_key, load_key, openssh_private, spki_pem
from fl_core.trust.tls import client_context, enrol_context
from tests.support.flower import (
    DIRECT_SUPERNODE,
    NETWORK,
    PARAMETERS,
    direct_environment,
    engine_secret,
    free_port,
    initial_model,
    read_events,
    run_bundle,
)
from tests.support.stack import Stack, child_pid, running_stack, wait_for
from tests.support.transport import signed_headers
from tests.support.trust import make_authority, make_site

ACTIVATE = "/v1/fleet/activate-node"
HEARTBEAT = "/v1/fleet/send-node-heartbeat"
INNER_PATHS = [
    "/v1/control/start-run", "/v1/control/list-nodes", "/v1/control/register-node", "/v1/control/stop-run",
    "/v1/runtime/acquire-task", "/v1/runtime/pull-task-input", "/v1/fleet/register-node", "/v1/fleet/unregister-node",
]  # fmt: skip
CANARY = "canary-5f1c7d0a"


@dataclass(frozen=True)
class Refuser:
    """The running stack, seen from where an attacker stands."""

    stack: Stack

    @property
    def laboratory(self) -> Path:
        return self.stack.orchestrator.home

    @property
    def site(self) -> Path:
        return self.stack.sites[0].home

    @property
    def site_key(self) -> Key:
        return load_key(self.site / "trust" / "site.key")

    @property
    def superlink(self) -> str:
        return f"127.0.0.1:{self.config(self.laboratory, 'superlink')['port']}"

    @property
    def inside(self) -> dict[str, str]:
        """What the SuperLink answers to, past the gateway."""
        return {ENGINE_SECRET: engine_secret(self.laboratory)}

    @property
    def relay(self) -> str:
        return f"127.0.0.1:{self.config(self.site, 'relay')['port']}"

    @property
    def gateway(self) -> str:
        return f"https://{self.stack.orchestrator.ready['gateway']}"

    @staticmethod
    def config(home: Path, child: str) -> dict[str, object]:
        content: dict[str, object] = json.loads((home / "run" / f"{child}.json").read_text())
        return content

    def enrolled(self) -> httpx.Client:
        """Return a client with the site's own certificate."""
        trust = self.site / "trust"
        return self._client(client_context(trust / "ca.pem", trust / "site.pem", trust / "site.key"))

    def certless(self) -> httpx.Client:
        return self._client(enrol_context((self.site / "trust" / "ca.pem").read_text()))

    def foreign(self, folder: Path) -> httpx.Client:
        """Return a client that trusts the gateway and shows another authority's certificate for the same site id."""
        other = make_site(make_authority(folder), folder, self.stack.site_ids[0])
        return self._client(client_context(self.site / "trust" / "ca.pem", other.cert, other.key_path))

    def _client(self, context: ssl.SSLContext) -> httpx.Client:
        return httpx.Client(base_url=self.gateway, verify=context, timeout=20, trust_env=False)

    def nodes(self) -> dict[str, str]:
        """Return what the SuperLink knows: public key -> status."""
        control = Control(self.superlink, engine_secret(self.laboratory))
        try:
            return {node.public_key_pem: node.status for node in control.nodes()}
        finally:
            control.close()

    def node_id(self) -> str:
        control = Control(self.superlink, engine_secret(self.laboratory))
        try:
            [node] = control.nodes()
        finally:
            control.close()
        return node.node_id


@pytest.fixture(scope="module")
def refuser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Refuser]:
    with running_stack(tmp_path_factory.mktemp("refusals"), sites=1) as stack:
        child_pid(stack.orchestrator, "superlink")
        for child in ("relay", "supernode", "agent"):
            child_pid(stack.sites[0], child)
        made = Refuser(stack)
        wait_for(lambda: list(made.nodes().values()) == ["online"], "the site's node to be online")
        yield made


def refused(response: httpx.Response) -> tuple[int, str]:
    """Return status and code of a problem+json answer."""
    assert response.headers["content-type"].startswith("application/problem+json"), response.text[:200]
    return response.status_code, str(response.json()["code"])


# --- keys -------------------------------------------------------------------------------------------------------------


def test_the_sites_certificate_does_not_admit_another_flower_key(refuser: Refuser) -> None:
    before = refuser.nodes()
    with refuser.enrolled() as client:
        for path in sorted(fleet.SERVED):
            assert refused(client.post(path, headers=signed_headers(generate_key()), content=b"")) == (
                403, "trust.refused",
            )  # fmt: skip
        assert refused(client.post(ACTIVATE, content=b"")) == (403, "trust.refused")
        own = client.post(HEARTBEAT, headers=signed_headers(refuser.site_key), content=b"")
        assert not own.headers["content-type"].startswith("application/problem+json")  # the SuperLink answered
    assert refuser.nodes() == before


def test_the_public_key_alone_is_no_identity(refuser: Refuser) -> None:
    """The gateway compares keys, the SuperLink checks the signature: a copied key without one opens nothing."""
    headers = signed_headers(refuser.site_key)
    stolen = signed_headers(generate_key()) | {"flwr-public-key": headers["flwr-public-key"]}
    with refuser.enrolled() as client:
        assert client.post(HEARTBEAT, headers=stolen, content=b"").status_code == 401


def test_a_supernode_with_an_unregistered_key_is_not_activated(refuser: Refuser, tmp_path: Path) -> None:
    """At the SuperLink itself, past the gateway: a real SuperNode process ends, and no node appears."""
    before = refuser.nodes()
    key = generate_key()
    write_private(tmp_path / "site.ssh", openssh_private(key).decode())
    config = {
        "port": free_port(), "superlink": refuser.superlink, "key_file": str(tmp_path / "site.ssh"),
        "secret_file": str(tmp_path / "flower" / "secret"), "flwr_home": str(tmp_path / "flower" / "home"),
    }  # fmt: skip
    environment = direct_environment(engine_secret(refuser.laboratory))
    child = Child(
        ChildSpec(name="stranger", module=DIRECT_SUPERNODE, config=config, cwd=tmp_path, env=environment, restart=False)
    )
    child.start()
    try:
        assert child.wait_exit(30) not in {None, 0}
    finally:
        child.stop()
    log = child.spec.log_path.read_text()
    assert "Failed to initialize the connection" in log
    assert not (tmp_path / "flower" / "home" / "node_id").exists()  # it never got an identity
    assert refuser.nodes() == before
    assert spki_pem(key.public_key()).decode() not in before
    answer = httpx.post(
        f"http://{refuser.superlink}{ACTIVATE}", headers=signed_headers(key) | refuser.inside, trust_env=False
    )
    assert answer.status_code == 401


# --- certificates -----------------------------------------------------------------------------------------------------


def test_another_authoritys_certificate_ends_the_handshake(refuser: Refuser, tmp_path: Path) -> None:
    for path in ("/peer/v1/hello", ACTIVATE, "/enrol/v1/requests"):
        with refuser.foreign(tmp_path) as client, pytest.raises(httpx.TransportError):
            client.post(path, headers=signed_headers(refuser.site_key), content=b"")


def test_without_a_certificate_only_enrolment_is_open(refuser: Refuser) -> None:
    with refuser.certless() as client:
        for path in ("/peer/v1/hello", "/peer/v1/events", "/peer/v1/summary", "/peer/v1/models/0/weights"):
            assert refused(client.get(path)) == (403, "trust.refused")
        for path in sorted(fleet.SERVED):
            answer = client.post(path, headers=signed_headers(refuser.site_key), content=b"")
            assert refused(answer) == (403, "trust.refused")
        assert client.post("/enrol/v1/requests", json={}).status_code == 422  # it reaches the daemon's own check


# --- paths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", INNER_PATHS)
def test_the_superlinks_inner_calls_do_not_exist_outside(refuser: Refuser, path: str) -> None:
    inside = httpx.post(f"http://{refuser.superlink}{path}", content=b"", headers=refuser.inside, trust_env=False)
    assert inside.status_code not in {403, 404}  # it is a call, so what follows is a refusal
    beside = httpx.post(f"http://{refuser.superlink}{path}", content=b"", trust_env=False)
    assert beside.status_code == 403  # another user of the laboratory's computer
    headers = signed_headers(refuser.site_key)
    with refuser.enrolled() as client:
        assert refused(client.post(path, headers=headers, content=b"")) == (404, "not_found")
        for disguised in (
            f"/v1/fleet/..{path[3:]}",
            f"/v1/fleet/%2e%2e{path[3:]}",
            path.upper(),
            f"/{path}",
            f"{path}/",
        ):
            target = client.base_url.copy_with(raw_path=disguised.encode())  # as it is: httpx would tidy a string
            answer = refused(client.post(target, headers=headers, content=b""))
            assert answer in {(404, "not_found"), (400, "input.invalid")}, disguised


# --- the relay --------------------------------------------------------------------------------------------------------


def test_the_relay_serves_only_what_the_sites_own_key_signed(refuser: Refuser) -> None:
    own, url = refuser.site_key, f"http://{refuser.relay}{HEARTBEAT}"
    good = signed_headers(own)
    unsigned = {"content-type": "application/protobuf"}
    other = signed_headers(generate_key())
    refusals = {
        "unsigned": unsigned,
        "only the public key": unsigned | {"flwr-public-key": good["flwr-public-key"]},
        "another key": other,
        "another key's signature": good | {"flwr-signature": other["flwr-signature"]},
        "another time": good | {"flwr-timestamp": datetime.now(UTC).isoformat()},
        "yesterday's": signed_headers(own, datetime.now(UTC) - timedelta(days=1)),
        "tomorrow's": signed_headers(own, datetime.now(UTC) + timedelta(days=1)),
        "no base64": good | {"flwr-signature": "%%%"},
        "an empty signature": good | {"flwr-signature": base64.b64encode(b"").decode()},
    }
    for name, headers in refusals.items():
        answer = httpx.post(url, headers=headers, content=b"", trust_env=False)
        assert refused(answer) == (403, "trust.refused"), name
    answered = httpx.post(url, headers=signed_headers(own), content=b"", trust_env=False)
    assert not answered.headers["content-type"].startswith("application/problem+json")
    for path in INNER_PATHS:
        answer = httpx.post(f"http://{refuser.relay}{path}", headers=signed_headers(own), trust_env=False)
        assert refused(answer) == (404, "not_found")


# --- code -------------------------------------------------------------------------------------------------------------


def hostile_bundle(marker: Path) -> bytes:
    """Return a bundle whose client code, and a package that would shadow ours, write `marker` when imported."""
    code = f"# {CANARY}\nopen({str(marker)!r}, 'w').write('owned')\napp = None\n"
    project = PROJECT.replace("fl_core.flower.client_app:app", "hostile_code.client:app")
    assert "hostile_code" in project
    files = dict.fromkeys(("hostile_code/__init__.py", "hostile_code/client.py", "fl_core/__init__.py"), code)
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(build_bundle())) as honest, zipfile.ZipFile(buffer, "w") as archive:
        for name in honest.namelist():
            archive.writestr(name, project if name == "pyproject.toml" else honest.read(name))
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def hostile_plan(folder: Path, refuser: Refuser) -> Path:
    """Write the plan of a session that asks the site's node."""
    site_id = refuser.stack.site_ids[0]
    folder.mkdir()
    plan = SessionPlan(
        session_id="session-hostile",
        task="brain-segmentation",
        task_parameters=PARAMETERS,
        network=NETWORK,
        strategy=StrategyChoice(name="fedavg"),
        rounds=1,
        quorum=1,
        round_deadline_s=30.0,
        sites=(PlannedSite(site_id=site_id, name=site_id, node_id=refuser.node_id()),),
        initial_model=str(initial_model(folder / "initial.safetensors")),
        offer_sha256={site_id: "0" * 64},
    )
    write_private(folder / "plan.json", plan.model_dump_json())
    return folder / "plan.json"


def holders(folder: Path, word: str) -> list[str]:
    """Return the files below a folder that hold a word, or bear it in their names."""
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if word in path.name or (path.is_file() and word.encode() in path.read_bytes())
    ]


@pytest.mark.timeout(300)
def test_a_hostile_bundle_is_refused_leaves_no_trace_and_the_next_session_completes(
    refuser: Refuser, tmp_path: Path
) -> None:
    marker = tmp_path / "owned"
    bundle = hostile_bundle(marker)
    assert CANARY.encode() in bundle  # stored, so that a copy of it would be found by its words
    plan = hostile_plan(tmp_path / "session-hostile", refuser)
    folders = {path for path in refuser.site.rglob("*") if path.is_dir()}
    laboratory = run_bundle(refuser.laboratory, refuser.superlink, bundle, plan)

    def failed() -> list[ServerEvent]:
        return [event for event in read_events(plan.parent / "progress.jsonl", ServerEvent) if event.code]

    try:
        found = wait_for(failed, "the site's refusal", timeout_s=60)
    finally:
        laboratory.stop()
    assert (found[0].type, found[0].site_id, found[0].code) == (
        "site_failed", refuser.stack.site_ids[0], "protocol.mismatch",
    )  # fmt: skip
    assert not marker.exists()
    assert holders(refuser.site, CANARY) == []
    assert holders(refuser.site, "hostile") == []
    assert {path for path in refuser.site.rglob("*") if path.is_dir()} == folders
    session_id = refuser.stack.offer(rounds=1)
    view = refuser.stack.wait_state(session_id, "completed", "failed", "stopped", timeout_s=180)
    assert view["state"] == "completed", view["reason_text"]
    assert not marker.exists()
