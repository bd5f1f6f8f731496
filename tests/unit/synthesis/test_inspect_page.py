"""`flomir synthesize inspect`: a self-contained page, damaged and missing files named, a choice that never changes."""

import json
import re
import shutil
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from synthesis.commands import synthesize
from synthesis.inspection import drawings
from synthesis.inspection.collect import Inspection, inspect_folder
from synthesis.inspection.outliers import Outlier
from synthesis.inspection.sheet import chosen, outline_path
from synthesis.inspection.view import build_view
from synthesis.scenario import load_scenario
from tests.support.study_sets import damage, make_set


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspected")
    make_set(folder, studies=6, seed=3)
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "set"))


@pytest.fixture(scope="module")
def found(template: Path) -> Inspection:
    return inspect_folder(template)


def flomir(*words: str | Path) -> Result:
    return CliRunner().invoke(synthesize, [str(word) for word in words])


def view(found: Inspection, show: int = 24) -> str:
    return build_view(found, show=show, made_at="today", version="0")


def test_the_page_needs_nothing_from_outside(found: Inspection) -> None:
    page = view(found)
    assert re.findall(r"(?:src|href)=\"(?!data:image/png;base64,|#)", page) == []
    assert "http" not in page
    assert "<script" not in page
    assert "url(" not in page.replace("url(#", "")


def test_every_study_has_its_row_of_eight_pictures(found: Inspection) -> None:
    page = view(found)
    assert page.count('<article class="study">') == 6
    for row in page.split('<article class="study">')[1:]:
        assert row.partition("</article>")[0].count("<figure>") == 8
    assert all(facts.name in page for facts in found.facts)


def test_infarcts_are_outlined_on_slices_and_polar_map(found: Inspection) -> None:
    rows = dict(zip([f.name for f in found.facts], view(found).split('<article class="study">')[1:], strict=True))
    for facts in found.facts:
        assert ("infarct outlined" in rows[facts.name]) == bool(facts.defects)
        assert ("defects in: none" in rows[facts.name]) == (not facts.defects)


def test_the_page_takes_names_as_text(found: Inspection) -> None:
    facts = (replace(found.facts[0], name="<b>&", site="<i>"), *found.facts[1:])
    assert "<b>&" not in view(replace(found, facts=facts))


def test_a_large_set_is_limited_and_the_choice_is_always_the_same(found: Inspection) -> None:
    many = tuple(replace(found.facts[i % 6], name=f"study-{i:05d}.h5") for i in range(500))
    outliers = tuple(Outlier(f"study-{i:05d}.h5", "counts", 1.0, 2.0, 9.0, "why") for i in (7, 123, 499, 7))
    large = replace(found, facts=many, outliers=outliers)
    picked = chosen(large, 24)
    assert picked == chosen(large, 24)
    assert len(picked) == len(set(picked)) == 24
    assert {7, 123, 499} <= set(picked)
    assert max(np.diff(picked)) < 60
    assert chosen(found, 24) == list(range(6))
    assert view(found, show=2).count('<article class="study">') == 2


def test_memory_does_not_grow_with_the_number_of_studies(template: Path, tmp_path: Path) -> None:
    def peak(copies: int) -> int:
        folder = tmp_path / str(copies)
        folder.mkdir()
        for i in range(copies):
            shutil.copy(template / f"study-{i % 6:05d}.h5", folder / f"study-{i:05d}.h5")
        tracemalloc.start()
        try:
            inspect_folder(folder)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2)
    assert peak(24) - peak(4) < 200_000


