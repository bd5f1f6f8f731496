"""A running session is extended, gets a further site and leaves one out, through real daemons and real Flower."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from flomir.daemon_process import DaemonProcess
from flomir.demo import federation as fed
from tests.support.stack import Stack, running_stack, wait_for

LOCAL_EPOCHS = 20


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("changes"), sites=2) as running:
        yield running


def _kill_and_restart(stack: Stack) -> None:
    """End every process of the orchestrator without a chance to finish anything, then start it on the same home."""
    os.killpg(stack.orchestrator.process.pid, signal.SIGKILL)
    stack.orchestrator.stop()
    stack.orchestrator.launch()
    stack.orchestrator.wait_ready()


def _wait_for_training(stack: Stack, session_id: str, number: int) -> None:
    """Wait until every site that a round was sent to trains in it: no message is under way then."""

    def trains() -> bool:
        view: Any = stack.session(session_id)
        found = [row["progress"] for row in view["participations"] if row["state"] == "training"]
        begun = view["state"] == "running" and bool(found)
        return begun and all(one and one["round"] == number and one["phase"] == "training" for one in found)

    wait_for(trains, f"every site to train in round {number}", 60)


def _further(stack: Stack, index: int, session_id: str, decision: str = "agree") -> None:
    site = stack.sites[index]
    wait_for(lambda: site.call("GET", f"/requests/{session_id}")["further"], "the further offer at the site")
    agree = decision == "agree"
    permissions = {"take_part": agree, "train_on_my_data": agree, "send_model": "yes" if agree else "no"}
    site.call("POST", f"/requests/{session_id}/further", json_body={"decision": decision, "permissions": permissions})


def _sites_of(view: Any) -> dict[int, set[str]]:
    return {
        row["round"]: {one["site_id"] for one in row["record"]["updates"]} for row in view["rounds"] if row["record"]
    }


@pytest.mark.slow
def test_an_extension_survives_a_kill_and_only_who_signed_trains_the_further_rounds(stack: Stack) -> None:
    session_id = stack.offer(rounds=2, quorum=1, local_epochs=LOCAL_EPOCHS)
    _wait_for_training(stack, session_id, 1)
    stack.orchestrator.call("POST", f"/sessions/{session_id}/extend", json_body={"rounds": 4})
    _kill_and_restart(stack)
    assert stack.session(session_id)["rounds_planned"] == 4
    stack.wait_state(session_id, "paused", timeout_s=120)
    assert stack.closed_rounds(session_id) == 2
    _further(stack, 0, session_id)
    _further(stack, 1, session_id, "decline")
    view = stack.wait_state(session_id, "completed", "failed", timeout_s=150)
    assert view["state"] == "completed", view["reason_text"]
    both, first = set(stack.site_ids), {stack.site_ids[0]}
    assert _sites_of(view) == {1: both, 2: both, 3: first, 4: first}


@pytest.mark.slow
def test_a_further_site_joins_and_another_is_left_out_between_rounds(stack: Stack) -> None:
    first, second = stack.site_ids
    session_id = stack.offer_only(rounds=5, quorum=1, local_epochs=LOCAL_EPOCHS, site_ids=[first])
    fed.agree(stack.sites[0], session_id)
    stack.wait_round(session_id, 1)
    stack.orchestrator.call("POST", f"/sessions/{session_id}/sites", json_body={"add": [second]})
    fed.agree(stack.sites[1], session_id)
    wait_for(
        lambda: second in _sites_of(stack.session(session_id)).get(_last(stack, session_id), ()), "both to train", 90
    )
    _wait_for_training(stack, session_id, _last(stack, session_id) + 1)
    stack.orchestrator.call("POST", f"/sessions/{session_id}/sites", json_body={"leave_out": [first]})
    _kill_and_restart(stack)
    view = stack.wait_state(session_id, "completed", "failed", timeout_s=150)
    assert view["state"] == "completed", view["reason_text"]
    trained = _sites_of(view)
    assert trained[1] == {first}
    assert trained[5] == {second}


def _last(stack: Stack, session_id: str) -> int:
    return max(_sites_of(stack.session(session_id)), default=0)


def test_an_abort_is_kept_by_a_kill_and_closes_the_request_at_the_site(stack: Stack) -> None:
    session_id = stack.offer_only(rounds=1)
    wait_for(
        lambda: [row for row in stack.sites[0].items("/requests") if row["session_id"] == session_id], "the request"
    )
    stack.orchestrator.call("POST", f"/sessions/{session_id}/abort")
    _kill_and_restart(stack)
    assert stack.session(session_id)["state"] == "aborted"
    for site in stack.sites:
        wait_for(lambda site=site: site.call("GET", f"/requests/{session_id}")["state"] == "closed", "it to close")  # type: ignore[misc]
        # the session's state reaches a site before the signed withdrawal does, and closes the request as well
        wait_for(lambda site=site: "request.recalled" in _actions(site), "the signed withdrawal")  # type: ignore[misc]


def _actions(site: DaemonProcess) -> set[object]:
    return {row["action"] for row in site.items("/audit?limit=1000")}
