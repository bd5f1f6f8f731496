"""Promises about progress and models: taken over exactly once, and nothing is believed without its hash."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fl_core.flower import progress_file
from fl_core.protocol.messages import Json, ModelNews
from fl_core.protocol.plan import RunnerEvent, SentUpdate
from fl_core.storage.site_results import OwnResultRecord, OwnResultStore
from model.io.weights import ModelCard, describe_arrays, encode_arrays
from tests.support.contributor import FakeOrchestrator, TestSite, enrolled_site, wait_for


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as one:
        yield one


@pytest.fixture
def session_id(site: TestSite) -> str:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    return session_id


def _write(site: TestSite, session_id: str, *events: dict[str, object], end: str = "\n") -> None:
    lines = [
        RunnerEvent.model_validate(
            {"seq": index, "at": datetime.now(UTC), "session_id": session_id, "round": 1, **event}
        ).model_dump_json()
        for index, event in enumerate(events)
    ]
    site.paths.progress.parent.mkdir(parents=True, exist_ok=True)
    with site.paths.progress.open("a") as stream:
        stream.write("\n".join(lines) + end)


SENT = SentUpdate(bytes=1000, tensors=1, shapes={"w": (2, 2)}, sha256="a" * 64, norm=1.5, num_examples=3)
ROUND: tuple[dict[str, object], ...] = (
    {"phase": "received"},
    {"phase": "scoring", "metrics": {"score_nrmse_body": 0.5}},
    {"phase": "training", "fraction": 0.5, "loss": 2.0},
    {"phase": "training", "fraction": 1.0, "loss": 1.0},
    {"phase": "sending"},
    {"phase": "sent", "sent": SENT.model_dump(), "fraction": 1.0},
)


def test_a_round_is_shown_with_its_losses_scores_and_receipt(site: TestSite, session_id: str) -> None:
    _write(site, session_id, *ROUND)
    site.daemon.services.participation.ingest()
    [shown] = site.client.get(f"/api/v1/sessions/{session_id}").json["rounds"]
    assert shown["phase"] == "sent"
    assert shown["losses"] == [2.0, 1.0]
    assert shown["scores"] == {"nrmse_body": 0.5}
    assert shown["sent"] == SENT.model_dump(exclude={"shapes"})
    receipt = site.client.get(f"/api/v1/sessions/{session_id}/rounds/{shown['round']}/receipt").json
    assert receipt == SENT.model_dump(mode="json")
    assert site.client.get(f"/api/v1/sessions/{session_id}/rounds/99/receipt").status_code == 404
    assert shown["ended_at"]
    assert site.client.get(f"/api/v1/sessions/{session_id}").json["bytes_sent"] == 1000
    assert "update.sent" in site.audit_actions()


def test_reading_again_changes_nothing(site: TestSite, session_id: str) -> None:
    _write(site, session_id, *ROUND)
    assert site.daemon.services.participation.ingest() == len(ROUND)
    before = site.client.get(f"/api/v1/sessions/{session_id}").json
    assert site.daemon.services.participation.ingest() == 0
    assert site.client.get(f"/api/v1/sessions/{session_id}").json == before
    assert site.audit_actions().count("update.sent") == 1


def test_every_update_that_left_is_written_down_however_many_are_read_at_once(site: TestSite, session_id: str) -> None:
    _write(site, session_id, *ROUND, *ROUND)
    site.daemon.services.participation.ingest()
    assert site.audit_actions().count("update.sent") == 2


def test_a_round_that_came_again_with_another_model_is_told_and_the_receipt_stays(
    site: TestSite, session_id: str
) -> None:
    _write(site, session_id, *ROUND)
    site.daemon.services.participation.ingest()
    before = site.client.get(f"/api/v1/sessions/{session_id}").json
    _write(site, session_id, {"phase": "failed", "code": "round.answered_before"})
    site.daemon.services.participation.ingest()
    assert site.client.get(f"/api/v1/sessions/{session_id}").json == before
    assert site.audit_actions().count("round.refused") == 1
    assert site.audit_actions().count("update.sent") == 1


def test_a_round_that_is_asked_for_again_keeps_the_receipt_of_the_update_that_left(
    site: TestSite, session_id: str
) -> None:
    _write(site, session_id, *ROUND)
    site.daemon.services.participation.ingest()
    [before] = site.client.get(f"/api/v1/sessions/{session_id}").json["rounds"]
    _write(site, session_id, {"phase": "received"}, {"phase": "failed", "code": "site.outside_hours"})
    site.daemon.services.participation.ingest()
    shown = site.client.get(f"/api/v1/sessions/{session_id}").json
    [again] = shown["rounds"]
    assert (again["phase"], again["code"], shown["bytes_sent"]) == ("failed", "site.outside_hours", 1000)
    assert {name: again[name] for name in ("sent", "scores", "started_at")} == {
        name: before[name] for name in ("sent", "scores", "started_at")
    }


def test_a_round_that_had_to_wait_and_is_asked_for_again_starts_when_it_comes(site: TestSite, session_id: str) -> None:
    first, then = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    outside = {"phase": "failed", "code": "site.outside_hours", "at": first}
    _write(site, session_id, {"phase": "received", "at": first}, outside, {"phase": "received", "at": then})
    site.daemon.services.participation.ingest()
    [shown] = site.client.get(f"/api/v1/sessions/{session_id}").json["rounds"]
    assert datetime.fromisoformat(shown["started_at"]) == then


def test_a_long_progress_file_is_cut_and_the_next_rounds_are_taken_over_once(
    site: TestSite, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_file, "LEAST_CUT_BYTES", 1000)
    for number in (1, 2, 3):
        _write(site, session_id, *({**event, "round": number} for event in ROUND))
        assert site.daemon.services.participation.ingest() == len(ROUND)
        assert site.paths.progress.stat().st_size < 1000
        assert site.daemon.services.participation.ingest() == 0
    rounds = site.client.get(f"/api/v1/sessions/{session_id}").json["rounds"]
    assert [(one["round"], one["losses"]) for one in rounds] == [(number, [2.0, 1.0]) for number in (1, 2, 3)]
    assert site.audit_actions().count("update.sent") == 3


def test_a_half_written_line_waits_for_its_end(site: TestSite, session_id: str) -> None:
    _write(site, session_id, {"phase": "received"}, end="")
    assert site.daemon.services.participation.ingest() == 0
    with site.paths.progress.open("a") as stream:
        stream.write("\n")
    assert site.daemon.services.participation.ingest() == 1


def test_a_broken_line_does_not_stop_the_lines_after_it(site: TestSite, session_id: str) -> None:
    site.paths.progress.parent.mkdir(parents=True, exist_ok=True)
    site.paths.progress.write_text("{broken\n")
    _write(site, session_id, {"phase": "training", "fraction": 0.25})
    site.daemon.services.participation.ingest()
    assert site.client.get(f"/api/v1/sessions/{session_id}").json["rounds"][0]["fraction"] == 0.25


def test_a_failed_round_names_its_code(site: TestSite, session_id: str) -> None:
    _write(site, session_id, {"phase": "failed", "code": "compute.diverged"})
    site.daemon.services.participation.ingest()
    [shown] = site.client.get(f"/api/v1/sessions/{session_id}").json["rounds"]
    assert shown["code"] == "compute.diverged"


def test_the_runners_last_word_is_taken_over_without_a_hint_though_the_session_has_ended(
    site: TestSite, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    participation = site.daemon.services.participation
    _write(site, session_id, {"phase": "held"})
    participation.ingest()
    participation.take_news(
        {"session_id": session_id, "state": "failed", "round": 1, "rounds": 2, "reason": "federation.quorum_missed"}
    )
    _write(site, session_id, {"seq": 1, "phase": "withdrawn", "code": "consent.missing"})
    once = iter([False, True])
    monkeypatch.setattr(site.daemon, "_stopped", SimpleNamespace(wait=lambda _pause_s: next(once), set=lambda: None))
    site.daemon._tick()
    [shown] = site.client.get(f"/api/v1/sessions/{session_id}").json["rounds"]
    assert shown["phase"] == "withdrawn"
    monkeypatch.undo()


def test_unknown_sessions_are_not_found(site: TestSite) -> None:
    assert site.client.get("/api/v1/sessions/none").status_code == 404
    assert site.client.get("/api/v1/sessions").json["items"] == []


def _news(content: bytes, **changes: object) -> Json:
    arrays = {"w": np.ones((2, 2), np.float32)}
    sha256 = hashlib.sha256(content).hexdigest()
    card = ModelCard(
        task="spect-reconstruction",
        network={"name": "unrolled_em"},
        tensors=describe_arrays(arrays),
        parameters=4,
        content_hash=sha256,
        created_at="2026-01-01T00:00:00+00:00",
    )
    news = ModelNews(
        session_id="session-000000000001",
        round=3,
        rounds=3,
        model_id="model-1",
        name="Cardiac SPECT",
        sha256=sha256,
        size_bytes=len(content),
        task="spect-reconstruction",
        metrics={"nrmse_body": 0.3},
        final=True,
        card=card.model_dump(mode="json"),
    )
    return news.model_copy(update=changes).model_dump(mode="json")


WEIGHTS = encode_arrays({"w": np.ones((2, 2), np.float32)})


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[TestSite, FakeOrchestrator]]:
    other: list[FakeOrchestrator] = []
    with enrolled_site(tmp_path, site_client=lambda *_: other[0].client()) as site:
        other.append(FakeOrchestrator(site.authority))
        site.daemon.uplink.start()
        wait_for(lambda: site.client.get("/api/v1/enrolment").json["state"] == "connected")
        yield site, other[0]


def test_a_final_model_is_fetched_by_itself(served: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = served
    other.weights = WEIGHTS
    other.add_event("model", _news(WEIGHTS, session_id=site.receive()))
    wait_for(lambda: any(one["fetched"] for one in site.client.get("/api/v1/models").json["items"]))
    with site.client.get("/api/v1/models/model-1/weights") as answer:
        assert answer.data == WEIGHTS
    row = site.daemon.services.records.audit_rows(after=0, limit=1000)[-1]
    assert (row.action, row.subject) == ("model.downloaded", "model-1")
    [path] = site.paths.models.glob("*.safetensors")
    assert path.stem == hashlib.sha256(WEIGHTS).hexdigest()


def test_only_models_of_known_sessions_come_by_themselves(served: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = served
    other.weights = WEIGHTS
    site.daemon.services.models.receive(_news(WEIGHTS, final=True))
    site.daemon.services.models.fetch_final()
    assert [one["fetched"] for one in site.client.get("/api/v1/models").json["items"]] == [False]
    assert site.client.post("/api/v1/models/model-1/fetch").json["fetched"] is True


def test_removed_weights_make_room_and_come_back_by_hand_only(served: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = served
    other.weights = WEIGHTS
    models = site.daemon.services.models
    other.add_event("model", _news(WEIGHTS, session_id=site.receive()))
    wait_for(lambda: any(one["fetched"] for one in site.client.get("/api/v1/models").json["items"]))
    assert site.client.get("/api/v1/storage").json["models_bytes"] > len(WEIGHTS)
    answer = site.client.delete("/api/v1/models/model-1/weights")
    assert (answer.status_code, answer.json["fetched"]) == (200, False)
    assert list(site.paths.models.iterdir()) == []
    assert site.client.get("/api/v1/storage").json["models_bytes"] == 0
    assert site.told("storage")
    models.fetch_final()
    assert models.get("model-1").fetched is False
    assert site.client.post("/api/v1/models/model-1/fetch").json["fetched"] is True
    assert site.audit_actions().count("model.weights_removed") == 1


def test_weights_that_another_model_has_too_stay_for_it(served: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = served
    other.weights = WEIGHTS
    for name in ("model-1", "model-2"):
        site.daemon.services.models.receive(_news(WEIGHTS, final=False, model_id=name))
        site.client.post(f"/api/v1/models/{name}/fetch")
    site.client.delete("/api/v1/models/model-1/weights")
    with site.client.get("/api/v1/models/model-2/weights") as answer:
        assert answer.data == WEIGHTS


def test_weights_are_kept_while_something_is_computed_with_them(served: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = served
    other.weights = WEIGHTS
    site.daemon.services.models.receive(_news(WEIGHTS, final=False))
    site.client.post("/api/v1/models/model-1/fetch")
    result = OwnResultRecord(
        id="result-00000000000a", session_id="s", model_id="model-1", state="queued", created_at=datetime.now(UTC)
    )
    with site.daemon.database.begin() as tx:
        OwnResultStore(site.daemon.database).add(tx, result)
    answer = site.client.delete("/api/v1/models/model-1/weights")
    assert (answer.status_code, answer.json["code"]) == (409, "result.running")
    assert list(site.paths.models.glob("*.safetensors"))


def test_a_model_that_would_use_up_the_disk_is_not_fetched(
    served: tuple[TestSite, FakeOrchestrator], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, other = served
    other.weights = WEIGHTS
    site.daemon.services.models.receive(_news(WEIGHTS, final=False))
    free = site.daemon.services.storage.view().reserve_bytes + len(WEIGHTS) - 1
    monkeypatch.setattr(site.daemon.services.storage, "_free_bytes", lambda _: free)
    answer = site.client.post("/api/v1/models/model-1/fetch")
    assert (answer.status_code, answer.json["code"]) == (507, "storage.disk_low")
    assert not site.paths.models.exists() or list(site.paths.models.iterdir()) == []


def test_a_list_of_models_leaves_their_tensors_to_the_single_one(site: TestSite) -> None:
    site.daemon.services.models.receive(_news(WEIGHTS, final=False, session_id=site.receive()))
    [listed] = site.client.get("/api/v1/models").json["items"]
    whole = site.client.get("/api/v1/models/model-1").json
    assert whole["card"].pop("tensors")
    assert listed == whole
    assert listed["session_title"]


@pytest.mark.parametrize("content", [WEIGHTS[:-1] + b"x", WEIGHTS[:-4], WEIGHTS + b"more"])
def test_weights_that_are_not_what_was_announced_are_not_kept(
    served: tuple[TestSite, FakeOrchestrator], content: bytes
) -> None:
    site, other = served
    other.weights = content
    other.add_event("model", _news(WEIGHTS, final=False))
    wait_for(lambda: bool(site.client.get("/api/v1/models").json["items"]))
    answer = site.client.post("/api/v1/models/model-1/fetch")
    assert answer.json["code"] in {"model.invalid", "upload.too_large"}
    assert list(site.paths.models.iterdir()) == []
    assert site.client.get("/api/v1/models/model-1/weights").status_code == 409


def test_a_model_cannot_be_fetched_while_nobody_answers(site: TestSite) -> None:
    site.daemon.services.models.receive(_news(WEIGHTS, final=False))
    answer = site.client.post("/api/v1/models/model-1/fetch")
    assert answer.status_code == 503
    assert answer.json["retryable"] is True
