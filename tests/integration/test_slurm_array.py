"""Arrays on a real Slurm cluster: requeues, resuming, refusals. Skips loudly where Slurm is not installed."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from flomir.waiting import wait_until
from synthesis.commands import synthesize
from synthesis.execution.local import run_samples
from synthesis.execution.request import SampleRequest
from synthesis.execution.slurm.array import run_array
from synthesis.execution.slurm.errors import ArrayFailed, ArrayLeftRunning, SubmissionRejected
from synthesis.execution.slurm.plan import ArrayFolder, arrays
from synthesis.execution.slurm.profile import ClusterProfile, load_profile
from synthesis.execution.slurm.status import array_status
from synthesis.manifest import SampleRecord, file_sha256, read_manifest
from synthesis.scenario import load_scenario
from tests.support.slurm import PACKAGES, Cluster, missing_programs, running_cluster

pytestmark = pytest.mark.slow
QUICK = load_scenario("quick")
STUDIES, SEED, TASK_S = 8, 5, 120.0
PROFILE = load_profile("local").model_copy(update={"studies_per_task": 4, "settle_s": 1.0, "memory": "400M"})


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    missing = missing_programs()
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} ({PACKAGES})")
    with running_cluster() as running:
        yield running


def requests(folder: Path, studies: int = STUDIES) -> list[SampleRequest]:
    return [SampleRequest(QUICK, "quick", index, SEED, folder, f"study-{index:05d}.h5") for index in range(studies)]


def profile(**changes: object) -> ClusterProfile:
    return ClusterProfile.model_validate(PROFILE.model_dump() | changes)


def nothing(_record: SampleRecord) -> None:
    return None


def run(folder: Path, studies: int, **changes: object) -> list[SampleRecord]:
    made: list[SampleRecord] = []
    run_array(requests(folder, studies), profile=profile(**changes), on_done=made.append)
    return made


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: file_sha256(path) for path in sorted(folder.glob("*.h5"))}


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.glob("*.h5"))}


def starts(array: ArrayFolder) -> Counter[str]:
    """How often each study was begun, over all logs of an array."""
    logs = "".join(path.read_text() for path in (array.path / "logs").iterdir())
    return Counter(re.findall(r"start (study-\d+\.h5)", logs))


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pool")
    run_samples(requests(folder), workers=2, on_done=nothing)
    return folder


@pytest.fixture(scope="module")
def requeued(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """Two tasks of four studies: one is told to stop as before its time limit, one is requeued by force."""
    folder = tmp_path_factory.mktemp("array")
    (job,) = run_array(requests(folder), profile=PROFILE, on_done=nothing, wait=False)
    (array,) = arrays(folder)
    wait_until(lambda: array.records(0), timeout_s=TASK_S, what="a study of task 0", poll_s=0.02)
    cluster.say("scancel", "--signal=USR1", "--batch", f"{job}_0")
    wait_until(lambda: array.records(4), timeout_s=TASK_S, what="a study of task 1", poll_s=0.02)
    kept = {"study-00000.h5", "study-00004.h5"}
    before = {name: stamp for name, stamp in stamps(folder).items() if name in kept}
    cluster.say("scontrol", "requeue", f"{job}_1")
    made: list[SampleRecord] = []
    assert run_array(requests(folder), profile=PROFILE, on_done=made.append) == (job,)  # waits, submits nothing
    assert sorted(record.file for record in made) == sorted(hashes(folder))
    return folder, before


def test_an_array_finishes_after_requeues_with_the_bytes_of_the_local_pool(
    requeued: tuple[Path, dict[str, int]], pooled: Path
) -> None:
    folder, _ = requeued
    assert len(hashes(folder)) == STUDIES
    assert hashes(folder) == hashes(pooled)
    assert not list(folder.glob(".*"))
    (status,) = array_status(folder)
    assert (status.planned, status.done, status.running, status.waiting) == (STUDIES, STUDIES, 0, 0)
    assert f"{STUDIES} of {STUDIES} bodies done" in status.sentence()


def test_a_requeue_makes_nothing_twice(requeued: tuple[Path, dict[str, int]]) -> None:
    folder, before = requeued
    after = stamps(folder)
    assert {name: after[name] for name in before} == before
    (array,) = arrays(folder)
    begun = starts(array)
    assert set(begun) == set(hashes(folder))
    told = {f"study-{index:05d}.h5" for index in range(4)}
    assert {begun[name] for name in told} == {1}  # a task that is told ends its study first
    again = [name for name, times in begun.items() if times > 1]
    assert len(again) <= 1  # of the one requeued by force, only the study at hand
    logs = "".join(path.read_text() for path in sorted((array.path / "logs").iterdir()))
    assert logs.count("start 2") == 2  # both tasks did start again
    assert "queued again after start 1" in logs


def test_resuming_makes_only_the_study_that_is_missing(requeued: tuple[Path, dict[str, int]], pooled: Path) -> None:
    folder, _ = requeued
    before = stamps(folder)
    (folder / "study-00005.h5").unlink()
    made: list[SampleRecord] = []
    run_array(requests(folder), profile=PROFILE, on_done=made.append)
    after = stamps(folder)
    assert {name for name in after if after[name] != before[name]} == {"study-00005.h5"}
    assert starts(arrays(folder)[-1]) == {"study-00005.h5": 1}
    assert sorted(record.file for record in made) == sorted(after)
    assert hashes(folder) == hashes(pooled)


def test_nothing_is_submitted_when_nothing_is_missing(requeued: tuple[Path, dict[str, int]]) -> None:
    folder, _ = requeued
    count = len(arrays(folder))
    assert run_array(requests(folder, 3), profile=PROFILE, on_done=nothing) == ()
    assert len(arrays(folder)) == count


def test_an_array_larger_than_the_limit_is_cut(cluster: Cluster, tmp_path: Path) -> None:
    assert {record.index for record in run(tmp_path, 3, studies_per_task=1, array_size=2)} == {0, 1, 2}
    (array,) = arrays(tmp_path)
    jobs = array.jobs()
    assert jobs is not None
    assert [(job.first, job.tasks) for job in jobs.jobs] == [(0, 2), (2, 1)]
    assert set(starts(array).values()) == {1}


def test_an_array_whose_submission_got_no_answer_is_waited_for(cluster: Cluster, tmp_path: Path) -> None:
    (job,) = run_array(requests(tmp_path, 2), profile=PROFILE, on_done=nothing, wait=False)
    (array,) = arrays(tmp_path)
    jobs = array.jobs()
    assert jobs is not None
    unanswered = jobs.jobs[0].model_copy(update={"job_id": ""})
    array.write_jobs(jobs.model_copy(update={"jobs": (), "asked": unanswered}))
    made: list[SampleRecord] = []
    assert run_array(requests(tmp_path, 2), profile=PROFILE, on_done=made.append) == (job,)
    assert {record.index for record in made} == {0, 1}
    assert (arrays(tmp_path), array.jobs()) == ([array], jobs)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"partition": "nowhere"}, "Invalid partition name specified. Correct `partition` in the cluster profile"),
        ({"memory": "900T"}, "Requested node configuration is not available. Lower `memory`"),
        ({"extra": ["--colour=blue"]}, "unrecognized option '--colour=blue'"),
    ],
)
def test_a_refused_submission_is_one_sentence_and_leaves_nothing(
    cluster: Cluster, tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(SubmissionRejected) as caught:
        run(tmp_path, 1, **changes)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert arrays(tmp_path) == []


def test_a_time_that_the_partition_never_grants_is_refused_and_cancelled(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(SubmissionRejected, match=r"never start the array: PartitionTimeLimit.*Lower `time`"):
        run(tmp_path, 1, time="02:00:00")
    (array,) = arrays(tmp_path)
    jobs = array.jobs()
    assert jobs is not None
    assert cluster.say("squeue", "-h", "--name", jobs.name).strip() == ""


def test_the_sentence_of_a_task_that_fails_arrives(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder is needed")
    bad = SampleRequest(QUICK, "quick", 1, SEED, tmp_path, "taken/study-00001.h5")
    made: list[SampleRecord] = []
    with pytest.raises(ArrayFailed) as caught:
        run_array([*requests(tmp_path, 1), bad], profile=PROFILE, on_done=made.append)
    assert "1 of 2 studies are missing. taken/study-00001.h5: The output folder cannot be written" in str(caught.value)
    assert [record.index for record in made] == [0]
    assert "1 tasks failed" in array_status(tmp_path)[0].sentence()


def test_a_task_that_is_killed_is_told_by_the_last_line_of_its_log(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(ArrayFailed, match="ended without a reason; last line of its log: no such module"):
        run(tmp_path, 1, setup=["echo no such module; exit 3"])


def test_ctrl_c_leaves_the_array_running_and_says_how_to_look_and_to_cancel(cluster: Cluster, tmp_path: Path) -> None:
    def stop(_record: SampleRecord) -> None:
        raise KeyboardInterrupt

    with pytest.raises(ArrayLeftRunning) as caught:
        run_array(requests(tmp_path, 6), profile=profile(parallel_tasks=1), on_done=stop)
    (job,) = caught.value.job_ids
    assert f"scancel {job}" in caught.value.remedy
    assert f"flomir synthesize status {tmp_path}" in caught.value.remedy
    (status,) = array_status(tmp_path)
    assert status.waiting
    cluster.say("scancel", job)
    wait_until(lambda: not cluster.say("squeue", "-h", "-j", job), timeout_s=TASK_S, what="the job to end")
    assert "ended before all was done" in array_status(tmp_path)[0].sentence()


def test_the_command_submits_without_waiting_and_the_next_one_takes_up_what_was_made(
    cluster: Cluster, tmp_path: Path, pooled: Path
) -> None:
    file, out = tmp_path / "mine.toml", tmp_path / "out"
    file.write_text('memory = "400M"\ntime = "10"\nstudies_per_task = 2\n')
    command = ["run", "quick", "--out", str(out), "--studies", "3", "--seed", str(SEED), "--executor", "slurm"]
    command += ["--profile", str(file)]
    first = CliRunner().invoke(synthesize, [*command, "--no-wait"])
    assert first.exit_code == 0, first.output
    assert "; 0 studies are there" in first.output
    (submitted,) = [jobs for array in arrays(out) if (jobs := array.jobs()) is not None]
    (job,) = submitted.jobs
    assert f"end it with `scancel {job.job_id}`" in first.output
    manifest = read_manifest(out)
    assert manifest is not None
    assert not manifest.complete
    second = CliRunner().invoke(synthesize, command)
    assert second.exit_code == 0, second.output
    manifest = read_manifest(out)
    assert manifest is not None
    assert (manifest.complete, manifest.executor) == (True, "slurm")
    assert all(record.seconds for record in manifest.studies)
    assert len(arrays(out)) == 1
    assert set(hashes(out).items()) <= set(hashes(pooled).items())
    shown = CliRunner().invoke(synthesize, ["status", str(out)])
    assert "array 0001" in shown.output, shown.output


def test_a_wrong_profile_is_one_line(tmp_path: Path) -> None:
    command = ["run", "quick", "--out", str(tmp_path), "--studies", "1", "--executor", "slurm", "--profile", "nowhere"]
    result = CliRunner().invoke(synthesize, command)
    assert result.exit_code == 1
    assert "There is no built-in cluster profile called nowhere. Choose one of aipanther, local" in result.stderr


def test_a_task_that_does_not_end_in_time_is_killed_and_queued_again(cluster: Cluster, tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"  # on its first start it ignores every warning, as a long simulation does
    deaf.write_text(f"""#!/bin/bash
if [ -z "${{SLURM_RESTART_COUNT:-}}" ]; then trap '' USR1 TERM; touch {tmp_path}/begun; while :; do sleep 1; done; fi
exec {sys.executable} "$@"
""")
    deaf.chmod(0o755)
    changed = profile(python=str(deaf), signal_s=10)
    out = tmp_path / "out"
    (job,) = run_array(requests(out, 1), profile=changed, on_done=nothing, wait=False)
    wait_until((tmp_path / "begun").exists, timeout_s=TASK_S, what="the first start", poll_s=0.05)
    cluster.say("scancel", "--signal=USR1", "--batch", f"{job}_0")
    run_array(requests(out, 1), profile=changed, on_done=nothing)
    assert sorted(hashes(out)) == ["study-00000.h5"]
    (log,) = (arrays(out)[0].path / "logs").iterdir()
    assert "queued again after start 1" in log.read_text()
