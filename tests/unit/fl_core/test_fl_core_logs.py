"""Promises of the log lines: one JSON object each, and nothing in them that must stay inside."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from fl_core.logs import log_context, setup_logging
from fl_core.trust.identity import generate_key, key_pem
from fl_core.trust.invitation import new_token


@pytest.fixture
def written(tmp_path: Path) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    setup_logging("relay", home=tmp_path, stream=stream)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers[:] = before
    root.setLevel(level)


logger = logging.getLogger("fl_core.test")


def test_a_line_is_json_with_message_fields_and_context(written: io.StringIO) -> None:
    with log_context(session="session-1", round=2):
        logger.info("round closed", extra={"duration_s": 1.5, "sites": ["a", "b"]})
    logger.info("outside")
    first, second = [json.loads(line) for line in written.getvalue().splitlines()]
    assert first["message"] == "round closed"
    assert (first["session"], first["round"], first["duration_s"], first["sites"]) == ("session-1", 2, 1.5, ["a", "b"])
    assert (first["level"], first["process"], first["logger"]) == ("info", "relay", "fl_core.test")
    assert "session" not in second


def test_tokens_keys_and_paths_never_reach_the_log(written: io.StringIO, tmp_path: Path) -> None:
    token, pem = new_token(), key_pem(generate_key()).decode()
    study = tmp_path / "studies" / "Dupont^Jean.h5"
    logger.info("got Authorization: Bearer %s", token, extra={"gateway_secret": token, "home_file": study})
    logger.info("opened http://127.0.0.1:1/login?token=%s", token, extra={"headers": {"cookie": "a=b"}})
    logger.warning("bare %s and %s", token, pem, extra={"patient_name": "Dupont"})
    try:
        raise OSError(2, "No such file", str(study))
    except OSError:
        logger.exception("failed")
    text = written.getvalue()
    assert "failed" in text
    for hidden in (token, "PRIVATE", "Dupont", "a=b", str(tmp_path)):
        assert hidden not in text


def test_fingerprints_are_shortened(written: io.StringIO) -> None:
    logger.info("connected", extra={"fingerprint": "0123456789abcdef" * 4})
    assert json.loads(written.getvalue())["fingerprint"] == "0123456789abcdef…"


def test_a_library_that_lowers_its_own_level_does_not_flood_the_log(written: io.StringIO) -> None:
    chatty = logging.getLogger("fl_core.test.chatty")
    chatty.setLevel(logging.DEBUG)
    chatty.debug("AcquireTask")
    logging.getLogger("alembic.runtime.migration").info("Running upgrade")
    assert written.getvalue() == ""


def test_unknown_context_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="unknown"), log_context(patient="x"):
        pass
