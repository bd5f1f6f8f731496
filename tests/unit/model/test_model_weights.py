"""Model files: the same bytes for the same weights, nothing half-written, nothing believed unread."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.errors import WeightsError
from model.io.weights import (
    ModelCard,
    TensorInfo,
    card_path,
    check_finite,
    check_tensors,
    content_hash,
    describe_arrays,
    load_arrays,
    load_card,
    read_tensors_header,
    save_arrays,
    save_card,
    verify_weights,
)

ARRAYS: dict[str, NDArray[np.generic]] = {
    "b.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "a.count": np.array(3, dtype=np.int64),
}


def card(path: Path) -> ModelCard:
    return ModelCard(
        task="spect-reconstruction",
        network={"name": "unrolled_em"},
        tensors=describe_arrays(ARRAYS),
        parameters=6,
        content_hash=content_hash(path),
        created_at="2026-01-01T00:00:00+00:00",
        lineage=["0" * 64],
    )


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_arrays(path, ARRAYS)
    save_card(path, card(path))
    return path


def test_arrays_come_back_as_they_were(weights: Path) -> None:
    loaded = load_arrays(weights)
    assert list(loaded) == sorted(ARRAYS)
    assert all(np.array_equal(loaded[k], ARRAYS[k]) and loaded[k].dtype == ARRAYS[k].dtype for k in ARRAYS)


def test_equal_arrays_give_equal_bytes_in_any_order_and_layout(tmp_path: Path) -> None:
    turned = {"a.count": ARRAYS["a.count"], "b.weight": np.asfortranarray(ARRAYS["b.weight"])}
    assert save_arrays(tmp_path / "1", ARRAYS) == save_arrays(tmp_path / "2", turned) == content_hash(tmp_path / "2")
    changed = ARRAYS | {"a.count": np.array(4, dtype=np.int64)}
    assert save_arrays(tmp_path / "3", changed) != content_hash(tmp_path / "1")


def test_the_header_tells_shapes_without_the_tensors(weights: Path) -> None:
    assert read_tensors_header(weights) == {"a.count": TensorInfo((), "I64"), "b.weight": TensorInfo((2, 3), "F32")}


def test_writing_leaves_no_other_file_behind(weights: Path) -> None:
    assert sorted(p.name for p in weights.parent.iterdir()) == ["model.json", "model.safetensors"]


def header(entries: object, tail: bytes = b"") -> bytes:
    raw = json.dumps(entries).encode()
    return struct.pack("<Q", len(raw)) + raw + tail


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "weights.not_safetensors"),
        (b"\x80\x04pickle", "weights.not_safetensors"),
        (struct.pack("<Q", 2**40) + b"{}", "weights.not_safetensors"),
        (header([1, 2]), "weights.not_safetensors"),
        (header({"a": {"dtype": "F32", "shape": [2]}}), "weights.not_safetensors"),
        (header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"1234"), "weights.not_safetensors"),
        (header({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, -4]}}), "weights.not_safetensors"),
        (header({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}), "weights.truncated"),
        (header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, b"12345678"), "weights.not_safetensors"),
    ],
)
def test_a_crafted_file_is_refused_before_a_tensor_is_read(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "crafted.safetensors"
    path.write_bytes(content)
    for read in (read_tensors_header, load_arrays):
        with pytest.raises(WeightsError) as caught:
            read(path)
        assert caught.value.code == code


def test_a_cut_file_is_refused_with_both_sizes(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-5])
    with pytest.raises(WeightsError, match=r"27 bytes .* 32") as caught:
        read_tensors_header(weights)
    assert caught.value.code == "weights.truncated"


@pytest.mark.parametrize(
    ("found", "code", "words"),
    [
        ({"a": TensorInfo((2,), "F32")}, "weights.names", "missing: b"),
        ({"a": TensorInfo((2,), "F32"), "c": TensorInfo((), "F32")}, "weights.names", "unknown: c"),
        ({"a": TensorInfo((3,), "F32"), "b": TensorInfo((), "F32")}, "weights.shape", r"\[3\].*\[2\]"),
        ({"a": TensorInfo((2,), "F16"), "b": TensorInfo((), "F32")}, "weights.dtype", "F16.*F32"),
    ],
)
def test_tensors_that_do_not_fit_are_named_with_both_sides(found: dict[str, TensorInfo], code: str, words: str) -> None:
    expected = {"a": TensorInfo((2,), "F32"), "b": TensorInfo((), "F32")}
    check_tensors(expected, expected)
    with pytest.raises(WeightsError, match=words) as caught:
        check_tensors(found, expected)
    assert caught.value.code == code


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_and_counted(value: float) -> None:
    array = np.zeros(10, dtype=np.float32)
    array[3] = value
    with pytest.raises(WeightsError, match="1 of 10") as caught:
        check_finite({"w": array})
    assert caught.value.code == "weights.not_finite"
    check_finite({"n": np.array([1, 2])})


def test_a_type_that_a_model_file_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        save_arrays(tmp_path / "m", {"text": np.array(["a"])})
    assert caught.value.code == "weights.dtype"
    assert not list(tmp_path.iterdir())


def test_a_card_survives_json(weights: Path) -> None:
    assert load_card(weights) == card(weights)
    assert card_path(weights).name == "model.json"


def test_a_missing_or_wrong_card_is_refused(weights: Path) -> None:
    path = card_path(weights)
    content = json.loads(path.read_text())
    for change, place in (
        ({"extra": 1}, "extra"),
        ({"schema_version": 2}, "schema_version"),
        ({"content_hash": "x"}, "content_hash"),
    ):
        path.write_text(json.dumps(content | change))
        with pytest.raises(WeightsError, match=place) as caught:
            load_card(weights)
        assert caught.value.code == "weights.card_invalid"
    path.unlink()
    with pytest.raises(WeightsError) as caught:
        load_card(weights)
    assert caught.value.code == "weights.card_missing"


def test_one_changed_byte_breaks_the_card(weights: Path) -> None:
    verify_weights(weights, load_card(weights))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(WeightsError) as caught:
        verify_weights(weights, load_card(weights))
    assert caught.value.code == "weights.hash"


def test_daemons_can_use_cards_and_declarations_without_torch() -> None:
    code = "import sys, model.io.weights, model.task_spec; print('torch' in sys.modules or 'monai' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
