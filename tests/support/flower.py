"""A whole federation on loopback: SuperLink, laboratory agent, and per site SuperNode, agent and runner, as processes."""

import json
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fl_core.flower.control import Control
from fl_core.flower.runtime import SERVER_TASK, acquire, executor_client
from fl_core.protocol.bundle import bundle_sha256
from fl_core.protocol.messages import SendPermission, StrategyChoice
from fl_core.protocol.plan import (
    Grant,
    Grants,
    PlannedSite,
    RoundRecord,
    RunnerEvent,
    ServerEvent,
    SessionControl,
    SessionPlan,
)
from fl_core.supervision.child import Child, ChildSpec, write_private
from fl_core.supervision.ports import free_ports
from fl_core.supervision.supervisor import Supervisor
from tests.support.direct_supernode import SECRET_ENV
from tests.support.tasks import write_brain_slice

SESSION = "session-abc"
DIRECT_SUPERNODE = "tests.support.direct_supernode"
NETWORK: dict[str, object] = {"name": "unet_2d", "channels": [4, 8]}
PARAMETERS: dict[str, object] = {"local_epochs": 1, "batch_size": 2, "holdout_fraction": 0.25}


def free_port() -> int:
    """Return a loopback port that is free now."""
    return free_ports(1)[0]


def eventually(condition: Callable[[], object], timeout_s: float = 30.0) -> bool:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def direct_environment(engine_secret: str) -> dict[str, str]:
    """Return what `DIRECT_SUPERNODE` needs: the tests in its path, and the secret."""
    return {"PYTHONPATH": str(Path(__file__).parents[2]), SECRET_ENV: engine_secret}


def make_grant(studies: list[Path], **changes: Any) -> Grant:
    values: dict[str, Any] = {
        "session_id": SESSION,
        "offer_sha256": "0" * 64,
        "task": "brain-segmentation",
        "task_parameters": PARAMETERS,
        "network": NETWORK,
        "strategy": StrategyChoice(name="fedavg"),
        "rounds": 2,
        "bundle_sha256": bundle_sha256(),
        "train": True,
        "send": SendPermission.YES,
        "valid_until": datetime.now(UTC) + timedelta(hours=1),
        "studies": tuple(str(path) for path in studies),
    }
    return Grant(**{**values, **changes})


def write_grants(path: Path, *grants: Grant, site_id: str = "site-a") -> None:
    document = Grants(site_id=site_id, grants={grant.session_id: grant for grant in grants})
    write_private(path, document.model_dump_json())


def initial_model(path: Path, network: dict[str, object] = NETWORK) -> Path:
    from model.io.weights import save_arrays
    from model.tasks import load_task

    built = load_task("brain-segmentation").build_network(network, seed=0)
    save_arrays(path, {name: tensor.numpy() for name, tensor in built.state_dict().items()})
    return path


@dataclass
class Site:
    """One hospital's side."""

    site_id: str
    home: Path
    studies: list[Path]
    node_port: int = field(default_factory=free_port)
    agent_port: int = field(default_factory=free_port)
    node_id: str = ""

    @property
    def grants(self) -> Path:
        return self.home / "flower" / "grants.json"

    def events(self) -> list[RunnerEvent]:
        return read_events(self.home / "flower" / "progress.jsonl", RunnerEvent)


def read_events(path: Path, kind: Any) -> list[Any]:
    if not path.exists():
        return []
    return [
        kind.model_validate_json(line) for line in path.read_text().rpartition("\n")[0].splitlines() if line
    ]  # the last may be half written


