"""The page about clusters says what the program does."""

import re
from pathlib import Path

from synthesis.execution.slurm.profile import ClusterProfile, builtin_profiles, load_profile

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
SCRIPT = (ROOT / "synthesis" / "cluster" / "install.sh").read_text(encoding="utf-8")


def test_the_profile_on_the_page_is_valid(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "page.toml").write_text(block)
    assert load_profile(tmp_path / "page.toml").partition == "short"


def test_every_field_of_a_profile_and_every_built_in_one_is_on_the_page() -> None:
    for name in set(ClusterProfile.model_fields) - {"title"}:
        assert re.search(rf"`{name}`|^{name} = ", PAGE, re.MULTILINE), name
    for name in builtin_profiles():
        assert f"`{name}`" in PAGE


def test_every_option_of_the_installation_on_the_page_exists() -> None:
    before_profiles = PAGE.partition("## Profile")[0]
    for option in re.findall(r"--[a-z][a-z0-9-]+", before_profiles):
        assert f"  {option} " in SCRIPT, option


def test_the_versions_that_the_installation_names_are_the_pinned_ones() -> None:
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    for package in ("torch", "opengate"):
        version = re.search(rf'^{package.upper()}="(?:{package}==)?([^"]+)"', SCRIPT, re.MULTILINE)
        assert version is not None
        assert f"{package}=={version[1]}" in pins
