"""A daemon that was killed goes on from its database and its folders."""

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fl_core.errors import PeerUnreachable, StorageFailed
from fl_core.protocol.plan import SessionControl
from orchestrator.services.session_folder import SessionFolder
from orchestrator.services.session_wishes import SessionWishes
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


def test_a_pause_that_a_kill_cut_short_comes_about_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Lab(tmp_path)
    session_id = first.running(first.site())
    with _killed_after_the_commit(monkeypatch):
        first.ok("POST", f"/sessions/{session_id}/pause")
    assert first.control(session_id).pause_after_round is False
    first.core.runs.tick()  # the run goes on
    assert first.control(session_id).pause_after_round is True
    first.core.sessions.go_on(session_id)
    with _killed_after_the_commit(monkeypatch):
        first.ok("POST", f"/sessions/{session_id}/pause")
    first.close()
    second = Lab(tmp_path)  # a new run, which reads the wishes at its start
    second.core.runs.tick()
    assert len(second.engine.started) == 1
    assert second.control(session_id).pause_after_round is True
    second.close()


def test_a_session_that_was_resumed_just_before_a_kill_does_not_stop_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Lab(tmp_path)
    site = first.site()
    session_id = first.running(site)
    first.report(session_id, "started", number=0)
    first.report(session_id, "round_started", "update_received", site_id=site.site_id)
    first.ok("POST", f"/sessions/{session_id}/combine-now")
    first.ok("POST", f"/sessions/{session_id}/stop")
    first.report(session_id, "stopped")
    assert (first.control(session_id).stop, first.control(session_id).combine_now) == (True, 1)
    with _killed_after_the_commit(monkeypatch):
        first.ok("POST", f"/sessions/{session_id}/resume")
    first.close()
    second = Lab(tmp_path)
    second.core.runs.tick()
    assert second.session(session_id)["state"] == "running"
    assert second.control(session_id) == SessionControl()
    second.close()


def test_a_pause_and_a_withdrawal_at_the_same_moment_both_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path)
    site, other = lab.site("North"), lab.site("East")
    session_id = lab.running(site, other)
    peer = threading.Thread(target=site.withdraw, args=[session_id])
    read = SessionFolder.control

    def read_and_be_interrupted(folder: SessionFolder) -> SessionControl | None:
        found = read(folder)
        if peer.ident is None:
            peer.start()
            peer.join(1)
        return found

    monkeypatch.setattr(SessionFolder, "control", read_and_be_interrupted)
    lab.ok("POST", f"/sessions/{session_id}/pause")
    peer.join()
    control = lab.control(session_id)
    assert (control.pause_after_round, control.withdrawn) == (True, (site.site_id,))
    lab.close()


@pytest.mark.parametrize("step", ["shutil.copyfileobj", "tempfile.mkstemp", "save_card"])
def test_a_round_whose_weights_find_no_room_is_closed_with_its_model_once_there_is_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    lab = Lab(tmp_path)
    site = lab.site()
    session_id = lab.running(site)
    lab.report(session_id, "started", number=0)
    lab.report(session_id, "round_started")
    hint, lab.hint = lab.hint, lambda session_id: None  # type: ignore[method-assign]  # what it hits is seen below
    lab.close_round(session_id, 1, site.site_id)
    with monkeypatch.context() as patched:
        patched.setattr(f"orchestrator.services.models.{step}", full)
        lab.core.runs.tick()  # survives it
        with pytest.raises(StorageFailed) as caught:
            lab.core.ingest.read(session_id)
        assert caught.value.code == "storage.disk_full"
    assert [one["state"] for one in lab.session(session_id)["rounds"]] == ["running"]
    lab.core.runs.tick()
    hint(session_id)  # nothing is left to read
    [closed] = lab.session(session_id)["rounds"]
    [made] = [model for model in lab.items("/models") if model["session_id"] == session_id]
    assert (closed["state"], closed["model_id"]) == ("closed", made["id"])
    assert lab.session(session_id)["participations"][0]["rounds_contributed"] == 1
    assert [event["payload"]["round"] for event in site.events() if event["type"] == "model"] == [1]
    assert [path.name for path in (lab.home / "models").glob(".*")] == []
    lab.close()


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


@contextmanager
def _killed_after_the_commit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave what is committed without its effect on the run's files."""
    with monkeypatch.context() as patched:
        patched.setattr(SessionWishes, "settle", lambda wishes, session_id: None)
        yield
