"""Fills a laboratory's database as years of work would: sites, invitations, models, sessions with their rounds, data sets, jobs.

Everything goes through the storage code, with real keys, certificates and signatures; only the weights files are left
out, since no list reads them.
"""

import hashlib
import importlib.util
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fl_core.lifecycle import EnrolmentEvent, ParticipationEvent, SessionEvent
from fl_core.protocol.ids import new_id
from fl_core.protocol.messages import (
    Consent,
    ConsentPermissions,
    DataSummary,
    Json,
    SendPermission,
    SessionOffer,
    StrategyChoice,
)
from fl_core.protocol.plan import RoundRecord, UpdateReceived
from fl_core.protocol.signing import sha256_of, sign
from fl_core.storage import lab_models, lab_sessions, lab_sites, lab_work
from fl_core.storage.database import Database, Transaction, open_database
from fl_core.storage.journal import Journal
from fl_core.storage.lab_sites import InvitationRow
from fl_core.storage.lab_work import JobEvent
from fl_core.storage.place import place_of
from fl_core.trust.authority import Authority
from fl_core.trust.identity import Key, fingerprint, generate_key, load_certificate, make_csr

TASK, NETWORK = "spect-reconstruction", "unrolled_em"
TENSORS = 60
"""As many tensors as the default network's card lists."""
CURVE_ROWS, LOSS_POINTS = 200, 200
"""About as many as a long training keeps."""
HISTORY = timedelta(days=250)
"""How far back the first row lies; all of it is younger than what the retention removes."""
TOWNS = (
    "Aurora",
    "Belmont",
    "Clearwater",
    "Dunedin",
    "Easton",
    "Fairview",
    "Greenville",
    "Harbor",
    "Irving",
    "Jupiter",
)


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of everything."""

    sites: int = 500
    sessions: int = 200
    models: int = 2000
    invitations: int = 100
    sites_per_session: int = 6
    sets: int = 60
    trainings: int = 240
    pending: int = 2
    paused: int = 5


@dataclass(frozen=True, slots=True)
class _Site:
    id: str
    name: str
    key: Key
    certificate: str


def migrations() -> Path:
    """Return the folder of the orchestrator's migrations, without importing the orchestrator."""
    found = importlib.util.find_spec("orchestrator")
    locations = list(found.submodule_search_locations or ()) if found else []
    return Path(locations[0]) / "migrations"


def fill(home: Path, amount: Amount, *, seed: int = 1, database_url: str | None = None) -> None:
    """Fill the database of a home folder that no daemon uses at the moment; the same seed gives the same amounts."""
    authority = Authority.create(home, "FLoMIR laboratory", "127.0.0.1")
    database = open_database(place_of(home, database_url), migrations=migrations())
    try:
        _Filler(database, authority, amount, random.Random(seed)).fill()  # noqa: S311 - rows to look at, no secrets
    finally:
        database.close()


