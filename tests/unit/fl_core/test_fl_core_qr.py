"""An invitation as a QR code: small, whole, and read back however it was passed on."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import segno

from fl_core.errors import InvalidInput
from fl_core.protocol.messages import InvitationDocument
from fl_core.trust.authority import Authority
from fl_core.trust.invitation import decode, new_token
from fl_core.trust.qr import QUIET_MODULES, draw, encode_code


@pytest.fixture
def invitation(tmp_path: Path) -> InvitationDocument:
    authority = Authority.create(tmp_path, "Labor für Kardiologie und Nuklearmedizin", "federation.example.org")
    return InvitationDocument(
        orchestrator="Labor für Kardiologie und Nuklearmedizin",
        address="federation.example.org:8443",
        ca_pem=authority.ca_pem,
        token=new_token(),
        site_name="North Hospital, Department of Nuclear Medicine",
        expires_at=datetime.now(UTC) + timedelta(hours=72),
    )


def test_what_a_reader_of_the_code_pastes_is_the_invitation(invitation: InvitationDocument) -> None:
    code = encode_code(invitation)
    folded = "\n".join(code[start : start + 60] for start in range(0, len(code), 60))
    for text in (code, code.lower(), f"  {folded}\r\n"):
        assert decode(text) == invitation


def test_the_code_is_small_enough_for_a_screen(invitation: InvitationDocument) -> None:
    code = encode_code(invitation)
    assert re.fullmatch(r"FLOMIR:[A-Z2-7]+", code)  # the dense mode of a QR code
    side, _ = draw(code)
    assert side <= 125  # version 27: three pixels a module on a phone


@pytest.mark.parametrize(
    "change", [lambda code: code[:-40], lambda code: code[:300] + "2222" + code[304:], lambda _: "FLOMIR:AAAA"]
)
def test_a_damaged_code_is_refused(invitation: InvitationDocument, change: object) -> None:
    assert callable(change)
    with pytest.raises(InvalidInput) as caught:
        decode(change(encode_code(invitation)))
    assert caught.value.code == "invitation.malformed"


def test_the_path_draws_exactly_the_dark_modules() -> None:
    text = "FLOMIR:ABC"
    matrix = segno.make_qr(text, error="l").matrix
    side, path = draw(text)
    drawn = {
        (int(x) + step, int(y))
        for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path)
        for step in range(int(width))
    }
    dark = {
        (x, y) for y, row in enumerate(matrix, QUIET_MODULES) for x, value in enumerate(row, QUIET_MODULES) if value
    }
    assert drawn == dark
    assert side == len(matrix) + 2 * QUIET_MODULES
