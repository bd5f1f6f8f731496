"""A submission whose answer never comes may have been accepted: it is found by its name and not made a second time."""

import os
import re
from pathlib import Path

import pytest

from synthesis.execution.request import SampleRequest
from synthesis.execution.slurm import scheduler
from synthesis.execution.slurm.array import run_array
from synthesis.execution.slurm.errors import SlurmMissing
from synthesis.execution.slurm.plan import arrays
from synthesis.execution.slurm.profile import load_profile
from synthesis.scenario import load_scenario

QUICK, PROFILE = load_scenario("quick"), load_profile("local")
SBATCH = """#!/bin/bash
for word; do case "$word" in --*) ;; *) script=$word; break ;; esac; done
id=$((77 + $(cat "$STATE/queue" 2>/dev/null | wc -l)))
echo "$id $(sed -n 's/^#SBATCH --job-name=//p' "$script")" >>"$STATE/queue"
[ "$ANSWER" = never ] && exec sleep 30
[ "$ANSWER" = late ] && { echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; exit 1; }
echo "$id"
"""
SQUEUE = """#!/bin/bash
for word; do case "$word" in --name=*) name=${word#--name=} ;; --jobs=*) jobs=${word#--jobs=} ;; esac; done
while read -r id theirs; do
  [ "$theirs" = "$name" ] && echo "$id"
  [[ ",$jobs," = *",$id,"* ]] && printf '%s_%s|PENDING|%s|Resources\\n' "$id" 0 "$theirs" "$id" 1 "$theirs"
done <"$STATE/queue"
exit 0
"""


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for Slurm's programs and return the file of what was accepted, a line a submission."""
    programs, state = tmp_path / "bin", tmp_path / "state"
    programs.mkdir()
    state.mkdir()
    for name, text in (("sbatch", SBATCH), ("squeue", SQUEUE), ("scontrol", "#!/bin/bash\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STATE", str(state))
    return state / "queue"


def submit(folder: Path) -> tuple[str, ...]:
    requests = [SampleRequest(QUICK, "quick", i, 7, folder, f"study-{i:05d}.h5") for i in range(2)]
    profile = PROFILE.model_copy(update={"studies_per_task": 1})
    return run_array(requests, profile=profile, on_done=lambda record: None, wait=False)


@pytest.mark.parametrize("answer", ["never", "late"])
def test_an_array_that_was_accepted_without_an_answer_is_taken_over(
    queue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setenv("ANSWER", answer)
    with monkeypatch.context() as hurried:
        hurried.setattr(scheduler, "ANSWER_S", 5.0)
        with pytest.raises(SlurmMissing, match="Run the same command again"):
            submit(out)
    monkeypatch.setenv("ANSWER", "yes")
    assert submit(out) == ("77",)
    assert submit(out) == ("77",)
    assert len(queue.read_text().splitlines()) == 1


def test_one_that_was_not_accepted_is_submitted_again(
    queue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setenv("ANSWER", "late")
    with pytest.raises(SlurmMissing):
        submit(out)
    queue.write_text("")
    monkeypatch.setenv("ANSWER", "yes")
    assert submit(out) == ("77",)
    first, second = (array.jobs() for array in arrays(out))
    assert first is not None
    assert first.jobs == ()
    assert second is not None
    assert second.asked is None
    assert re.fullmatch(r"77 flomir-\w+\n", queue.read_text())
