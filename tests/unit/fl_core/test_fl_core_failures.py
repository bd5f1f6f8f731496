"""Promises about failures that nobody expected: people are told something they can act on, the log nothing of a patient."""

import errno

import pytest
from pydantic import BaseModel

from fl_core.errors import NotFound
from fl_core.supervision.failures import expected
from fl_core.web import application


def test_an_expected_failure_is_told_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    failure = NotFound("no study is called a")
    assert expected(failure, "a job failed", job="job-1") is failure
    assert not caplog.records


def test_a_disk_that_refuses_is_named_without_the_place() -> None:
    failure = expected(OSError(errno.ENOSPC, "No space left on device", "/scans/Doe.h5"), "a job failed", job="job-1")
    assert (failure.code, str(failure)) == ("storage.disk_full", "a job failed: No space left on device")


def test_of_any_other_the_log_gets_kind_and_place_and_no_words(caplog: pytest.LogCaptureFixture) -> None:
    try:
        message = "/scans/Doe.h5"
        raise KeyError(message)
    except KeyError as error:
        failure = expected(error, "a job failed", job="job-1")
    assert failure.code == "internal"
    record = vars(caplog.records[0])
    assert (record["message"], record["job"], record["kind"]) == ("a job failed", "job-1", "KeyError")
    assert record["where"].startswith("test_fl_core_failures.py:")
    assert "Doe" not in f"{failure} {record} {caplog.text}"


class Scan(BaseModel):
    name: str
    views: int


def test_an_answer_that_does_not_fit_its_model_is_no_fault_of_the_request_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = application.create_app("t", title="t", version="1", upload_limit_bytes=1000)

    @app.post("/scans")
    def made(body: Scan) -> str:
        """Answer with something that is no scan."""
        return Scan.model_validate({"name": body.name, "views": "/scans/Doe.h5"}).model_dump_json()

    wrong = app.test_client().post("/scans", json={"name": "a", "views": "many"})
    assert (wrong.status_code, (wrong.json or {})["code"]) == (422, "input.invalid")
    assert not caplog.records
    answer = app.test_client().post("/scans", json={"name": "a", "views": 1})
    assert (answer.status_code, (answer.json or {})["code"]) == (500, "internal")
    record = vars(caplog.records[0])
    assert (record["levelname"], record["request"]) == ("ERROR", (answer.json or {})["request_id"])
    assert record["of"] == "Scan: ['views']"
    assert "Doe" not in f"{record} {caplog.text} {answer.text}"
