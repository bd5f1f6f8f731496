"""The real contributor daemon against a real orchestrator daemon, over the real gateway, with every child running."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flomir.daemon_process import DaemonError
from flomir.demo import federation as fed
from flomir.waiting import wait_until
from tests.support.stack import JsonObject, Stack, running_stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("pair"), sites=1, studies=3) as one:
        yield one


def _site(stack: Stack) -> Any:
    return stack.sites[0]


def _request(stack: Stack, session_id: str) -> JsonObject:
    def found() -> JsonObject | None:
        rows = [row for row in _site(stack).items("/requests") if row["session_id"] == session_id]
        return rows[0] if rows else None

    return wait_until(found, timeout_s=30, what="the offer")


def _answer(stack: Stack, session_id: str, **permissions: object) -> JsonObject:
    _request(stack, session_id)
    body = {
        "decision": "agree",
        "permissions": {"take_part": True, "train_on_my_data": True, "send_model": "yes", **permissions},
    }
    view: JsonObject = _site(stack).call("POST", f"/requests/{session_id}/answer", json_body=body)
    return view


def test_an_approved_site_is_connected_and_all_its_children_run(stack: Stack) -> None:
    def ready() -> bool:
        children = _site(stack).call("GET", "/system")["children"]
        return {child["name"]: child["state"] for child in children} == {
            "relay": "ready",
            "supernode": "ready",
            "agent": "ready",
        }

    wait_until(ready, timeout_s=60, what="relay, SuperNode and agent")
    view = _site(stack).call("GET", "/enrolment")
    assert view["state"] == "connected"
    [site] = stack.orchestrator.items("/sites")
    assert site["fingerprint"] == view["fingerprint"]
    assert site["data"]["studies_usable"] == 3  # type: ignore[index]


def test_offer_consent_rounds_and_the_final_model_reach_the_professional(stack: Stack) -> None:
    session_id = stack.offer_only(rounds=2, quorum=1)
    view = _answer(stack, session_id)
    assert view["verified"] is True
    assert view["studies_covered"] == 3
    stack.wait_state(session_id, "completed")
    seen = wait_until(
        lambda: next((one for one in _site(stack).items("/models") if one["final"] and one["fetched"]), None),
        timeout_s=30,
        what="the final model",
    )

    def with_receipts() -> Any:
        found = _site(stack).call("GET", f"/sessions/{session_id}")
        return found if [one["phase"] for one in found["rounds"]] == ["sent", "sent"] else None

    session = wait_until(with_receipts, timeout_s=30, what="the site's own record of both rounds")
    assert all(one["sent"]["bytes"] > 0 and one["losses"] for one in session["rounds"])
    assert session["latest_model_id"] == seen["id"]
    closed = wait_until(
        lambda: _request(stack, session_id)["state"] == "closed", timeout_s=30, what="the request to close"
    )
    assert closed


def test_a_held_update_leaves_only_when_the_professional_lets_it_go(stack: Stack) -> None:
    session_id = stack.offer_only(rounds=1, quorum=1)
    _answer(stack, session_id, send_model="ask")

    def held() -> bool:
        rounds = _site(stack).call("GET", f"/sessions/{session_id}")["rounds"]
        return bool(rounds) and rounds[0]["phase"] == "held"

    wait_until(held, timeout_s=60, what="the held update")
    assert stack.closed_rounds(session_id) == 0
    _site(stack).call("POST", f"/sessions/{session_id}/rounds/1/release", json_body={"send": True})
    stack.wait_state(session_id, "completed")


def test_a_withdrawal_reaches_the_orchestrator_and_ends_the_work(stack: Stack) -> None:
    session_id = stack.offer_only(rounds=200, quorum=1, deadline_s=60)
    _answer(stack, session_id)
    stack.wait_round(session_id, 1)
    view = _site(stack).call("POST", f"/sessions/{session_id}/withdraw", json_body={"reason": "test"})
    assert view["consent_state"] == "withdrawn"
    seen = len(_site(stack).call("GET", f"/sessions/{session_id}")["rounds"])
    sent_before = max(seen, stack.closed_rounds(session_id) + 1)  # a row of the present round may be under way

    def told() -> bool:
        sites: Any = stack.session(session_id)["participations"]
        return [site["state"] for site in sites] == ["withdrawn"]

    wait_until(told, timeout_s=30, what="the withdrawal at the orchestrator")
    assert len(_site(stack).call("GET", f"/sessions/{session_id}")["rounds"]) <= sent_before + 1
    with contextlib.suppress(DaemonError):  # it may have failed already, for want of its quorum
        stack.orchestrator.call("POST", f"/sessions/{session_id}/stop")


def test_a_restarted_contributor_goes_on_by_itself(stack: Stack) -> None:
    site = stack.sites[0]
    begun = time.monotonic()
    assert site.stop() == 0
    assert time.monotonic() - begun < 10
    assert _last_word_of_the_node(stack) == "Deactivated"  # it signed off
    session_id = stack.offer_only(rounds=1, quorum=1)
    site.launch()
    site.wait_ready()
    _answer(stack, session_id)
    stack.wait_state(session_id, "completed")
    assert site.call("GET", "/audit/verify")["ok"] is True


def _last_word_of_the_node(stack: Stack) -> str:
    log = (stack.orchestrator.home / "logs" / "superlink.log").read_text()
    return str(re.findall(r"\b(Activated|Deactivated) node_id=", log)[-1])


def test_a_daemon_killed_in_a_round_goes_on_after_its_next_start(stack: Stack) -> None:
    site = stack.sites[0]
    session_id = stack.offer_only(rounds=4, quorum=1)
    _answer(stack, session_id)
    stack.wait_round(session_id, 1)
    os.killpg(site.process.pid, signal.SIGKILL)
    site.process.wait(10)
    site.stop()  # closes this side's ends of its pipes
    site.launch()
    site.wait_ready()
    stack.wait_state(session_id, "completed")
    wait_until(
        lambda: [one["phase"] for one in _site(stack).call("GET", f"/sessions/{session_id}")["rounds"]] == ["sent"] * 4,
        timeout_s=30,
        what="the site's own record of the four rounds",
    )
    assert site.call("GET", "/audit/verify")["ok"] is True


def test_the_command_import_names_what_was_not_taken_and_ends_with_1_because_of_it(
    stack: Stack, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no scan")
    command = [sys.executable, "-P", "-m", "flomir", "contributor", "import", str(tmp_path)]
    command += ["--home", str(_site(stack).home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "cut.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1, done.stderr
    named = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    assert len(named) == 1
    assert named[0].startswith("  cut.h5: ")
    as_json = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False, timeout=120)
    assert (as_json.returncode, json.loads(as_json.stdout)["added"]) == (1, 0)


def test_a_second_daemon_in_the_same_folder_is_refused_and_the_first_goes_on(stack: Stack) -> None:
    site = _site(stack)
    grants = site.home / "flower" / "grants.json"
    command = [sys.executable, "-P", "-m", "flomir", "contributor", "run", "--home", str(site.home), "--headless"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert "Another daemon runs" in second.stderr
    assert "`open`" in second.stderr
    assert site.process.poll() is None
    assert json.loads(grants.read_text())["site_id"] == stack.site_ids[0]
    assert site.call("GET", "/system")["children"]


def test_the_log_holds_no_home_folder_and_no_token(stack: Stack) -> None:
    home: Path = stack.sites[0].home
    token = (home / "api.token").read_text().strip()
    for log in [home / "daemon.log", *(home / "logs").glob("*.log")]:
        text = log.read_text(errors="replace")
        assert token not in text, log.name
        assert str(home / "studies") not in text, log.name


def test_a_revoked_site_is_stopped_within_five_seconds_and_told(stack: Stack) -> None:
    stack.orchestrator.call("POST", f"/sites/{stack.site_ids[0]}/revoke")

    def revoked() -> bool:
        system = _site(stack).call("GET", "/system")
        return system["connection"]["state"] == "revoked" and all(
            child["state"] == "stopped" for child in system["children"]
        )

    wait_until(revoked, timeout_s=5, poll_s=0.05, what="the end of the children")


def test_a_site_that_leaves_in_a_round_tells_the_laboratory_which_goes_on_without_it(stack: Stack) -> None:
    site, laboratory = _site(stack), stack.orchestrator
    issued = laboratory.call("POST", "/invitations", json_body={"site_name": "Comes back"})
    view = site.call("POST", "/enrolment", json_body={"invitation": issued["text"], "site_name": "Comes back"})
    fed.approve(laboratory, str(view["fingerprint"]))
    stack.site_ids = [fed.connected(site)]
    session_id = stack.offer(rounds=50, deadline_s=60)
    stack.wait_state(session_id, "running")
    left = site.call("DELETE", "/enrolment")
    assert (left["state"], left["finding"]["code"]) == ("not_enrolled", "leave.told")
    assert {child["state"] for child in site.call("GET", "/system")["children"]} <= {"stopped"}
    seen = laboratory.call("GET", f"/sites/{stack.site_ids[0]}")
    assert (seen["state"], seen["online"]) == ("left", False)
    parts = stack.session(session_id)["participations"]
    assert isinstance(parts, list)
    assert [part["state"] for part in parts] == ["withdrawn"]
    assert "Comes back has left the federation." in [line["text"] for line in laboratory.items("/activity")]
    for side in (site, laboratory):
        assert side.call("GET", "/audit/verify")["ok"] is True
