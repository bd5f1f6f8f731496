"""The spread of the studies leaves only where it is permitted, and never a small group."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contributor.services.sharing import distributions_of
from fl_core.storage.site_studies import StudyRecord
from tests.support.contributor import TestSite, enrolled_site

RECORD = StudyRecord(
    id="s", name="n", state="usable", task="t", kind="SPECT study", added_at=datetime.now(UTC), file="f", size_bytes=1,
    sha256="0" * 64, patient=None, has_reference=True, counts=1e6, shape=[1], geometry="60 views", warnings=[],
    deidentified=[],
)  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as one:
        yield one


def test_groups_of_fewer_than_three_are_put_together() -> None:
    rare = replace(RECORD, geometry="a rare camera", counts=2.0e3, warnings=["few counts"])
    told = distributions_of([RECORD, RECORD, RECORD, rare, rare])
    assert told.cameras == {"60 views": 3, "other": 2}
    assert told.counts == {"1000000": 3, "other": 2}
    assert told.kinds == {"SPECT study": 5}
    assert told.warned == 0
    assert distributions_of([rare, rare, rare]).warned == 3
    assert "rare" not in told.model_dump_json()
    assert distributions_of([]).cameras == {}


def test_nothing_of_it_is_told_until_it_is_permitted_and_no_more_after_it_is_taken_back(site: TestSite) -> None:
    def told() -> object:
        return site.client.get("/api/v1/system").json["shared_summary"]["distributions"]

    assert site.client.get("/api/v1/sharing").json == {"distributions": False}
    assert told() is None
    assert site.client.put("/api/v1/sharing", json={"distributions": True}).json == {"distributions": True}
    assert told() == {"kinds": {}, "cameras": {}, "counts": {}, "warned": 0}
    assert site.client.put("/api/v1/sharing", json={"distributions": False}).json == {"distributions": False}
    assert told() is None
    (site.paths.home / "sharing.json").write_text("{broken")
    assert site.client.get("/api/v1/sharing").json == {"distributions": False}
    actions = [row["action"] for row in site.client.get("/api/v1/audit").json["items"]]
    assert actions[-2:] == ["sharing.permitted", "sharing.withdrawn"]
