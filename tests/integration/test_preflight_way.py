"""The way to the laboratory against a real gateway and real proxies: what is broken is named, what works is measured."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from contributor.peer_client import PeerClient
from contributor.preflight.way import PROBE_BYTES, Target, Way, look
from contributor.schemas_network import PreflightLine
from fl_core.errors import PeerUnreachable
from fl_core.protocol import peer_api
from fl_core.transport.proxy import Proxy
from fl_core.trust.tls import client_context, enrol_context
from tests.support.loopback import ensure_loopback_certificate
from tests.support.proxy import NAME, running_proxy
from tests.support.transport import Laboratory, laboratory


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with laboratory(tmp_path_factory.mktemp("way")) as running:
        yield running


def _look(target: Target, proxy: Proxy | None = None, **options: object) -> tuple[dict[str, PreflightLine], Way]:
    lines: list[PreflightLine] = []
    way = look(target, proxy, lines.append, **options)  # type: ignore[arg-type]  # a clock only
    return {one.check: one for one in lines}, way


def _stranger(lab: Laboratory, *, host: str = "127.0.0.1", port: int | None = None) -> Target:
    return Target(
        address=f"{host}:{port or lab.gateway.port}",
        context=lambda: enrol_context(lab.authority.ca_pem),
        enrolled=False,
    )


def test_an_open_way_is_green_all_along_and_its_speed_is_measured(lab: Laboratory) -> None:
    lines, way = _look(_stranger(lab))
    assert {name: one.level for name, one in lines.items()} == {
        "name": "green", "proxy": "green", "port": "green", "tls": "green", "clock": "green", "trust": "skipped",
    }  # fmt: skip
    assert lines["tls"].values == {"version": "TLSv1.3"}
    assert way.open
    assert way.bytes_per_s is not None
    assert way.bytes_per_s > 1e5
    assert not [path for path in lab.api.paths() if "probe" in path], "the daemon behind the gateway sees no probe"


@pytest.mark.parametrize("offset_s", [45, -45, 600, -600])
def test_a_wrong_clock_is_told_with_its_size(lab: Laboratory, offset_s: int) -> None:
    lines, _ = _look(_stranger(lab), clock=lambda: datetime.now(UTC) + timedelta(seconds=offset_s))
    assert lines["clock"].code == ("clock.off" if abs(offset_s) < 120 else "clock.wrong")
    assert (
        abs(int(str(lines["clock"].values["seconds"])) - abs(offset_s)) <= 5
    )  # whole seconds, and half of the way there and back


def test_an_enrolled_site_learns_whether_it_is_let_in(lab: Laboratory) -> None:
    site = lab.new_site("s_way")
    target = Target(
        address=f"127.0.0.1:{lab.gateway.port}",
        context=lambda: client_context(site.ca, site.cert, site.key_path),
        enrolled=True,
    )
    assert _look(target)[0]["trust"].code == "trust.refused"
    lab.trust(site)
    lab.ask_admin("POST", "/reload")
    assert _look(target)[0]["trust"].code == "trust.accepted"


@pytest.mark.parametrize(("host", "code"), [("laboratory.invalid", "name.missing"), ("127.0.0.1", "port.closed")])
def test_what_cannot_be_reached_is_told_and_ends_the_way(lab: Laboratory, host: str, code: str) -> None:
    lines, way = _look(_stranger(lab, host=host, port=9))
    assert list(lines.values())[-1].code == code
    assert not way.open


def test_a_network_that_opens_tls_is_named_and_no_client_trusts_it(lab: Laboratory, tmp_path: Path) -> None:
    cert, key = tmp_path / "inspection.pem", tmp_path / "inspection.key"
    ensure_loopback_certificate(cert, key)
    with running_proxy(tmp_path, "--inspect-cert", str(cert), "--inspect-key", str(key)) as running:
        proxy = Proxy(url=running.url, ca_file=cert)
        lines, way = _look(_stranger(lab), proxy)
        assert (lines["tls"].code, lines["tls"].level) == ("tls.inspected", "red")
        assert "FLoMIR on this computer" in lines["tls"].text
        assert "out of the inspection" in lines["tls"].remedy
        assert not way.open
        client = PeerClient(f"127.0.0.1:{lab.gateway.port}", enrol_context(lab.authority.ca_pem), proxy=proxy)
        with pytest.raises(PeerUnreachable) as caught:
            client.enrolment_status("e-1", "secret")
        assert caught.value.code == "peer.other_certificate"
        client.close()


def test_a_proxy_that_refuses_is_told_apart_from_one_that_is_away(lab: Laboratory, tmp_path: Path) -> None:
    with running_proxy(tmp_path, "--refuse") as running:
        proxy = Proxy(url=running.url)
        assert _look(_stranger(lab), proxy)[0]["proxy"].code == "proxy.refused"
    assert _look(_stranger(lab), proxy)[0]["proxy"].code == "proxy.unreachable"


def test_a_proxy_finds_names_that_this_computer_does_not(lab: Laboratory, tmp_path: Path) -> None:
    with running_proxy(tmp_path) as running:
        lines, _ = _look(_stranger(lab, host=NAME), Proxy(url=running.url))
    assert lines["name"].code == "name.by_proxy"
    assert lines["proxy"].code == "proxy.through"
    assert lines["tls"].code == "tls.other_name"


def test_a_probe_larger_than_a_mebibyte_is_refused_and_strangers_reach_only_their_own(lab: Laboratory) -> None:
    with lab.client() as client:
        assert client.post(peer_api.ENROL_PROBE, content=b"\0" * (PROBE_BYTES + 1)).status_code == 413
    with lab.client() as client:
        assert client.post(peer_api.PROBE, content=b"").json()["code"] == "trust.refused"
        assert client.post(peer_api.ENROL_PROBE, content=b"").status_code == httpx.codes.NO_CONTENT


def test_nothing_is_entrusted_to_whoever_answers_in_the_laboratorys_place(lab: Laboratory, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    ensure_loopback_certificate(other, tmp_path / "other.key")
    target = Target(
        address=f"127.0.0.1:{lab.gateway.port}",
        context=lambda: _trusting(other),
        enrolled=False,
    )
    before = len(lab.api.seen)
    lines, way = _look(target)
    assert lines["tls"].code == "tls.inspected"
    assert "authority" in lines["tls"].text
    assert not way.open
    assert len(lab.api.seen) == before


def _trusting(ca: Path) -> ssl.SSLContext:
    return enrol_context(ca.read_text())
