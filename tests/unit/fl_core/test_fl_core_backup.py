"""A backup is one consistent state in one file; what is damaged or strange is refused and changes nothing."""

import json
import resource
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner

from contributor.commands import contributor
from contributor.paths import SitePaths
from fl_core.errors import Conflict, InvalidInput, NotTrusted, StorageFailed
from fl_core.flower.answered import AnsweredRounds
from fl_core.flower.exchange import RoundRequest
from fl_core.flower.records import Packed
from fl_core.storage.backup import BULKY, DATABASE, MANIFEST, _Hashed, restore_backup, write_backup
from orchestrator.commands import orchestrator


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return a home folder whose database is open in WAL mode, as that of a running daemon."""
    home = tmp_path / "home"
    for name, content in {
        "models/a.safetensors": b"w" * 5000, "trust/ca.key": b"secret", "settings.toml": b"", "logs/daemon.log": b"x",
        "daemon.json": b"{}", "flower/state.db": b"x", "studies/one.h5": b"s" * 9000, "models/.copy-1": b"half",
        "laboratory/uploads/upload-1.dcm": b"a name",
    }.items():  # fmt: skip
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    running = sqlite3.connect(home / DATABASE, isolation_level=None)
    running.execute("PRAGMA journal_mode=WAL")
    running.execute("CREATE TABLE note (text TEXT)")
    running.execute("INSERT INTO note VALUES ('committed')")
    running.execute("BEGIN")
    running.execute("INSERT INTO note VALUES ('not yet')")
    yield home
    running.close()


def backed_up(home: Path, **options: object) -> Path:
    out = home.parent / "backup.tar"
    write_backup(home, out, role="orchestrator", version="1", **options)  # type: ignore[arg-type]
    return out


def notes(folder: Path) -> list[str]:
    opened = sqlite3.connect(folder / DATABASE)
    try:
        return [str(row[0]) for row in opened.execute("SELECT text FROM note")]
    finally:
        opened.close()


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_everything_that_matters_comes_back_and_only_what_was_committed(home: Path, tmp_path: Path) -> None:
    out = backed_up(home)
    again = tmp_path / "again"
    manifest = restore_backup(out, again, role="orchestrator")
    assert files(again) == {DATABASE, "models/a.safetensors", "trust/ca.key", "settings.toml", "studies/one.h5"}
    assert set(manifest.files) == files(again)
    assert notes(again) == ["committed"]
    for name in ("models/a.safetensors", "trust/ca.key"):
        assert (again / name).read_bytes() == (home / name).read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600
    assert (again / "trust" / "ca.key").stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob(".*")) == []


def test_scans_stay_out_on_request_and_the_backup_says_so(home: Path, tmp_path: Path) -> None:
    out = backed_up(home, leave_out=BULKY)
    manifest = restore_backup(out, tmp_path / "again", role="orchestrator")
    assert manifest.left_out == ("studies",)
    assert not (tmp_path / "again" / "studies").exists()


def test_a_site_that_is_brought_back_knows_which_rounds_it_has_answered(home: Path, tmp_path: Path) -> None:
    request = RoundRequest(
        session_id="s-1", round=1, rounds=3, packed=Packed("", b"1"), deadline_s=60.0, proximal_mu=0.0
    )
    AnsweredRounds(home / "flower" / "answered.json").note(request)
    restore_backup(backed_up(home, leave_out=BULKY), tmp_path / "again", role="orchestrator")
    known = AnsweredRounds(tmp_path / "again" / "flower" / "answered.json")
    with pytest.raises(NotTrusted) as refused:
        known.as_before(replace(request, packed=Packed("", b"2")))
    assert refused.value.code == "round.answered_before"
    assert not (tmp_path / "again" / "flower" / "state.db").exists()


def test_without_scans_nothing_of_a_patient_is_in_the_backup(home: Path, tmp_path: Path) -> None:
    paths = SitePaths(home)
    for folder in (paths.studies, paths.incoming, paths.reconstructions, paths.results):
        folder.mkdir(exist_ok=True)
        (folder / "scan.dcm").write_bytes(b"NAME^OF^A^PATIENT")
    out = tmp_path / "b.tar"
    words = ["backup", "--home", str(home), "--out", str(out), "--without-scans", "--json"]
    answer = CliRunner().invoke(contributor, words)
    assert json.loads(answer.output)["left_out"] == ["incoming", "reconstructions", "results", "studies"]
    assert b"PATIENT" not in out.read_bytes()


def test_nothing_is_overwritten_neither_a_file_nor_a_home(home: Path, tmp_path: Path) -> None:
    out = backed_up(home)
    before = out.read_bytes()
    with pytest.raises(Conflict) as exists:
        write_backup(home, out, role="orchestrator", version="1")
    assert exists.value.code == "backup.exists"
    assert out.read_bytes() == before
    with pytest.raises(Conflict) as used:
        restore_backup(out, home, role="orchestrator")
    assert used.value.code == "backup.home_in_use"
    empty = tmp_path / "empty"
    empty.mkdir()
    restore_backup(out, empty, role="orchestrator")
    assert notes(empty) == ["committed"]


def test_a_file_that_lies_in_wait_beside_the_backup_gets_none_of_it(home: Path, tmp_path: Path) -> None:
    waiting = tmp_path / ".backup.tar.part"
    waiting.touch(mode=0o666)
    waiting.chmod(0o666)
    with waiting.open("rb") as held:
        out = backed_up(home)
        assert held.read() == b""
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_folder_without_a_database_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed) as error:
        write_backup(tmp_path, tmp_path / "out.tar", role="orchestrator", version="1")
    assert error.value.code == "backup.nothing"


GROWING, BRIEF, LOG = "sessions/s1/progress.jsonl", "results/r1/image.h5", "sessions/s1/training.log"


def test_what_the_daemon_appends_and_removes_meanwhile_spoils_no_backup(home: Path, tmp_path: Path) -> None:
    for name in (GROWING, BRIEF):
        (home / name).parent.mkdir(parents=True)
    (home / GROWING).write_bytes(b"first\n")
    (home / BRIEF).write_bytes(b"i" * 300)
    went = []

    def meanwhile(_done: int, _of: int) -> None:
        with (home / GROWING).open("ab") as progress:
            progress.write(b"more\n")
        if (home / BRIEF).exists():
            shutil.rmtree((home / BRIEF).parent)
            went.append(BRIEF)

    out = backed_up(home, heard=meanwhile)
    manifest = restore_backup(out, tmp_path / "again", role="orchestrator")
    assert went == [BRIEF]
    assert BRIEF not in manifest.files
    assert set(manifest.files) == files(tmp_path / "again")
    again = (tmp_path / "again" / GROWING).read_bytes()
    assert again.startswith(b"first\nmore\n")
    assert (home / GROWING).read_bytes().startswith(again)


def test_a_log_that_is_begun_anew_while_it_is_copied_is_copied_as_it_is_then(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = home / LOG
    log.parent.mkdir(parents=True)
    log.write_bytes(b"l" * 3_000_000)
    read = _Hashed.read

    def cut_first(self: _Hashed, size: int = 0, /) -> bytes:
        data = read(self, size)
        if data.startswith(b"lll") and log.stat().st_size > 100:
            log.write_bytes(b"anew\n")
        return data

    monkeypatch.setattr(_Hashed, "read", cut_first)
    out = backed_up(home)
    restore_backup(out, tmp_path / "again", role="orchestrator")
    assert (tmp_path / "again" / LOG).read_bytes() == b"anew\n"
    assert out.stat().st_size < 1_000_000


def test_a_backup_of_a_former_version_whose_manifest_comes_first_comes_back(home: Path, tmp_path: Path) -> None:
    out = backed_up(home)
    with tarfile.open(out) as source:
        stream = source.extractfile(MANIFEST)
        assert stream is not None
        first = stream.read()
    restore_backup(rewritten(out, drop=MANIFEST, first=first), tmp_path / "again", role="orchestrator")
    assert notes(tmp_path / "again") == ["committed"]


def rewritten(
    out: Path, *, drop: str = "", add: dict[str, bytes] | None = None, change: str = "", first: bytes = b""
) -> Path:
    """Return a copy of a backup that somebody meddled with."""
    copy = out.with_name("meddled.tar")
    with tarfile.open(out) as source, tarfile.open(copy, "w:") as target:
        if first:
            begin = tarfile.TarInfo(MANIFEST)
            begin.size = len(first)
            target.addfile(begin, BytesIO(first))
        for entry in source:
            stream = source.extractfile(entry)
            assert stream is not None
            content = stream.read()
            if entry.name == change:
                content = content[:-1] + bytes([content[-1] ^ 1])
            if entry.name != drop:
                target.addfile(entry, BytesIO(content))
        for name, content in (add or {}).items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            target.addfile(entry, BytesIO(content))
    return copy


@pytest.mark.parametrize(
    "meddling",
    [
        {"change": "models/a.safetensors"}, {"drop": "trust/ca.key"}, {"drop": MANIFEST}, {"add": {"../outside": b"x"}},
        {"add": {"/etc/outside": b"x"}}, {"add": {"more": b"x"}},
    ],
    ids=["changed", "lacking", "no manifest", "climbing out", "absolute", "not named"],
)  # fmt: skip
def test_what_is_damaged_or_strange_is_refused_and_leaves_nothing(
    home: Path, tmp_path: Path, meddling: dict[str, object]
) -> None:
    copy = rewritten(backed_up(home), **meddling)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as error:
        restore_backup(copy, tmp_path / "again", role="orchestrator")
    assert error.value.code == "backup.invalid"
    assert not (tmp_path / "again").exists()
    assert not (tmp_path / "outside").exists()
    assert list(tmp_path.glob(".restore-*")) == []


def test_a_file_that_is_no_backup_a_cut_one_and_one_of_the_other_side_are_refused(home: Path, tmp_path: Path) -> None:
    out = backed_up(home)
    cut = tmp_path / "cut.tar"
    cut.write_bytes(out.read_bytes()[:9000])
    text = tmp_path / "text.tar"
    text.write_text("no backup")
    for source, role in ((cut, "orchestrator"), (text, "orchestrator"), (out, "contributor")):
        with pytest.raises(InvalidInput) as error:
            restore_backup(source, tmp_path / "again", role=role)
        assert error.value.code == "backup.invalid"
        assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("group", [orchestrator, contributor], ids=["orchestrator", "contributor"])
def test_the_commands_write_and_restore_and_say_what_went_wrong(group: object, home: Path, tmp_path: Path) -> None:
    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(group, words)  # type: ignore[arg-type]
        return result.exit_code, result.output

    out, again = str(tmp_path / "b.tar"), str(tmp_path / "again")
    code, text = run("backup", "--home", str(home), "--out", out)
    assert code == 0, text
    assert "private keys" in text
    code, text = run("restore", out, "--home", again, "--json")
    assert code == 0, text
    assert json.loads(text)["files"] == 5
    code, text = run("restore", out, "--home", again)
    assert code == 1
    assert "not empty" in text
    assert "Traceback" not in text


def one_line(group: object, *words: str | Path) -> str:
    result = CliRunner().invoke(group, [str(word) for word in words])  # type: ignore[arg-type]
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    assert len(result.output.strip().splitlines()) == 1, result.output
    return result.output


def test_where_nothing_can_be_written_both_commands_say_so_in_one_line(home: Path, tmp_path: Path) -> None:
    out, file = backed_up(home), tmp_path / "file"
    file.write_text("")
    said = one_line(orchestrator, "restore", out, "--home", file / "home" / "deep")
    assert "The data folder could not be made: Not a directory." in said
    said = one_line(orchestrator, "backup", "--home", home, "--out", file / "more" / "b.tar")
    assert "The backup could not be written: Not a directory." in said


@pytest.fixture
def small_files() -> Iterator[int]:
    """Let the system refuse files longer than this, as a full disk would refuse them."""
    before, limit = resource.getrlimit(resource.RLIMIT_FSIZE), 30_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_refuses_while_a_backup_comes_back_is_not_the_backups_fault(
    home: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (home / "models" / "a.safetensors").write_bytes(b"w" * 90_000)
    out = backed_up(home)
    request.getfixturevalue("small_files")
    said = one_line(orchestrator, "restore", out, "--home", tmp_path / "again")
    assert "The data folder could not be written: File too large. Free some space there, or name another" in said
    assert "backup is" not in said
    assert not (tmp_path / "again").exists()
    assert list(tmp_path.glob(".restore-*")) == []


@pytest.mark.parametrize("name", ["ward #3", "50% of ?", "Süd"])
def test_the_name_of_a_folder_may_hold_what_means_something_in_an_address(
    home: Path, tmp_path: Path, name: str
) -> None:
    odd = tmp_path / name / "home"
    restore_backup(backed_up(home), odd, role="orchestrator")
    again = tmp_path / "again"
    write_backup(odd, tmp_path / "b.tar", role="orchestrator", version="1")
    restore_backup(tmp_path / "b.tar", again, role="orchestrator")
    assert notes(again) == ["committed"]


def test_names_of_files_stay_as_they_are_and_sides_have_their_article(home: Path, tmp_path: Path) -> None:
    out = backed_up(home)
    assert " backup.tar exists." in one_line(orchestrator, "backup", "--home", home, "--out", out)
    assert "of an orchestrator, not of a contributor" in one_line(contributor, "restore", out, "--home", tmp_path / "n")


def test_a_backup_is_not_written_into_the_folder_that_it_is_of(home: Path) -> None:
    said = one_line(orchestrator, "backup", "--home", home, "--out", home / "models" / "b.tar")
    assert "lies in the data folder" in said and "--out" in said
    assert not (home / "models" / "b.tar").exists()


def test_scans_that_lie_in_a_folder_of_their_own_are_said_to_be_missing(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "scans of the ward"
    (home / "storage.json").write_text(json.dumps({"folder": str(elsewhere)}))
    words = ["backup", "--home", str(home), "--out"]
    said = CliRunner().invoke(contributor, [*words, str(tmp_path / "one.tar")])
    assert said.exit_code == 0
    assert f"Not in it: the scans in {elsewhere}. Copy that folder too." in said.output
    told = CliRunner().invoke(contributor, [*words, str(tmp_path / "two.tar"), "--json"])
    assert json.loads(told.stdout)["elsewhere"] == str(elsewhere)
    (home / "storage.json").unlink()
    here = CliRunner().invoke(contributor, [*words, str(tmp_path / "three.tar")])
    assert "Not in it" not in here.output
