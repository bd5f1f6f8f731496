"""A whole federation through relay and gateway: Flower's own processes, mutual TLS, and kills in between."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from fl_core.supervision.child import ChildSpec
from fl_core.trust.identity import spki_pem
from fl_core.trust.trusted import write_trusted
from tests.support.flower import Federation, Site, eventually, free_port, make_grant, write_grants
from tests.support.transport import SECRET
from tests.support.trust import make_authority, make_site

ROUNDS = 5


class WideAreaFederation(Federation):
    """As Federation, but each site has a relay, and only the gateway talks to the SuperLink."""

    supernode = "fl_core.flower.supernode_main"

    def start(self) -> None:
        self.authority = make_authority(self.laboratory)
        self.trusted: dict[str, str] = {}
        self.gateway_port = free_port()
        paths = self.authority.paths
        gateway = {
            "public_host": "127.0.0.1",
            "public_port": self.gateway_port,
            "cert": str(paths.orchestrator_cert),
            "key": str(paths.orchestrator_key),
            "ca": str(paths.ca_cert),
            "trusted_file": str(paths.trusted),
            "upstream_api": f"http://127.0.0.1:{free_port()}",
            "upstream_fleet": f"http://127.0.0.1:{self.superlink_port}",
            "gateway_secret": SECRET,
            "engine_secret": self.engine_secret,
            "admin_port": free_port(),
            "home": str(self.laboratory),
        }
        self.supervisor.add(
            ChildSpec(name="gateway", module="fl_core.transport.gateway", config=gateway, cwd=self.laboratory),
            start=True,
        )
        self.supervisor.wait_ready("gateway", 30)
        super().start()

    def _start_site(self, site: Site, superlink: str) -> None:
        relay_port = free_port()
        super()._start_site(site, f"127.0.0.1:{relay_port}")  # the SuperNode waits for its relay
        key = load_ssh_private_key((site.home / "flower" / "site.ssh").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        enrolled = make_site(self.authority, site.home / "trust", site.site_id, key=key)
        self.trusted[enrolled.fingerprint] = site.site_id
        write_trusted(self.authority.paths.trusted, self.trusted)
        relay = {
            "port": relay_port,
            "gateway": f"127.0.0.1:{self.gateway_port}",
            "ca": str(enrolled.ca),
            "cert": str(enrolled.cert),
            "key": str(enrolled.key_path),
            "public_key_pem": spki_pem(key.public_key()).decode(),
            "home": str(site.home),
        }
        name = f"{site.site_id}-relay"
        self.supervisor.add(
            ChildSpec(name=name, module="fl_core.transport.relay", config=relay, cwd=site.home), start=True
        )
        self.supervisor.wait_ready(name, 30)

    def kill_child(self, name: str) -> None:
        """SIGKILL one child and wait until its supervisor has brought it back."""
        before = self._pid(name)
        os.kill(before, signal.SIGKILL)
        assert eventually(lambda: self._pid(name) not in {0, before})

    def _pid(self, name: str) -> int:
        return next(status.pid or 0 for status in self.supervisor.statuses() if status.name == name)


def has_closed(federation: Federation, rounds: int) -> bool:
    return len(federation.records()) >= rounds


@pytest.mark.slow
def test_killing_gateway_and_relays_during_a_session_loses_no_update(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    federation = WideAreaFederation(tmp_path, 2)
    try:
        federation.start()
        for site in federation.sites:
            write_grants(site.grants, make_grant(site.studies, rounds=ROUNDS), site_id=site.site_id)
        run_id = federation.run(federation.plan(rounds=ROUNDS))
        for number, name in enumerate(("gateway", "site-0-relay", "site-1-relay", "gateway")):
            assert eventually(partial(has_closed, federation, number + 1), 60)
            federation.kill_child(name)
        assert federation.wait(run_id, 120)["status"] == "completed"
        assert [(len(record.updates), record.missing) for record in federation.records()] == [(2, {})] * ROUNDS
        assert {event.code for event in federation.events()} == {None}
    finally:
        federation.stop()
