"""Long lists come in parts and in short: every row exactly once, and what is long of it with the single one only."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from fl_core.protocol.messages import Json, ModelNews, SitePhase
from fl_core.protocol.plan import RunnerEvent, SentUpdate
from fl_core.storage.site_imports import FileState, ImportStore
from fl_core.storage.site_models import ReconstructionRecord, ReconstructionStore
from fl_core.storage.site_results import OwnResultRecord, OwnResultStore
from fl_core.storage.site_sessions import SiteSessionStore
from tests.support.contributor import TestSite, enrolled_site, make_offer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SENT = SentUpdate(bytes=1000, tensors=1, shapes={"w": (2, 2)}, sha256="a" * 64, norm=1.5, num_examples=3)
SESSIONS, ROUNDS, RESULTS = 4, 3, 5
CASE: Json = {"name": "scan-0", "patient": "1", "scores": {"osem": {"nrmse_body": 0.5}}, "arrays": []}
FOUND: Json = {
    "metrics": [], "cases": [CASE], "patients": 1, "trained_on": 1, "rounds": [1], "steps": 1, "left_out": 0,
}  # fmt: skip
LISTS = {
    "/sessions": SESSIONS,
    "/requests": SESSIONS + 1,
    "/models": SESSIONS,
    "/results": RESULTS,
    "/reconstructions": RESULTS,
    "/imports": RESULTS,
}


def _rounds(session_id: str, number: int) -> list[RunnerEvent]:
    told: list[Json] = [{"phase": "received"}, {"phase": "training", "loss": 2.0}, {"phase": "training", "loss": 1.0}]
    last: Json = (
        {"phase": "held"} if number == ROUNDS else {"phase": "sent", "sent": SENT.model_dump(), "fraction": 1.0}
    )
    return [
        RunnerEvent.model_validate({"seq": 0, "at": NOW, "session_id": session_id, "round": number, **event})
        for event in (*told, last)
    ]


def _fill(site: TestSite) -> None:
    """Agree to sessions, whose last round is held; make the same number of everything else."""
    [study] = site.add_studies(1)
    site.receive(make_offer(session_id="session-open", title="Not answered"))
    database = site.daemon.database
    results, made, imports = OwnResultStore(database), ReconstructionStore(database), ImportStore(database)
    sessions = SiteSessionStore(database)
    for number in range(SESSIONS):
        session_id = f"session-{number}"
        site.receive(make_offer(session_id=session_id, title=f"Heart {number}"))
        site.answer(session_id)
        news = ModelNews(
            model_id=f"model-{number}", session_id=session_id, round=1, rounds=3, final=False, name=f"Weights {number}",
            task="spect-reconstruction", sha256=f"{number:064d}", size_bytes=1, metrics={}, card={"tensors": {"w": [1]}},
        )  # fmt: skip
        site.daemon.services.models.receive(news.model_dump(mode="json"))
        with site.daemon.database.begin() as tx:
            sessions.take(tx, [event for round_ in range(1, ROUNDS + 1) for event in _rounds(session_id, round_)], 0)
    with site.daemon.database.begin() as tx:
        for number in range(RESULTS):
            at = NOW + timedelta(minutes=number // 2)  # some at the same time
            state, result = ("done", FOUND) if number % 2 == 0 else ("cancelled", None)
            of_model: dict[str, Any] = {"model_id": "model-0", "created_at": at}
            compared: dict[str, Any] = {
                "id": f"result-{number}",
                "session_id": "session-0",
                "state": state,
                "result": result,
            }
            results.add(tx, OwnResultRecord(**of_model, **compared))
            images: dict[str, Any] = {
                "id": f"reconstruction-{number}",
                "study_id": study,
                "arrays": [],
                "metrics": {},
                "seconds": {},
            }
            made.save(tx, ReconstructionRecord(**of_model, **images, state="done"))
            imports.add(tx, f"import-{number}", source="folder", place=f"/scans/{number}", actor="system", at=at)
            imports.found(tx, f"import-{number}", [f"scan-{one}" for one in range(number)])
            imports.settle(tx, f"import-{number}", "scan-0", FileState.REFUSED)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSite]:
    with enrolled_site(tmp_path_factory.mktemp("lists")) as one:
        _fill(one)
        yield one


def ask(site: TestSite, path: str, **query: object) -> dict[str, Any]:
    answer = site.client.get(f"/api/v1{path}?{urlencode(query, doseq=True)}")
    assert answer.status_code == 200, answer.json
    return dict(answer.json)


def walk(site: TestSite, path: str, limit: int) -> list[dict[str, Any]]:
    """Return every row by following the cursors."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, object] = {}
    while True:
        part = ask(site, path, limit=limit, **cursor)
        assert len(part["items"]) <= limit
        found += part["items"]
        if part["next_cursor"] is None:
            return found
        cursor = {"cursor": part["next_cursor"]}


