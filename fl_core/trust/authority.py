"""The federation's own certificate authority: it lives in the laboratory and signs sites after approval."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from fl_core.errors import NotTrusted
from fl_core.trust.files import write_public
from fl_core.trust.identity import (
    Key,
    PublicKey,
    generate_key,
    load_certificate,
    load_key,
    name_text,
    request_key,
    save_key,
)

AUTHORITY_LIFE = timedelta(days=3650)
ORCHESTRATOR_LIFE = timedelta(days=365)
SITE_LIFE = timedelta(days=90)
RENEW_BEFORE = timedelta(days=30)
CLOCK_SKEW = timedelta(minutes=5)
LOOPBACK = ("127.0.0.1", "localhost")
MOST_PUBLIC_HOSTS = 8
"""The public host and those before it that the orchestrator's certificate names; the oldest are left out."""
ROLE_SITE = "site"
ROLE_ORCHESTRATOR = "orchestrator"


@dataclass(frozen=True, slots=True)
class TrustPaths:
    """Where a daemon keeps its trust files, below its home."""

    folder: Path

    @classmethod
    def of_home(cls, home: Path) -> "TrustPaths":
        """Return the paths below ``<home>/trust``."""
        return cls(home / "trust")

    @property
    def ca_cert(self) -> Path:
        """The authority's certificate."""
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        """The authority's private key (laboratory only)."""
        return self.folder / "ca.key"

    @property
    def orchestrator_cert(self) -> Path:
        """The orchestrator's certificate."""
        return self.folder / "orchestrator.pem"

    @property
    def orchestrator_key(self) -> Path:
        """The orchestrator's private key."""
        return self.folder / "orchestrator.key"

    @property
    def trusted(self) -> Path:
        """The list of approved site fingerprints that the gateway reads."""
        return self.folder / "trusted.json"


