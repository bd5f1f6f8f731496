"""The child that makes and checks data sets: what it answers, what it leaves, how it ends when asked to."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from flomir.waiting import wait_until
from model.io.study import read_study
from synthesis.form import LesionChoice, build, presets
from synthesis.jobs import main

QUICK = presets()[0]
SCENARIO = build(
    "quick",
    QUICK.choices.model_copy(update={"views": 16, "infarct_share": 1.0}),
    [LesionChoice(organ="liver", share=1.0)],
).model_dump(mode="json")


def ask(**request: object) -> tuple[int, list[dict[str, Any]]]:
    """Return exit code and lines."""
    out = io.StringIO()
    code = main(io.StringIO(json.dumps(request, default=str)), out)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("made")
    code, lines = ask(
        kind="make", scenario=SCENARIO, studies=2, seed=1, workers=1, folder=folder / "set", about=folder / "about"
    )
    assert code == 0, lines
    return folder, lines


def test_studies_are_made_described_and_pictured(made: tuple[Path, list[dict[str, Any]]]) -> None:
    folder, lines = made
    facts = lines[-1]
    assert (facts["studies"], facts["patients"], facts["references"]) == (2, 2, {"phantom": 2})
    assert (facts["with_infarcts"], facts["with_lesions"], facts["problem_count"]) == (2, 2, 0)
    counts = [float(read_study(path).projections[0].sum()) for path in sorted((folder / "set").glob("*.h5"))]
    assert (facts["counts"]["low"], facts["counts"]["high"]) == pytest.approx((min(counts), max(counts)))
    rows = json.loads((folder / "about" / "studies.json").read_text())
    assert [row["file"] for row in rows] == ["study-00000.h5", "study-00001.h5"]
    assert all(row["lesions"] == {"liver": 1} and row["infarcts"] and row["pictured"] for row in rows)
    picture = np.asarray(Image.open(folder / "about" / "pictures" / "0.png"))
    assert picture.shape == (120, 480, 3)
    assert len(np.unique(picture[..., 0])) > 20  # there is something to see
    assert (picture == (0, 194, 168)).all(axis=-1).any()  # the infarct's outline
    page = (folder / "about" / "page.html").read_text()
    assert "<script" not in page


def test_progress_grows_and_says_what_is_done(made: tuple[Path, list[dict[str, Any]]]) -> None:
    _, lines = made
    shares = [line["progress"] for line in lines[:-1]]
    assert shares == sorted(shares)
    assert {line["stage"] for line in lines[:-1]} <= {"making", "checking", "drawing"}


def test_a_damaged_file_is_named_and_the_rest_described(
    made: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    folder, _ = made
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.h5").write_bytes((folder / "set" / "study-00000.h5").read_bytes())
    (tmp_path / "set" / "b.h5").write_bytes(b"no study")
    code, lines = ask(kind="check", folder=tmp_path / "set", about=tmp_path / "about")
    assert code == 0
    assert [problem["file"] for problem in lines[-1]["problems"]] == ["b.h5"]
    assert (lines[-1]["studies"], lines[-1]["problem_count"]) == (1, 1)
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["a.h5", "b.h5"]  # read, never written


def test_a_folder_without_studies_is_refused(tmp_path: Path) -> None:
    code, lines = ask(kind="check", folder=tmp_path, about=tmp_path / "about")
    assert (code, lines[-1]["error"]["code"]) == (1, "synthesis.output_unusable")


def test_nothing_is_made_when_the_disk_is_too_small(tmp_path: Path) -> None:
    code, lines = ask(
        kind="make", scenario=SCENARIO, studies=2, seed=1, workers=1, folder=tmp_path / "set", about=tmp_path / "about",
        spare_bytes=10**18,
    )  # fmt: skip
    assert (code, lines[-1]["error"]["code"]) == (1, "synthesis.disk_full")
    assert list((tmp_path / "set").iterdir()) == []


def test_a_stored_estimate_grows_with_the_set() -> None:
    few, many = (
        ask(kind="estimate", scenario=SCENARIO, studies=number, cores=2, probe=False)[1][-1] for number in (10, 1000)
    )
    assert many["bytes"] == pytest.approx(100 * few["bytes"], rel=0.01)
    assert many["wall_s"] > 50 * few["wall_s"]


def test_a_wrong_request_names_the_place() -> None:
    code, lines = ask(kind="make", studies=0)
    assert (code, lines[-1]["error"]["code"]) == (1, "request.invalid")


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what it starts with &


@pytest.mark.parametrize("in_background", [False, True])
def test_asked_to_end_it_keeps_what_is_finished_and_goes_on_later(tmp_path: Path, in_background: bool) -> None:
    request = json.dumps(
        {"kind": "make", "scenario": SCENARIO, "studies": 600, "seed": 3, "workers": 1, "folder": str(tmp_path / "set"),
         "about": str(tmp_path / "about")}
    )  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "synthesis.jobs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_ignore_interrupts if in_background else None,
    )
    assert process.stdin is not None
    process.stdin.write(request)
    process.stdin.close()
    wait_until(
        lambda: len(list((tmp_path / "set").glob("study-*.h5"))) > 1, timeout_s=60, what="two studies", poll_s=0.02
    )
    os.kill(process.pid, signal.SIGTERM)
    assert process.stdout is not None
    with process.stdout as stdout:
        last = json.loads(stdout.read().splitlines()[-1])
    assert process.wait(30) == 1
    assert last["error"]["code"] == "synthesis.interrupted"
    kept = len(list((tmp_path / "set").glob("study-*.h5")))
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert 1 < kept < 600
    assert (len(manifest["studies"]), manifest["complete"]) == (kept, False)
