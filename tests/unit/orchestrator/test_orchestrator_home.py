"""What the manager looks at first: activity that pages can word, what was read, and who has new data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fl_core.seen import Seen
from fl_core.storage import journal
from fl_core.web.principal import Principal
from tests.support.orchestrator import TASK, Lab, SiteActor


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


def _tell(site: SiteActor, usable: int, *, of_task: int | None = None) -> None:
    body: dict[str, Any] = dict.fromkeys(("studies_usable", "studies_total", "with_reference", "patients"), usable)
    if of_task is not None:
        body |= {"by_task": {TASK: of_task}, "by_task_with_reference": {TASK: of_task}}
    assert site.call("POST", "/peer/v1/summary", body).status_code == 204


def _new(lab: Lab) -> dict[str, Any]:
    return {item["name"]: item for item in lab.ok("GET", "/new-data")["items"]}


def test_a_line_of_the_activity_carries_what_a_page_needs_to_word_it(lab: Lab) -> None:
    site, late = lab.site("North"), lab.site("East")
    _tell(site, 3)
    session_id = lab.running(site, late)
    lab.close_round(session_id, 1, site.site_id, missing={late.site_id: "federation.late"})
    lines = {line["key"]: line for line in lab.items("/activity") if line["key"]}
    assert lines["data.added"]["values"] == {"name": "North", "count": 3}
    assert lines["site.approved"]["values"]["name"] in {"North", "East"}
    closed = lines["session.round_closed"]["values"]
    assert (closed["title"], closed["round"], closed["of"], closed["got"], closed["asked"]) == ("Heart", 1, 2, 1, 2)
    assert closed["missing"] == [{"name": "East", "code": "federation.late"}]
    assert all(line["text"] for line in lab.items("/activity"))


def test_a_line_without_words_stays_readable(lab: Lab) -> None:
    with lab.database.begin() as tx:
        lab.core.desk.journal.tell(tx, kind="site", text="From an older version.")
    newest = lab.items("/activity")[0]
    assert (newest["text"], newest["key"], newest["values"]) == ("From an older version.", None, {})


def test_each_account_has_read_up_to_its_own_mark_which_never_goes_back(lab: Lab) -> None:
    lab.site("North")
    seen = Seen(lab.core.desk.database)
    owner = Principal("owner", "Owner", "manager", "s")
    other = Principal(
        lab.ok("POST", "/accounts", {"name": "Vera", "role": "viewer"})["account"]["id"], "Vera", "viewer", "t"
    )
    newest = lab.items("/activity")[0]["seq"]
    assert (seen.get(owner), seen.get(other)) == (0, 0)
    assert seen.mark(owner, 2) == 2
    assert seen.mark(owner, 1) == 2
    assert seen.mark(owner, 10**6) == newest  # no line is read before it is there
    assert (seen.get(owner), seen.get(other)) == (newest, 0)
    assert lab.ok("GET", "/activity/seen")["seq"] == newest  # a script has no account
    assert lab.call("PUT", "/activity/seen", {"seq": 1}).status_code == 403
    lab.ok("DELETE", f"/accounts/{other.account_id}")


def test_pruning_the_activity_leaves_newer_lines_and_the_audit(lab: Lab) -> None:
    lab.site("North")
    rows, now = len(lab.items("/audit?limit=1000")), lab.core.desk.now()
    with lab.database.begin() as tx:
        assert lab.core.desk.journal.prune(tx, now) > 0
    assert lab.items("/activity") == []
    lab.site("East")
    with lab.database.read() as connection:
        assert journal.lines_after(connection, 0, 100)
    assert len(lab.items("/audit?limit=1000")) > rows
    assert lab.ok("GET", "/audit/verify")["ok"]


def test_new_data_says_who_has_what_new_since_which_model_and_whether_it_is_enough(lab: Lab) -> None:
    site, other, gone = lab.site("North"), lab.site("East"), lab.site("West")
    lab.ok("POST", f"/sites/{gone.site_id}/suspend")
    _tell(site, 5)
    _tell(other, 2)
    assert set(_new(lab)) == {"North", "East"}
    assert [(_new(lab)[name]["new"], _new(lab)[name]["enough"]) for name in ("North", "East")] == [
        (5, True),
        (2, False),
    ]
    assert lab.ok("GET", "/new-data")["enough"] is False
    _tell(other, 3)
    assert lab.ok("GET", "/new-data")["enough"] is True
    session_id = lab.running(site, other)
    lab.close_round(session_id, 1, site.site_id, missing={other.site_id: "federation.late"})
    after = _new(lab)
    assert (after["North"]["new"], after["North"]["since_model"]) == (0, "Heart, round 1")
    assert (after["East"]["new"], after["East"]["since_model"]) == (3, None)
    _tell(site, 9)
    assert (_new(lab)["North"]["new"], _new(lab)["North"]["enough"]) == (4, True)


def test_studies_that_came_after_the_consent_are_new_although_a_round_closed_since(lab: Lab) -> None:
    site = lab.site("North")
    _tell(site, 5, of_task=4)
    session_id = lab.offer(site)
    document = site.consent(session_id, study_count=4)
    assert site.call("POST", "/peer/v1/consents", document.model_dump(mode="json")).status_code == 204
    lab.core.runs.tick()
    _tell(site, 8, of_task=7)
    lab.close_round(session_id, 1, site.site_id)
    assert _new(lab)["North"]["new"] == 3
    _tell(site, 6, of_task=5)  # two of them were taken away again
    lab.close_round(session_id, 2, site.site_id)
    assert _new(lab)["North"]["new"] == 1