class Authority:
    """Issue and renew certificates; every file it keeps is below ``<home>/trust``."""

    def __init__(self, paths: TrustPaths) -> None:
        self.paths = paths
        self._key = load_key(paths.ca_key)
        self.certificate = load_certificate(paths.ca_cert.read_bytes())

    @classmethod
    def create(cls, home: Path, name: str, public_host: str) -> "Authority":
        """Make the authority and the orchestrator's own certificate, once; an existing authority is kept."""
        paths = TrustPaths.of_home(home)
        if not paths.ca_cert.exists():
            key = generate_key()
            save_key(key, paths.ca_key)
            write_public(paths.ca_cert, _pem(_self_signed(key, f"{name} certificate authority")))
        authority = cls(paths)
        if not paths.orchestrator_cert.exists():
            authority.renew_orchestrator(name, public_host)
        return authority

    @classmethod
    def load(cls, home: Path) -> "Authority":
        """Open the authority of an existing home; raises StorageFailed when there is none."""
        return cls(TrustPaths.of_home(home))

    @property
    def ca_pem(self) -> str:
        """The authority's certificate: what an invitation carries."""
        return _pem(self.certificate).decode("ascii")

    def orchestrator_key(self) -> Key:
        """Return the orchestrator's key: it serves the gateway's TLS and signs offers."""
        return load_key(self.paths.orchestrator_key)

    def orchestrator_pem(self) -> str:
        """Return the orchestrator's present certificate."""
        return self.paths.orchestrator_cert.read_text("ascii")

    def issue_site(self, csr_pem: str, site_id: str, site_name: str, *, now: datetime | None = None) -> str:
        """Sign a site's key for 90 days and return the PEM certificate (also used for a renewal).

        Whatever subject the request asks for is ignored: the name is what the manager approved. Raises InvalidInput
        when the request is malformed, not self-signed, or not of an EC P-384 key.
        """
        return _pem(
            self._sign(
                request_key(csr_pem),
                _subject(site_id, site_name, ROLE_SITE),
                ExtendedKeyUsageOID.CLIENT_AUTH,
                SITE_LIFE,
                now=now,
            )
        ).decode("ascii")

    def issue_orchestrator(
        self, public_key: PublicKey, name: str, public_hosts: Sequence[str], *, now: datetime | None = None
    ) -> str:
        """Sign the orchestrator's key for a year, for these hosts and for loopback."""
        hosts = list(dict.fromkeys([*public_hosts, *LOOPBACK]))
        return _pem(
            self._sign(
                public_key,
                _subject(ROLE_ORCHESTRATOR, name, ROLE_ORCHESTRATOR),
                ExtendedKeyUsageOID.SERVER_AUTH,
                ORCHESTRATOR_LIFE,
                names=x509.SubjectAlternativeName([_general_name(host) for host in hosts]),
                now=now,
            )
        ).decode("ascii")

    def renew_orchestrator(self, name: str, public_host: str, *, now: datetime | None = None) -> None:
        """Write a fresh orchestrator certificate; the key is kept when there is one.

        It goes on naming the hosts of the present one, newest first: an enrolled site asks at the address of its
        invitation and checks that name.
        """
        if not self.paths.orchestrator_key.exists():
            save_key(generate_key(), self.paths.orchestrator_key)
        hosts = list(dict.fromkeys([public_host.strip("[]"), *self._public_hosts()]))[:MOST_PUBLIC_HOSTS]
        pem = self.issue_orchestrator(self.orchestrator_key().public_key(), name, hosts, now=now)
        write_public(self.paths.orchestrator_cert, pem.encode("ascii"))

    def orchestrator_needs_renewal(self, public_host: str, *, now: datetime | None = None) -> bool:
        """Say whether the certificate ends soon or does not name the public host."""
        certificate = load_certificate(self.orchestrator_pem())
        host = _general_name(public_host.strip("[]"))
        return needs_renewal(certificate, now=now) or host not in _general_names(certificate)

    def _public_hosts(self) -> list[str]:
        """Return the hosts that the present certificate names besides loopback, newest first."""
        if not self.paths.orchestrator_cert.exists():
            return []
        hosts = (str(name.value) for name in _general_names(load_certificate(self.orchestrator_pem())))
        return [host for host in hosts if host not in LOOPBACK]

    def _sign(
        self,
        public_key: PublicKey,
        subject: x509.Name,
        usage: ObjectIdentifier,
        life: timedelta,
        *,
        names: x509.SubjectAlternativeName | None = None,
        now: datetime | None = None,
    ) -> x509.Certificate:
        start = (now or datetime.now(UTC)) - CLOCK_SKEW
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(min(start + life, self.certificate.not_valid_after_utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA384())


def check_chain(certificate: x509.Certificate, ca: x509.Certificate, *, at: datetime | None = None) -> None:
    """Raise NotTrusted unless `ca` issued `certificate` and it is valid at that time (default: now)."""
    moment = at or datetime.now(UTC)
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature) as error:
        message = "the certificate was not issued by this federation"
        raise NotTrusted(message) from error
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        message = f"the certificate is valid until {certificate.not_valid_after_utc:%Y-%m-%d} only"
        raise NotTrusted(message)
    if _is_authority(certificate):
        message = "an authority's certificate is nobody's identity"
        raise NotTrusted(message)


def certificate_role(certificate: x509.Certificate) -> str:
    """Return the certificate's role, ``site`` or ``orchestrator`` (empty when it has none)."""
    return _attribute(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME)


def certificate_site_id(certificate: x509.Certificate) -> str:
    """Return the site id that the certificate was issued for (empty for the orchestrator's)."""
    return _attribute(certificate, NameOID.COMMON_NAME) if certificate_role(certificate) == ROLE_SITE else ""


def needs_renewal(certificate: x509.Certificate, *, now: datetime | None = None) -> bool:
    """Say whether fewer than 30 days are left."""
    return certificate.not_valid_after_utc - (now or datetime.now(UTC)) < RENEW_BEFORE


def _self_signed(key: Key, name: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name_text(name))])
    start = datetime.now(UTC) - CLOCK_SKEW
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA384())
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(common_name: str, organisation: str, role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name_text(organisation)),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role),
        ]
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _general_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def _attribute(certificate: x509.Certificate, oid: ObjectIdentifier) -> str:
    values = certificate.subject.get_attributes_for_oid(oid)
    return str(values[0].value) if len(values) == 1 else ""


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return True


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
