"""Ports for children, chosen before they start: below the range from which the system hands out ports by itself.

A port that is found free by binding to 0 and let go can be taken by any outgoing connection before the child opens
it; Linux hands those out from 32768 upwards (``/proc/sys/net/ipv4/ip_local_port_range``), so ours lie below.
"""

import errno
import random
import socket

from fl_core.errors import StorageFailed

LOWEST, HIGHEST = 20_000, 32_000
TRIES = 200


def free_ports(count: int, host: str = "127.0.0.1", *, source: random.Random | None = None) -> list[int]:
    """Return `count` different ports of `host` that nobody uses at this moment.

    Raises
    ------
    StorageFailed
        The host is not one of this machine's, or no port was free in `TRIES` tries.
    """
    choose = source or random.SystemRandom()
    held: list[socket.socket] = []
    try:
        for _ in range(TRIES):
            if len(held) == count:
                break
            held.extend(_try_port(host, choose.randint(LOWEST, HIGHEST)))
        if len(held) < count:
            message = f"only {len(held)} of {count} ports could be opened on {host}"
            raise StorageFailed(message)
        return [int(listener.getsockname()[1]) for listener in held]
    finally:
        for listener in held:
            listener.close()


def _try_port(host: str, port: int) -> list[socket.socket]:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            return []
        message = f"no port can be opened on {host}: {error.strerror}"
        raise StorageFailed(message) from error
    return [listener]
