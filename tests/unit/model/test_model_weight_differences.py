"""Two sets of weights side by side: known norms, other shapes, the job in a child's words."""

from pathlib import Path

import numpy as np
import pytest

from model.io.weights import save_arrays
from model.jobs import answer_request
from model.weight_differences import weight_differences


def test_norms_are_those_of_the_tensors_and_of_their_difference() -> None:
    first = {"a": np.array([3.0, 4.0], dtype=np.float32), "b": np.zeros((2, 2), dtype=np.float32)}
    second = {"a": np.array([3.0, 0.0], dtype=np.float32), "b": np.ones((2, 2), dtype=np.float32)}
    a, b = weight_differences(first, second).tensors
    assert (a.name, a.norm_first, a.norm_second, a.difference) == ("a", 5.0, 3.0, 4.0)
    assert (b.shape, b.norm_first, b.difference) == ((2, 2), 0.0, 2.0)


def test_what_only_one_has_or_has_in_another_shape_is_named() -> None:
    first = {"same": np.zeros(2), "other": np.zeros(2), "mine": np.zeros(1)}
    second = {"same": np.zeros(2), "other": np.zeros(3), "yours": np.zeros(1)}
    found = weight_differences(first, second)
    assert [tensor.name for tensor in found.tensors] == ["same"]
    assert (found.only_first, found.only_second) == (["mine", "other"], ["other", "yours"])


def test_half_precision_does_not_overflow() -> None:
    big = np.full(1000, 60_000.0, dtype=np.float16)
    [tensor] = weight_differences({"a": big}, {"a": -big}).tensors
    assert tensor.difference == pytest.approx(2 * float(big[0]) * np.sqrt(1000))


def test_the_job_compares_two_files(tmp_path: Path) -> None:
    for name, value in (("one", 1.0), ("two", 3.0)):
        save_arrays(tmp_path / f"{name}.safetensors", {"a": np.full(4, value, dtype=np.float32)})
    first, second = (tmp_path / f"{name}.safetensors" for name in ("one", "two"))
    request = f'{{"kind": "compare_weights", "first": "{first}", "second": "{second}"}}'
    found = answer_request(request, lambda _: None)
    assert found["tensors"] == [{"name": "a", "shape": [4], "norm_first": 2.0, "norm_second": 6.0, "difference": 4.0}]
