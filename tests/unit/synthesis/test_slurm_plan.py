"""The plan of an array and what its tasks leave beside it."""

import json
from pathlib import Path

import pytest

from synthesis.execution.request import SampleRequest
from synthesis.execution.slurm.errors import PlanInvalid
from synthesis.execution.slurm.plan import PLAN, ArrayFolder, arrays, collect_records, intact, new_array
from synthesis.manifest import SampleRecord, file_sha256
from synthesis.pipeline import generate
from synthesis.scenario import load_scenario

QUICK = load_scenario("quick")


def requests(folder: Path, count: int) -> list[SampleRequest]:
    return [SampleRequest(QUICK, "quick", i, 7, folder, f"study-{i:05d}.h5", (0, i + 1)) for i in range(count)]


def record(folder: Path, file: str, text: str = "a study") -> SampleRecord:
    (folder / file).write_text(text)
    return SampleRecord(file=file, site="quick", index=0, sha256=file_sha256(folder / file),
                        size_bytes=len(text), counts=1.0, defects=0, seconds={"phantom": 1.5})  # fmt: skip


def test_a_plan_gives_back_every_request_and_cuts_them_into_tasks(tmp_path: Path) -> None:
    wanted = requests(tmp_path, 5)
    array = new_array(wanted, per_task=2, max_restarts=3)
    plan = array.plan()
    assert [plan.request(number, tmp_path) for number in range(5)] == wanted
    assert plan.tasks == 3
    assert [list(plan.numbers(task)) for task in range(3)] == [[0, 1], [2, 3], [4]]
    assert array.out == tmp_path.resolve()


def test_a_plan_moves_with_its_folder(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    new_array(requests(here, 1), per_task=1, max_restarts=0)
    here.rename(there)
    (array,) = arrays(there)
    assert array.plan().request(0, array.out).folder == there.resolve()


def test_arrays_are_numbered_and_listed_oldest_first(tmp_path: Path) -> None:
    made = [new_array(requests(tmp_path, 1), per_task=1, max_restarts=0) for _ in range(3)]
    assert arrays(tmp_path) == made
    assert [array.path.name for array in made] == ["0001", "0002", "0003"]


def test_a_plan_of_another_version_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    array = new_array(requests(tmp_path, 1), per_task=1, max_restarts=0)
    whole = json.loads((array.path / PLAN).read_text())
    (array.path / PLAN).write_text(json.dumps(whole | {"scenario_digest": "0" * 64}))
    with pytest.raises(PlanInvalid, match="another version"):
        array.plan()
    (array.path / PLAN).write_text(json.dumps(whole)[:-20])
    with pytest.raises(PlanInvalid, match="cannot be read"):
        array.plan()
    with pytest.raises(PlanInvalid, match="cannot be read"):
        ArrayFolder(tmp_path / "_slurm" / "0009").plan()


def test_records_are_collected_for_the_same_scenario_and_seed_only(tmp_path: Path) -> None:
    array = new_array(requests(tmp_path, 2), per_task=1, max_restarts=0)
    kept = record(tmp_path, "study-00000.h5")
    array.write_records(0, (kept,))
    assert array.finished() == {0}
    assert collect_records(tmp_path, QUICK, 7) == {kept.file: kept}
    assert collect_records(tmp_path, QUICK, 8) == {}
    assert collect_records(tmp_path, load_scenario("cardiac"), 7) == {}


def test_a_half_written_record_is_no_record(tmp_path: Path) -> None:
    array = new_array(requests(tmp_path, 1), per_task=1, max_restarts=0)
    (array.path / "done" / "00000.json").write_text('[{"file": "stu')
    assert array.records(0) == ()
    assert collect_records(tmp_path, QUICK, 7) == {}


def test_a_study_is_intact_only_while_its_bytes_are_those_of_the_record(tmp_path: Path) -> None:
    kept = record(tmp_path, "study-00000.h5")
    assert intact(tmp_path, kept)
    (tmp_path / kept.file).write_text("another")
    assert not intact(tmp_path, kept)
    (tmp_path / kept.file).unlink()
    assert not intact(tmp_path, kept)
    assert not intact(tmp_path, None)


def test_a_task_has_one_processor_however_many_are_where_it_is_submitted(tmp_path: Path) -> None:
    planned: list[SampleRequest] = []
    generate(QUICK, tmp_path, 2, 5, workers=64, runner=lambda wanted, _done: planned.extend(wanted))
    assert [request.workers for request in planned] == [1, 1]
