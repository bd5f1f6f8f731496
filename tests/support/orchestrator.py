"""Builders for orchestrator tests: a wired core on real SQLite, with an engine that only remembers."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from werkzeug.test import Client, TestResponse

from fl_core.errors import PeerUnreachable
from fl_core.events import Delta, EventBus
from fl_core.protocol.bundle import bundle_sha256
from fl_core.protocol.messages import (
    Consent,
    ConsentPermissions,
    EnrolmentReceipt,
    Hello,
    SendPermission,
    SessionOffer,
    SignedDocument,
    Withdrawal,
)
from fl_core.protocol.plan import RoundRecord, ServerEvent, SessionControl, SessionPlan, UpdateReceived
from fl_core.protocol.signing import sha256_of, sign
from fl_core.protocol.version import PROTOCOL
from fl_core.storage.database import open_database
from fl_core.storage.place import place_of
from fl_core.supervision.jobs import run_job
from fl_core.trust.authority import Authority
from fl_core.trust.identity import fingerprint, generate_key, make_csr, short_fingerprint
from fl_core.web.logins import Logins
from model.io.weights import ModelCard, describe_arrays, save_arrays, save_card
from orchestrator.app import MIGRATIONS, make_wsgi
from orchestrator.children import Wiring
from orchestrator.core import Core, Outside
from orchestrator.services.desk import make_desk
from orchestrator.services.engine import RunStatus
from orchestrator.services.laboratory.work import RunLongJob
from orchestrator.services.system import Identity
from tests.support.migrated import put_migrated

PORT = 8123
HOST = f"127.0.0.1:{PORT}"
TOKEN = "script-token-script-token"
SECRET = "gateway-secret-gateway-secret"
PROGRESS_TOKEN = "progress-token-progress-token"
TASK = "brain-segmentation"


@dataclass
class RememberedEngine:
    """Stands at the border to Flower: hands out ids and tells what a test put in."""

    nodes: dict[str, str] = field(default_factory=dict)
    started: list[tuple[str, str]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    status: dict[str, RunStatus] = field(default_factory=dict)
    node_status: dict[str, str] = field(default_factory=dict)

    def put_node(self, public_key_pem: str, name: str) -> str:
        return self.nodes.setdefault(public_key_pem, str(1000 + len(self.nodes)))

    def delete_node(self, node_id: str) -> None:
        self.nodes = {key: known for key, known in self.nodes.items() if known != node_id}

    def nodes_now(self) -> dict[str, str]:
        return {node_id: self.node_status.get(node_id, "online") for node_id in self.nodes.values()}

    def start_run(self, session_id: str, plan: str) -> str:
        run_id = str(len(self.started) + 1)
        self.started.append((session_id, plan))
        self.status[run_id] = RunStatus("running", "")
        return run_id

    def stop_run(self, run_id: str) -> None:
        self.stopped.append(run_id)
        self.status[run_id] = RunStatus("stopped", "")

    def run(self, run_id: str) -> RunStatus:
        return self.status.get(run_id, RunStatus("unknown", "not known"))


@dataclass
class RememberedGateway:
    """Counts how often the gateway was told to read its list again."""

    reloads: int = 0
    open: dict[str, datetime] = field(default_factory=dict)
    is_down: bool = False

    def reload(self) -> None:
        self.reloads += 1

    def connections(self) -> dict[str, datetime]:
        if self.is_down:
            message = "the gateway is being restarted"
            raise PeerUnreachable(message)
        return self.open


def write_model(folder: Path, *, seed: int, task: str = TASK) -> ModelCard:
    """Write a tiny model with its card and return the card."""
    arrays: dict[str, Any] = {"layer.weight": np.full((2, 3), seed, dtype=np.float32)}
    part = folder / f".part-{seed}.safetensors"
    content = save_arrays(part, arrays)
    path = part.replace(folder / f"{content}.safetensors")
    card = ModelCard.model_validate(
        {
            "task": task,
            "network": {"name": "unet_2d"},
            "tensors": {name: entry.model_dump() for name, entry in describe_arrays(arrays).items()},
            "parameters": 6,
            "content_hash": content,
            "created_at": "2026-01-01T00:00:00+00:00",
        }
    )
    save_card(path, card)
    return card


def fake_job(module: str, request: Mapping[str, object], *, timeout_s: float) -> dict[str, object]:
    """Answer as `model.jobs` does, without torch."""
    assert module == "model.jobs"
    assert request["kind"] == "initialise"
    card = write_model(Path(str(request["out"])), seed=int(str(request["seed"])), task=str(request["task"]))
    card = card.model_copy(update={"terms": str(request.get("terms", ""))})
    return {"content_hash": card.content_hash, "card": card.model_dump(mode="json")}


def picture_of(code: str) -> tuple[int, str]:
    """Stand for the drawing of a QR code, which takes longer than all the rest of a site's enrolment."""
    return len(code), f"the picture of {code}"


