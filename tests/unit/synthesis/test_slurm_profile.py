"""Profiles of clusters: what is accepted, what is refused and how that is said."""

from pathlib import Path

import pytest

from synthesis.execution.slurm.errors import ProfileInvalid
from synthesis.execution.slurm.profile import ClusterProfile, builtin_profiles, load_profile, seconds_of


def test_every_built_in_profile_is_valid() -> None:
    assert {"aipanther", "local"} <= set(builtin_profiles())
    for name in builtin_profiles():
        assert load_profile(name).title


def test_a_file_overrides_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('partition = "short"\naccount = "p123"\ntime = "2-00"\nextra = ["--constraint=avx2"]\n')
    profile = load_profile(path)
    assert (profile.partition, profile.account, profile.time) == ("short", "p123", "2-00")
    assert profile.extra == ("--constraint=avx2",)
    assert profile.memory == ClusterProfile().memory


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('partitoin = "short"', "partitoin: Extra inputs are not permitted"),
        ('partition = "short\\n#SBATCH --uid=0"', "partition: String should match"),
        ('partition = "two words"', "partition: String should match"),
        ('time = "soon"', "time: String should match"),
        ('memory = "lots"', "memory: String should match"),
        ('extra = ["--a\\n--b"]', "must be one line"),
        ('extra = ["rm -rf /"]', "begins with --"),
        ('setup = ["module load a\\nrm b"]', "must be one line"),
        ('time = "00:03:00"', "signal_s of 120 s leaves too little of the time limit of 180 s"),
        ("studies_per_task = 0", "studies_per_task"),
        ("time = [", "is not valid TOML"),
    ],
)
def test_a_wrong_profile_is_one_sentence_that_names_the_field(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ProfileInvalid) as caught:
        load_profile(path)
    assert words in str(caught.value)
    assert "Correct the profile" in caught.value.remedy


def test_an_unknown_name_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ProfileInvalid, match="no built-in cluster profile called jupiter"):
        load_profile("jupiter")
    with pytest.raises(ProfileInvalid, match=r"mine\.toml cannot be read: FileNotFoundError"):
        load_profile(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("time", "seconds"),
    [("90", 5400), ("10:30", 630), ("04:00:00", 14400), ("2-0", 172800), ("1-02:03", 93780), ("1-02:03:04", 93784)],
)
def test_time_limits_are_read_as_sbatch_reads_them(time: str, seconds: int) -> None:
    assert seconds_of(time) == seconds
