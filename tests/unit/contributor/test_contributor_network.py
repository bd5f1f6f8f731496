"""Promises about the proxy's settings: private, checked before they hold, given at the start or by the page."""

from pathlib import Path

import pytest

from contributor.paths import SitePaths
from contributor.settings import ContributorSettings
from fl_core.errors import FlomirError, InvalidInput
from fl_core.supervision.child import clean_environment
from fl_core.transport.proxy import Proxy, load_proxy, save_proxy
from tests.support.contributor import client_of, composed

PROXY = "/api/v1/settings/proxy"
SECRET = "hospital-secret"


def test_a_proxy_of_the_page_is_kept_privately_and_its_password_never_shown(tmp_path: Path) -> None:
    with composed(tmp_path) as daemon:
        client = client_of(daemon)
        answer = client.put(PROXY, json={"url": "http://proxy.example:3128/", "username": "n", "password": SECRET})
        assert answer.json == {
            "url": "http://proxy.example:3128", "username": "n", "has_password": True, "ca_file": "", "fixed": False,
        }  # fmt: skip
        assert SECRET not in client.get(PROXY).text + client.get("/api/v1/audit").text
        for file in (SitePaths(tmp_path).proxy, SitePaths(tmp_path).proxy_in_use):
            assert file.stat().st_mode & 0o077 == 0
            assert SECRET in file.read_text()
        kept = client.put(PROXY, json={"url": "http://proxy.example:3128", "username": "m"}).json
        assert kept["has_password"] is True
        elsewhere = client.put(PROXY, json={"url": "http://other.example:3128", "username": "m"}).json
        assert elsewhere["has_password"] is False
        assert client.put(PROXY, json={"url": ""}).json["url"] == ""
        assert not SitePaths(tmp_path).proxy_in_use.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "proxy.example:3128"}, "input.invalid"),
        ({"url": "http://proxy.example"}, "input.invalid"),
        ({"url": "http://proxy.example:70000"}, "input.invalid"),
        ({"url": f"http://n:{SECRET}@proxy.example:3128"}, "input.invalid"),
        ({"url": "http://proxy.example:3128", "username": "a:b"}, "input.invalid"),
        ({"url": "https://proxy.example:3128", "ca_file": "/nowhere/ca.pem"}, "proxy.ca_file"),
    ],
)
def test_what_cannot_be_a_proxy_is_refused_and_nothing_changes(tmp_path: Path, body: dict[str, str], code: str) -> None:
    with composed(tmp_path) as daemon:
        answer = client_of(daemon).put(PROXY, json=body)
        assert (answer.status_code, answer.json["code"]) == (422, code)
        assert SECRET not in answer.text
        assert client_of(daemon).get(PROXY).json["url"] == ""


def test_a_proxy_given_at_the_start_holds_over_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOMIR_CONTRIBUTOR_PROXY_URL", "http://proxy.example:8080")
    monkeypatch.setenv("FLOMIR_CONTRIBUTOR_PROXY_PASSWORD", SECRET)
    settings = ContributorSettings(home=tmp_path)
    assert SECRET not in repr(settings) + repr(settings.proxy) + str(clean_environment({}))
    with composed(tmp_path) as daemon:
        client = client_of(daemon)
        assert client.get(PROXY).json["fixed"] is True
        assert client.put(PROXY, json={"url": ""}).json["code"] == "settings.fixed"


def test_a_broken_file_closes_the_way_instead_of_going_around(tmp_path: Path) -> None:
    file = tmp_path / "proxy.json"
    save_proxy(file, Proxy(url="http://proxy.example:3128", password=SECRET))
    file.write_text(file.read_text()[:-1])
    with pytest.raises(InvalidInput) as caught:
        load_proxy(file)
    assert caught.value.code == "proxy.settings"
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_enrolment_with_a_broken_proxy_file_says_so(tmp_path: Path) -> None:
    with composed(tmp_path, enrol_client=None) as daemon:
        SitePaths(tmp_path).trust.mkdir(exist_ok=True)
        SitePaths(tmp_path).proxy.write_text("{")
        with pytest.raises(FlomirError) as caught:
            daemon.services.network.proxy()
        assert caught.value.code == "proxy.settings"
