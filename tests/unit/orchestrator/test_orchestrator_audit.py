"""The audit log looked through: filters, pages, files."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fl_core.audit_export import as_csv
from fl_core.storage.audit import Wanted
from orchestrator.roles import ROLES
from tests.support.orchestrator import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


def _actions(lab: Lab, query: str = "") -> list[str]:
    return [row["action"] for row in lab.items(f"/audit/search?limit=1000&{query}")]


def test_rows_are_found_by_area_person_text_and_time(lab: Lab) -> None:
    site, other = lab.site("North"), lab.site("East")
    middle = lab.core.desk.now()
    later = middle + timedelta(hours=1)
    object.__setattr__(lab.core.desk, "now", lambda: later)
    object.__setattr__(lab.core.desk.journal, "_clock", lambda: later)
    lab.ok("PATCH", f"/sites/{site.site_id}", {"name": "North_50%"})
    assert set(_actions(lab, "area=site")) == {"site.approved", "site.renamed"}
    assert _actions(lab, "area=sit") == []
    assert set(_actions(lab, f"actor=site:{other.site_id}")) == {"enrolment.requested"}
    assert _actions(lab, "text=north_50%25") == ["site.renamed"]
    assert _actions(lab, "text=north_50%25&area=enrolment") == []
    since = (middle + timedelta(minutes=1)).isoformat().replace("+", "%2B")
    assert _actions(lab, f"since={since}") == ["site.renamed"]
    assert "site.renamed" not in _actions(lab, f"until={since}")
    assert len(_actions(lab)) == len(lab.items("/audit?limit=1000"))
    assert lab.call("GET", "/audit/search?since=2026-01-01T00:00:00").status_code == 422  # a time without a zone


def test_pages_follow_each_other_newest_first(lab: Lab) -> None:
    for name in ("A", "B", "C"):
        lab.site(name)
    whole = [row["seq"] for row in lab.items("/audit/search?limit=1000")]
    assert whole == sorted(whole, reverse=True)
    first = lab.items("/audit/search?limit=4")
    second = lab.items(f"/audit/search?limit=1000&before={first[-1]['seq']}")
    assert [row["seq"] for row in first + second] == whole


def test_the_page_learns_what_it_can_filter_by(lab: Lab) -> None:
    site = lab.site("North")
    words = lab.ok("GET", "/audit/words")
    assert f"site:{site.site_id}" in words["actors"]
    assert {"enrolment", "invitation", "site"} <= set(words["areas"])


def test_the_files_hold_the_rows_that_are_looked_for_oldest_first(lab: Lab) -> None:
    site = lab.site("North")
    lab.ok("PATCH", f"/sites/{site.site_id}", {"name": "=HYPERLINK(1)"})
    answer = lab.call("GET", "/audit/export?format=json&area=site")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert [row["action"] for row in json.loads(answer.text)] == ["site.approved", "site.renamed"]
    assert json.loads(lab.call("GET", "/audit/export?area=nothing").text) == []
    rows = list(csv.DictReader(io.StringIO(lab.call("GET", "/audit/export?format=csv").text)))
    assert [int(row["seq"]) for row in rows] == list(range(1, len(rows) + 1))
    assert len(rows) == len(lab.items("/audit?limit=1000"))
    assert lab.call("GET", "/audit/export?format=xml").status_code == 422
    assert ROLES.least("audit.export_audit", "GET") == "viewer"


def test_a_cell_is_never_a_formula(lab: Lab) -> None:
    with lab.database.begin() as tx:
        lab.core.desk.journal.note(tx, actor="=cmd|' /C calc'!A0", action="site.renamed", subject="@x")
    last = list(csv.reader(io.StringIO("".join(as_csv(lab.core.records.find_audit(Wanted(), before=None, limit=1))))))[
        1
    ]
    assert last[2].startswith("'=")
    assert last[4].startswith("'@")
