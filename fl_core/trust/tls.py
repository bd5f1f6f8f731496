"""TLS contexts: version 1.3 only, trust in the federation's own authority only."""

import ssl
from pathlib import Path


def gateway_context(cert: Path, key: Path, ca: Path) -> ssl.SSLContext:
    """Return the gateway's context: a client certificate is optional, but one of another authority ends the handshake.

    No session tickets are given, so that no connection is resumed without its certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    context.num_tickets = 0
    context.load_cert_chain(cert, key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client_context(ca: Path, cert: Path, key: Path) -> ssl.SSLContext:
    """Return an enrolled site's context: it shows its certificate and checks the gateway's against the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    context.load_verify_locations(ca)
    context.load_cert_chain(cert, key)
    return context


def enrol_context(ca_pem: str) -> ssl.SSLContext:
    """Return the context of a site that has an invitation only: it trusts the authority named in it, nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context)
    context.load_verify_locations(cadata=ca_pem)
    return context


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.options |= ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
