"""One task of an array in this process: what it makes, keeps, refuses and says."""

import threading
from pathlib import Path

import pytest

from synthesis.execution.request import SampleRequest
from synthesis.execution.slurm import array as array_module
from synthesis.execution.slurm import scheduler
from synthesis.execution.slurm.array import run_array
from synthesis.execution.slurm.errors import ArrayFailed, SlurmMissing
from synthesis.execution.slurm.plan import ArrayFolder, Job, Jobs, Plan, arrays, new_array
from synthesis.execution.slurm.profile import ClusterProfile
from synthesis.execution.slurm.script import STOPPED
from synthesis.execution.slurm.status import array_status
from synthesis.execution.slurm.task import run_task
from synthesis.manifest import SampleRecord
from synthesis.scenario import load_scenario

QUICK = load_scenario("quick")


def planned(
    folder: Path, count: int = 2, *, max_restarts: int = 3, file: str = "study-{:05d}.h5"
) -> tuple[ArrayFolder, Plan]:
    wanted = [SampleRequest(QUICK, "quick", i, 5, folder, file.format(i)) for i in range(count)]
    array = new_array(wanted, per_task=count, max_restarts=max_restarts)
    return array, array.plan()


def asked() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def test_a_task_makes_its_share_and_a_second_start_makes_nothing(tmp_path: Path) -> None:
    array, plan = planned(tmp_path)
    assert run_task(array, plan, 0, stop=threading.Event()) == 0
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.h5")}
    assert sorted(before) == ["study-00000.h5", "study-00001.h5"]
    assert run_task(array, plan, 0, stop=asked()) == 0  # nothing is left, so that being asked to stop changes nothing
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.h5")} == before


def test_a_damaged_study_is_made_again(tmp_path: Path) -> None:
    array, plan = planned(tmp_path, 1)
    run_task(array, plan, 0, stop=threading.Event())
    whole = (tmp_path / "study-00000.h5").read_bytes()
    (tmp_path / "study-00000.h5").write_bytes(whole[:-10])
    assert run_task(array, plan, 0, stop=threading.Event()) == 0
    assert (tmp_path / "study-00000.h5").read_bytes() == whole


def test_a_task_that_is_asked_to_stop_makes_nothing_more_and_asks_to_be_queued_again(tmp_path: Path) -> None:
    array, plan = planned(tmp_path)
    assert run_task(array, plan, 0, stop=asked()) == STOPPED
    assert not list(tmp_path.glob("*.h5"))
    assert array.failures() == []


def test_a_task_that_is_stopped_too_often_fails_with_the_way_out(tmp_path: Path) -> None:
    array, plan = planned(tmp_path, max_restarts=3)
    assert run_task(array, plan, 0, stop=asked(), restarts=3) == 1
    (failure,) = array.failures()
    assert "stopped 4 times" in failure.message
    assert "Raise `time`" in failure.remedy


def test_half_written_files_of_a_killed_start_are_removed(tmp_path: Path) -> None:
    array, plan = planned(tmp_path, 1)
    (tmp_path / ".study-00000.h5.abc.part").write_bytes(b"half")
    run_task(array, plan, 0, stop=threading.Event())
    assert not list(tmp_path.glob(".*.part"))


def test_a_folder_that_cannot_be_written_ends_the_task_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    array, plan = planned(tmp_path, 2, file="taken/study-{:05d}.h5")
    assert run_task(array, plan, 0, stop=threading.Event()) == 1
    (failure,) = array.failures()
    assert (failure.file, failure.code) == ("taken/study-00000.h5", "synthesis.output_unusable")
    (tmp_path / "taken").unlink()
    assert run_task(array, plan, 0, stop=threading.Event()) == 0
    assert array.failures() == []  # a later success takes the sentence back


def test_without_slurm_here_the_error_says_so_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    wanted = [SampleRequest(QUICK, "quick", 0, 5, tmp_path / "out", "study-00000.h5")]
    with pytest.raises(SlurmMissing, match="is not installed here") as caught:
        run_array(wanted, profile=ClusterProfile(), on_done=lambda record: None)
    assert "--executor local" in caught.value.remedy
    assert arrays(tmp_path / "out") == []


@pytest.mark.parametrize("damage", ["deleted", "cut off"])
def test_a_study_that_is_lost_while_the_array_runs_is_missing_at_its_end(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [[scheduler.QueuedTask("7", 0, "RUNNING", "None")], []]

    def squeue(_job_ids: object, _name: str) -> list[scheduler.QueuedTask]:
        """Say that the array runs, which loses a study meanwhile, and from the second question on that it ended."""
        if len(answers) == 1:
            return answers[0]
        run_task(array, plan, 0, stop=threading.Event())
        lost = tmp_path / "study-00001.h5"
        lost.unlink() if damage == "deleted" else lost.write_bytes(lost.read_bytes()[:-10])
        return answers.pop(0)

    array, plan = planned(tmp_path)
    array.write_jobs(Jobs(name="ours", jobs=(Job(job_id="7", first=0, tasks=1),)))
    monkeypatch.setattr(scheduler, "queued", squeue)
    monkeypatch.setattr(array_module, "ASK_S", (0.0, 0.0))
    wanted = [plan.request(number, tmp_path) for number in range(2)]
    made: list[SampleRecord] = []
    with pytest.raises(ArrayFailed, match=r"1 of 2 studies are missing\. study-00001\.h5 was made, and then deleted"):
        run_array(wanted, profile=ClusterProfile(settle_s=0.1), on_done=made.append)
    assert [record.index for record in made] == [0]


def test_status_needs_no_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    array, plan = planned(tmp_path, 2)
    monkeypatch.setenv("PATH", str(tmp_path))
    (before,) = array_status(tmp_path)
    run_task(array, plan, 0, stop=threading.Event())
    (after,) = array_status(tmp_path)
    assert (before.done, after.done, after.planned) == (0, 2, 2)
    assert array_status(tmp_path / "elsewhere") == ()
