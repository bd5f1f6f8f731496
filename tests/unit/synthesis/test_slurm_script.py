"""The batch script of an array, as bash and as sbatch read it."""

import shlex
import subprocess
import sys
from pathlib import Path

from synthesis.execution.slurm.profile import ClusterProfile
from synthesis.execution.slurm.script import batch_script


def options(text: str) -> list[str]:
    return [line.removeprefix("#SBATCH ") for line in text.splitlines() if line.startswith("#SBATCH")]


def test_a_task_asks_for_one_processor_a_requeue_and_a_warning() -> None:
    found = options(batch_script(ClusterProfile(), Path("/out/_slurm/0001"), "flomir-1"))
    assert {"--cpus-per-task=1", "--ntasks=1", "--nodes=1", "--requeue", "--open-mode=append"} <= set(found)
    assert "--signal=B:USR1@120" in found
    assert '--output="/out/_slurm/0001/logs/%A_%a.out"' in found


def test_what_the_profile_does_not_say_is_left_to_the_cluster() -> None:
    plain = options(batch_script(ClusterProfile(), Path("/out"), "n"))
    assert not [line for line in plain if line.startswith(("--partition", "--account", "--qos"))]
    given = ClusterProfile(partition="short", account="p1", qos="low", extra=("--nice=10",))
    assert {"--partition=short", "--account=p1", "--qos=low", "--nice=10"} <= set(
        options(batch_script(given, Path("/o"), "n"))
    )


def test_every_library_of_a_task_uses_one_thread() -> None:
    text = batch_script(ClusterProfile(), Path("/out"), "n")
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        assert f"export {name}=1" in text


def test_odd_paths_survive_bash_and_sbatch(tmp_path: Path) -> None:
    odd = tmp_path / "my 50% $HOME 'study'"
    odd.mkdir()
    python = tmp_path / "a python"
    python.write_text('#!/bin/bash\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    script = tmp_path / "array.sbatch"
    script.write_text(batch_script(ClusterProfile(python=str(python)), odd, "n"))
    done = subprocess.run(["bash", str(script), "40"], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.splitlines() == ["-m", "synthesis.execution.slurm.task", str(odd), "40"]
    assert "50%%" in script.read_text().split("--output=")[1].splitlines()[0]


def test_the_exit_status_of_the_task_is_that_of_the_script(tmp_path: Path) -> None:
    script = tmp_path / "array.sbatch"
    script.write_text(batch_script(ClusterProfile(setup=("false",), python="/bin/false"), tmp_path, "n"))
    assert subprocess.run(["bash", str(script), "0"], check=False, timeout=20).returncode == 1


def test_setup_lines_run_first_and_the_interpreter_is_the_submitting_one() -> None:
    text = batch_script(ClusterProfile(setup=("module load gcc",)), Path("/out"), "n")
    assert text.index("module load gcc") < text.index("synthesis.execution.slurm.task")
    assert shlex.quote(sys.executable) in text
