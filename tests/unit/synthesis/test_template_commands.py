import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from model.io.study import read_study
from synthesis.choices import choose, with_phantom, with_simulator
from synthesis.commands import synthesize
from synthesis.errors import ScenarioInvalid
from synthesis.pipeline import generate
from synthesis.scenario import load_scenario, parse_scenario

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