@pytest.mark.parametrize(("path", "total"), LISTS.items())
@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_the_parts_together_are_the_whole_list_in_its_order(site: TestSite, path: str, total: int, limit: int) -> None:
    whole = ask(site, path)
    assert whole["total"] == len(whole["items"]) == total
    assert whole["next_cursor"] is None
    assert walk(site, path, limit) == whole["items"]


@pytest.mark.parametrize(("path", "total"), LISTS.items())
def test_a_part_goes_on_where_the_one_before_ended_and_knows_its_own_cursors(
    site: TestSite, path: str, total: int
) -> None:
    first = ask(site, path, limit=1)
    rest = ask(site, path, cursor=first["next_cursor"])
    assert [*first["items"], *rest["items"]] == ask(site, path)["items"]
    assert rest["total"] == total
    answer = site.client.get(f"/api/v1{path}?cursor=nothing-of-this-list")
    assert (answer.status_code, answer.json["code"]) == (422, "input.invalid")


@pytest.mark.parametrize(
    ("path", "words", "found"),
    [
        ("/sessions", "heart 2", ["session-2"]),
        ("/requests", "not ANSWERED", ["session-open"]),
        ("/models", "weights 3", ["model-3"]),
        ("/imports", "scans/4", ["import-4"]),
        ("/results", "weights 1", []),
    ],
)
def test_all_parts_are_searched(site: TestSite, path: str, words: str, found: list[str]) -> None:
    items = ask(site, path, search=words, limit=1)["items"]
    assert [one.get("id", one.get("session_id")) for one in items] == found


def test_states_are_kept_apart(site: TestSite) -> None:
    assert [one["id"] for one in ask(site, "/results", state="cancelled")["items"]] == ["result-3", "result-1"]
    assert ask(site, "/imports", state=["done", "failed"])["items"] == []
    assert ask(site, "/reconstructions", state="done", search="scan-0")["total"] == RESULTS


def test_a_list_of_sessions_tells_the_latest_round_without_its_curve(site: TestSite) -> None:
    [listed] = ask(site, "/sessions", search="heart 1")["items"]
    whole = ask(site, "/sessions/session-1")
    rounds = whole.pop("rounds")
    assert listed == whole
    assert [(one["round"], one["losses"]) for one in rounds] == [(number, [2.0, 1.0]) for number in (1, 2, 3)]
    last = rounds[-1]
    last.pop("losses")
    assert listed["latest_round"] == last
    assert (listed["round"], listed["held"], listed["bytes_sent"]) == (ROUNDS, [ROUNDS], 1000 * (ROUNDS - 1))


def test_a_session_whose_rounds_have_not_begun_has_no_latest_round(site: TestSite) -> None:
    site.receive(make_offer(session_id="session-fresh", title="Fresh"))
    site.answer("session-fresh")
    try:
        [listed] = ask(site, "/sessions", search="fresh")["items"]
        assert (listed["latest_round"], listed["held"], listed["bytes_sent"], listed["round"]) == (None, [], 0, 0)
    finally:
        site.answer("session-fresh", "decline")


def test_an_event_of_a_session_tells_what_a_list_shows_and_a_round_comes_by_itself(site: TestSite) -> None:
    site.deltas.clear()
    site.daemon.services.participation.publish("session-2")
    assert site.told("session") == ask(site, "/sessions", search="heart 2")["items"]


def test_a_list_of_comparisons_does_without_what_they_found(site: TestSite) -> None:
    listed = ask(site, "/results")["items"][0]
    whole = ask(site, "/results/result-4")
    found = whole.pop("findings")
    assert listed == whole
    assert [(one["name"], one["scores"]) for one in found["cases"]] == [("scan-0", CASE["scores"])]
    site.deltas.clear()
    site.daemon.services.results._publish("result-4")
    assert site.told("own_result") == [listed]


def test_each_import_of_a_list_has_its_own_counts(site: TestSite) -> None:
    counted = {one["id"]: (one["waiting"], one["refused"]) for one in ask(site, "/imports")["items"]}
    assert counted == {
        "import-0": (0, 0), "import-1": (0, 1), "import-2": (1, 1), "import-3": (2, 1), "import-4": (3, 1),
    }  # fmt: skip


def test_rounds_that_end_at_once_are_told_one_by_one(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[str] = []
    monkeypatch.setattr(site.daemon.bus, "publish_progress", lambda _, key, __: keys.append(key))
    lines = [
        RunnerEvent.model_validate(
            {"seq": 0, "at": NOW, "session_id": "session-3", "round": number, "phase": SitePhase.FAILED}
        ).model_dump_json()
        for number in (8, 9)
    ]
    site.paths.progress.parent.mkdir(parents=True, exist_ok=True)
    site.paths.progress.write_text("\n".join(lines) + "\n")
    site.daemon.services.participation.ingest()
    assert len(keys) == len(set(keys)) == 2
