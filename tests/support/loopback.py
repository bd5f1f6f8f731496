"""A certificate of nobody's authority, for whoever stands in a server's place on this computer."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fl_core.trust.files import write_public
from fl_core.trust.identity import generate_key, save_key

LIFE = timedelta(days=3650)


def ensure_loopback_certificate(cert: Path, key: Path) -> None:
    """Make a self-signed certificate for 127.0.0.1 and localhost, once; its own file is also its root certificate."""
    if cert.exists() and key.exists():
        return
    secret = generate_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "FLoMIR on this computer")])
    start = datetime.now(UTC) - timedelta(minutes=5)
    hosts = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(secret.public_key()), critical=False)
        .add_extension(hosts, critical=False)
        .sign(secret, hashes.SHA384())
    )
    save_key(secret, key)
    write_public(cert, certificate.public_bytes(serialization.Encoding.PEM))
