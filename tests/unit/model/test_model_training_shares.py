"""Which process visits which study: lanes that cover every study once an epoch, and what was left out anywhere."""

import pytest
import torch

from model.errors import ModelError
from model.training.distributed import Group
from model.training.shares import Share, agreed_share, lane_orders, lanes_of, own_numbers


class Told(Group):
    """A group whose other processes have told these rows already."""

    def __init__(self, rank: int, size: int, others: list[float]) -> None:
        super().__init__(rank, size)
        self._others = torch.tensor(others, dtype=torch.float64)

    def sum_table(self, table: torch.Tensor) -> torch.Tensor:
        return table + self._others


def test_every_study_belongs_to_one_process_whose_lanes_it_is_in() -> None:
    size, batch = 3, 2
    owned = [own_numbers(11, Group(rank, size)) for rank in range(size)]
    assert sorted(number for mine in owned for number in mine) == list(range(11))
    lanes = lanes_of(range(11), batch * size)
    for rank, mine in enumerate(owned):
        assert sorted(number for lane in lanes[rank::size] for number in lane) == mine


def test_an_epoch_visits_each_study_once_and_another_one_in_another_order() -> None:
    lanes = lanes_of([0, 1, 2, 4, 5, 6, 7, 8, 9], 2)
    first, again = (lane_orders(lanes, lambda lane: 10 + lane) for _ in range(2))
    other = lane_orders(lanes, lambda lane: 20 + lane)
    assert [sorted(order) for order in first] == [sorted(lane) for lane in lanes]
    assert first == again != other


def test_studies_left_out_by_another_process_are_known_everywhere() -> None:
    share = agreed_share(5, [0, 4], Told(0, 2, [0, 1, 0, 0, 0]))
    assert share == Share(mine=(0, 4), kept=(0, 1, 4))
    assert Share.whole(2) == agreed_share(2, [0, 1], Group()) == Share((0, 1), (0, 1))


def test_more_processes_than_studies_are_refused() -> None:
    with pytest.raises(ModelError, match=r"2 studies.*3 processes") as caught:
        own_numbers(2, Group(1, 3))
    assert caught.value.code == "training.group"
