"""What is kept for the next study: found again, bounded in bytes, and shared by what does not depend on the radius."""

from dataclasses import dataclass, replace

import pytest
import torch

from model.attenuation import attenuation_factors, forget_paths
from model.kept import Kept
from model.machine import give_memory_back, peak_memory_bytes
from tests.support.studies import tiny_geometry


@dataclass
class Block:
    nbytes: int


def test_an_object_is_made_once_and_found_again() -> None:
    kept: Kept[Block] = Kept(100)
    first = kept.get("a", lambda: Block(10))
    assert kept.get("a", lambda: Block(99)) is first


def test_the_least_recently_used_go_when_all_together_are_too_large() -> None:
    kept: Kept[Block] = Kept(100)
    first, second = kept.get("a", lambda: Block(60)), kept.get("b", lambda: Block(60))
    assert kept.get("a", lambda: Block(0)) is first
    kept.get("c", lambda: Block(1))
    assert kept.get("a", lambda: Block(0)) is first
    assert kept.get("b", lambda: Block(0)) is not second


def test_the_newest_stays_however_large_and_growth_counts() -> None:
    kept: Kept[Block] = Kept(100)
    large = kept.get("large", lambda: Block(0))
    large.nbytes = 1000
    assert kept.get("large", lambda: Block(0)) is large
    kept.get("next", lambda: Block(0))
    assert len(kept) == 1


def test_attenuation_does_not_depend_on_the_radius() -> None:
    near = tiny_geometry()
    far = replace(near, radius_mm=tuple(r + 40.0 for r in near.radius_mm))
    mu = torch.rand((1, *near.volume_shape)) * 0.02
    assert torch.equal(attenuation_factors(mu, near).values, attenuation_factors(mu, far).values)


def test_matrices_beyond_the_limit_are_made_anew_and_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = tiny_geometry(views=4)
    mu = torch.rand((1, *geometry.volume_shape)) * 0.02
    forget_paths()
    kept = attenuation_factors(mu, geometry).values
    forget_paths()
    monkeypatch.setattr("model.attenuation.MOST_BYTES", 1)
    assert torch.equal(attenuation_factors(mu, geometry).values, kept)
    forget_paths()


def test_memory_can_be_given_back_at_any_time() -> None:
    held = torch.arange(100_000)
    give_memory_back()
    assert int(held[-1]) == 99_999
    assert peak_memory_bytes() > held.nbytes
