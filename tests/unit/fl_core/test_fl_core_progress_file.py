"""A progress file that is cut: marks and numbers go on, nothing is lost or told twice, and it is whole at every moment."""

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fl_core.flower import progress_file
from fl_core.flower.progress_file import append_line, cut_off, read_lines
from fl_core.flower.reporting import EventLog, Hints
from fl_core.protocol.messages import SitePhase
from fl_core.protocol.plan import RunnerEvent

EVENT = RunnerEvent(seq=0, at=datetime.now(UTC), session_id="s", round=1, phase=SitePhase.TRAINING)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(progress_file, "LEAST_CUT_BYTES", 1000)
    return tmp_path / "progress.jsonl"


def write(path: Path, count: int) -> EventLog:
    log = EventLog(path, Hints("", ""))
    for _ in range(count):
        log.append("s", EVENT)
    return log


def numbers(raw: bytes) -> list[int]:
    return [json.loads(line)["seq"] for line in raw.splitlines()]


def test_what_was_taken_over_goes_and_the_mark_stays_right(path: Path) -> None:
    log = write(path, 20)
    raw, begin = read_lines(path, 0)
    assert (numbers(raw), begin) == (list(range(1, 21)), 0)
    mark = len(b"".join(raw.splitlines(keepends=True)[:15]))
    before = path.stat().st_size
    assert cut_off(path, mark)
    assert path.stat().st_size < before / 2
    rest, begin = read_lines(path, mark)
    assert (numbers(rest), begin) == (list(range(16, 21)), mark)
    log.append("s", EVENT)
    assert numbers(read_lines(path, mark + len(rest))[0]) == [21]
    write(path, 1)  # a runner that begins
    assert numbers(read_lines(path, mark + len(rest))[0]) == [21, 22]


def test_numbers_go_on_where_nothing_but_the_cut_is_left_and_it_is_cut_again(path: Path) -> None:
    mark = 0
    for _ in range(3):
        write(path, 20)
        raw, begin = read_lines(path, mark)
        mark = begin + len(raw)
        assert cut_off(path, mark)
        assert read_lines(path, mark) == (b"", mark)
        assert path.stat().st_size < 100
    write(path, 1)
    assert numbers(read_lines(path, mark)[0]) == [61]


def test_little_is_not_cut_and_neither_is_what_nobody_has_taken(path: Path) -> None:
    write(path, 20)
    content = path.read_bytes()
    assert not cut_off(path, 0)
    assert not cut_off(path, 999)
    assert not cut_off(path, len(content) + 1)  # the mark of a file that was there before
    assert not cut_off(path.with_name("none"), 5000)
    assert path.read_bytes() == content
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_mark_from_before_the_cut_or_of_another_file_reads_what_there_is(path: Path) -> None:
    write(path, 20)
    mark = path.stat().st_size
    assert cut_off(path, mark)
    write(path, 2)
    for other in (0, mark - 5, mark + 10_000):
        raw, begin = read_lines(path, other)
        assert (numbers(raw), begin) == ([21, 22], mark)
    path.unlink()
    assert read_lines(path, mark) == (b"", mark)
    write(path, 2)
    raw, begin = read_lines(path, mark)
    assert (numbers(raw), begin) == ([1, 2], 0)


def test_a_torn_line_stays_and_is_ended_by_the_next_runner(path: Path) -> None:
    write(path, 20)
    mark = path.stat().st_size
    with path.open("ab") as stream:
        stream.write(b'{"seq": ')
    assert cut_off(path, mark)
    assert read_lines(path, mark) == (b"", mark)
    write(path, 1)
    torn, line = read_lines(path, mark)[0].splitlines()
    assert torn == b'{"seq": '
    assert numbers(line) == [21]


def test_a_disk_that_refuses_leaves_the_file_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, 20)
    content = path.read_bytes()

    def refuse(_from: Path, _to: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    assert not cut_off(path, len(content))
    assert path.read_bytes() == content
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_nothing_is_cut_while_a_line_is_being_written(path: Path) -> None:
    write(path, 20)
    with progress_file._alone(path):
        assert not cut_off(path, path.stat().st_size)
    assert cut_off(path, path.stat().st_size)


def test_no_line_is_lost_or_read_twice_while_the_file_is_cut_again_and_again(path: Path) -> None:
    lines, mark, seen, cuts = 1000, 0, b"", 0

    def append() -> None:
        for number in range(lines):
            append_line(path, f'{{"seq": {number}, "detail": "{"x" * 80}"}}'.encode())
            if number % 10 == 0:
                time.sleep(0.002)

    writer = threading.Thread(target=append)
    writer.start()
    while writer.is_alive() or read_lines(path, mark)[0]:
        raw, begin = read_lines(path, mark)
        seen, mark = seen + raw, begin + len(raw)
        cuts += cut_off(path, mark)
    assert numbers(seen) == list(range(lines))
    assert cuts > 2
