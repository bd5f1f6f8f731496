"""`flomir synthesize merge`: every checksum compared, no study twice, nothing renumbered, resumable."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synthesis.commands import synthesize
from synthesis.errors import OutputUnusable
from synthesis.inspection import merge as merging
from synthesis.inspection.status import folder_status
from synthesis.manifest import Manifest, file_sha256, read_manifest, write_manifest
from synthesis.pipeline import generate
from synthesis.scenario import load_scenario
from tests.support.study_sets import damage, make_set


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of the same scenario and seed with different numbers, and one with another seed."""
    folder = tmp_path_factory.mktemp("sources")
    make_set(folder / "a", studies=2, seed=1)
    make_set(folder / "b", studies=2, seed=1, first=2)
    make_set(folder / "c", studies=1, seed=2)
    return folder


@pytest.fixture
def sources(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "sources"))


def flomir(*words: str | Path) -> Result:
    return CliRunner().invoke(synthesize, ["merge", *(str(word) for word in words)])


def manifest_of(folder: Path) -> Manifest:
    manifest = read_manifest(folder)
    assert manifest is not None
    return manifest


def test_parts_of_one_set_become_one_folder_that_a_run_goes_on_with(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = flomir(sources / "a", sources / "b", "--out", out)
    assert result.exit_code == 0, result.output
    manifest = manifest_of(out)
    assert [record.index for record in manifest.studies] == [0, 1, 2, 3]
    assert manifest.complete
    assert all(file_sha256(out / record.file) == record.sha256 for record in manifest.studies)
    before = {path: path.stat().st_mtime_ns for path in out.glob("study-*.h5")}
    assert len(generate(load_scenario("quick"), out, 4, 1, workers=1).studies) == 4
    assert {path: path.stat().st_mtime_ns for path in out.glob("study-*.h5")} == before


def test_the_sources_are_listed(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    flomir(sources / "a", sources / "c", "--out", out)
    merged = json.loads((out / "merged.json").read_text(encoding="utf-8"))
    assert merged["complete"] is True
    assert [(Path(s["folder"]).name, s["seed"], s["studies"], s["into"]) for s in merged["sources"]] == [
        ("a", 1, 2, "quick-seed1"),
        ("c", 2, 1, "quick-seed2"),
    ]


def test_other_seeds_become_folders_of_their_own_with_their_numbers(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = flomir(sources / "a", sources / "b", sources / "c", "--out", out, "--json")
    assert json.loads(result.stdout)["sets"] == {"quick-seed1": 4, "quick-seed2": 1}
    assert manifest_of(out / "quick-seed2").studies[0].file == "study-00000.h5"
    found = folder_status(out)
    assert (found.state, found.done) == ("complete", 5)


def test_scenarios_of_one_name_and_seed_are_told_apart(made: Path, tmp_path: Path) -> None:
    quick = load_scenario("quick")
    make_set(tmp_path / "other", studies=1, seed=1, scenario=quick.model_copy(update={"title": "Other"}))
    plan = merging.plan_merge([made / "a", tmp_path / "other"])
    assert len(plan.sets) == 2
    assert all(name.startswith("quick-seed1-") for name in plan.sets)


def test_several_sites_keep_a_folder_each(tmp_path: Path) -> None:
    quick = load_scenario("quick")
    sites = tuple(quick.sites[0].model_copy(update={"name": name}) for name in ("north", "south"))
    two = quick.model_copy(update={"sites": sites})
    make_set(tmp_path / "a", studies=1, scenario=two)
    make_set(tmp_path / "b", studies=1, first=1, scenario=two)
    flomir(tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out")
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.h5")) == [
        "north/study-00000.h5",
        "north/study-00001.h5",
        "south/study-00000.h5",
        "south/study-00001.h5",
    ]


def test_the_same_study_twice_is_refused_and_nothing_is_written(sources: Path, tmp_path: Path) -> None:
    shutil.copytree(sources / "a", sources / "again")
    result = flomir(sources / "a", sources / "again", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "The same study is there twice" in result.stderr
    assert "again/study-00000.h5" in result.stderr
    assert not (tmp_path / "out").exists()
    assert "named twice" in flomir(sources / "a", sources / "a", "--out", tmp_path / "out").stderr


def test_variants_of_one_body_are_not_the_same_study(tmp_path: Path) -> None:
    make_set(tmp_path / "a", studies=1, variants=2)
    make_set(tmp_path / "b", studies=1, variants=1, first=1)
    assert flomir(tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out").exit_code == 0
    assert len(manifest_of(tmp_path / "out").studies) == 3


def test_damaged_and_missing_sources_are_named_and_nothing_is_written(sources: Path, tmp_path: Path) -> None:
    damage(sources / "a" / "study-00001.h5")
    (sources / "b" / "study-00002.h5").unlink()
    result = flomir(sources / "a", sources / "b", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "2 studies are damaged or missing" in result.stderr
    assert "a/study-00001.h5" in result.stderr
    assert not (tmp_path / "out").exists()


def test_an_interrupted_merge_goes_on_where_it_stopped(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    plan = merging.plan_merge([sources / "a", sources / "b"])

    def stop(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        merging.merge(plan, out, "copy", on_file=stop)
    assert not (out / "manifest.json").exists()
    assert merging.Merged.model_validate_json((out / "merged.json").read_text(encoding="utf-8")).complete is False
    kept = {path: path.stat().st_mtime_ns for path in out.glob("study-*.h5")}
    assert len(kept) == 2
    damage(out / "study-00001.h5")
    merging.merge(plan, out, "copy")
    assert (out / "study-00000.h5").stat().st_mtime_ns == kept[out / "study-00000.h5"]
    assert folder_status(out).state == "complete"


def test_a_source_that_changes_while_it_is_copied_is_refused(sources: Path, tmp_path: Path) -> None:
    plan = merging.plan_merge([sources / "a"])
    damage(sources / "a" / "study-00001.h5")
    with pytest.raises(OutputUnusable, match="changed while it was copied"):
        merging.merge(plan, tmp_path / "out", "copy")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["merged.json", "study-00000.h5"]


def test_links_take_no_space(sources: Path, tmp_path: Path) -> None:
    assert flomir(sources / "a", "--out", tmp_path / "out", "--link").exit_code == 0
    assert (tmp_path / "out" / "study-00000.h5").samefile(sources / "a" / "study-00000.h5")


def test_a_folder_with_something_else_is_refused(sources: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep", encoding="utf-8")
    assert "not empty" in flomir(sources / "a", "--out", tmp_path / "out").stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_another_merge_does_not_mix_into_a_finished_one(sources: Path, tmp_path: Path) -> None:
    flomir(sources / "a", "--out", tmp_path / "out")
    assert "merge of other folders" in flomir(sources / "c", "--out", tmp_path / "out").stderr


def test_a_target_inside_a_source_is_refused(sources: Path) -> None:
    assert "lie in each other" in flomir(sources / "a", "--out", sources / "a" / "out").stderr
    assert not (sources / "a" / "out").exists()


def test_sources_of_different_versions_are_noted(sources: Path, tmp_path: Path) -> None:
    manifest = manifest_of(sources / "b")
    write_manifest(sources / "b", manifest.model_copy(update={"versions": manifest.versions | {"torch": "1.0"}}))
    result = flomir(sources / "a", sources / "b", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "note: the set was made with different versions" in result.stderr
