"""Long lists come in parts: searched, filtered and sorted by the database, every row exactly once, whatever changes meanwhile."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from flomir.bench.ui_data import Amount, fill
from tests.support.orchestrator import Lab

AMOUNT = Amount(sites=23, sessions=7, models=40, invitations=11, sites_per_session=3, sets=5, trainings=9)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str | None]) -> Iterator[Lab]:
    home: Path = tmp_path_factory.mktemp("lists")
    url = new_database()
    fill(home, AMOUNT, database_url=url)
    made = Lab(home, database_url=url)
    yield made
    made.close()


def page(lab: Lab, path: str, **query: object) -> dict[str, Any]:
    return lab.ok("GET", f"{path}?{urlencode(query, doseq=True)}")


def walk(lab: Lab, path: str, *, limit: int, **query: object) -> list[dict[str, Any]]:
    """Return every row by following the cursors."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, object] = {}
    for _ in range(100):
        part = page(lab, path, limit=limit, **query, **cursor)
        assert len(part["items"]) <= limit
        found += part["items"]
        if part["next_cursor"] is None:
            return found
        cursor = {"cursor": part["next_cursor"]}
    raise AssertionError("the parts never end")


@pytest.mark.parametrize(
    ("path", "total"),
    [
        ("/sites", 23), ("/sessions", 7), ("/models", 40), ("/invitations", 11), ("/laboratory/sets", 5),
        ("/laboratory/jobs", 14),
    ],
)  # fmt: skip
@pytest.mark.parametrize("limit", [1, 4, 1000])
def test_the_parts_together_are_the_whole_list_in_its_order(lab: Lab, path: str, total: int, limit: int) -> None:
    whole = lab.ok("GET", path)
    assert whole["total"] == len(whole["items"]) == total
    assert whole["next_cursor"] is None
    assert walk(lab, path, limit=limit) == whole["items"]
    assert page(lab, path, limit=1)["total"] == total


@pytest.mark.parametrize(
    ("path", "sort", "key"),
    [
        ("/sites", "name", "name"),
        ("/sites", "-requested_at", "requested_at"),
        ("/sites", "-last_seen", "last_seen"),
        ("/sessions", "title", "title"),
        ("/sessions", "created_at", "created_at"),
        ("/models", "-name", "name"),
        ("/models", "size_bytes", "size_bytes"),
        ("/invitations", "site_name", "site_name"),
        ("/laboratory/jobs", "-title", "title"),
        ("/laboratory/sets", "name", "name"),
    ],
)
def test_a_list_comes_in_the_order_that_is_asked_for(lab: Lab, path: str, sort: str, key: str) -> None:
    values = [
        row[key] if isinstance(row[key], int) else (row[key] or "").lower()
        for row in walk(lab, path, limit=3, sort=sort)
    ]
    assert values == sorted(values, reverse=sort.startswith("-"))


def test_words_are_searched_in_any_case_and_order_and_signs_are_letters(lab: Lab) -> None:
    names = [row["name"] for row in page(lab, "/sites", search="HOSPITAL aurora")["items"]]
    assert names and all(name.startswith("Aurora Hospital") for name in names)
    assert page(lab, "/sites", search="%")["items"] == []
    assert page(lab, "/sites", search="Aurora_Hospital")["items"] == []
    assert (
        page(lab, "/models", search="round 2", limit=2)["total"]
        == len(walk(lab, "/models", limit=2, search="round 2"))
        > 2
    )


def test_a_list_is_filtered_by_states(lab: Lab) -> None:
    states = {row["state"] for row in page(lab, "/sites")["items"]}
    assert states == {"trusted", "refused", "pending"}
    assert {row["state"] for row in page(lab, "/sites", state=["pending", "refused"])["items"]} == {
        "pending",
        "refused",
    }
    assert {row["state"] for row in page(lab, "/invitations", state="expired")["items"]} == {"expired"}
    assert {row["state"] for row in page(lab, "/invitations", state="open")["items"]} == {"open"}
    assert page(lab, "/models", state="random")["total"] == 1
    assert page(lab, "/laboratory/jobs", state="done")["total"] == 14
    assert page(lab, "/laboratory/jobs", state=["queued", "running"])["total"] == 0
    assert page(lab, "/laboratory/sets", state="ready", search="hearts 003")["total"] == 1


