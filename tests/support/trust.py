"""Builders of authorities, sites and documents for tests of trust and transport."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fl_core.protocol.messages import (
    Consent,
    ConsentPermissions,
    InvitationDocument,
    SendPermission,
    SessionOffer,
    StrategyChoice,
)
from fl_core.trust.authority import Authority
from fl_core.trust.identity import Key, fingerprint, generate_key, load_certificate, make_csr, save_key

NOW = datetime.now(UTC).replace(microsecond=0)
DIGEST = "ab" * 32


@dataclass(frozen=True)
class Site:
    """An enrolled site: its key, its certificate, and where both lie."""

    site_id: str
    key: Key
    cert_pem: str
    folder: Path

    @property
    def cert(self) -> Path:
        return self.folder / "site.pem"

    @property
    def key_path(self) -> Path:
        return self.folder / "site.key"

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def fingerprint(self) -> str:
        return fingerprint(load_certificate(self.cert_pem))


def make_authority(folder: Path, host: str = "127.0.0.1") -> Authority:
    return Authority.create(folder, "Test laboratory", host)


def make_site(
    authority: Authority,
    folder: Path,
    site_id: str = "site-aaaaaaaaaaaa",
    *,
    at: datetime | None = None,
    key: Key | None = None,
) -> Site:
    key = key or generate_key()
    cert_pem = authority.issue_site(make_csr(key, "asked-for-name"), site_id, "Hospital of " + site_id, now=at)
    site = Site(site_id, key, cert_pem, folder)
    save_key(key, site.key_path)
    site.cert.write_text(cert_pem)
    site.ca.write_text(authority.ca_pem)
    return site


def make_invitation(authority: Authority, *, expires_at: datetime | None = None) -> InvitationDocument:
    return InvitationDocument(
        orchestrator="Test laboratory",
        address="127.0.0.1:8443",
        ca_pem=authority.ca_pem,
        token="t" * 43,
        site_name="Hôpital Saint-Antoine",
        expires_at=expires_at or datetime.now(UTC) + timedelta(days=7),
    )


def make_offer(site_id: str = "site-aaaaaaaaaaaa", **changes: object) -> SessionOffer:
    offer = SessionOffer(
        session_id="session-1",
        title="Cardiac SPECT",
        orchestrator="Test laboratory",
        site_id=site_id,
        task="spect-reconstruction",
        task_parameters={"learning_rate": 0.001, "batch": 2},
        network={"name": "unrolled_em", "iterations": 4},
        initial_model_sha256=DIGEST,
        strategy=StrategyChoice(name="fedavg"),
        rounds=3,
        quorum=2,
        sites_invited=2,
        round_deadline_s=600.0,
        update_bytes=1000,
        bundle_sha256=DIGEST,
        issued_at=NOW,
        answer_by=NOW + timedelta(days=1),
    )
    return offer.model_copy(update=changes)


def make_consent(site_id: str = "site-aaaaaaaaaaaa") -> Consent:
    return Consent(
        session_id="session-1",
        site_id=site_id,
        offer_sha256=DIGEST,
        decision="agree",
        permissions=ConsentPermissions(take_part=True, train_on_my_data=True, send_model=SendPermission.YES),
        study_count=3,
        studies_sha256=DIGEST,
        valid_until=NOW + timedelta(days=30),
        signed_at=NOW,
    )
