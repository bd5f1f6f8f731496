"""One federated training through real daemons, real gateway and relay, real Flower: what both sides hold afterwards."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flomir.daemon_process import DaemonError, DaemonProcess
from flomir.demo import federation as fed
from tests.support.stack import Stack, running_stack, wait_for
from tests.support.studies import write_tiny_study

ROUNDS = 2


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("line"), sites=2) as running:
        yield running


@pytest.fixture(scope="module")
def finished(stack: Stack) -> dict[str, object]:
    session_id = stack.offer(rounds=ROUNDS)
    return stack.wait_state(session_id, "completed", "failed", "stopped", timeout_s=240)


def test_every_round_closes_with_an_update_from_every_site(stack: Stack, finished: dict[str, object]) -> None:
    assert finished["state"] == "completed", finished["reason_text"]
    rounds = finished["rounds"]
    assert isinstance(rounds, list)
    assert [row["round"] for row in rounds] == [1, 2]
    for row in rounds:
        assert {update["site_id"] for update in row["record"]["updates"]} == set(stack.site_ids)


def test_each_closed_round_gives_a_model_version_with_lineage(stack: Stack, finished: dict[str, object]) -> None:
    models = {str(row["id"]): row for row in stack.orchestrator.items("/models")}
    rounds = finished["rounds"]
    assert isinstance(rounds, list)
    first, second = (models[row["model_id"]] for row in rounds)
    assert first["parents"] == [finished["initial_model_id"]]
    assert second["parents"] == [first["id"]]
    assert finished["latest_model_id"] == second["id"]
    assert len({row["sha256"] for row in models.values()}) == len(models)


def test_a_site_holds_its_signed_consent_and_a_receipt_for_each_round(
    stack: Stack, finished: dict[str, object]
) -> None:
    for site in stack.sites:
        request = site.call("GET", f"/requests/{finished['id']}")
        assert request["verified"] is True
        consent = request["consent"]
        assert isinstance(consent, dict)
        assert consent["offer_sha256"] == request["offer_sha256"]
        rounds = _receipts(site, finished)["rounds"]
        assert isinstance(rounds, list)
        assert all(row["sent"]["bytes"] > 0 and row["sent"]["tensors"] > 0 for row in rounds)


def _receipts(site: DaemonProcess, session: dict[str, object]) -> dict[str, object]:
    return wait_for(lambda: _with_receipts(site.call("GET", f"/sessions/{session['id']}")), "the receipts")


def _with_receipts(session: dict[str, object]) -> dict[str, object] | None:
    rounds = session["rounds"]
    assert isinstance(rounds, list)
    return session if len(rounds) == ROUNDS and all(row["sent"] for row in rounds) else None


def test_receipt_and_orchestrator_agree_on_what_was_sent(stack: Stack, finished: dict[str, object]) -> None:
    rounds = finished["rounds"]
    assert isinstance(rounds, list)
    for site, site_id in zip(stack.sites, stack.site_ids, strict=True):
        mine = _receipts(site, finished)["rounds"]
        assert isinstance(mine, list)
        theirs = [update for row in rounds for update in row["record"]["updates"] if update["site_id"] == site_id]
        assert [row["sent"]["sha256"] for row in mine] == [update["sha256"] for update in theirs]


def test_the_final_model_reaches_every_site(stack: Stack, finished: dict[str, object]) -> None:
    latest = stack.orchestrator.call("GET", f"/models/{finished['latest_model_id']}")
    for site in stack.sites:
        received = wait_for(
            lambda site=site: next(
                (row for row in site.items("/models") if row["sha256"] == latest["sha256"] and row["fetched"]), None
            ),  # type: ignore[misc]
            "the final model at a site",
        )
        assert received["final"] is True


def test_both_audit_chains_verify(stack: Stack, finished: dict[str, object]) -> None:
    assert finished["state"] == "completed"
    for daemon in (stack.orchestrator, *stack.sites):
        check = daemon.call("GET", "/audit/verify")
        assert check["ok"] is True
        assert int(str(check["rows"])) > 3


def test_stopping_twice_is_a_conflict_with_advice(stack: Stack, finished: dict[str, object]) -> None:
    answer = stack.orchestrator.client.post(f"/sessions/{finished['id']}/stop")
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "lifecycle.illegal_transition"
    assert problem["advice"]


def test_a_running_session_can_be_stopped_and_resumed(stack: Stack) -> None:
    session_id = stack.offer(rounds=4, local_epochs=2)
    stack.wait_round(session_id, 1)
    stack.orchestrator.call("POST", f"/sessions/{session_id}/stop")
    view = stack.wait_state(session_id, "stopped", timeout_s=60)
    assert view["can_resume"] is True
    closed = stack.closed_rounds(session_id)
    assert 1 <= closed < 4
    stack.orchestrator.call("POST", f"/sessions/{session_id}/resume")
    view = stack.wait_state(session_id, "completed", "failed", timeout_s=180)
    assert view["state"] == "completed", view["reason_text"]
    assert stack.closed_rounds(session_id) == 4


def test_a_declined_session_cannot_start_and_says_why(stack: Stack) -> None:
    session_id = stack.offer_only(rounds=1)
    fed.agree(stack.sites[0], session_id)
    wait_for(
        lambda: [row for row in stack.sites[1].items("/requests") if row["session_id"] == session_id], "the request"
    )
    permissions = {"take_part": False, "train_on_my_data": False, "send_model": "no"}
    stack.sites[1].call(
        "POST", f"/requests/{session_id}/answer", json_body={"decision": "decline", "permissions": permissions}
    )
    wait_for(lambda: _state_of(stack, session_id, stack.site_ids[1]) == "declined", "the refusal to arrive")
    with pytest.raises(DaemonError, match=r"Too few sites|cannot start"):
        stack.orchestrator.call("POST", f"/sessions/{session_id}/start")


def _state_of(stack: Stack, session_id: str, site_id: str) -> str:
    rows = stack.session(session_id)["participations"]
    assert isinstance(rows, list)
    return str(next(row["state"] for row in rows if row["site_id"] == site_id))


def test_no_log_names_a_study_file_a_key_or_a_token(stack: Stack, finished: dict[str, object]) -> None:
    assert finished["state"] == "completed"
    secrets = [(daemon.home / "api.token").read_text().strip() for daemon in (stack.orchestrator, *stack.sites)]
    forbidden = re.compile(
        "|".join([r"study-\d\d\.h5", "BEGIN (EC )?PRIVATE KEY", "BEGIN OPENSSH", *map(re.escape, secrets)])
    )
    logs = [path for path in stack.folder.rglob("*.log*") if path.is_file()]
    assert logs
    for path in logs:
        text = path.read_text(errors="replace")
        found = forbidden.search(text)
        assert found is None, f"{path.name} holds {found.group()[:12] if found else ''}"


def test_what_the_orchestrator_stores_names_no_study(stack: Stack, finished: dict[str, object]) -> None:
    assert finished["state"] == "completed"
    for path in (stack.orchestrator.home / "sessions").rglob("*"):
        if path.is_file() and path.suffix in {".json", ".jsonl"}:
            text = path.read_text()
            assert "study-0" not in text
            assert str(stack.folder / "contributor-1") not in text
            json.loads(text.splitlines()[0]) if path.suffix == ".jsonl" and text else None


def test_model_files_are_safetensors_that_fit_their_hash(stack: Stack, finished: dict[str, object]) -> None:
    import hashlib

    model = stack.orchestrator.call("GET", f"/models/{finished['latest_model_id']}")
    content = stack.orchestrator.client.get(f"/models/{model['id']}/weights").content
    assert hashlib.sha256(content).hexdigest() == model["sha256"]
    assert int.from_bytes(content[:8], "little") < len(content)


def test_daemon_homes_are_private(stack: Stack) -> None:
    for daemon in (stack.orchestrator, *stack.sites):
        for path in Path(daemon.home).rglob("*"):
            if path.is_file() and path.suffix in {".key", ".ssh", ".token", ".secret"}:
                assert path.stat().st_mode & 0o077 == 0, f"{path.name} is readable by others"


def test_scans_without_a_reference_train_where_the_session_learns_from_all_counts(stack: Stack) -> None:
    bare = stack.folder / "bare"
    bare.mkdir()
    for number in range(3):
        write_tiny_study(bare / f"scan-{number}.h5", 900 + number, with_reference=False)
    fed.add_studies(stack.sites[0], bare)
    fed.wait_for_summaries(stack.orchestrator, [(stack.site_ids[0], 6)])
    wanted = {"local_epochs": 1, "holdout_fraction": 0.2, "without_reference": "full-counts"}
    session_id = stack.offer_only(rounds=1, task_parameters=wanted)
    covered = [fed.request_of(site, session_id)["studies_covered"] for site in stack.sites]
    assert covered == [6, 3]
    for site in stack.sites:
        fed.agree(site, session_id)
    ended = stack.wait_state(session_id, "completed", "failed", "stopped", timeout_s=240)
    assert ended["state"] == "completed", ended["reason_text"]
    rounds = ended["rounds"]
    assert isinstance(rounds, list)
    [row] = rounds
    trained = {update["site_id"]: update["num_examples"] for update in row["record"]["updates"]}
    assert trained[stack.site_ids[0]] > trained[stack.site_ids[1]]
