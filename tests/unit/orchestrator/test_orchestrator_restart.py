"""A daemon that was killed goes on from its database and its folders."""

from pathlib import Path

import pytest

from fl_core.errors import PeerUnreachable
from tests.support.orchestrator import Lab, RememberedEngine

pytestmark = pytest.mark.usefixtures("each_database")


def test_a_session_that_ran_when_the_daemon_died_goes_on_with_a_new_run(tmp_path: Path) -> None:
    first = Lab(tmp_path)
    site = first.site()
    session_id = first.running(site)
    first.report(session_id, "started", number=0)
    first.report(session_id, "round_started")
    first.close_round(session_id, 1, site.site_id)
    first.close()
    second = Lab(tmp_path)  # a new engine: it does not know the old run
    second.core.runs.tick()
    assert second.session(session_id)["state"] == "running"
    assert second.session(session_id)["round"] == 1
    assert len(second.engine.started) == 1
    second.close()


def test_what_the_run_wrote_while_the_daemon_was_away_counts_when_it_is_back(tmp_path: Path) -> None:
    first = Lab(tmp_path)
    site = first.site()
    session_id = first.running(site, rounds=1)
    first.close()
    second = Lab(tmp_path)
    second.hint = lambda session_id: None  # type: ignore[method-assign]  # nobody hints: the file alone tells
    second.report(session_id, "started", number=0)
    second.report(session_id, "round_started")
    second.close_round(session_id, 1, site.site_id)
    second.report(session_id, "completed")
    second.core.runs.tick()
    view = second.session(session_id)
    assert (view["state"], view["participations"][0]["rounds_contributed"]) == ("completed", 1)
    assert second.engine.started == []
    second.close()


def test_a_session_waits_for_an_engine_that_is_not_there_and_starts_when_it_comes(tmp_path: Path) -> None:
    class Away(RememberedEngine):
        def start_run(self, session_id: str, plan: str) -> str:
            message = "not there"
            raise PeerUnreachable(message, code="federation.engine_lost")

    lab = Lab(tmp_path)
    site = lab.site()
    there, away = lab.core.runs._engine, Away()
    lab.core.runs._engine = away
    session_id = lab.offer(site)
    site.answer(session_id)
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "starting"
    lab.core.runs._engine = there
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "running"
    lab.close()


def test_a_site_approved_while_the_engine_is_away_is_registered_later(tmp_path: Path) -> None:
    class Away(RememberedEngine):
        def put_node(self, public_key_pem: str, name: str) -> str:
            message = "not there"
            raise PeerUnreachable(message, code="federation.engine_lost")

    lab = Lab(tmp_path)
    there = lab.core.trust_list._engine
    lab.core.trust_list._engine = Away()
    lab.site()
    assert lab.engine.nodes == {}
    lab.core.trust_list._engine = there
    lab.core._settle_nodes()
    assert len(lab.engine.nodes) == 1
    lab.close()


def test_the_gateways_list_is_written_from_the_database_at_the_start(tmp_path: Path) -> None:
    first = Lab(tmp_path)
    site = first.site()
    first.close()
    path = tmp_path / "trust" / "trusted.json"
    path.unlink()
    second = Lab(tmp_path)
    second.core.trust_list.write_file()
    assert site.fingerprint in path.read_text()
    second.close()
