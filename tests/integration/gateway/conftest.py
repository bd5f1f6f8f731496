"""A laboratory whose gateway is a process of its own, and one site that it trusts."""

from collections.abc import Iterator

import pytest

from tests.support.transport import Laboratory, laboratory
from tests.support.trust import Site


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with laboratory(tmp_path_factory.mktemp("gateway")) as lab:
        yield lab


@pytest.fixture(scope="module")
def site(running: Laboratory) -> Site:
    return running.new_site("site-aaaaaaaaaaaa")


@pytest.fixture
def lab(running: Laboratory, site: Site) -> Laboratory:
    running.trust(site)
    running.ask_admin("POST", "/reload").raise_for_status()
    for server in (running.api, running.superlink):
        server.seen.clear()
        server.behave = lambda seen: (200, seen.body)
    return running
