from pathlib import Path

import numpy as np
import pytest

from synthesis.errors import PhantomInvalid
from synthesis.phantoms.imported.organ_table import read_organ_table


def table(tmp_path: Path, text: str, name: str = "organs.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


CSV = "code, organ, tissue, uptake\n1, body, soft_tissue, 0.05\n2, myocardium, muscle,\n7 8, kidney, soft_tissue, 0.9\n9,,air,\n"
TOML = """
[[organ]]
code = 1
organ = "body"
tissue = "soft_tissue"
uptake = 0.05
[[organ]]
code = 2
organ = "myocardium"
tissue = "muscle"
[[organ]]
code = [7, 8]
organ = "kidney"
tissue = "soft_tissue"
uptake = 0.9
[[organ]]
code = 9
tissue = "air"
"""


def test_csv_and_toml_say_the_same(tmp_path: Path) -> None:
    read = read_organ_table(table(tmp_path, CSV))
    assert read == read_organ_table(table(tmp_path, TOML, "organs.toml"))
    assert [organ.key for organ in read.organs] == ["body", "myocardium", "kidney"]
    assert [organ.uptake for organ in read.organs] == [0.05, None, 0.9]
    assert read.index(np.array([[[0, 1, 2], [7, 8, 9]]]), "map").tolist() == [[[-1, 0, 1], [2, 2, -1]]]


def test_organs_without_a_label_of_their_own_are_soft_tissue_or_bone(tmp_path: Path) -> None:
    rows = "code, organ, tissue, uptake\n1, thyroid, soft_tissue, 1\n2, skull, cortical_bone, 0.1\n3, liver, liver,\n"
    organs = read_organ_table(table(tmp_path, rows)).organs
    assert [organ.label for organ in organs] == ["soft_tissue", "bone", "liver"]


def test_a_row_may_span_many_codes(tmp_path: Path) -> None:
    read = read_organ_table(table(tmp_path, "code, organ, tissue, uptake\n1-3 9, body, soft_tissue, 0.1\n"))
    assert {code for code, place in read.position.items() if place == 0} == {1, 2, 3, 9}


def test_a_code_without_a_row_is_named(tmp_path: Path) -> None:
    read = read_organ_table(table(tmp_path, CSV))
    with pytest.raises(PhantomInvalid, match=r"codes without a row in the organ table: 3, 70"):
        read.index(np.array([[[1, 3, 70]]]), "map.raw")
    with pytest.raises(PhantomInvalid, match="no whole numbers"):
        read.index(np.array([[[1.5]]]), "map.raw")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("3, tooth, enamel, 1", "'enamel', which is not known"),
        ("3, tooth, muscel, 1", "Use 'muscle'"),
        ("3, tooth, cortical_bone,", "tooth has no uptake"),
        ("3, tooth, cortical_bone, -1", "must lie between 0 and 1000"),
        ("3, tooth, cortical_bone, much", "'much' is no number"),
        ("4, myocardium, muscle, 75", "all uptakes are relative to it. Divide every uptake by 75"),
        ("x, tooth, cortical_bone, 1", "'x' is no code"),
        ("9-3, tooth, cortical_bone, 1", "'9-3' is no code"),
        ("3-99999, tooth, cortical_bone, 1", "is no code"),
        ("2, tooth, cortical_bone, 1", "code 2 is named twice"),
        ("3, body, muscle, 0.05", "two rows that differ"),
        ("3, lesion_1, muscle, 1", "are taken"),
        ("3, tooth, cortical_bone, 1, 5", "unknown column"),
    ],
)
def test_a_wrong_row_is_named_with_its_fault(row: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(PhantomInvalid, match=said):
        read_organ_table(table(tmp_path, CSV + row + "\n"))


def test_a_table_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.csv", table(tmp_path, "organ = 3", "a.toml"), table(tmp_path, "[", "b.toml"),
                 table(tmp_path, "code, organ\n"), table(tmp_path, CSV, "organs.txt")):  # fmt: skip
        with pytest.raises(PhantomInvalid, match="organ table"):
            read_organ_table(path)
