"""The commands that ask a running contributor: what it answers, and one line where no answer comes."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from contributor.commands import RUNNING_FILE, contributor

Answer = Callable[[httpx.Request], httpx.Response]
NO_SCAN = {"name": "notes.txt", "code": "import.not_a_scan", "detail": "no scan", "advice": "", "state": "refused"}
BAD = {"name": "a/bad.dcm", "code": "dicom.cut", "detail": "it is cut off", "advice": "Copy it again."}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / RUNNING_FILE).parent.mkdir()
    (tmp_path / RUNNING_FILE).write_text(json.dumps({"pid": os.getpid(), "url": "http://127.0.0.1:1"}))
    (tmp_path / "api.token").write_text("token")
    return tmp_path


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], list[float]]:
    """Let a function answer in the daemon's place; returns how long each question would have waited."""

    def put(answer: Answer) -> list[float]:
        waited: list[float] = []

        def request(method: str, url: str, *, json: object, timeout: float, **_: object) -> httpx.Response:
            waited.append(timeout)
            return answer(httpx.Request(method, url, json=json))

        monkeypatch.setattr("contributor.commands.httpx.request", request)
        return waited

    return put


def run(home: Path, *words: str, **more: Any) -> Result:
    return CliRunner().invoke(contributor, [*words, "--home", str(home)], **more)


def raising(error: Exception) -> Answer:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (raising(httpx.ConnectError("refused")), "No contributor is running in this home folder. Start it: flomir"),
        (raising(httpx.ReadTimeout("")), "did not answer within 60 s; it may still be at it. Look at its page first."),
        (raising(httpx.RemoteProtocolError("cut")), "The contributor's answer broke off or cannot be read."),
        (lambda _: httpx.Response(502, text="<html>"), "The contributor's answer broke off or cannot be read."),
        (lambda _: httpx.Response(409, json={"title": "Not now.", "advice": "Wait."}), "Error: Not now. Wait."),
    ],
)
def test_where_no_answer_comes_one_line_says_why(
    home: Path, daemon: Callable[[Answer], list[float]], answer: Answer, words: str
) -> None:
    daemon(answer)
    result = run(home, "link")
    assert result.exit_code == 1
    assert words in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_removing_everything_may_take_longer_and_asks_beside_the_json(
    home: Path, daemon: Callable[[Answer], list[float]]
) -> None:
    waited = daemon(lambda _: httpx.Response(200, json={"studies": 3, "reconstructions": 1}))
    result = run(home, "remove-data", "--json", input="y\n")
    assert json.loads(result.stdout) == {"studies": 3, "reconstructions": 1}
    assert "Delete all 3 studies" in result.stderr
    assert waited == [60.0, 1800.0]


PLAN = {
    "study_id": "study-1", "patient": "P-0123456789", "studies": 2, "files": 3, "bytes": 2_500_000, "reconstructions": 1,
    "results": 1, "import_entries": 4, "imports": 1, "sessions": [{"session_id": "s", "title": "Heart", "updates": 3}],
    "problem": None,
}  # fmt: skip
ERASED = {"studies": 2, "files": 3, "reconstructions": 1, "results": 1, "import_entries": 4}


def _erasing(request: httpx.Request) -> httpx.Response:
    assert request.url.path.endswith("/studies/study-1/erasure")
    if request.method == "POST":
        assert json.loads(request.content) == {"studies": 2}
    return httpx.Response(200, json=PLAN if request.method == "GET" else ERASED)


def test_an_erasure_says_what_goes_and_what_stays_before_it_asks(
    home: Path, daemon: Callable[[Answer], list[float]]
) -> None:
    waited = daemon(_erasing)
    result = run(home, "erase", "study-1", "--json", input="y\n")
    assert json.loads(result.stdout) == ERASED
    for words in ("2 studies, 3 files (2.5 MB)", "models of “Heart” learned; 3 updates", "backups", "cannot be undone"):
        assert words in result.stderr
    assert waited == [60.0, 1800.0]
    assert run(home, "erase", "study-1", input="n\n").exit_code == 1
    assert waited == [60.0, 1800.0, 60.0]


def test_an_erasure_can_be_looked_at_without_being_done(home: Path, daemon: Callable[[Answer], list[float]]) -> None:
    problem = {"code": "erasure.busy", "title": "Not now.", "detail": "", "advice": "Wait."}
    waited = daemon(lambda request: httpx.Response(200, json=PLAN | {"problem": problem}))
    assert json.loads(run(home, "erase", "study-1", "--dry-run", "--json").stdout)["results"] == 1
    result = run(home, "erase", "study-1", "--dry-run", "--yes")
    assert "Not now: Not now. Wait." in result.stdout
    assert len(waited) == 2


def test_an_import_names_what_was_not_taken_for_machines_too(
    home: Path, daemon: Callable[[Answer], list[float]]
) -> None:
    view = {"id": "i", "state": "done", "total": 2, "waiting": 0, "added": 0, "duplicate": 0, "refused": 2}

    def answer(request: httpx.Request) -> httpx.Response:
        is_files = request.url.path.endswith("/files")
        return httpx.Response(200, json={"items": [NO_SCAN, BAD | {"state": "refused"}]} if is_files else view)

    daemon(answer)
    result = run(home, "import", str(home), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {**view, "not_taken": [BAD]}
