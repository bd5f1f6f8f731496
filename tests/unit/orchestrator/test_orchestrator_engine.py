"""Promises about the calls to the agent that drives Flower."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from orchestrator.services.engine import AgentClient


class KnowsNothing(BaseHTTPRequestHandler):
    """Answers as an agent whose record of the runs is not there any more."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def agent() -> Iterator[AgentClient]:
    server = HTTPServer(("127.0.0.1", 0), KnowsNothing)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield AgentClient(f"http://127.0.0.1:{server.server_port}", "token")
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_run_that_the_agent_does_not_know_is_lost_and_needs_no_stop(agent: AgentClient) -> None:
    agent.stop_run("7")
    assert agent.run("7").is_lost
