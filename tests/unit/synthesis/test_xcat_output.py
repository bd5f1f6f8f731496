from pathlib import Path

import numpy as np
import pytest

from synthesis.materials import MU_PER_MM
from synthesis.phantoms.xcat.errors import XcatFailed
from synthesis.phantoms.xcat.organs import MARK, ORGANS, to_index, to_mask
from synthesis.phantoms.xcat.output import Order, arranged, find_order, heart_angles, read_flat, read_log, settle_order

WATER = MU_PER_MM["water"]


def torso(shape: tuple[int, int, int]) -> np.ndarray:
    """Return an elliptic cylinder along z with a lung on the patient's right, (Z, Y, X)."""
    _, y, x = (np.indices(shape) + 0.5) / np.reshape(shape, (3, 1, 1, 1)) - 0.5
    mu = np.where((x / 0.4) ** 2 + (y / 0.3) ** 2 < 1, WATER, 0)
    return np.where((x + 0.15) ** 2 + y**2 < 0.1**2, 0.26 * WATER, mu).astype(np.float32)


@pytest.mark.parametrize("shape", [(24, 24, 24), (13, 24, 24)])
@pytest.mark.parametrize("order", ["x_fastest", "z_fastest"])
def test_both_orders_of_the_axes_are_told_apart_even_in_a_cube(shape: tuple[int, int, int], order: Order) -> None:
    volume = torso(shape)
    written = volume if order == "x_fastest" else volume.transpose(2, 1, 0)
    flat = np.ascontiguousarray(written).ravel()
    assert find_order(flat, shape) == order
    assert settle_order(flat, shape, "auto") == settle_order(flat, shape, order) == order
    assert np.array_equal(arranged(flat, shape, order), volume)
    other: Order = "z_fastest" if order == "x_fastest" else "x_fastest"
    with pytest.raises(XcatFailed, match=f"written {order.replace('_', ' ')}"):
        settle_order(flat, shape, other)


def test_an_order_that_nothing_tells_must_be_named() -> None:
    ball = np.where((np.indices((20, 20, 20)) - 9.5).__pow__(2).sum(axis=0) < 50, WATER, 0).astype(np.float32).ravel()
    with pytest.raises(XcatFailed, match="Set array_order"):
        settle_order(ball, (20, 20, 20), "auto")
    assert settle_order(ball, (20, 20, 20), "z_fastest") == "z_fastest"


def test_a_file_of_another_size_is_refused_with_both_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x_atn_1.bin"
    path.write_bytes(b"\0" * 100)
    with pytest.raises(XcatFailed, match=r"has 100 bytes; 4 x 3 x 2 voxels take 96"):
        read_flat(path, (2, 3, 4), "attenuation file")
    with pytest.raises(XcatFailed, match="without writing its activity file"):
        read_flat(tmp_path / "gone.bin", (2, 3, 4), "activity file")


def test_values_are_little_endian_and_finite(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    np.arange(24, dtype="<f4").tofile(path)
    assert arranged(read_flat(path, (2, 3, 4), "file"), (2, 3, 4), "x_fastest")[1, 2, 3] == 23
    np.full(24, np.inf, dtype="<f4").tofile(path)
    with pytest.raises(XcatFailed, match="no numbers"):
        read_flat(path, (2, 3, 4), "file")


def test_labels_are_the_integers_that_were_asked_for_and_nothing_else() -> None:
    written = np.array([[[0, 0, 2, 8]]], dtype=np.float32)
    index = to_index(written, np.array([[[False, True, True, True]]]), "the file")
    assert [ORGANS[i].key if i >= 0 else "air" for i in index.ravel()] == ["air", "soft_tissue", "myocardium", "liver"]
    for wrong in (2.5, -1.0, 99.0):
        with pytest.raises(XcatFailed, match=f"the value {wrong:g}"):
            to_index(np.full((1, 1, 1), wrong, dtype=np.float32), np.ones((1, 1, 1), dtype=bool), "the file")


def test_an_infarct_is_a_share_of_the_mark_and_never_empty() -> None:
    written = np.array([[[0, MARK / 4, MARK]]], dtype=np.float32)
    assert to_mask(written, "the file").ravel().tolist() == [0, 0.25, 1]
    with pytest.raises(XcatFailed, match="holds no infarct"):
        to_mask(written * 0, "the file")
    with pytest.raises(XcatFailed, match="mode 1"):
        to_mask(written * 3, "the file")


def test_the_log_gives_its_numbers_and_the_angles_of_the_heart(tmp_path: Path) -> None:
    path = tmp_path / "x_log"
    path.write_text("XCAT log\nLV volume: 120.5 ml\nd_zy_rot = 0\nTotal zy_rot = -110.5 deg\nxz_rot = 2.3e1\n")
    log = read_log(path)
    assert log["lv volume"] == [120.5]
    assert heart_angles(log) == {"zy": -110.5, "xz": 23.0}
    with pytest.raises(XcatFailed, match="without writing its log"):
        read_log(tmp_path / "gone_log")
