"""What FLoMIR uses of flwr 1.41.0 beyond its public names; a new version must pass this before the pin moves."""

import dataclasses
import inspect
import threading
import time
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import pytest
from flwr.app import Message, RecordDict
from flwr.cli.build import build_fab_from_files
from flwr.common.constant import ErrorCode, SubStatus
from flwr.server.superlink.linkstate.sql_linkstate import SqlLinkState
from flwr.supercore.constant import FLWR_IN_MEMORY_SQLITE_DB_URL, TaskType
from flwr.supercore.corestate.sql_corestate import SqlCoreState
from flwr.supercore.inflatable import inflatable_utils
from flwr.supercore.inflatable.inflatable_object import get_object_tree
from flwr.supercore.object_store import ObjectStoreFactory
from flwr.supercore.protobuf.client import ProtobufClient
from flwr.supercore.run import Run, RunNotRunningException
from flwr.supercore.task_identity import TaskIdentity
from flwr.superlink.federation import NoOpFederationManager
from flwr.supernode import start_client_internal as loop
from flwr.supernode.nodestate import NodeStateFactory
from flwr.supernode.nodestate.in_memory_nodestate import CLIENT_APP_CRASHED_ERROR, InMemoryNodeState
from sqlalchemy import event
from sqlalchemy.engine import Engine

from fl_core.flower import replies
from fl_core.flower.configs import SuperLinkConfig
from fl_core.flower.fast_backoff import FIRST_WAIT_S, shorten_object_waits
from fl_core.flower.light_engine import clear_up_once_a_second
from fl_core.flower.messages import MESSAGE_LOST
from fl_core.flower.runtime import CLIENT_TASK, SERVER_TASK, EngineSecret, show_secret
from fl_core.flower.superlink_main import arguments
from fl_core.flower.supernode_main import (
    CALLS_OF_A_PULL,
    IDLE_SLEEP_S,
    WakingClock,
    sign_off_predecessor,
    with_ended_run_as_failure,
)
from fl_core.protocol.bundle import PROJECT, build_bundle, bundle_sha256
from fl_core.trust.identity import generate_key
from tests.support.flower import free_port
from tests.support.transport import Upstream


def test_the_pinned_version_is_installed() -> None:
    assert metadata.version("flwr") == "1.41.0"


@pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")  # of pathspec, used by flwr
def test_our_bundle_is_what_flowers_builder_makes() -> None:
    assert build_fab_from_files({"pyproject.toml": PROJECT.encode()})[0] == build_bundle()
    assert bundle_sha256() == bundle_sha256()


def test_the_names_and_numbers_we_rely_on() -> None:
    assert (TaskType.CLIENT_APP, TaskType.SERVER_APP) == (CLIENT_TASK, SERVER_TASK)
    assert (SubStatus.FAILED, SubStatus.COMPLETED) == ("failed", "completed")
    assert (ErrorCode.CLIENT_APP_RAISED_EXCEPTION, ErrorCode.MOD_FAILED_PRECONDITION, ErrorCode.INVALID_FAB) == (
        2,
        6,
        7,
    )
    assert CLIENT_APP_CRASHED_ERROR.code == ErrorCode.CLIENT_APP_CRASHED == 8


def test_the_waits_for_objects_are_shortened() -> None:
    assert shorten_object_waits() == ["pull_and_inflate_object_from_tree", "pull_objects"]
    assert inflatable_utils.pull_objects.__kwdefaults__["initial_backoff"] == FIRST_WAIT_S


def test_the_superlink_clears_up_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqlCoreState, "_cleanup_expired_task_tokens", SqlCoreState._cleanup_expired_task_tokens)
    now = 0.0
    clear_up_once_a_second(clock=lambda: now)
    state = SqlLinkState(FLWR_IN_MEMORY_SQLITE_DB_URL, NoOpFederationManager(), ObjectStoreFactory().store())
    state.initialize()
    updates = []

    @event.listens_for(Engine, "before_cursor_execute")
    def count(conn: Any, cursor: Any, statement: str, *more: Any) -> None:
        if statement.startswith("UPDATE task"):
            updates.append(statement)

    try:
        for now, expected in ((0.0, 2), (0.5, 2), (1.0, 4), (1.9, 4)):
            state.get_run_status({1})
            assert len(updates) == expected, now
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def test_the_loop_sleeps_where_we_shorten_it() -> None:
    assert f"time.sleep({IDLE_SLEEP_S})" in inspect.getsource(loop.start_client_internal)
    assert inspect.getsource(loop._push_messages).count("time.sleep(0.5)") == 2
    assert "_init_connection(" in inspect.getsource(loop.start_client_internal)
    assert list(inspect.signature(loop._init_connection).parameters)[:2] == ["server_address", "insecure"]
    assert next(iter(inspect.signature(loop._pull_and_store_message).parameters)) == "state"
    for name in CALLS_OF_A_PULL:
        assert f"{name}={name}," in inspect.getsource(loop.start_client_internal)


def test_a_run_that_ends_in_the_middle_of_a_pull_leaves_no_task_that_waits_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("_task_id", "_run_id", "_node_id"):
        monkeypatch.setattr(TaskIdentity, name, 7)
    state = NodeStateFactory(objectstore_factory=ObjectStoreFactory()).state()
    state.store_run(Run.create_empty(7))
    message = Message(RecordDict(), dst_node_id=1, message_type="train")
    message.metadata.__dict__["_message_id"] = message.object_id
    received = message, get_object_tree(message)

    def ended(*_asked: object) -> bytes:
        raise RunNotRunningException

    def states_after(call: Any) -> list[str]:
        pulled = loop._pull_and_store_message(
            state, state.object_store, {}, lambda: received, ended, ended, call, call, None
        )
        assert pulled is None
        return sorted(task.status.status for task in state.get_tasks())

    assert states_after(ended) == ["pending"]  # what flwr leaves, and why it is changed
    state.delete_messages(message_ids=[message.object_id])
    assert states_after(with_ended_run_as_failure(ended)) == ["finished", "pending"]