def test_an_intact_folder_ends_with_success_and_writes_the_page(folder: Path) -> None:
    result = flomir("inspect", folder)
    assert result.exit_code == 0, result.output
    assert "6 studies of 6 bodies" in result.stdout
    assert (folder / "inspect.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_damaged_and_missing_files_are_named_and_the_page_is_written_all_the_same(folder: Path) -> None:
    damage(folder / "study-00001.h5")
    (folder / "study-00004.h5").unlink()
    result = flomir("inspect", folder, "--json", "--out", folder / "other.html")
    assert result.exit_code == 1
    figures = json.loads(result.stdout)
    assert [(p["file"], p["state"]) for p in figures["files"]["problems"]] == [
        ("study-00001.h5", "damaged"),
        ("study-00004.h5", "missing"),
    ]
    assert figures["studies"] == 4
    assert "study-00001.h5 (damaged), study-00004.h5 (missing)" in result.stderr
    assert "Run `flomir synthesize run`" in result.stderr
    assert "checksum differs" in (folder / "other.html").read_text(encoding="utf-8")


def test_the_json_holds_what_the_page_says(folder: Path) -> None:
    figures = json.loads(flomir("inspect", folder, "--json").stdout)
    assert figures["bodies"] == {"planned": 6, "distinct": 6, "most_studies_of_one": 1}
    assert len(figures["defects"]["hits_by_segment"]) == 17
    assert set(figures["stages_s"]) >= {"phantom", "projection"}
    assert figures["scenarios"][0]["seed"] == 3
    assert figures["distributions"]["counts"]["n"] == 6
    assert any(warning.startswith("Few bodies.") for warning in figures["warnings"])


def test_studies_without_a_manifest_are_inspected_and_the_page_says_so(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    result = flomir("inspect", folder)
    assert result.exit_code == 0
    assert "there is no manifest" in (folder / "inspect.html").read_text(encoding="utf-8")


def test_sites_of_a_scenario_are_compared(tmp_path: Path) -> None:
    quick = load_scenario("quick")
    sites = tuple(quick.sites[0].model_copy(update={"name": name}) for name in ("north", "south"))
    make_set(tmp_path, studies=2, scenario=quick.model_copy(update={"sites": sites}))
    figures = json.loads(flomir("inspect", tmp_path, "--json").stdout)
    assert {name: site["studies"] for name, site in figures["sites"].items()} == {"north": 2, "south": 2}


@pytest.mark.parametrize("make", ["nothing", "empty", "foreign"])
def test_what_is_no_set_gets_one_sentence_with_a_remedy(tmp_path: Path, make: str) -> None:
    folder = tmp_path / "set"
    if make != "nothing":
        folder.mkdir()
    if make == "foreign":
        (folder / "manifest.json").write_text("[]", encoding="utf-8")
    result = flomir("inspect", folder)
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.stderr


def test_asking_loads_no_torch() -> None:
    code = (
        "import sys; import synthesis.commands.inspect, synthesis.commands.status, synthesis.commands.merge;"
        "import synthesis.commands.estimate, synthesis.inspection.view, synthesis.inspection.status;"
        "import synthesis.inspection.merge, synthesis.inspection.estimate; sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_histogram_counts_every_value_once() -> None:
    drawing = drawings.histogram([1.0, 2.0, 2.0, 10.0, 1e6], "Counts", unit="counts", logarithmic=True)
    assert sum(int(n) for n in re.findall(r": (\d+)</title>", drawing)) == 5
    assert sum(int(n) for n in re.findall(r": (\d+)</title>", drawings.histogram([5.0] * 7, "x", unit="mm"))) == 7


def test_the_outline_of_a_mask_is_its_edge() -> None:
    mask = np.zeros((4, 5), dtype=bool)
    mask[1:3, 2] = True
    path = outline_path(mask)
    assert sorted(path.replace("M", " M").split(" M")[1:]) == ["2 1h1", "2 1v1", "2 2v1", "2 3h1", "3 1v1", "3 2v1"]


def test_a_map_of_hits_shows_the_number_of_every_segment() -> None:
    hits = list(range(17))
    drawing = drawings.hit_map(hits, 20, "Hits")
    assert [int(n) for n in re.findall(r">(\d+)</text>", drawing)] == hits
    assert "hit in 16 of 20 studies" in drawing
