"""A file is there whole or not at all, and a failed write leaves nothing."""

from pathlib import Path

import pytest

from model.io.atomic import replacing, why_not, write_atomically


def test_bytes_and_text_arrive_and_folders_are_made(tmp_path: Path) -> None:
    write_atomically(tmp_path / "deep" / "a.bin", b"\x00\xff")
    write_atomically(tmp_path / "deep" / "b.txt", "\u00b5")
    assert (tmp_path / "deep" / "a.bin").read_bytes() == b"\x00\xff"
    assert (tmp_path / "deep" / "b.txt").read_text(encoding="utf-8") == "\u00b5"
    assert len(list((tmp_path / "deep").iterdir())) == 2


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    write_atomically(tmp_path / "secret", "x")
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_atomically(target, "old")

    def fail() -> None:
        with replacing(target) as part:
            part.write_text("half", encoding="utf-8")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_what_stands_in_the_way_of_a_file_is_known_before_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert why_not(tmp_path / "new" / "report.html") == ""
    assert not (tmp_path / "new").exists()
    assert why_not(tmp_path / "file" / "report.html") == "file is a file, not a folder"
    assert why_not(tmp_path / "file" / "more" / "report.html") == "file is a file, not a folder"
    assert why_not(tmp_path) == "it is a folder"