class Federation:
    """Starts and ends the processes; sites talk to the SuperLink directly."""

    supernode = DIRECT_SUPERNODE

    def __init__(self, folder: Path, sites: int, *, slices: int = 6) -> None:
        self.folder = folder
        self.laboratory = folder / "laboratory"
        self.superlink_port, self.agent_port = free_port(), free_port()
        self.token = secrets.token_hex(16)
        self.engine_secret = secrets.token_hex(16)
        self.supervisor = Supervisor()
        self._client = httpx.Client(  # one for all calls: to make one takes longer than to ask
            base_url=f"http://127.0.0.1:{self.agent_port}",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
            trust_env=False,
        )
        self.session_id = SESSION
        self.run_ids: set[str] = set()
        self._sessions = 0
        self.sites = [self._make_site(f"site-{number}", slices) for number in range(sites)]

    def _make_site(self, site_id: str, slices: int) -> Site:
        home = self.folder / site_id
        (home / "studies").mkdir(parents=True)
        seed = sum(site_id.encode())
        studies = [
            write_brain_slice(home / "studies" / f"{n}.npz", seed=seed + n, patient=f"p{n}") for n in range(slices)
        ]
        return Site(site_id, home, studies)

    @property
    def session_folder(self) -> Path:
        return self.laboratory / "sessions" / self.session_id

    def new_session(self) -> None:
        """Begin an empty session under a new id; nobody has agreed to it."""
        self._sessions += 1
        self.session_id = f"session-{self._sessions}"
        for site in self.sites:
            site.grants.unlink(missing_ok=True)
            (site.home / "flower" / "progress.jsonl").unlink(missing_ok=True)

    def end_session(self) -> None:
        """Stop whatever still runs of the present session."""
        self.control(stop=True)
        for run_id in self.run_ids:
            self.call("POST", f"/runs/{run_id}/stop", {})
        self.run_ids.clear()

    def control(self, **wishes: Any) -> None:
        write_private(self.session_folder / "control.json", SessionControl(**wishes).model_dump_json())

    def pid(self, child: str) -> int:
        pid = self.supervisor.status(child).pid
        assert pid is not None
        return pid

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)

    def children_of(self, pid: int) -> list[int]:
        found = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(word) for file in found for word in file.read_text().split()]

    def start(self) -> None:
        flower = self.laboratory / "flower"
        superlink = f"127.0.0.1:{self.superlink_port}"
        self.supervisor.add(
            ChildSpec(
                name="superlink",
                module="fl_core.flower.superlink_main",
                config={
                    "port": self.superlink_port,
                    "engine_secret": self.engine_secret,
                    "secret_file": str(flower / "executor.secret"),
                    "database": str(flower / "superlink.sqlite"),
                    "flwr_home": str(flower / "home"),
                },
                cwd=self._made(self.laboratory),
            ),
            start=True,
        )
        self.supervisor.add(
            ChildSpec(
                name="agent",
                module="fl_core.flower.agent",
                config={
                    "port": self.agent_port,
                    "token": self.token,
                    "superlink": superlink,
                    "engine_secret": self.engine_secret,
                    "secret_file": str(flower / "executor.secret"),
                    "flwr_home": str(flower / "home"),
                    "home": str(self.laboratory),
                },
                cwd=self.laboratory,
            ),
            start=True,
        )
        self.supervisor.wait_ready("superlink", 60)
        self.supervisor.wait_ready("agent", 60)
        for site in self.sites:
            self._start_site(site, superlink)
        for site in self.sites:
            self.supervisor.wait_ready(f"{site.site_id}-node", 60)
        assert eventually(lambda: [n["status"] for n in self.call("GET", "/nodes")].count("online") == len(self.sites))

    def _start_site(self, site: Site, superlink: str) -> None:
        key = ec.generate_private_key(ec.SECP384R1())
        flower = self._made(site.home / "flower")
        write_private(
            flower / "site.ssh", key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
        )
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        site.node_id = self.call("PUT", "/nodes", {"public_key_pem": pem, "name": site.site_id})["node_id"]
        common = {"secret_file": str(flower / "executor.secret"), "flwr_home": str(flower / "home")}
        node = {
            "port": site.node_port,
            "superlink": superlink,
            "key_file": str(flower / "site.ssh"),
            "wake_url": f"http://127.0.0.1:{site.agent_port}/wake",
            "idle_pause_s": 0.5,
            **common,
        }
        agent = {
            "port": site.agent_port,
            "runtime": f"127.0.0.1:{site.node_port}",
            "home": str(site.home),
            "grants_file": str(site.grants),
            "progress_file": str(flower / "progress.jsonl"),
            **common,
        }
        for name, module, config in (
            ("node", self.supernode, node),
            ("agent", "fl_core.flower.agent", agent),
        ):
            self.supervisor.add(
                ChildSpec(
                    name=f"{site.site_id}-{name}",
                    module=module,
                    config=config,
                    cwd=site.home,
                    env=direct_environment(self.engine_secret),
                ),
                start=True,
            )

    @staticmethod
    def _made(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def call(self, method: str, path: str, body: object = None) -> Any:
        response = self._client.request(method, path, json=body)
        response.raise_for_status()
        return response.json()

    def plan(self, **changes: Any) -> Path:
        folder = self._made(self.session_folder)
        values: dict[str, Any] = {
            "session_id": self.session_id,
            "task": "brain-segmentation",
            "task_parameters": PARAMETERS,
            "network": NETWORK,
            "strategy": StrategyChoice(name="fedavg"),
            "rounds": 2,
            "quorum": len(self.sites),
            "round_deadline_s": 120.0,
            "sites": tuple(PlannedSite(site_id=s.site_id, name=s.site_id, node_id=s.node_id) for s in self.sites),
            "initial_model": str(initial_model(folder / "initial.safetensors")),
            "offer_sha256": {site.site_id: "0" * 64 for site in self.sites},
        }
        plan = SessionPlan(**{**values, **changes})
        write_private(folder / "plan.json", plan.model_dump_json())
        return folder / "plan.json"

    def run(self, plan: Path) -> str:
        run_id = str(self.call("POST", "/runs", {"session_id": self.session_id, "plan": str(plan)})["run_id"])
        self.run_ids.add(run_id)
        return run_id

    def wait(self, run_id: str, timeout_s: float = 90.0) -> dict[str, Any]:
        over = {"completed", "paused", "stopped", "failed", "lost"}
        seen: dict[str, Any] = {}

        def ended() -> bool:
            try:
                seen.update(self.call("GET", f"/runs/{run_id}"))
            except httpx.HTTPError:
                return False
            return seen["status"] in over

        eventually(ended, timeout_s)
        return seen

    def carry_through(self, plan: Path, timeout_s: float = 120.0) -> dict[str, Any]:
        """Run as the daemon does: a lost run is posted again."""
        end = time.monotonic() + timeout_s
        while True:
            assert eventually(lambda: self._posted(plan), 60)
            answer = self.wait(self._run_id, end - time.monotonic())
            if answer.get("status") != "lost" or time.monotonic() > end:
                return answer

    def _posted(self, plan: Path) -> bool:
        try:
            self._run_id = self.run(plan)
        except httpx.HTTPError:
            return False
        return True

    def events(self) -> list[ServerEvent]:
        return read_events(self.session_folder / "progress.jsonl", ServerEvent)

    def records(self) -> list[RoundRecord]:
        return [event.record for event in self.events() if event.record is not None]

    def stop(self) -> None:
        self._client.close()
        self.supervisor.stop_all(8)


def engine_secret(orchestrator: Path) -> str:
    """Return what the SuperLink of a running orchestrator wants to see, as its owner may read it."""
    return str(json.loads((orchestrator / "run" / "superlink.json").read_text())["engine_secret"])


def run_bundle(orchestrator: Path, superlink: str, bundle: bytes, plan: Path) -> Child:
    """Run any bundle past the agent's API, with our ServerApp: a dishonest laboratory.

    `orchestrator` is its home folder; the caller ends the returned ServerApp.
    """
    flower = orchestrator / "flower"
    secret = engine_secret(orchestrator)
    control = Control(superlink, secret)
    run_id = control.start_run(bundle, {"plan": str(plan)})
    control.close()
    client = executor_client(superlink, flower / "executor.secret", engine_secret=secret)
    task = acquire(client, SERVER_TASK)
    client.close()
    assert task is not None
    assert task.run_id == run_id
    values = {
        "superlink": superlink, "engine_secret": secret, "token": task.token, "task_id": task.task_id,
        "flwr_home": str(flower / "home"),
    }  # fmt: skip
    child = Child(ChildSpec(name="dishonest", module="fl_core.flower.server_app", config=values, cwd=orchestrator))
    child.start()
    return child


@contextmanager
def federation(folder: Path, sites: int, **options: Any) -> Iterator[Federation]:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    made = Federation(folder, sites, **options)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def timings(records: list[RoundRecord]) -> str:
    keys = ("push_s", "wait_s", "aggregate_s", "checkpoint_s", "total_s", "overhead_s")
    return "\n".join(json.dumps({key: round(getattr(record, key), 3) for key in keys}) for record in records)
