"""A SuperNode that asks the SuperLink itself: it shows the secret that the gateway shows for every site."""

import os

import httpx

from fl_core.flower import supernode_main
from fl_core.transport.engine_door import ENGINE_SECRET

SECRET_ENV = "FLOMIR_TEST_ENGINE_SECRET"


def show_secret(secret: str) -> None:
    """Let every client of this process send the header."""
    build = httpx.Client.build_request

    def build_with_secret(*args: object, **named: object) -> httpx.Request:
        request: httpx.Request = build(*args, **named)  # type: ignore[arg-type]  # as it came
        request.headers[ENGINE_SECRET] = secret
        return request

    httpx.Client.build_request = build_with_secret  # type: ignore[method-assign]


if __name__ == "__main__":
    show_secret(os.environ[SECRET_ENV])
    supernode_main.main()
