"""The largest reconstruction we promise fits a small computer."""

import pytest

from flomir.bench.memory import bench_memory


@pytest.mark.slow
def test_a_reconstruction_of_128_cubed_stays_under_four_gigabytes() -> None:
    figures = bench_memory((128, 128, 128), 60).measured
    assert figures["peak_gib"] < 4.0 * 1e9 / 2**30
    assert figures["osem_peak_gib"] > figures["osem_import_gib"] + 0.5  # it did hold the attenuation factors


def test_the_memory_is_that_of_a_process_of_its_own() -> None:
    figures = bench_memory((16, 16, 8), 6).measured
    assert (
        0 <= figures["osem_peak_gib"] - figures["osem_import_gib"] < 0.5
    )  # a scan this small may fit below the import