def test_a_row_that_comes_meanwhile_moves_no_other(lab: Lab) -> None:
    first = page(lab, "/invitations", limit=5)
    made = lab.ok("POST", "/invitations", {"site_name": "Newcomer"})["invitation"]
    second = page(lab, "/invitations", limit=1000, cursor=first["next_cursor"])
    together = [row["id"] for row in first["items"] + second["items"]]
    whole = [row["id"] for row in page(lab, "/invitations")["items"]]
    assert whole == [made["id"], *together]


@pytest.mark.parametrize(
    "query", [{"sort": "colour"}, {"cursor": "nonsense"}, {"limit": 0}, {"limit": 1001}, {"search": "x" * 81}]
)
def test_what_a_list_does_not_know_is_refused_in_words(lab: Lab, query: dict[str, object]) -> None:
    answer = lab.call("GET", f"/models?{urlencode(query)}")
    assert answer.status_code == 422, answer.text
    assert answer.json is not None and answer.json["detail"]


def test_a_cursor_of_another_order_is_refused(lab: Lab) -> None:
    cursor = page(lab, "/models", limit=2, sort="name")["next_cursor"]
    assert lab.call("GET", f"/models?{urlencode({'cursor': cursor, 'sort': '-name'})}").status_code == 422


def test_a_list_of_sessions_counts_what_the_whole_session_holds(lab: Lab) -> None:
    for row in page(lab, "/sessions")["items"]:
        whole = lab.session(row["id"])
        assert {key: whole[key] for key in row} == row
        assert row["rounds_closed"] == sum(1 for found in whole["rounds"] if found["state"] == "closed")
        assert row["sites_invited"] == len(whole["participations"])
        assert row["latest_model_id"] == whole["rounds"][-1]["model_id"]
        assert "participations" not in row and "rounds" not in row


def test_a_list_of_models_leaves_the_tensors_to_the_whole_card(lab: Lab) -> None:
    row = page(lab, "/models", limit=1)["items"][0]
    whole = lab.ok("GET", f"/models/{row['id']}")
    assert "tensors" in whole["card"]
    assert row["card"] == {key: value for key, value in whole["card"].items() if key != "tensors"}


def test_what_the_pages_are_told_of_a_session_does_not_grow_with_its_rounds(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    try:
        site = lab.site()
        session_id = lab.running(site, rounds=8)
        for number in range(1, 7):
            lab.report(session_id, "round_started", number=number)
            lab.close_round(session_id, number, site.site_id)
        told = [delta.data for delta in lab.deltas if delta.type == "session"]
        assert isinstance(told[-1], dict)
        assert [row["round"] for row in told[-1]["rounds"]] == [5, 6]
        assert told[-1]["rounds_closed"] == 6
        assert [row["round"] for row in lab.session(session_id)["rounds"]] == [1, 2, 3, 4, 5, 6]
        assert lab.deltas[-1].at >= lab.deltas[0].at > 0
    finally:
        lab.close()


def test_ids_are_what_breaks_ties(lab: Lab) -> None:
    sizes = {row["size_bytes"] for row in page(lab, "/models")["items"]}
    assert len(sizes) == 1
    ids = [row["id"] for row in walk(lab, "/models", limit=7, sort="size_bytes")]
    assert ids == sorted(ids) and len(set(ids)) == 40


def test_a_list_of_jobs_says_how_far_each_is_and_leaves_the_curves_to_the_single_job(lab: Lab) -> None:
    for row in page(lab, "/laboratory/jobs")["items"]:
        whole = lab.ok("GET", f"/laboratory/jobs/{row['id']}")
        curve, losses = whole["live"].pop("curve"), whole["live"].pop("losses")
        assert row == {key: value for key, value in whole.items() if key != "spec"}
        assert bool(curve and losses) is (row["kind"] == "training")


def test_a_list_of_data_sets_says_in_short_what_the_single_one_holds(lab: Lab) -> None:
    for row in page(lab, "/laboratory/sets")["items"]:
        whole = lab.ok("GET", f"/laboratory/sets/{row['id']}")
        facts = {key: whole["facts"][key] for key in ("studies", "bytes", "references")}
        assert row == {**whole, "facts": facts}
        assert lab.ok("GET", f"/laboratory/jobs/{row['job_id']}")["title"] == row["name"]
