"""flwr's Control API as plain calls: nodes, and the life of a run."""

import hashlib
from dataclasses import dataclass

import httpx
from flwr.common.serde import user_config_to_proto
from flwr.proto.control_pb2 import (
    ListNodesRequest,
    ListRunsRequest,
    RegisterNodeRequest,
    StartRunRequest,
    StopRunRequest,
    UnregisterNodeRequest,
)
from flwr.proto.fab_pb2 import Fab
from flwr.supercore.control import ControlHttpClient
from flwr.supercore.error import ApiErrorCode, FlowerError
from flwr.supercore.interceptors.http.runtime_version import RuntimeVersionHttpInterceptor

from fl_core.flower.runtime import EngineSecret


@dataclass(frozen=True, slots=True)
class NodeView:
    """A registered SuperNode; `status` is flwr's word (registered, online, offline)."""

    node_id: str
    name: str
    status: str
    public_key_pem: str


@dataclass(frozen=True, slots=True)
class RunView:
    """Where flwr says a run stands: pending, starting, running, or finished with completed, stopped or failed."""

    status: str
    sub_status: str
    details: str

    @property
    def is_finished(self) -> bool:
        """Tell whether the run has ended."""
        return self.status == "finished"


class Control:
    """Talks to the SuperLink on loopback."""

    def __init__(self, superlink: str, engine_secret: str) -> None:
        self._client = ControlHttpClient.from_server_address(
            server_address=superlink,
            insecure=True,
            root_certificates=None,
            interceptors=[EngineSecret(engine_secret), RuntimeVersionHttpInterceptor(component_name="flwr CLI")],
        )

    def register_node(self, public_key_pem: bytes, name: str) -> str:
        """Allow a key and return its node id; the id of a key that is known already."""
        for node in self.nodes():
            if node.public_key_pem.encode() == public_key_pem:
                return node.node_id
        return str(self._client.RegisterNode(RegisterNodeRequest(public_key=public_key_pem, name=name)).node_id)

    def unregister_node(self, node_id: str) -> None:
        """Forbid a node's key; does nothing for an unknown one."""
        if any(node.node_id == node_id for node in self.nodes()):
            self._client.UnregisterNode(UnregisterNodeRequest(node_id=int(node_id)))

    def nodes(self) -> list[NodeView]:
        """List the nodes that are registered."""
        found = self._client.ListNodes(ListNodesRequest()).nodes_info
        return [
            NodeView(str(node.node_id), node.name, node.status, node.public_key.decode())
            for node in found
            if node.status != "unregistered"
        ]

    def start_run(self, bundle: bytes, run_config: dict[str, str]) -> str:
        """Start a run of the bundle; the keys of `run_config` exist in the bundle."""
        fab = Fab(hash_str=hashlib.sha256(bundle).hexdigest(), content=bundle)
        answer = self._client.StartRun(StartRunRequest(fab=fab, override_config=user_config_to_proto(run_config)))
        return str(answer.run_id)

    def run(self, run_id: str) -> RunView | None:
        """Look one run up; None when the SuperLink does not know it (any more)."""
        try:
            found = self._client.ListRuns(ListRunsRequest(run_id=int(run_id))).run_dict.get(int(run_id))
        except httpx.HTTPStatusError as error:
            if _said(error) == ApiErrorCode.RUN_ID_NOT_FOUND:
                return None
            raise
        if found is None:
            return None
        return RunView(found.status.status, found.status.sub_status, found.status.details)

    def stop_run(self, run_id: str) -> bool:
        """Bring a run to its end; False when there is nothing to end (it has ended already, or is not known)."""
        try:
            return bool(self._client.StopRun(StopRunRequest(run_id=int(run_id))).success)
        except httpx.HTTPStatusError as error:
            if _said(error) in {ApiErrorCode.RUN_ALREADY_FINISHED, ApiErrorCode.RUN_ID_NOT_FOUND}:
                return False
            raise

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _said(error: httpx.HTTPStatusError) -> int | None:
    """Return flwr's own number of what it refused, which its HTTP status alone does not tell."""
    said = FlowerError.from_json(error.response.text)
    return None if said is None else int(said.code)
