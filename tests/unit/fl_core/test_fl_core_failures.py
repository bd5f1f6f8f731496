"""Promises about failures that nobody expected: people are told something they can act on, the log nothing of a patient."""

import errno

import pytest

from fl_core.errors import NotFound
from fl_core.supervision.failures import expected


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