@dataclass
class SiteActor:
    """A site as the orchestrator meets it: key, certificate, signed documents."""

    lab: "Lab"
    name: str = "Site A"

    def __post_init__(self) -> None:
        self.key = generate_key()
        self.csr = make_csr(self.key, self.name)
        self.fingerprint = ""
        self.site_id = ""
        self.certificate = ""

    def enrol(self, token: str | None = None) -> EnrolmentReceipt:
        """Ask to join with a fresh invitation (or the given token)."""
        body = {
            "token": token or self.lab.invitation_token(),
            "csr_pem": self.csr,
            "site_name": self.name,
            "protocol": str(PROTOCOL),
            "software": "test",
        }
        answer = self.lab.gateway_call("POST", "/enrol/v1/requests", body)
        assert answer.status_code == 201, answer.text
        receipt = EnrolmentReceipt.model_validate(answer.json)
        self.site_id = next(
            site["id"] for site in self.lab.items("/sites") if site["fingerprint"] == receipt.fingerprint
        )
        return receipt

    def join(self) -> "SiteActor":
        """Enrol, be approved, fetch the certificate."""
        receipt = self.enrol()
        self.lab.ok("POST", f"/sites/{self.site_id}/approve", {"fingerprint": receipt.fingerprint})
        status = self.lab.gateway_call(
            "GET", f"/enrol/v1/requests/{receipt.enrolment_id}", bearer=receipt.poll_secret
        ).json
        assert status is not None
        assert status["state"] == "approved"
        self.certificate = status["certificate_pem"]
        from fl_core.trust.identity import load_certificate

        self.fingerprint = fingerprint(load_certificate(self.certificate))
        assert short_fingerprint(self.fingerprint) == receipt.fingerprint
        return self

    def call(self, method: str, path: str, body: object = None) -> TestResponse:
        """Call the peer API as the gateway passes it on."""
        return self.lab.gateway_call(method, path, body, site=self.site_id, fingerprint=self.fingerprint)

    def hello(self) -> TestResponse:
        """Say hello with the present versions."""
        hello = Hello(protocol=str(PROTOCOL), software="test", bundle_sha256=bundle_sha256())
        return self.call("POST", "/peer/v1/hello", hello.model_dump(mode="json"))

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the events in the inbox."""
        answer = self.call("GET", f"/peer/v1/events?after={after}")
        assert answer.json is not None
        return list(answer.json["events"])

    def offer(self, session_id: str) -> SignedDocument:
        """Return the session's newest offer from the inbox."""
        offers = [
            SignedDocument.model_validate(event["payload"]) for event in self.events() if event["type"] == "offer"
        ]
        return next(one for one in reversed(offers) if json.loads(one.payload)["session_id"] == session_id)

    def consent(
        self, session_id: str, decision: str = "agree", *, send: str = "yes", **changes: object
    ) -> SignedDocument:
        """Return a signed answer to the session's offer."""
        offer = self.offer(session_id)
        now = datetime.now(UTC)
        content = Consent.model_validate(
            {
                "session_id": session_id,
                "site_id": self.site_id,
                "offer_sha256": sha256_of(offer.payload),
                "decision": decision,
                "permissions": ConsentPermissions(
                    take_part=decision == "agree",
                    train_on_my_data=decision == "agree",
                    send_model=SendPermission(send),
                ),
                "study_count": 3,
                "studies_sha256": hashlib.sha256(b"studies").hexdigest(),
                "valid_until": now + timedelta(days=1),
                "signed_at": now,
                **changes,
            }
        )
        return sign("consent", content, self.key, self.certificate)

    def answer(self, session_id: str, decision: str = "agree", *, send: str = "yes") -> TestResponse:
        """Send a signed answer."""
        document = self.consent(session_id, decision, send=send)
        return self.call("POST", "/peer/v1/consents", document.model_dump(mode="json"))

    def withdraw(self, session_id: str) -> TestResponse:
        """Send a signed withdrawal."""
        content = Withdrawal(session_id=session_id, site_id=self.site_id, signed_at=datetime.now(UTC))
        document = sign("withdrawal", content, self.key, self.certificate)
        return self.call("POST", "/peer/v1/withdrawals", document.model_dump(mode="json"))