def test_the_supernodes_state_can_be_extended() -> None:
    for name in ("store_message", "store_object", "finish_task", "_store_error_replies", "get_messages_legacy"):
        assert callable(getattr(InMemoryNodeState, name))
    factory = NodeStateFactory(objectstore_factory=ObjectStoreFactory())
    assert factory.state_instance is None


def test_the_superlinks_arguments_are_taken_and_node_authentication_can_be_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s" * 32)
    config = SuperLinkConfig(
        port=1, engine_secret="e" * 20, secret_file=secret, database=tmp_path / "db", flwr_home=tmp_path
    )
    cli = import_module("flwr.superlink.cli.flower_superlink")
    monkeypatch.setattr("sys.argv", arguments(config))
    parsed = dataclasses.replace(cli._parse_superlink_lifespan_config(), enable_supernode_auth=True)
    assert parsed.enable_supernode_auth
    assert (parsed.host, parsed.isolation, parsed.runtime_dependency_install) == ("127.0.0.1", "process", False)
    assert parsed.superexec_auth_secret == b"s" * 32
    assert list(inspect.signature(import_module("flwr.superlink.main").create_app).parameters) == [
        "config", "superlink_lifespan_class",
    ]  # fmt: skip
    assert "create_app(lifespan_config, SuperLinkLifespan)" in inspect.getsource(cli._run_superlink_http_api)


def test_the_supernodes_settings_have_the_fields_we_fill() -> None:
    cli = import_module("flwr.supernode.cli.flower_supernode")
    assert callable(cli._start_supernode_http_api)
    names = {field.name for field in dataclasses.fields(cli.SuperNodeLifespanConfig)}
    assert names == {
        "server_address", "root_certificates", "insecure", "authentication_keys", "max_retries", "max_wait_time",
        "node_config", "isolation", "runtime_certificates", "runtime_root_certificates_path",
        "health_server_address", "trusted_entities", "superexec_auth_secret", "runtime_dependency_install",
        "host", "port", "runtime_ssl_certfile", "runtime_ssl_keyfile",
    }  # fmt: skip


def test_the_grid_has_what_our_server_uses() -> None:
    grid = import_module("flwr.superlink.grid.http_grid").HttpGrid
    source = inspect.getsource(grid)
    assert "self._retry_invoker" in source
    assert isinstance(inspect.getattr_static(grid, "_runtime_client"), property)


def test_replies_are_pulled_as_flwrs_own_grid_pulls_them() -> None:
    grid = import_module("flwr.superlink.grid.http_grid").HttpGrid
    source = inspect.getsource(grid.pull_messages)
    ours = inspect.getsource(replies)
    for call in (
        "PullMessages(",
        "pull_objects(",
        "PullObject,",
        "ConfirmMessageReceived(",
        "inflate_object_from_contents(",
    ):
        assert call in source
        assert call in ours
    assert ErrorCode.MESSAGE_UNAVAILABLE == MESSAGE_LOST


def test_every_client_of_flwrs_asks_its_interceptors_anew_for_each_call() -> None:
    source = inspect.getsource(ProtobufClient)
    assert "for interceptor in reversed(self._interceptors)" in source
    client = ProtobufClient("http://127.0.0.1:1", interceptors=[])
    show_secret(client, "s")
    assert [type(interceptor) for interceptor in client._interceptors] == [EngineSecret]
    client.close()


def test_waiting_for_a_reply_ends_when_it_is_stored() -> None:
    clock = WakingClock(idle_pause_s=5.0)
    threading.Timer(0.05, clock.note_stored).start()
    begun = time.monotonic()
    clock.sleep(5.0 / 10)
    assert time.monotonic() - begun < 0.4


def test_an_empty_pull_that_was_held_is_followed_at_once_and_another_after_a_pause() -> None:
    now = [0.0]
    clock = WakingClock(idle_pause_s=0.05, clock=lambda: now[0])
    now[0] = 20.0
    begun = time.monotonic()
    clock.sleep(IDLE_SLEEP_S)
    assert time.monotonic() - begun < 0.04
    begun = time.monotonic()
    clock.sleep(IDLE_SLEEP_S)
    assert time.monotonic() - begun >= 0.05


def test_a_killed_predecessor_is_signed_off_as_soon_as_somebody_answers(tmp_path: Path) -> None:
    node_file, port = tmp_path / "node_id", free_port()
    sign_off_predecessor(f"127.0.0.1:{port}", generate_key(), node_file)  # there was none: nobody is asked
    node_file.write_text("7")
    signing = threading.Thread(target=sign_off_predecessor, args=(f"127.0.0.1:{port}", generate_key(), node_file))
    signing.start()  # before the relay listens, as after a kill of everything
    statuses = iter([503, 200])
    relay = Upstream(lambda seen: (next(statuses), b""), port)
    try:
        signing.join(10)
        assert not signing.is_alive()
    finally:
        relay.close()
    assert relay.paths() == ["/v1/fleet/deactivate-node"] * 2
    assert relay.seen[0].body == b"\x08\x07"


def test_a_refused_farewell_does_not_keep_the_next_process_waiting(tmp_path: Path) -> None:
    (tmp_path / "node_id").write_text("7")
    relay = Upstream(lambda seen: (412, b""))
    try:
        sign_off_predecessor(f"127.0.0.1:{relay.port}", generate_key(), tmp_path / "node_id")
    finally:
        relay.close()
    assert len(relay.seen) == 1
