"""Weights of closed rounds: the newest stay for the next run, what is removed for good is nowhere."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.schemas_settings import Retention
from orchestrator.services.models import Models
from tests.support.orchestrator import Lab

pytestmark = pytest.mark.usefixtures("each_database")

KEEP = Retention(activity_days=0, presence_days=0, bin_days=0, log_mib=1)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


def test_of_a_long_session_only_the_two_newest_rounds_lie_beside_its_plan_and_every_model_is_kept(lab: Lab) -> None:
    session_id = _trained(lab, rounds=4)
    assert _round_files(lab, session_id) == ["round-0003.safetensors", "round-0004.safetensors"]
    made = [model for model in lab.items("/models") if model["session_id"] == session_id]
    assert len(made) == 4
    assert all((lab.home / "models" / f"{model['sha256']}.safetensors").is_file() for model in made)


def test_a_round_that_has_no_model_keeps_its_weights(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    session_id = lab.running(lab.site(), rounds=4)
    lab.report(session_id, "started", number=0)
    monkeypatch.setattr("orchestrator.services.round_closing.RoundClosing.prepare", lambda *args: None)
    _close(lab, session_id, 1)
    monkeypatch.undo()
    for number in (2, 3, 4):
        _close(lab, session_id, number)
    assert _round_files(lab, session_id) == [f"round-{number:04d}.safetensors" for number in (1, 3, 4)]


def test_a_model_removed_for_good_is_nowhere_on_this_computer(lab: Lab) -> None:
    session_id = _trained(lab, rounds=2)
    last = _last_model(lab, session_id)
    lab.ok("DELETE", f"/models/{last['id']}")
    assert _round_files(lab, session_id)[-1] == "round-0002.safetensors"  # it can still be restored
    lab.ok("DELETE", f"/models/{last['id']}/remains")
    assert _round_files(lab, session_id) == ["round-0001.safetensors"]
    assert list(lab.home.rglob(f"{last['sha256']}*")) == []


def test_a_session_whose_last_weights_were_removed_says_so_instead_of_beginning_anew(lab: Lab) -> None:
    session_id = _trained(lab, rounds=3, closed=2)
    lab.ok("POST", f"/sessions/{session_id}/stop")
    lab.report(session_id, "stopped", number=3)
    _remove(lab, session_id)
    for what, body in (("resume", None), ("extend", {"rounds": 5})):
        refused = lab.call("POST", f"/sessions/{session_id}/{what}", body)
        assert (refused.status_code, (refused.json or {})["code"]) == (409, "session.weights_gone")
    assert lab.session(session_id)["state"] == "stopped"
    assert len(lab.engine.started) == 1


def test_a_session_without_a_closed_round_whose_first_model_was_deleted_says_so_until_it_is_restored(lab: Lab) -> None:
    session_id = lab.running(lab.site(), rounds=2)
    lab.report(session_id, "started", number=0)
    lab.ok("POST", f"/sessions/{session_id}/stop")
    lab.report(session_id, "stopped", number=1)
    first = lab.session(session_id)["initial_model_id"]
    lab.ok("DELETE", f"/models/{first}")
    for what, body in (("resume", None), ("extend", {"rounds": 5})):
        refused = lab.call("POST", f"/sessions/{session_id}/{what}", body)
        assert (refused.status_code, (refused.json or {})["code"]) == (409, "session.first_model_gone")
    lab.ok("POST", f"/models/{first}/restore")
    lab.ok("POST", f"/sessions/{session_id}/resume")
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "running"


def test_a_file_that_vanishes_before_the_start_fails_the_session_instead_of_being_looked_for_for_ever(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.offer(site)
    site.answer(session_id)
    assert lab.session(session_id)["state"] == "starting"
    for path in (lab.home / "models").glob("*.safetensors"):
        path.unlink()
    lab.core.runs.tick()
    session = lab.session(session_id)
    assert (session["state"], session["reason"]) == ("failed", "session.first_model_gone")


def test_a_session_that_cannot_start_by_itself_says_why_once(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.offer(site)
    for path in (lab.home / "models").glob("*.safetensors"):
        path.unlink()
    assert site.answer(session_id).status_code == 204
    session = lab.session(session_id)
    assert (session["state"], session["reason"]) == ("offered", "session.first_model_gone")
    told = len(lab.deltas)
    lab.core.runs.tick()
    assert len(lab.deltas) == told


def test_a_session_that_waited_for_consent_says_why_it_does_not_go_on(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.running(site, rounds=1)
    lab.report(session_id, "started", number=0)
    _close(lab, session_id, 1)
    lab.report(session_id, "completed")
    lab.ok("POST", f"/sessions/{session_id}/extend", {"rounds": 2})
    (lab.home / "sessions" / session_id / "round-0001.safetensors").unlink()
    assert site.answer(session_id).status_code == 204
    session = lab.session(session_id)
    assert (session["state"], session["reason"]) == ("paused", "session.weights_gone")


def test_a_session_that_goes_on_keeps_the_weights_it_goes_on_from_until_it_is_over(lab: Lab) -> None:
    session_id = _trained(lab, rounds=3, closed=2)
    _remove(lab, session_id)
    lab.core.pruning.prune(KEEP)
    assert _round_files(lab, session_id)[-1] == "round-0002.safetensors"
    lab.ok("POST", f"/sessions/{session_id}/stop")
    lab.report(session_id, "stopped", number=3)
    lab.core.pruning.prune(KEEP)
    assert _round_files(lab, session_id) == ["round-0001.safetensors"]


@pytest.mark.parametrize("killed_before", ["_to_bin", "drop_file"])
def test_a_kill_leaves_nothing_of_a_model_that_is_removed_for_good(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, killed_before: str
) -> None:
    session_id = _trained(lab, rounds=2)
    last = _last_model(lab, session_id)
    with monkeypatch.context() as patched:
        patched.setattr(Models, killed_before, lambda models, sha256: None)
        _remove(lab, session_id)
    lab.core.pruning.prune(KEEP)
    assert list(lab.home.rglob(f"{last['sha256']}*")) == []
    assert len(list((lab.home / "models").glob("*.safetensors"))) == 2  # the first model and round 1


def test_weights_that_another_model_needs_stay(lab: Lab) -> None:
    first, twin = (
        lab.ok("POST", "/models/initialise", {"name": name, "task": "brain-segmentation", "seed": 1})
        for name in ("First", "Twin")
    )
    lab.ok("DELETE", f"/models/{first['id']}")
    lab.ok("DELETE", f"/models/{first['id']}/remains")
    lab.core.pruning.prune(KEEP)
    assert (lab.home / "models" / f"{twin['sha256']}.safetensors").is_file()
    lab.ok("DELETE", f"/models/{twin['id']}")
    lab.core.pruning.prune(KEEP)
    assert lab.ok("POST", f"/models/{twin['id']}/restore")["id"] == twin["id"]


def _trained(lab: Lab, *, rounds: int, closed: int | None = None) -> str:
    session_id = lab.running(lab.site(), rounds=rounds)
    lab.report(session_id, "started", number=0)
    for number in range(1, (closed or rounds) + 1):
        _close(lab, session_id, number)
    if closed is None:
        lab.report(session_id, "completed", number=rounds)
        assert lab.session(session_id)["state"] == "completed"
    return session_id


def _close(lab: Lab, session_id: str, number: int) -> None:
    [site_id] = [part["site_id"] for part in lab.session(session_id)["participations"]]
    lab.report(session_id, "round_started", number=number)
    lab.close_round(session_id, number, site_id)


def _last_model(lab: Lab, session_id: str) -> dict[str, Any]:
    made = [model for model in lab.items("/models") if model["session_id"] == session_id]
    return max(made, key=lambda model: int(model["round"]))


def _remove(lab: Lab, session_id: str) -> None:
    model_id = _last_model(lab, session_id)["id"]
    for path in itertools.accumulate((f"/models/{model_id}", "/remains")):
        lab.ok("DELETE", path)


def _round_files(lab: Lab, session_id: str) -> list[str]:
    return sorted(path.name for path in (lab.home / "sessions" / session_id).glob("round-*.safetensors"))
