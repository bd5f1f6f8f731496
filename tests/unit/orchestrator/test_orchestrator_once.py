"""A request that was sent again because its answer was lost makes nothing twice."""

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from fl_core.once import HEADER
from model.io.weights import content_hash
from tests.support.orchestrator import HOST, TASK, TOKEN, Lab, SiteActor, write_model
from tests.support.postgres import everything_in

pytestmark = pytest.mark.usefixtures("each_database")
KEY, OTHER = "a-key-of-a-person-1", "a-key-of-a-person-2"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


def post(lab: Lab, path: str, body: object, key: str = KEY, **options: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": HOST, HEADER: key}
    return lab.client.open(f"/api/v1{path}", method="POST", json=body, headers=headers, buffered=True, **options)


def made(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    assert isinstance(answer.json, dict)
    return answer.json


def test_an_invitation_asked_for_again_is_the_same_one_and_only_its_latest_token_opens(lab: Lab) -> None:
    first, second = (made(post(lab, "/invitations", {"site_name": "North"})) for _ in range(2))
    assert first["invitation"] == second["invitation"]
    assert [row["id"] for row in lab.items("/invitations")] == [first["invitation"]["id"]]
    tokens = [json.loads(issued["file"])["token"] for issued in (first, second)]
    assert tokens[0] != tokens[1]
    assert not any(token in everything_in(lab.database) for token in tokens)
    assert SiteActor(lab, "North").enrol(tokens[1]).enrolment_id
    body = {
        "token": tokens[0],
        "csr_pem": SiteActor(lab, "East").csr,
        "site_name": "East",
        "protocol": "1.0",
        "software": "t",
    }
    assert lab.gateway_call("POST", "/enrol/v1/requests", body).status_code >= 400
    again = post(lab, "/invitations", {"site_name": "North"})
    assert again.status_code == 409, "the invitation was used: nobody may reopen it"


def test_a_session_its_start_model_and_its_offers_exist_once(lab: Lab) -> None:
    site = lab.site()
    body = {
        "title": "Heart", "task": TASK, "site_ids": [site.site_id], "strategy": {"name": "fedavg", "parameters": {}}, "rounds": 2, "quorum": 1,
    }  # fmt: skip
    first, second = (made(post(lab, "/sessions", body)) for _ in range(2))
    assert first["id"] == second["id"]
    assert len(lab.items("/sessions")) == len(lab.items("/models")) == 1
    assert sum(1 for event in site.events() if event["type"] == "offer") == 1
    assert made(post(lab, "/sessions", body, OTHER))["id"] != first["id"]


def test_a_session_whose_daemon_died_after_its_start_model_was_made_uses_that_model(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = lab.site()
    body = {
        "title": "Heart", "task": TASK, "site_ids": [site.site_id], "strategy": {"name": "fedavg", "parameters": {}}, "rounds": 2, "quorum": 1,
    }  # fmt: skip

    def dies(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("fl_core.storage.lab_sessions.add", dies)
        with pytest.raises(SystemExit):
            post(lab, "/sessions", body)
    assert [len(lab.items("/sessions")), len(lab.items("/models"))] == [0, 1]
    made(post(lab, "/sessions", body))
    assert [len(lab.items("/sessions")), len(lab.items("/models"))] == [1, 1]


def test_a_random_model_and_an_uploaded_one_exist_once(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"name": "Start", "task": TASK, "seed": 3}
    assert made(post(lab, "/models/initialise", wanted))["id"] == made(post(lab, "/models/initialise", wanted))["id"]
    card = write_model(tmp_path, seed=9)
    file = tmp_path / f"{card.content_hash}.safetensors"
    monkeypatch.setattr(
        lab.core.models,
        "_run_job",
        lambda *_, **__: card.model_dump(mode="json", include={"network", "tensors", "parameters"}),
    )
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": HOST, HEADER: KEY}
    uploaded = [
        made(
            lab.client.post(
                "/api/v1/models",
                data={"file": (io.BytesIO(file.read_bytes()), "m.safetensors"), "name": "Mine", "task": TASK},
                headers=headers,
            )
        )
        for _ in range(2)
    ]
    assert uploaded[0]["id"] == uploaded[1]["id"]
    assert uploaded[0]["sha256"] == content_hash(file)
    assert len(lab.items("/models")) == 2


def test_an_account_invited_again_keeps_its_name_and_only_the_latest_link_opens(lab: Lab) -> None:
    first, second = (made(post(lab, "/accounts", {"name": "Vera", "role": "viewer"})) for _ in range(2))
    assert first["account"]["id"] == second["account"]["id"]
    assert first["link"] != second["link"]
    assert [row["name"] for row in lab.items("/accounts")].count("Vera") == 1
    assert post(lab, "/accounts", {"name": "Vera", "role": "viewer"}, OTHER).status_code == 409


def test_a_key_counts_for_its_route_and_its_time(lab: Lab) -> None:
    made(post(lab, "/invitations", {"site_name": "North"}))
    made(post(lab, "/models/initialise", {"name": "Start", "task": TASK, "seed": 3}))
    assert len(lab.items("/models")) == 1
    assert len({row["id"] for row in lab.items("/invitations")}) == 1


@pytest.mark.parametrize("key", ["short", "x" * 81, "with spaces in the key", "semi;colon;semi;colon"])
def test_what_is_no_key_is_refused(lab: Lab, key: str) -> None:
    answer = post(lab, "/invitations", {}, key)
    assert answer.status_code == 422
    assert lab.items("/invitations") == []


def test_of_two_equal_requests_at_once_one_makes_it(lab: Lab) -> None:
    barrier, answers = threading.Barrier(2), []

    def send() -> None:
        barrier.wait(10)
        answers.append(post(lab, "/invitations", {"site_name": "North"}).status_code)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert set(answers) <= {201, 409} and 201 in answers
    assert len(lab.items("/invitations")) == 1
