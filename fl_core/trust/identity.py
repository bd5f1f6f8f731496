"""The key of a daemon: one EC P-384 key serves TLS, signed documents and Flower's node authentication."""

import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fl_core.errors import InvalidInput, StorageFailed
from fl_core.trust.files import write_private

Key = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey

NAME_BYTES = 64
"""Longest common or organisation name (RFC 5280, ub-common-name)."""


def generate_key() -> Key:
    """Make a fresh EC P-384 key (the curve Flower's own tool uses, FIPS 186-5)."""
    return ec.generate_private_key(ec.SECP384R1())


def key_pem(key: Key) -> bytes:
    """Return the key as unencrypted PKCS #8 PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def save_key(key: Key, path: Path) -> None:
    """Write the key as PKCS #8 PEM, readable by the owner only, whole or not at all."""
    write_private(path, key_pem(key))


def load_key(path: Path) -> Key:
    """Read a key written by `save_key`.

    Raises
    ------
    StorageFailed
        If the file is missing, no PEM key, or not of curve P-384.
    """
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        message = f"the key file {path.name} cannot be read: {type(error).__name__}"
        raise StorageFailed(message) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP384R1):
        message = f"the key file {path.name} holds no EC P-384 key"
        raise StorageFailed(message)
    return key


def openssh_private(key: Key) -> bytes:
    """Return the key in OpenSSH's format, the only one flower-supernode loads."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def spki_pem(public_key: PublicKey) -> bytes:
    """Return the public key as SubjectPublicKeyInfo PEM: what Flower carries, base64, in ``flwr-public-key``."""
    return public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def load_certificate(pem: str | bytes) -> x509.Certificate:
    """Read one PEM certificate; raises InvalidInput when it is none."""
    try:
        return x509.load_pem_x509_certificate(pem.encode() if isinstance(pem, str) else pem)
    except ValueError as error:
        message = "this is not a PEM certificate"
        raise InvalidInput(message) from error


def certificate_key(certificate: x509.Certificate) -> PublicKey:
    """Return the certificate's public key; raises InvalidInput unless it is EC P-384."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        message = "the certificate's key is not EC P-384"
        raise InvalidInput(message)
    return key


def key_fingerprint(public_key: PublicKey) -> str:
    """Return the SHA-256 (hex) of the DER SubjectPublicKeyInfo: it stays the same when a certificate is renewed."""
    der = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the fingerprint (hex) of the certificate's key."""
    return key_fingerprint(certificate_key(certificate))


def short_fingerprint(fingerprint_hex: str) -> str:
    """Return what both screens show: the first 16 hex digits in groups of four, ``7F3A-91C2-0B44-E1D8``."""
    digits = fingerprint_hex[:16].upper()
    return "-".join(digits[start : start + 4] for start in range(0, 16, 4))


def name_text(name: str) -> str:
    """Return as much of a name as a certificate holds: 64 bytes of UTF-8, so fewer letters where some are umlauts."""
    return name.encode("utf-8")[:NAME_BYTES].decode("utf-8", "ignore")


def make_csr(key: Key, name: str) -> str:
    """Return a PEM signing request; the authority uses its key only, the name is a courtesy to log readers."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name_text(name))])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA384())
    return request.public_bytes(serialization.Encoding.PEM).decode("ascii")


def request_key(csr_pem: str) -> PublicKey:
    """Return the public key of a signing request.

    Raises
    ------
    InvalidInput
        If it is no PEM request, its own signature does not fit, or the key is not EC P-384.
    """
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode("ascii"))
        key = request.public_key()
        valid = request.is_signature_valid
    except Exception as error:
        message = f"this is not a PEM signing request: {type(error).__name__}"
        raise InvalidInput(message) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        message = "the signing request's key is not EC P-384"
        raise InvalidInput(message)
    if not valid:
        message = "the signing request is not signed by its own key"
        raise InvalidInput(message)
    return key