class _Filler:
    def __init__(self, database: Database, authority: Authority, amount: Amount, rng: random.Random) -> None:
        self._database = database
        self._amount = amount
        self._authority = authority
        self._rng = rng
        self._now = datetime.now(UTC) - HISTORY
        self._journal = Journal(database, clock=lambda: self._now)
        self._key, self._certificate = authority.orchestrator_key(), authority.orchestrator_pem()

    def fill(self) -> None:
        amount = self._amount
        with self._database.begin() as tx:
            for number in range(amount.invitations):
                self._invitation(tx, number)
            sites = [self._site(tx, number) for number in range(amount.sites)]
        trusted = [site for site in sites if site.certificate]
        rounds, further = divmod(max(0, amount.models - 1), max(1, amount.sessions))
        with self._database.begin() as tx:
            latest = self._model(tx, "Random start", origin="random")
        for number in range(amount.sessions):
            chosen = self._rng.sample(trusted, min(amount.sites_per_session, len(trusted)))
            with self._database.begin() as tx:
                latest = self._session(tx, number, chosen, latest, rounds=rounds + (number < further))
        with self._database.begin() as tx:
            sets = [self._data_set(tx, number) for number in range(amount.sets)]
            for number in range(amount.trainings if sets else 0):
                self._training(tx, number, self._rng.choice(sets))

    def _later(self, most: timedelta) -> datetime:
        self._now += most * self._rng.random()
        return self._now

    def _invitation(self, tx: Transaction, number: int) -> None:
        at = self._later(timedelta(hours=2))
        is_open = number % 5 == 0
        expires_at = datetime.now(UTC) + timedelta(days=2) if is_open else at + timedelta(days=3)
        token = hashlib.sha256(f"invitation {number}".encode()).hexdigest()
        state = "open" if is_open else ("used", "withdrawn", "open")[number % 3]
        row = InvitationRow(
            id=new_id("inv"),
            site_name=_site_name(number),
            token_hash=token,
            state=state,
            created_at=at,
            expires_at=expires_at,
        )
        lab_sites.add_invitation(tx, row)

    def _site(self, tx: Transaction, number: int) -> _Site:
        site_id, name, key = new_id("site"), _site_name(number), generate_key()
        csr, at = make_csr(key, name), self._later(timedelta(hours=4))
        certificate = self._authority.issue_site(csr, site_id, name)
        loaded = load_certificate(certificate)
        values: Json = {
            "id": site_id, "enrolment_id": new_id("enrol"), "name": name, "state": "pending",
            "fingerprint": fingerprint(loaded), "poll_hash": hashlib.sha256(site_id.encode()).hexdigest(),
            "csr_pem": csr, "protocol": "1.0", "software": "0.1.0", "requested_at": at,
        }  # fmt: skip
        lab_sites.add_site(tx, values)
        self._note(tx, "site.requested", site_id, f"{name} asks to join.")
        outcome = "pending" if number < self._amount.pending else "refused" if number % 50 == 13 else "trusted"
        if outcome == "pending":
            return _Site(site_id, name, key, "")
        if outcome == "refused":
            lab_sites.move_site(tx, site_id, EnrolmentEvent.REFUSED, at=at)
            return _Site(site_id, name, key, "")
        usable = self._rng.randint(3, 400)
        summary = DataSummary(
            studies_usable=usable, studies_total=usable + 7, with_reference=usable // 2, patients=usable, added_at=at,
            by_task={TASK: usable}, by_task_with_reference={TASK: usable // 2},
        )  # fmt: skip
        trusted: Json = {
            "certificate_pem": certificate, "certificate_expires_at": loaded.not_valid_after_utc, "last_seen": at,
            "data": summary.model_dump(mode="json"), "studies_at_last_round": usable - self._rng.randint(0, 3),
        }  # fmt: skip
        lab_sites.move_site(tx, site_id, EnrolmentEvent.APPROVED, at=at, values=trusted)
        self._note(tx, "site.approved", site_id, f"{name} is trusted now.")
        return _Site(site_id, name, key, certificate)

    def _model(
        self, tx: Transaction, name: str, *, origin: str, session_id: str | None = None, number: int | None = None,
        parents: tuple[str, ...] = (), metrics: dict[str, float] | None = None,
    ) -> str:  # fmt: skip
        model_id, at = new_id("model"), self._later(timedelta(minutes=20))
        sha256 = hashlib.sha256(model_id.encode()).hexdigest()
        tensors = {
            f"blocks.{i // 6}.layer{i % 6}.weight": {"shape": [32, 32, 3, 3, 3], "dtype": "F32"} for i in range(TENSORS)
        }
        card: Json = {
            "schema_version": 1, "task": TASK, "network": {"name": NETWORK, "passes": 12, "channels": 32},
            "tensors": tensors, "parameters": 1_204_337, "content_hash": sha256, "created_at": at.isoformat(),
            "data": {"targets": ["phantom", "clinical_reconstruction"]},
            "training": {"session": session_id, "round": number, "sites": 6, "strategy": "fedavg"},
            "metrics": dict(metrics or {}), "lineage": list(parents), "terms": "For research use only.",
        }  # fmt: skip
        row: Json = {
            "id": model_id, "name": name[:80], "task": TASK, "network": NETWORK, "origin": origin,
            "session_id": session_id, "round": number, "parents": list(parents), "sha256": sha256,
            "size_bytes": 4_823_144, "parameters": 1_204_337, "metrics": dict(metrics or {}), "card": card, "created_at": at,
        }  # fmt: skip
        lab_models.add(tx, row)
        return model_id

    def _session(self, tx: Transaction, number: int, sites: list[_Site], first: str, *, rounds: int) -> str:
        session_id, at = new_id("session"), self._later(timedelta(days=1))
        title = f"Myocardial perfusion {number + 1:03d}"
        spec: Json = {
            "title": title, "task": TASK, "task_parameters": {"local_epochs": 1}, "model_id": first,
            "site_ids": [site.id for site in sites], "strategy": {"name": "fedavg", "parameters": {}}, "rounds": max(1, rounds),
            "quorum": 3, "fraction": 1.0, "round_deadline_s": 3600.0, "answer_hours": 72.0, "start_when_ready": True,
            "seed": number, "note": "",
        }  # fmt: skip
        lab_sessions.add(
            tx,
            {
                "id": session_id, "title": title, "spec": spec, "network": {"name": NETWORK}, "initial_model_id": first,
                "created_at": at, "answer_by": at + timedelta(days=3), "round": rounds,
            },
        )  # fmt: skip
        for site in sites:
            self._take_part(tx, session_id, title, site, len(sites), max(1, rounds), at)
        self._move(tx, session_id, title, SessionEvent.OFFERED)
        self._move(tx, session_id, title, SessionEvent.START_REQUESTED)
        self._move(tx, session_id, title, SessionEvent.RUN_STARTED)
        latest = first
        for round_number in range(1, rounds + 1):
            latest = self._round(tx, session_id, title, round_number, sites, latest)
        self._end(tx, session_id, title, number)
        return latest

    def _take_part(
        self, tx: Transaction, session_id: str, title: str, site: _Site, invited: int, rounds: int, at: datetime
    ) -> None:
        offer = SessionOffer(
            session_id=session_id, title=title, orchestrator="FLoMIR laboratory", site_id=site.id, task=TASK,
            task_parameters={"local_epochs": 1}, network={"name": NETWORK}, initial_model_sha256="0" * 64,
            strategy=StrategyChoice(name="fedavg"), rounds=rounds, quorum=3, sites_invited=invited, round_deadline_s=3600,
            update_bytes=4_823_144, bundle_sha256="1" * 64, issued_at=at, answer_by=at + timedelta(days=3),
        )  # fmt: skip
        document = sign("offer", offer, self._key, self._certificate)
        offer_sha256 = sha256_of(document.payload)
        lab_sessions.add_participation(tx, session_id, site.id, document, offer_sha256)
        consent = Consent(
            session_id=session_id, site_id=site.id, offer_sha256=offer_sha256, decision="agree",
            permissions=ConsentPermissions(take_part=True, train_on_my_data=True, send_model=SendPermission.YES),
            study_count=40, studies_sha256="2" * 64, valid_until=at + timedelta(days=30), signed_at=at,
        )  # fmt: skip
        signed = sign("consent", consent, site.key, site.certificate)
        values: Json = {
            "consent": consent.model_dump(mode="json"), "consent_document": signed.model_dump(mode="json"),
            "rounds_contributed": rounds,
        }  # fmt: skip
        for event in (ParticipationEvent.AGREED, ParticipationEvent.STARTED, ParticipationEvent.FINISHED):
            extra = values if event is ParticipationEvent.AGREED else None
            lab_sessions.move_participation(tx, session_id, site.id, event, at=at, values=extra)

    def _round(self, tx: Transaction, session_id: str, title: str, number: int, sites: list[_Site], parent: str) -> str:
        loss = 1.2 / (number + 0.5) + 0.02 * self._rng.random()
        metrics = {"train_loss": loss, "score_nrmse": 0.2 + loss / 10}
        model_id = self._model(
            tx, f"{title}, round {number}", origin="round", session_id=session_id, number=number, parents=(parent,), metrics=metrics
        )  # fmt: skip
        updates = tuple(
            UpdateReceived(
                site_id=site.id, bytes=4_823_144, sha256="3" * 64, norm=self._rng.random(), num_examples=40,
                metrics={"train_loss": loss, "score_nrmse": 0.2 + loss / 10}, train_s=61.0, score_s=4.0, received_after_s=70.0,
            )
            for site in sites
        )  # fmt: skip
        record = RoundRecord(
            session_id=session_id, round=number, updates=updates, missing={}, weights_file=f"round-{number:04d}.safetensors",
            sha256=hashlib.sha256(model_id.encode()).hexdigest(), metrics=metrics, push_s=0.1, wait_s=70.0, aggregate_s=0.4,
            checkpoint_s=0.1, total_s=70.6, overhead_s=1.2,
        )  # fmt: skip
        lab_sessions.put_round(
            tx,
            session_id,
            number,
            {
                "state": "closed", "started_at": self._now, "deadline_at": self._now + timedelta(hours=1),
                "received": [site.id for site in sites], "expected": len(sites), "record": record.model_dump(mode="json"),
                "model_id": model_id,
            },
        )  # fmt: skip
        self._note(
            tx,
            "session.round_closed",
            session_id,
            f"{title}: round {number} aggregated, {len(sites)} of {len(sites)} sites returned.",
        )
        return model_id

    def _end(self, tx: Transaction, session_id: str, title: str, number: int) -> None:
        if number % 40 == 11:
            reason: Json = {"reason": "session.too_few_sites", "reason_text": "Two sites did not return in time."}
            self._move(tx, session_id, title, SessionEvent.RUN_FAILED, reason)
        elif number < self._amount.paused:
            self._move(tx, session_id, title, SessionEvent.PAUSED, {"wish": "pause"})
        else:
            self._move(tx, session_id, title, SessionEvent.RUN_COMPLETED)

    def _data_set(self, tx: Transaction, number: int) -> str:
        set_id, name, studies = new_id("set"), f"Hearts {number + 1:03d}", self._rng.randint(20, 400)
        facts: Json = {
            "studies": studies, "patients": studies, "bytes": studies * 9_000_000, "references": {"phantom": studies},
            "with_attenuation": studies, "with_infarcts": studies // 2, "with_lesions": 0, "grids": {"32x64x64": studies},
            "counts": {"low": 2e6, "middle": 5e6, "high": 9e6}, "problems": [], "problem_count": 0, "outliers": 2,
            "scenarios": ["cardiac"], "seeds": [number],
        }  # fmt: skip
        values: Json = {
            "id": set_id, "name": name, "origin": "made", "state": "ready", "folder": f"/data/hearts-{number + 1:03d}",
            "facts": facts, "created_at": self._later(timedelta(minutes=5)),
        }  # fmt: skip
        lab_work.add_set(tx, values)
        self._job(tx, "synthesis", name, {"asked": {"name": name, "studies": studies}, "scenario": {}}, set_id=set_id)
        return set_id

    def _training(self, tx: Transaction, number: int, set_id: str) -> None:
        name = f"Trained here {number + 1:03d}"
        spec: Json = {"name": name, "set_ids": [set_id], "network": NETWORK, "epochs": CURVE_ROWS, "parameters": {}}
        curve = [
            {
                "step": 40 * epoch, "epoch": float(epoch), "train_loss": 1 / (epoch + 1.5), "score": 0.2 + 1 / (epoch + 3),
                "nrmse_body": 0.3 + 1 / (epoch + 3), "nrmse_heart": 0.2 + 1 / (epoch + 3), "ssim_heart": 1 - 1 / (epoch + 3),
            }
            for epoch in range(CURVE_ROWS)
        ]  # fmt: skip
        steps = 40 * CURVE_ROWS
        losses = [{"step": 40 * point, "loss": 1 / (point + 1.2)} for point in range(LOSS_POINTS)]
        live: Json = {
            "share": 1.0, "stage": "training", "step": steps, "steps": steps, "epoch": CURVE_ROWS, "best_score": 0.205,
            "losses": losses, "curve": curve,
        }  # fmt: skip
        self._job(tx, "training", name, spec, live=live)

    def _job(
        self, tx: Transaction, kind: str, title: str, spec: Json, *, live: Json | None = None, set_id: str | None = None
    ) -> None:
        job_id, at = new_id("job"), self._later(timedelta(minutes=5))
        lab_work.add_job(
            tx, {"id": job_id, "kind": kind, "title": title, "spec": spec, "set_id": set_id, "created_at": at}
        )
        lab_work.apply_to_job(tx, job_id, JobEvent.STARTED, at=at, values={"started_at": at, "live": live or {}})
        ended = self._later(timedelta(minutes=5))
        lab_work.apply_to_job(tx, job_id, JobEvent.FINISHED, at=ended, values={"ended_at": ended, "result": {}})

    def _move(
        self, tx: Transaction, session_id: str, title: str, event: SessionEvent, values: Json | None = None
    ) -> None:
        state = lab_sessions.move(tx, session_id, event, at=self._later(timedelta(minutes=5)), values=values)
        self._note(tx, f"session.{event.value}", session_id, f"{title} is {state.value}.")

    def _note(self, tx: Transaction, action: str, subject: str, text: str) -> None:
        self._journal.note(tx, actor="manager", action=action, subject=subject, text=text)


def _site_name(number: int) -> str:
    return f"{TOWNS[number % len(TOWNS)]} Hospital {number + 1:03d}"
