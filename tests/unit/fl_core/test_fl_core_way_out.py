"""Notices through a hospital's proxy: a real proxy, a real mail server, a real receiver with TLS."""

import ssl
from pathlib import Path

import pytest

from fl_core.errors import PeerUnreachable
from fl_core.notices.channels import send_mail, send_webhook
from fl_core.notices.schemas import AnyMail, AnyWebhook
from fl_core.transport.proxy import Proxy
from fl_core.transport.way_out import is_here
from fl_core.trust.authority import Authority, TrustPaths
from tests.support.proxy import NAME, running_proxy
from tests.support.sinks import hook_sink, mail_sink

CONTENT = {"text": "A request came.", "site": "North", "at": "2026-01-01T00:00:00+00:00"}


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> TrustPaths:
    """Make a certificate for the name that only the proxy knows."""
    home = tmp_path_factory.mktemp("trust")
    Authority.create(home, "Somebody", NAME)
    return TrustPaths.of_home(home)


def _server(paths: TrustPaths) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paths.orchestrator_cert, paths.orchestrator_key)
    return context


def test_a_mail_and_a_webhook_pass_a_proxy_that_wants_a_name(tmp_path: Path, paths: TrustPaths) -> None:
    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(paths.ca_cert))

    with (
        running_proxy(tmp_path / "proxy", "--user", "north", "--password", "geheim") as running,
        mail_sink(context=_server(paths), login=("north", "mail")) as mails,
        hook_sink(context=_server(paths)) as hooks,
    ):
        proxy = Proxy(url=running.url, username="north", password="geheim")
        mail = AnyMail(enabled=True, host=NAME, port=mails.port, username="north", recipients=["a@x.org"])
        send_mail(mail, "mail", CONTENT, proxy=proxy, context=trusting)
        assert (mails.was_encrypted, mails.mails[0]["Subject"]) == ([True], "[North] A request came.")
        hook = AnyWebhook(enabled=True, url=f"https://{NAME}:{hooks.port}/hook")
        assert send_webhook(hook, "", CONTENT, proxy=proxy, context=trusting) == "HTTP 204"
        hooks.wait(1)
        assert hooks.contents() == [CONTENT]
        assert {line["target"] for line in running.lines()} == {f"{NAME}:{mails.port}", f"{NAME}:{hooks.port}"}
        nobody = Proxy(url=running.url)
        with pytest.raises(PeerUnreachable) as login:
            send_mail(mail, "mail", CONTENT, proxy=nobody, context=trusting)
        with pytest.raises(PeerUnreachable, match="407"):
            send_webhook(hook, "", CONTENT, proxy=nobody, context=trusting)
    assert login.value.code == "proxy.login"


def test_a_proxy_that_is_not_there_or_speaks_tls_is_told_in_words(tmp_path: Path) -> None:
    mail = AnyMail(host=NAME, recipients=["a@x.org"])
    with pytest.raises(PeerUnreachable) as gone:
        send_mail(mail, "", CONTENT, proxy=Proxy(url="http://127.0.0.1:9"))
    assert gone.value.code == "proxy.unreachable"
    with pytest.raises(PeerUnreachable, match="use a mail server inside the house"):
        send_mail(mail, "", CONTENT, proxy=Proxy(url="https://127.0.0.1:9"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_this_computer_is_never_looked_for_behind_a_proxy(host: str) -> None:
    assert is_here(host)


@pytest.mark.parametrize("host", ["localhost.example.org", "10.0.0.1", "mail.hospital.org", ""])
def test_another_computer_is(host: str) -> None:
    assert not is_here(host)
