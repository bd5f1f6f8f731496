"""The local pool when a worker is killed or the disk is full: nothing finished is lost, nothing half-written stays."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from flomir.waiting import wait_until
from model.io.study import read_study
from synthesis.errors import SimulationFailed
from synthesis.manifest import file_sha256, read_manifest
from synthesis.pipeline import Progress, generate
from synthesis.scenario import load_scenario

QUICK = load_scenario("quick")
STUDIES, SEED = 8, 5
DISK_KB = 400  # of the 700 or so that the studies need
DEADLINE_S = 120.0


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: file_sha256(path) for path in sorted(folder.glob("*.h5"))}


def hidden(folder: Path) -> list[Path]:
    return sorted(folder.glob(".*"))


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(word) for word in listed.read_text().split()]
    except OSError:
        return []


def workers() -> list[int]:
    """Process ids of this process's pool workers: children of its fork server."""

    def is_server(pid: int) -> bool:
        try:
            return b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    return [worker for pid in children(os.getpid()) if is_server(pid) for worker in children(pid)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the checksums of what an undisturbed run writes."""
    folder = tmp_path_factory.mktemp("whole")
    generate(QUICK, folder, STUDIES, SEED, workers=2)
    return hashes(folder)


def test_a_killed_worker_costs_nothing_but_the_study_at_hand(whole: dict[str, str], tmp_path: Path) -> None:
    steps: list[Progress] = []
    stamps: dict[str, int] = {}

    def kill_one(step: Progress) -> None:
        steps.append(step)
        if step.done == 2:
            stamps.update({path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.h5")})
            os.kill(wait_until(workers, timeout_s=DEADLINE_S, what="a worker", poll_s=0.01)[0], signal.SIGKILL)

    manifest = generate(QUICK, tmp_path, STUDIES, SEED, workers=2, on_progress=kill_one)
    assert manifest.complete
    assert hashes(tmp_path) == whole
    assert hidden(tmp_path) == []
    reported = Counter(step.latest.file for step in steps if step.latest is not None)
    assert reported == dict.fromkeys(whole, 1)
    kept = [step.latest.file for step in steps[:3] if step.latest is not None]
    assert all((tmp_path / name).stat().st_mtime_ns == stamps[name] for name in kept)


def test_workers_that_die_again_and_again_end_the_run_in_one_sentence(whole: dict[str, str], tmp_path: Path) -> None:
    generate(QUICK, tmp_path, 2, SEED, workers=1)
    over = threading.Event()

    def kill_all() -> None:
        while not over.wait(0.005):
            for pid in workers():
                with suppress(ProcessLookupError):  # reaped since it was listed
                    os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_all)
    killer.start()
    try:
        with pytest.raises(SimulationFailed) as caught:
            generate(QUICK, tmp_path, STUDIES, SEED, workers=2)
    finally:
        over.set()
        killer.join()
    assert "A worker process ended unexpectedly" in str(caught.value)
    assert "finished studies are kept" in str(caught.value)
    assert hidden(tmp_path) == []
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert not manifest.complete
    assert sorted(record.file for record in manifest.studies) == sorted(hashes(tmp_path))
    assert generate(QUICK, tmp_path, STUDIES, SEED, workers=2).complete
    assert hashes(tmp_path) == whole


def test_what_a_killed_program_left_half_written_is_removed_by_the_next_run(
    whole: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / ".study-00001.h5.abcdefgh.part").write_bytes(b"\x89HDF half a study")
    other = tmp_path / ".study-00031.h5.abcdefgh.part"  # of another run in the same folder
    other.write_bytes(b"\x89HDF half a study")
    generate(QUICK, tmp_path, 2, SEED, workers=1)
    assert hidden(tmp_path) == [other]
    assert hashes(tmp_path) == {name: whole[name] for name in ("study-00000.h5", "study-00001.h5")}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk that has room for some of the studies."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root and the mount command for a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_KB}k", "none", str(place)],
        capture_output=True,
        text=True,
        timeout=20,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True, capture_output=True, timeout=20)


def test_a_full_disk_keeps_what_is_finished_and_is_one_sentence(whole: dict[str, str], small_disk: Path) -> None:
    out = small_disk / "out"
    command = [str(Path(sys.executable).with_name("flomir")), "synthesize", "run", "quick", "--out", str(out),
               "--seed", str(SEED), "--workers", "2", "--studies", str(STUDIES)]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert result.returncode == 1
    assert "No space left on device" in result.stderr
    assert "Check free space" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    made = hashes(out)
    assert 0 < len(made) < STUDIES
    assert made == {name: whole[name] for name in made}
    assert hidden(out) == []
    for path in out.glob("*.h5"):
        read_study(path)
    stamps = {name: (out / name).stat().st_mtime_ns for name in made}
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True, capture_output=True, timeout=20)
    assert generate(QUICK, out, STUDIES, SEED, workers=2).complete
    assert hashes(out) == whole
    assert {name: (out / name).stat().st_mtime_ns for name in made} == stamps
