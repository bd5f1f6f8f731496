"""Who is let in by the gateway and as whom, with real TLS on loopback."""

import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.transport import (
    ENGINE,
    PULL,
    SECRET,
    Laboratory,
    code_of,
    signed_headers,
    wait_until,
)
from tests.support.trust import Site, make_authority, make_site


def test_enrolment_needs_no_certificate(lab: Laboratory) -> None:
    with lab.client() as client:
        response = client.post("/enrol/v1/requests?x=1", content=b"hello")
    assert (response.status_code, response.content) == (200, b"hello")
    seen = lab.api.seen[0]
    assert (seen.path, seen.headers["x-flomir-gateway"]) == ("/enrol/v1/requests?x=1", SECRET)
    assert "x-flomir-fingerprint" not in seen.headers


def test_the_peer_api_sees_who_asks_and_cannot_be_told_otherwise(lab: Laboratory, site: Site) -> None:
    lies = {"X-Flomir-Site": "site-evil", "X-Flomir-Fingerprint": "0" * 64, "X-Flomir-Gateway": "guess"}
    hops = {"Connection": "keep-alive, X-Secret", "X-Secret": "1", "X-Forwarded-For": "1.2.3.4", "Cookie": "a=b"}
    with lab.client(site) as client:
        assert client.get("/peer/v1/events", headers={**lies, **hops, "Accept": "text/plain"}).status_code == 200
    headers = lab.api.seen[0].headers
    assert headers["x-flomir-site"] == site.site_id
    assert headers["x-flomir-fingerprint"] == site.fingerprint
    assert headers["x-flomir-gateway"] == SECRET
    assert headers["accept"] == "text/plain"
    assert not {"x-secret", "x-forwarded-for", "cookie"} & set(headers)


def test_the_peer_api_is_closed_without_a_certificate(lab: Laboratory) -> None:
    with lab.client() as client:
        assert code_of(client.get("/peer/v1/events")) == "trust.refused"
        assert code_of(client.post(PULL)) == "trust.refused"
    assert not lab.api.seen
    assert not lab.superlink.seen


def test_a_certificate_that_nobody_approved_is_refused(lab: Laboratory) -> None:
    stranger = lab.new_site("site-cccccccccccc")
    with lab.client(stranger) as client:
        response = client.get("/peer/v1/events")
    assert (response.status_code, code_of(response)) == (403, "trust.unknown_certificate")
    assert not lab.api.seen


def test_another_authoritys_certificate_ends_the_handshake(lab: Laboratory, tmp_path: Path) -> None:
    foreign = make_site(make_authority(tmp_path), tmp_path, "site-aaaaaaaaaaaa")
    foreign.ca.write_text(lab.authority.ca_pem)
    with lab.client(foreign) as client, pytest.raises(httpx.TransportError):
        client.get("/peer/v1/events")
    assert not lab.api.seen


def test_a_site_does_not_talk_to_another_authoritys_gateway(lab: Laboratory, tmp_path: Path) -> None:
    foreign = make_site(make_authority(tmp_path), tmp_path)
    with lab.client(foreign) as client, pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        client.get("/peer/v1/events")


def test_older_tls_is_refused(lab: Laboratory) -> None:
    context = ssl.create_default_context(cadata=lab.authority.ca_pem)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{lab.url}/enrol/v1/x", verify=context, trust_env=False)


def test_the_flower_key_must_be_the_certificates_key(lab: Laboratory, site: Site, tmp_path: Path) -> None:
    other = lab.new_site("site-dddddddddddd")
    with lab.client(site) as client:
        for headers in ({}, {"flwr-public-key": "no"}, signed_headers(other.key)):
            response = client.post("/v1/fleet/get-run", headers=headers, content=b"x")
            assert (response.status_code, code_of(response)) == (403, "trust.refused")
        assert not lab.superlink.seen
        response = client.post("/v1/fleet/get-run", headers=signed_headers(site.key), content=b"x")
    assert (response.status_code, response.content) == (200, b"x")
    assert lab.superlink.seen[0].headers["flwr-signature"]
    assert "x-flomir-gateway" not in lab.superlink.seen[0].headers


def test_the_superlink_sees_the_gateways_secret_whatever_the_site_says(lab: Laboratory, site: Site) -> None:
    headers = {**signed_headers(site.key), "X-Flomir-Engine": "guess"}
    with lab.client(site) as client:
        assert client.post("/v1/fleet/get-run", headers=headers, content=b"x").status_code == 200
        assert client.get("/peer/v1/x", headers=headers).status_code == 200
    assert lab.superlink.seen[0].headers["x-flomir-engine"] == ENGINE
    assert "x-flomir-engine" not in lab.api.seen[0].headers


def test_the_admin_port_wants_the_secret(lab: Laboratory) -> None:
    for path in ("/reload", "/wake"):
        assert lab.ask_admin("POST", path, secret="guess").status_code == 403
    assert lab.ask_admin("GET", "/status").json()["held"] == 0


def test_revocation_ends_a_held_pull_within_five_seconds(lab: Laboratory, site: Site) -> None:
    lab.superlink.behave = lambda seen: (200, b"")
    with ThreadPoolExecutor(1) as pool, lab.client(site) as client:
        pull = pool.submit(client.post, PULL, headers=signed_headers(site.key), content=b"n")
        wait_until(lambda: lab.ask_admin("GET", "/status").json()["held"] == 1)
        lab.trust(revoked=(site.fingerprint,))
        revoked_at = time.monotonic()
        lab.ask_admin("POST", "/reload").raise_for_status()  # or the gateway noticed the list by itself before
        with pytest.raises(httpx.TransportError):
            pull.result(5)
        assert time.monotonic() - revoked_at < 2
    wait_until(lambda: lab.ask_admin("GET", "/status").json()["held"] == 0, 3)
    with lab.client(site) as client:
        assert code_of(client.get("/peer/v1/events")) == "trust.revoked"


def test_a_replaced_list_is_noticed_without_a_reload(lab: Laboratory, site: Site) -> None:
    with lab.client(site) as client:
        assert client.get("/peer/v1/x").status_code == 200
        lab.trust()
        wait_until(lambda: not any(c["site_id"] for c in lab.ask_admin("GET", "/status").json()["connections"]))
        assert code_of(client.get("/peer/v1/x")) == "trust.unknown_certificate"


def test_a_renewed_certificate_is_shown_once_the_list_is_written_again(lab: Laboratory, site: Site) -> None:
    def shown() -> bytes | None:
        with lab.socket(site) as connection:
            return connection.getpeercert(binary_form=True)

    before = shown()
    lab.authority.renew_orchestrator("Laboratory", "127.0.0.1")
    lab.trust(site)
    wait_until(lambda: shown() != before)


def test_a_damaged_list_changes_nothing(lab: Laboratory, site: Site) -> None:
    lab.authority.paths.trusted.write_text("{")
    lab.ask_admin("POST", "/reload")
    with lab.client(site) as client:
        assert client.get("/peer/v1/x").status_code == 200
