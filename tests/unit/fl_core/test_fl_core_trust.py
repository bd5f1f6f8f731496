"""Promises of keys, the authority, the trusted list and invitations."""

import base64
import contextlib
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import CertificateSigningRequestBuilder, Name

from fl_core.errors import InvalidInput, NotTrusted, StorageFailed
from fl_core.trust import invitation
from fl_core.trust.authority import (
    Authority,
    certificate_role,
    certificate_site_id,
    check_chain,
    needs_renewal,
)
from fl_core.trust.identity import (
    fingerprint,
    generate_key,
    load_certificate,
    load_key,
    make_csr,
    openssh_private,
    save_key,
    short_fingerprint,
)
from fl_core.trust.tls import enrol_context, gateway_context
from fl_core.trust.trusted import read_trusted, write_trusted
from tests.support.trust import make_authority, make_invitation, make_site


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("home"), "fl.example.org")


def test_private_files_are_readable_by_their_owner_only(authority: Authority) -> None:
    for path in (authority.paths.ca_key, authority.paths.orchestrator_key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_saved_key_comes_back_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    key = generate_key()
    save_key(key, tmp_path / "trust" / "site.key")
    assert load_key(tmp_path / "trust" / "site.key").private_numbers() == key.private_numbers()
    assert [path.name for path in (tmp_path / "trust").iterdir()] == ["site.key"]


def test_a_key_of_another_curve_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.key"
    save_key(ec.generate_private_key(ec.SECP256R1()), path)
    with pytest.raises(StorageFailed, match="P-384"):
        load_key(path)


def test_the_openssh_form_holds_the_same_key() -> None:
    key = generate_key()
    loaded = serialization.load_ssh_private_key(openssh_private(key), password=None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    assert loaded.private_numbers() == key.private_numbers()


def test_the_short_fingerprint_is_four_groups_of_four() -> None:
    assert short_fingerprint("7f3a91c20b44e1d8" + "0" * 48) == "7F3A-91C2-0B44-E1D8"


def test_a_name_of_eighty_letters_with_umlauts_fits_a_certificate(tmp_path: Path) -> None:
    name = ("Klinik für Nuklearmedizin und Präzisionsmedizin, Universitätsklinikum Köln-Süd, " * 2)[:80]
    authority = Authority.create(tmp_path, name, "fl.example.org")
    issued = authority.issue_site(make_csr(generate_key(), name), "site-1", name)
    assert certificate_site_id(load_certificate(issued)) == "site-1"
    authority.issue_site(make_csr(generate_key(), "ü" * 80), "site-2", "ü" * 80)


def test_creating_twice_keeps_the_first_authority(tmp_path: Path) -> None:
    assert make_authority(tmp_path).ca_pem == make_authority(tmp_path).ca_pem == Authority.load(tmp_path).ca_pem


def test_a_site_certificate_names_the_approved_site_and_not_the_requested_subject(
    authority: Authority, tmp_path: Path
) -> None:
    site = make_site(authority, tmp_path)
    certificate = load_certificate(site.cert_pem)
    check_chain(certificate, authority.certificate)
    assert (certificate_role(certificate), certificate_site_id(certificate)) == ("site", site.site_id)
    assert "asked-for-name" not in certificate.subject.rfc4514_string()
    assert timedelta(days=89) < certificate.not_valid_after_utc - datetime.now(UTC) <= timedelta(days=90)


def test_a_renewed_certificate_keeps_its_fingerprint(authority: Authority, tmp_path: Path) -> None:
    site = make_site(authority, tmp_path)
    renewed = authority.issue_site(make_csr(site.key, "x"), site.site_id, "Hospital")
    assert fingerprint(load_certificate(renewed)) == site.fingerprint
    assert needs_renewal(load_certificate(renewed), now=datetime.now(UTC) + timedelta(days=61))
    assert not needs_renewal(load_certificate(renewed))


@pytest.mark.parametrize(
    "text", ["", "hello", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", "é"]
)
def test_a_broken_signing_request_is_refused(authority: Authority, text: str) -> None:
    with pytest.raises(InvalidInput):
        authority.issue_site(text, "site-1", "Hospital")


def test_a_signing_request_of_a_weak_curve_is_refused(authority: Authority) -> None:
    request = (
        CertificateSigningRequestBuilder()
        .subject_name(Name([]))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    with pytest.raises(InvalidInput, match="P-384"):
        authority.issue_site(request.public_bytes(serialization.Encoding.PEM).decode(), "site-1", "Hospital")


def test_a_signing_request_with_anothers_key_inside_is_refused(authority: Authority) -> None:
    honest = make_csr(generate_key(), "x")
    der = bytearray(base64.b64decode("".join(honest.splitlines()[1:-1])))
    der[-1] ^= 1
    forged = (
        "-----BEGIN CERTIFICATE REQUEST-----\n"
        + base64.b64encode(bytes(der)).decode()
        + "\n-----END CERTIFICATE REQUEST-----\n"
    )
    with pytest.raises(InvalidInput):
        authority.issue_site(forged, "site-1", "Hospital")


def test_another_authoritys_certificate_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    stranger = make_site(make_authority(tmp_path), tmp_path)
    with pytest.raises(NotTrusted):
        check_chain(load_certificate(stranger.cert_pem), authority.certificate)


def test_an_expired_certificate_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    old = make_site(authority, tmp_path, at=datetime.now(UTC) - timedelta(days=100))
    with pytest.raises(NotTrusted, match="valid until"):
        check_chain(load_certificate(old.cert_pem), authority.certificate)


def test_the_authority_itself_is_nobodys_identity(authority: Authority) -> None:
    with pytest.raises(NotTrusted):
        check_chain(authority.certificate, authority.certificate)


def test_a_new_public_host_asks_for_a_new_orchestrator_certificate(authority: Authority) -> None:
    assert not authority.orchestrator_needs_renewal("fl.example.org")
    assert not authority.orchestrator_needs_renewal("localhost")
    assert authority.orchestrator_needs_renewal("other.example.org")
    assert authority.orchestrator_needs_renewal("fl.example.org", now=datetime.now(UTC) + timedelta(days=340))


def test_a_site_with_an_old_address_stays_in_after_the_public_host_changed_and_after_renewals(tmp_path: Path) -> None:
    authority = make_authority(tmp_path, "old.example.org")
    for host in ("2001:db8::7", "new.example.org", "new.example.org"):
        authority.renew_orchestrator("Lab", host)
    for host in ("old.example.org", "2001:db8::7", "new.example.org", "127.0.0.1", "localhost"):
        _greet(authority, host)
    with pytest.raises(ssl.SSLCertVerificationError, match="strange"):
        _greet(authority, "strange.example.org")


def test_the_orchestrators_certificate_names_the_eight_newest_public_hosts(tmp_path: Path) -> None:
    authority = make_authority(tmp_path, "host-0.example.org")
    for number in range(1, 10):
        authority.renew_orchestrator("Lab", f"host-{number}.example.org")
    assert [n for n in range(10) if not authority.orchestrator_needs_renewal(f"host-{n}.example.org")] == [
        *range(2, 10)
    ]


def test_the_trusted_list_comes_back_and_a_missing_one_trusts_nobody(tmp_path: Path) -> None:
    path = tmp_path / "trusted.json"
    assert read_trusted(path).sites == {}
    write_trusted(path, {"ab" * 32: "site-1"})
    assert read_trusted(path).sites == {"ab" * 32: "site-1"}


@pytest.mark.parametrize("content", ["", "[]", '{"sites": {"xyz": "site-1"}}', '{"sites": {}, "more": 1}'])
def test_a_damaged_trusted_list_is_an_error_and_not_an_empty_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "trusted.json"
    path.write_text(content)
    with pytest.raises(StorageFailed):
        read_trusted(path)


def test_an_invitation_comes_back_from_file_and_text(authority: Authority) -> None:
    document = make_invitation(authority)
    assert invitation.decode(invitation.encode_file(document)) == document
    assert invitation.decode(invitation.encode_text(document)) == document


@pytest.mark.parametrize(
    "mangle",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", " "),
        lambda text: "Dear colleague,\n\n" + text + "\nBest wishes\n",
        lambda text: "".join(f"> {line}\n" for line in text.splitlines()),
        lambda text: "\ufeff  " + text.replace("\n", "\n\n   ").replace("FLOMIR INV", "FLOMIR\u00a0INV"),
    ],
)
def test_an_invitation_survives_what_mail_programs_do_to_it(authority: Authority, mangle: object) -> None:
    document = make_invitation(authority)
    assert callable(mangle)
    assert invitation.decode(mangle(invitation.encode_text(document))) == document


def test_every_changed_character_of_an_invitation_is_noticed(authority: Authority) -> None:
    text = invitation.encode_text(make_invitation(authority))
    lines = text.splitlines()
    for place in range(0, len(lines[3]), 7):
        swapped = "A" if lines[3][place] != "A" else "B"
        lines_changed = [*lines[:3], lines[3][:place] + swapped + lines[3][place + 1 :], *lines[4:]]
        with pytest.raises(InvalidInput) as refusal:
            invitation.decode("\n".join(lines_changed))
        assert refusal.value.code == "invitation.malformed"


@pytest.mark.parametrize("text", ["", "{}", "hello", "-----BEGIN FLOMIR INVITATION-----", "[" * 1000, "x" * 50_000])
def test_something_else_is_not_an_invitation(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        invitation.decode(text)
    assert refusal.value.code == "invitation.malformed"


def test_a_cut_invitation_is_malformed(authority: Authority) -> None:
    lines = invitation.encode_text(make_invitation(authority)).splitlines()
    for kept in (lines[:-1], lines[:5] + lines[6:], lines[1:]):
        with pytest.raises(InvalidInput) as refusal:
            invitation.decode("\n".join(kept))
        assert refusal.value.code == "invitation.malformed"


def test_an_expired_invitation_says_so(authority: Authority) -> None:
    document = make_invitation(authority, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(InvalidInput) as refusal:
        invitation.decode(invitation.encode_text(document))
    assert refusal.value.code == "invitation.expired"


def test_tokens_differ_and_their_hash_does_not_show_them() -> None:
    first, second = invitation.new_token(), invitation.new_token()
    assert first != second
    assert first not in invitation.token_hash(first)
    assert invitation.token_hash(first) == invitation.token_hash(first)


def _greet(authority: Authority, host: str) -> None:
    """Shake hands as a site that knows the laboratory by this host; raises where the certificate is another's."""
    paths = authority.paths
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    served = gateway_context(paths.orchestrator_cert, paths.orchestrator_key, paths.ca_cert)
    gateway = served.wrap_bio(upward, downward, server_side=True)
    site = enrol_context(authority.ca_pem).wrap_bio(downward, upward, server_hostname=host)
    for end in (site, gateway, site):
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
    assert site.version() == "TLSv1.3"
