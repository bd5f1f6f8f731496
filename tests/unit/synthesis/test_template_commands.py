import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from model.io.study import read_study
from synthesis.choices import choose, with_phantom, with_simulator
from synthesis.commands import synthesize
from synthesis.errors import ScenarioInvalid
from synthesis.pipeline import generate
from synthesis.sample import simulate
from synthesis.scenario import load_scenario, parse_scenario
from synthesis.template import FinePhantom, Template

QUICK = load_scenario("quick")


def command(*arguments: str | Path) -> dict[str, object]:
    result = CliRunner().invoke(synthesize, [str(argument) for argument in arguments] + ["--json"])
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def refusal(*arguments: str | Path) -> str:
    result = CliRunner().invoke(synthesize, [str(argument) for argument in arguments])
    assert result.exit_code == 1, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_the_stages_alone_make_the_studies_that_run_makes(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    try:
        drawn = command("phantom", "quick", "--out", tmp_path / "p.h5", "--index", "2", "--seed", "5")
        simulated = command("simulate", tmp_path / "p.h5", "--out", tmp_path / "t.h5")
    finally:
        torch.set_num_threads(threads)
    mixed = command("mix", tmp_path / "t.h5", "--out", tmp_path / "mixed", "--variants", "3")
    assert drawn["sources"] == simulated["sources"]
    assert mixed["bodies"] == 1
    generate(QUICK, tmp_path / "run", 1, 5, first=2, variants=3, workers=1)
    for name in ("study-00002-v01.h5", "study-00002-v02.h5"):
        assert (tmp_path / "mixed" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()
    first, direct = (read_study(tmp_path / folder / "study-00002.h5") for folder in ("mixed", "run"))
    assert first.projections.sum() == pytest.approx(float(direct.projections.sum()), rel=0.01)
    assert dict(first.provenance) == dict(direct.provenance)


def test_every_stage_refuses_what_is_not_its_input_in_one_line(tmp_path: Path) -> None:
    command("phantom", "quick", "--out", tmp_path / "p.h5")
    assert "expected 'flomir-template'" in refusal("mix", tmp_path / "p.h5", "--out", tmp_path / "m")
    (tmp_path / "cut.h5").write_bytes((tmp_path / "p.h5").read_bytes()[:5000])
    assert "cut off" in refusal("simulate", tmp_path / "cut.h5", "--out", tmp_path / "t.h5")
    assert "no file x.h5" in refusal("simulate", tmp_path / "x.h5", "--out", tmp_path / "t.h5")
    assert not (tmp_path / "t.h5").exists()
    assert "no built-in scenario" in refusal("phantom", "nothing", "--out", tmp_path / "q.h5")
    assert "cannot be written" in refusal("phantom", "quick", "--out", tmp_path / "p.h5" / "q.h5")


def test_a_stage_replaces_a_file_only_when_told_to_and_never_its_own_input(tmp_path: Path) -> None:
    body, other, threads = tmp_path / "p.h5", tmp_path / "other.h5", torch.get_num_threads()
    command("phantom", "quick", "--out", body)
    before = body.read_bytes()
    other.write_text("notes")
    assert "p.h5 is there already. Choose another name" in refusal("phantom", "quick", "--seed", "3", "--out", body)
    assert "other.h5 is there already." in refusal("simulate", body, "--out", other)
    assert "p.h5 is the phantom itself." in refusal("simulate", body, "--out", body, "--force")
    assert (body.read_bytes(), other.read_text()) == (before, "notes")
    try:
        command("simulate", body, "--out", other, "--force")
    finally:
        torch.set_num_threads(threads)
    command("phantom", "quick", "--seed", "3", "--out", body, "--force")
    assert body.read_bytes() != before


def test_the_views_of_a_monte_carlo_lie_in_no_folder_of_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "t.views"
    theirs.mkdir()
    (theirs / "notes").write_text("notes")
    used: list[Path] = []

    def projected(phantom: FinePhantom, *, workers: int, folder: Path) -> Template:
        used.append(folder)
        return simulate(replace(phantom, body=replace(phantom.body, scenario=QUICK)))

    monkeypatch.setattr("synthesis.sample.simulate", projected)
    monkeypatch.setattr("synthesis.execution.process.use_one_thread", lambda: None)
    command("phantom", "quick", "--simulator", "gate", "--out", tmp_path / "p.h5")
    command("simulate", tmp_path / "p.h5", "--out", tmp_path / "t.h5")
    assert (theirs / "notes").read_text() == "notes"
    assert [folder.exists() for folder in used] == [False]


def test_another_simulator_is_another_scenario_and_keeps_shared_settings() -> None:
    finer = parse_scenario('name = "a"\n[simulation]\noversampling = 3\n[[sites]]\nname = "b"\n')
    gate = with_simulator(finer, "gate")
    assert gate.simulation.kind == "gate"
    assert gate.simulation.oversampling == 3
    assert gate.digest != finer.digest
    assert with_simulator(gate, "analytic").digest == finer.digest
    assert with_simulator(finer, "analytic") is finer


def test_another_phantom_comes_by_name_or_from_a_file(tmp_path: Path) -> None:
    xcat = choose("quick", phantom="xcat")
    assert xcat.phantom.kind == "xcat"
    assert xcat.digest != QUICK.digest
    assert choose("quick", phantom="thorax").digest == QUICK.digest
    for number, text in enumerate(('kind = "xcat"\narray_size = 96\n', '[phantom]\nkind = "xcat"\narray_size = 96\n')):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, encoding="utf-8")
        assert getattr(with_phantom(QUICK, str(path)).phantom, "array_size", 0) == 96


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("mummy", None, "no phantom called mummy"),
        ("none.toml", None, "cannot be read"),
        ("bad.toml", "kind = ", "not valid TOML"),
        ("wrong.toml", 'kind = "xcat"\nsize = 3\n', "phantom.size"),
    ],
)
def test_a_wrong_phantom_is_refused_with_its_reason(name: str, text: str | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioInvalid, match=words):
        with_phantom(QUICK, str(path) if "." in name else name)


def test_workers_are_refused_where_a_cluster_works(tmp_path: Path) -> None:
    words = ["run", "quick", "--out", str(tmp_path / "out"), "--executor", "slurm", "--workers", "4"]
    result = CliRunner().invoke(synthesize, words)
    assert result.exit_code == 2
    assert "--workers has no effect with --executor slurm" in result.output
    assert not (tmp_path / "out").exists()
