"""A hospital's proxy that is away or refuses is named by the connection and by the enrolment, with what to do about it."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.contributor import TestSite, client_of, composed, enrolled_site, invitation_text, wait_for
from tests.support.proxy import RunningProxy, running_proxy

USER, PASSWORD = "north-hospital", "a pass phrase & more"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProxy]:
    with running_proxy(tmp_path_factory.mktemp("proxy"), "--user", USER, "--password", PASSWORD) as running:
        yield running


def _nowhere() -> str:
    """Return the address of a port that nobody listens at."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


def _use(client: Any, url: str, password: str = "") -> None:
    body = {"url": url, "username": USER, "password": password, "ca_file": ""}
    answer = client.put("/api/v1/settings/proxy", json=body)
    assert answer.status_code == 200, answer.json


def _finding(site: TestSite) -> dict[str, str]:
    found: dict[str, str] | None = site.client.get("/api/v1/enrolment").json["finding"]
    return found or {"code": "", "text": "", "remedy": ""}


def test_the_connection_names_the_proxy_that_is_away_and_the_one_that_asks_for_a_password(
    tmp_path: Path, proxy: RunningProxy
) -> None:
    with enrolled_site(tmp_path, site_client=None) as site:
        away = _nowhere()
        _use(site.client, away)
        site.daemon.uplink.start()
        wait_for(lambda: _finding(site)["code"] == "proxy.unreachable")
        assert _finding(site)["text"] == f"The proxy {away} does not answer."
        assert _finding(site)["remedy"] == "Check its address and port on the page Settings."
        assert site.client.get("/api/v1/enrolment").json["state"] == "reconnecting"
        _use(site.client, proxy.url, "wrong")
        wait_for(lambda: _finding(site)["code"] == "proxy.login")
        assert _finding(site)["text"] == f"The proxy {proxy.url} asks for a name and a password."
        _use(site.client, proxy.url, PASSWORD)
        wait_for(lambda: _finding(site)["code"] == "")  # now nothing but the laboratory is missing
        assert any(line.get("status") == 407 for line in proxy.lines())
        said = " ".join(line["text"] for line in site.client.get("/api/v1/activity").json["items"])
        assert "wrong" not in said
        assert PASSWORD not in said


def test_an_enrolment_names_the_proxy_that_is_away_and_the_one_that_asks_for_a_password(
    tmp_path: Path, proxy: RunningProxy
) -> None:
    with composed(tmp_path / "site", enrol_client=None) as daemon:
        client, away = client_of(daemon), _nowhere()
        body = {"invitation": invitation_text(tmp_path), "site_name": "North"}
        for url, password, code in ((away, "", "proxy.unreachable"), (proxy.url, "wrong", "proxy.login")):
            _use(client, url, password)
            problem = client.post("/api/v1/enrolment", json=body).json
            assert (problem["code"], problem["detail"].partition(": ")[0]) == (code, url)
            assert problem["advice"].endswith(("on the page Settings.", "this hospital's IT knows them."))
        _use(client, "")
        assert client.post("/api/v1/enrolment", json=body).json["code"] == "peer.unreachable"
