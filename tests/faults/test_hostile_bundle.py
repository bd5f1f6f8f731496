"""An orchestrator that sends code of its own: the site refuses by the bundle's bytes, and nothing of it is written or run."""

import io
import zipfile
from pathlib import Path

import pytest

from fl_core.protocol.bundle import build_bundle
from fl_core.protocol.messages import SitePhase
from tests.support.flower import eventually, federation, make_grant, write_grants


def bundle_with_code(marker: Path) -> bytes:
    """Return our bundle with a module in it that would be imported first, as a stock SuperNode does."""
    buffer = io.BytesIO(build_bundle())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("fl_core/__init__.py", f"open({str(marker)!r}, 'w').write('owned')\n")
    return buffer.getvalue()


@pytest.mark.timeout(180)
def test_a_bundle_with_code_in_it_is_refused_and_leaves_no_trace(tmp_path: Path) -> None:
    marker = tmp_path / "owned"
    with federation(tmp_path / "federation", 1) as stack:
        site = stack.sites[0]
        write_grants(site.grants, make_grant(site.studies), site_id=site.site_id)
        plan = stack.plan(quorum=1, round_deadline_s=60.0)
        before = set(site.home.rglob("*.py"))
        laboratory = stack.run_bundle(bundle_with_code(marker), plan)
        assert eventually(lambda: any(event.code for event in stack.events()), 90)
        laboratory.stop()
        failed = [event for event in stack.events() if event.type == "site_failed"]
        assert [(event.site_id, event.code) for event in failed] == [("site-0", "protocol.mismatch")]
        assert not marker.exists()
        assert set(site.home.rglob("*.py")) == before
        assert SitePhase.TRAINING not in [event.phase for event in site.events()]
