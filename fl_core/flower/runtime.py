"""Clients of flwr's runtime API: acquiring tasks with the executor's secret, and working on one with its token."""

from pathlib import Path
from typing import NamedTuple

import httpx
from flwr.proto.runtime_pb2 import AcquireTaskRequest
from flwr.supercore.interceptors import (
    RuntimeTokenHttpInterceptor,
    RuntimeVersionHttpInterceptor,
    SuperExecAuthHttpInterceptor,
)
from flwr.supercore.protobuf.client import ProtobufCall, ProtobufClient, ProtobufRequestContext
from flwr.supercore.retry import make_simple_http_retry_invoker
from flwr.supercore.runtime import RuntimeHttpClient

from fl_core.transport.engine_door import ENGINE_SECRET

CLIENT_TASK = "flwr-clientapp"
SERVER_TASK = "flwr-serverapp"


class EngineSecret:
    """Interceptor of flwr's clients: shows the secret that the laboratory's SuperLink wants."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def intercept(self, context: ProtobufRequestContext, call_next: ProtobufCall) -> httpx.Response:
        """Add the header and go on."""
        context.request.headers[ENGINE_SECRET] = self._secret
        response: httpx.Response = call_next(context)
        return response


def show_secret(client: ProtobufClient, secret: str) -> None:
    """Let a client that flwr itself made show the secret."""
    client._interceptors = (EngineSecret(secret), *client._interceptors)


def executor_client(address: str, secret_file: Path, *, engine_secret: str = "") -> RuntimeHttpClient:
    """Return a client that may acquire tasks; it tries once, the caller repeats. `engine_secret`: for the SuperLink only."""
    client = RuntimeHttpClient.from_server_address(
        server_address=address,
        insecure=True,
        root_certificates=None,
        interceptors=[
            RuntimeVersionHttpInterceptor(component_name="SuperExec"),
            SuperExecAuthHttpInterceptor(
                master_secret=secret_file.read_bytes(), protected_methods={"/flwr.proto.Runtime/AcquireTask"}
            ),
        ],
        retry_invoker=None,
    )
    if engine_secret:
        show_secret(client, engine_secret)
    return client


def task_client(address: str, token: str, *, component: str, max_time_s: float | None = None) -> RuntimeHttpClient:
    """Return a client for one acquired task; lost connections are retried (for at most `max_time_s`; 0: never)."""
    invoker = make_simple_http_retry_invoker() if max_time_s != 0 else None
    if invoker is not None and max_time_s is not None:
        invoker.max_time = max_time_s
    return RuntimeHttpClient.from_server_address(
        server_address=address,
        insecure=True,
        root_certificates=None,
        interceptors=[RuntimeVersionHttpInterceptor(component_name=component), RuntimeTokenHttpInterceptor(token)],
        retry_invoker=invoker,
    )


class Acquired(NamedTuple):
    """A claimed task; `since` is when its message arrived on this computer (ISO 8601)."""

    task_id: str
    run_id: str
    token: str
    since: str


def acquire(client: RuntimeHttpClient, task_type: str) -> Acquired | None:
    """Claim a task of exactly this type, or return None when there is none."""
    answer = client.AcquireTask(AcquireTaskRequest(supported_task_types=[task_type]))
    if not (answer.HasField("task") and answer.token) or answer.task.type != task_type:
        return None
    return Acquired(str(answer.task.task_id), str(answer.task.run_id), answer.token, answer.task.pending_at)
