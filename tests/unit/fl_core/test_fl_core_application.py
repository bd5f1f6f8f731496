"""The application that both daemons start from."""

from fl_core.web.application import create_app


def test_a_route_still_writes_its_address_when_asked() -> None:
    app = create_app("t", title="t", version="1", upload_limit_bytes=1000)
    app.add_url_rule("/scans/<int:number>/<part>", "part", lambda number, part: "")
    routes = app.url_map.bind("127.0.0.1")
    assert routes.build("part", {"number": 3, "part": "a b"}) == "/scans/3/a%20b"
    assert routes.build("part", {"number": 3, "part": "a", "view": "1"}) == "/scans/3/a?view=1"
    assert routes.match("/scans/3/a") == ("part", {"number": 3, "part": "a"})
