"""Live updates: every delta of the bus goes to the pages as event ``delta`` on namespace ``/live``."""

from collections.abc import Sequence

from flask import Flask, Response, g, request
from flask_socketio import SocketIO, join_room

from fl_core.events import Delta, EventBus
from fl_core.web.principal import PRINCIPAL, Principal

NAMESPACE = "/live"
SEQ_HEADER = "X-Flomir-Seq"


def install(app: Flask, bus: EventBus, *, origins: list[str]) -> SocketIO:
    """Attach Socket.IO to the app and the sequence number to every response.

    The number is read before a route reads its data: a delta that comes later may repeat what the snapshot holds, none is
    missed. A page that connects, or reconnects, gets event ``hello`` {seq} and fetches its snapshots after it.
    """
    socketio = SocketIO(
        app,
        async_mode="threading",
        cors_allowed_origins=origins,
        path="/socket.io",
        ping_interval=10,
        ping_timeout=10,
        max_http_buffer_size=100_000,
        manage_session=False,
    )

    def on_connect(_auth: object = None) -> None:
        who = request.environ.get(PRINCIPAL)
        if isinstance(who, Principal):
            join_room(who.sign_in_id, namespace=NAMESPACE)
        socketio.emit("hello", {"seq": bus.seq}, namespace=NAMESPACE, to=_sid())

    socketio.on_event("connect", on_connect, namespace=NAMESPACE)
    bus.subscribe(lambda delta: _send(socketio, delta))

    def before() -> None:
        g.live_seq = bus.seq

    def after(response: Response) -> Response:
        response.headers[SEQ_HEADER] = str(g.get("live_seq", bus.seq))
        return response

    app.before_request(before)
    app.after_request(after)
    return socketio


def disconnect(socketio: SocketIO, sign_in_ids: Sequence[str]) -> None:
    """Close the live connections of browsers that are signed in no more.

    The whole connection, not only its namespace: a page could join that again, and the gate asks at the handshake only.
    """
    server = socketio.server
    if server is None:
        return
    for sign_in_id in sign_in_ids:
        for sid, connection_id in list(server.manager.get_participants(NAMESPACE, sign_in_id)):
            server.disconnect(sid, namespace=NAMESPACE)
            connection = server.eio.sockets.get(connection_id)
            if connection is not None:
                connection.close(wait=False)


def disconnect_all(socketio: SocketIO) -> None:
    """Close every live connection, so that the server's threads end."""
    engine = socketio.server.eio if socketio.server is not None else None
    for connection in list(engine.sockets.values()) if engine is not None else []:
        connection.close(wait=False)


def _send(socketio: SocketIO, delta: Delta) -> None:
    content = {"seq": delta.seq, "type": delta.type, "data": delta.data, "at": delta.at}
    socketio.emit("delta", content, namespace=NAMESPACE)


def _sid() -> str:
    return str(getattr(request, "sid", ""))
