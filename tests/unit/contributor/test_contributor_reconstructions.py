"""Promises about reconstructions that fail: a code for every page's own words, what went wrong, and what to do."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from fl_core.errors import CATALOGUE
from fl_core.storage.site_models import ReconstructionRecord, ReconstructionStore
from fl_core.storage.site_tables import reconstruction
from flomir.waiting import wait_until
from tests.support.contributor import TestSite, enrolled_site

MADE, OLD = "reconstruction-00000000000a", "reconstruction-00000000000b"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as ready:
        ready.daemon.services.storage.prepare()
        yield ready


def _of_a_study_that_is_gone(site: TestSite) -> None:
    record = ReconstructionRecord(
        id=MADE,
        study_id="study-gone",
        model_id="shipped:unrolled_em",
        state="running",
        created_at=NOW,
        arrays=[],
        metrics={},
        seconds={},
    )
    with site.daemon.database.begin() as tx:
        ReconstructionStore(site.daemon.database).save(tx, record)
    site.daemon.services.reconstructions.start()
    wait_until(lambda: _view(site)["state"] == "failed", timeout_s=10, what="the end", poll_s=0.02)


def _view(site: TestSite, name: str = MADE) -> dict[str, object]:
    return dict(site.client.get(f"/api/v1/reconstructions/{name}").json)


def test_a_failed_reconstruction_tells_a_code_what_went_wrong_and_what_to_do(site: TestSite) -> None:
    _of_a_study_that_is_gone(site)
    entry = CATALOGUE["not_found"]
    assert _view(site)["problem"] == {
        "code": "not_found",
        "title": entry.title,
        "detail": "no study is called study-gone",
        "advice": entry.advice,
    }
    assert site.told("reconstruction")[-1] == _view(site)


def test_one_of_an_earlier_version_keeps_the_sentence_it_was_given(site: TestSite) -> None:
    with site.daemon.database.begin() as tx:
        values = {"id": OLD, "study_id": "s", "model_id": "m", "arrays": [], "metrics": {}, "seconds": {}}
        tx.connection.execute(
            insert(reconstruction).values(**values, state="failed", problem="the disk said no", created_at=NOW)
        )
    assert _view(site, OLD)["problem"] == {"code": "", "title": "", "detail": "the disk said no", "advice": ""}


def test_a_reconstruction_that_did_not_fail_has_no_problem(site: TestSite) -> None:
    with site.daemon.database.begin() as tx:
        values = {"id": OLD, "study_id": "s", "model_id": "m", "arrays": [], "metrics": {}, "seconds": {}}
        tx.connection.execute(insert(reconstruction).values(**values, state="done", created_at=NOW))
    assert _view(site, OLD)["problem"] is None


def test_the_problem_goes_with_the_reconstruction(site: TestSite) -> None:
    _of_a_study_that_is_gone(site)
    assert site.client.delete(f"/api/v1/reconstructions/{MADE}").status_code == 200
    with site.daemon.database.begin() as tx:
        values = {"id": MADE, "study_id": "s", "model_id": "m", "arrays": [], "metrics": {}, "seconds": {}}
        tx.connection.execute(insert(reconstruction).values(**values, state="done", created_at=NOW))
    assert _view(site)["problem"] is None


def test_a_page_words_the_end_of_a_reconstruction_by_its_key_and_the_problem_by_its_code(site: TestSite) -> None:
    _of_a_study_that_is_gone(site)
    line = next(one for one in site.client.get("/api/v1/activity").json["items"] if one["subject"] == MADE)
    assert (line["key"], line["values"]["code"]) == ("reconstruction.failed", "not_found")
    assert line["values"]["reason"] == CATALOGUE["not_found"].title


def test_what_nobody_expected_ends_a_reconstruction_too_and_its_words_stay_out_of_the_log(
    site: TestSite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_request: object, **_options: object) -> dict[str, object]:
        message = "/scans/Doe-Jane.dcm"
        raise RuntimeError(message)

    monkeypatch.setattr("contributor.services.reconstructions.run_job", broken)
    monkeypatch.setattr(site.daemon.services.studies, "path", lambda _study: Path("study.h5"))
    _of_a_study_that_is_gone(site)
    problem = _view(site)["problem"]
    assert isinstance(problem, dict)
    assert (problem["code"], problem["title"]) == ("internal", CATALOGUE["internal"].title)
    assert "a reconstruction failed unexpectedly" in caplog.text
    assert "Doe" not in caplog.text
    assert "Doe" not in str(problem)
