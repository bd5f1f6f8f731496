"""Ports for children: different, free, and out of reach of the system's own choice."""

import random
import socket
from pathlib import Path

import pytest

from fl_core.errors import StorageFailed
from fl_core.supervision.ports import HIGHEST, LOWEST, free_ports


def test_ports_differ_and_can_be_opened() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    for port in ports:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))


def test_ports_lie_below_the_range_the_system_hands_out() -> None:
    setting = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if not setting.exists():
        pytest.skip("this system does not say which ports it hands out by itself")
    assert LOWEST > 1024
    assert int(setting.read_text().split()[0]) > HIGHEST


def test_a_port_in_use_is_passed_over() -> None:
    taken = free_ports(1, source=random.Random(7))[0]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", taken))
        assert free_ports(1, source=random.Random(7))[0] != taken


def test_an_address_of_another_machine_is_refused_with_its_name() -> None:
    with pytest.raises(StorageFailed, match=r"192\.0\.2\.1"):
        free_ports(1, "192.0.2.1")