class Lab:
    """An orchestrator without processes: real database, real routes, real gate.

    `new_database` says of which kind the database of a new home is (see the fixture `each_database`).
    """

    new_database: ClassVar[Callable[[], str | None]] = staticmethod(lambda: None)
    _databases: ClassVar[dict[Path, str | None]] = {}

    def __init__(self, home: Path, *, database_url: str | None = None, run_long: RunLongJob = run_job) -> None:
        if home not in self._databases:
            self._databases[home] = database_url or type(self).new_database()
        self.home = home
        self.engine = RememberedEngine()
        self.gateway = RememberedGateway()
        self.deltas: list[Delta] = []
        bus = EventBus()
        bus.subscribe(self.deltas.append)
        place = place_of(home, self._databases[home])
        if isinstance(place, Path):
            put_migrated(place, MIGRATIONS)
        self.database = open_database(place, migrations=MIGRATIONS)
        authority = Authority.create(home, "Lab", "127.0.0.1")
        self.logins = Logins(key="cookie-key", api_token=TOKEN)
        identity = Identity("Lab", "0", "127.0.0.1:9", authority.ca_pem, "CA")
        self.core = Core(
            home=home,
            desk=make_desk(self.database, bus),
            authority=authority,
            identity=identity,
            outside=Outside(
                engine=self.engine,
                gateway=self.gateway,
                run_job=fake_job,
                run_long=run_long,
                draw_code=picture_of,
                statuses=list,
            ),
        )
        wiring = Wiring(
            api_port=PORT,
            public_host="127.0.0.1",
            public_port=9,
            bind="127.0.0.1",
            superlink_port=1,
            agent_port=2,
            admin_port=3,
            gateway_secret=SECRET,
            engine_secret="x",
            agent_token="x",
            progress_token=PROGRESS_TOKEN,
        )
        self.wsgi, _ = make_wsgi(
            self.core,
            self.logins,
            wiring=wiring,
            new_link=lambda: "link",
            upload_limit_bytes=200_000,
            login_s=3600,
            pages=home / "pages",
        )
        self.client = Client(self.wsgi, TestResponse, use_cookies=False)

    def close(self) -> None:
        """End threads and close the database."""
        self.core.close()
        self.database.close()

    def call(self, method: str, path: str, body: object = None) -> TestResponse:
        """Call the UI API with the script token."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Host": HOST}
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers, buffered=True)

    def ok(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Call and expect success."""
        answer = self.call(method, path, body)
        assert answer.status_code < 300, answer.text
        assert isinstance(answer.json, dict)
        return answer.json

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return a list's items."""
        return list(self.ok("GET", path)["items"])

    def gateway_call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        site: str = "",
        fingerprint: str = "",
        bearer: str = "",
    ) -> TestResponse:
        """Call as the gateway does."""
        headers = {"Host": "lab.example:443", "X-Flomir-Gateway": SECRET}
        if site:
            headers |= {"X-Flomir-Site": site, "X-Flomir-Fingerprint": fingerprint}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        return self.client.open(path, method=method, json=body, headers=headers, buffered=True)

    def invitation_token(self) -> str:
        """Make an invitation and return its secret."""
        return str(json.loads(self.ok("POST", "/invitations", {})["file"])["token"])

    def site(self, name: str = "Site A") -> SiteActor:
        """Return a trusted site."""
        return SiteActor(self, name).join()

    def offer(self, *sites: SiteActor, quorum: int = 1, rounds: int = 2, **changes: object) -> str:
        """Create a session and return its id."""
        body = {
            "title": "Heart",
            "task": TASK,
            "site_ids": [site.site_id for site in sites],
            "strategy": {"name": "fedavg", "parameters": {}},
            "rounds": rounds,
            "quorum": quorum,
            **changes,
        }
        return str(self.ok("POST", "/sessions", body)["id"])

    def session(self, session_id: str) -> dict[str, Any]:
        """Return a session's view."""
        return self.ok("GET", f"/sessions/{session_id}")

    def plan(self, session_id: str) -> SessionPlan:
        """Return the plan that was handed to the engine."""
        return SessionPlan.model_validate_json((self.home / "sessions" / session_id / "plan.json").read_bytes())

    def running(self, *sites: SiteActor, **changes: Any) -> str:
        """Return a session whose run is started."""
        session_id = self.offer(*sites, **changes)
        for site in sites:
            assert site.answer(session_id).status_code == 204
        self.core.runs.tick()
        assert self.session(session_id)["state"] == "running"
        return session_id

    def control(self, session_id: str) -> SessionControl:
        """Return what a session's ServerApp is told to do."""
        path = self.home / "sessions" / session_id / "control.json"
        return SessionControl.model_validate_json(path.read_bytes()) if path.exists() else SessionControl()

    def report(self, session_id: str, *kinds: str, number: int = 1, run_id: str = "1", **fields: object) -> None:
        """Append events to the progress file, as the ServerApp does, and hint."""
        path = self.home / "sessions" / session_id / "progress.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as stream:
            for kind in kinds:
                event = ServerEvent.model_validate(
                    {
                        "seq": 1,
                        "at": datetime.now(UTC),
                        "run_id": run_id,
                        "type": kind,
                        "session_id": session_id,
                        "round": number,
                        **fields,
                    }
                )
                stream.write(event.model_dump_json().encode() + b"\n")
        self.hint(session_id)

    def hint(self, session_id: str) -> None:
        """Tell the daemon to read the progress file."""
        answer = self.client.post(
            "/internal/v1/progress", json={"session_id": session_id}, headers={"X-Flomir-Progress": PROGRESS_TOKEN}
        )
        assert answer.status_code == 204, answer.text

    def close_round(
        self, session_id: str, number: int, *site_ids: str, missing: Mapping[str, str] | None = None, run_id: str = "1"
    ) -> None:
        """Write a round's weights and report it as closed."""
        folder = self.home / "sessions" / session_id
        sha256 = save_arrays(
            folder / f"round-{number:04d}.safetensors", {"layer.weight": np.full((2, 3), 10.0 * number)}
        )
        record = RoundRecord(
            session_id=session_id,
            round=number,
            updates=tuple(received_update(site_id) for site_id in site_ids),
            missing=dict(missing or {}),
            max_update_norm=40.0,
            weights_file=f"round-{number:04d}.safetensors",
            sha256=sha256,
            metrics={"train_loss": 0.5, "score_dice": 0.8},
            push_s=0.1,
            wait_s=1.0,
            aggregate_s=0.1,
            checkpoint_s=0.1,
            total_s=1.3,
            overhead_s=0.3,
        )
        self.report(session_id, "round_closed", number=number, run_id=run_id, record=record)


def received_update(site_id: str) -> UpdateReceived:
    """Return what a site's update of a round contained."""
    return UpdateReceived(
        site_id=site_id,
        bytes=24,
        sha256="0" * 64,
        norm=1.0,
        num_examples=3,
        metrics={},
        train_s=0.5,
        score_s=0.1,
        received_after_s=0.7,
    )


def read_offer(document: SignedDocument) -> SessionOffer:
    """Return the content of an offer."""
    return SessionOffer.model_validate_json(document.payload)
