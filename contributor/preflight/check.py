"""The whole check, in the order in which a person would look; the page and the command run this one."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contributor.certificates import SiteCertificates
from contributor.paths import SitePaths
from contributor.preflight import computer, way
from contributor.preflight.computer import short
from contributor.preflight.words import line
from contributor.schemas_network import PreflightLine
from fl_core.errors import FlomirError
from fl_core.storage.site_connection import ConnectionRecord
from fl_core.transport.proxy import Proxy
from fl_core.trust.authority import RENEW_BEFORE
from fl_core.trust.identity import certificate_key, load_certificate
from fl_core.trust.invitation import decode
from fl_core.trust.tls import client_context, enrol_context

STUDIES_ASSUMED = 20
PASSES_ASSUMED = 4
"""Passes over the own data in a round, the default of a session."""
DATE = "%Y-%m-%d"

Tell = Callable[[PreflightLine], None]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is checked: the home folder, how it stands with an orchestrator, an invitation, the way out."""

    home: Path
    record: ConnectionRecord
    invitation: str
    proxy: Callable[[], Proxy | None]
    threads: int
    usable_studies: int
    run: computer.RunJob


@dataclass(frozen=True)
class Outcome:
    """What the lines do not hold: the address that was looked for and the estimated seconds of a round."""

    of: str
    round_s: float | None


def check(subject: Subject, tell: Tell, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Outcome:
    """Look at everything, tell each line as soon as it is known, return the outcome; nothing is raised that can be told."""
    target = _target(subject, tell, clock())
    found = way.Way(open=False)
    if target is not None:
        try:
            found = way.look(target, subject.proxy(), tell, clock=clock)
        except FlomirError:
            tell(line("proxy.settings"))
    computer.look_at_disk(subject.home, tell)
    computer.look_at_memory(tell)
    step = computer.train_a_step(subject.threads, tell, subject.run)
    return Outcome("" if target is None else target.address, _estimate(subject, found, step, tell))


def _target(subject: Subject, tell: Tell, now: datetime) -> way.Target | None:
    """Return where the laboratory is: as the certificate says, or the invitation; None when neither is there."""
    record, paths = subject.record, SitePaths(subject.home)
    if record.certificate_expires_at is not None and record.address:
        return _own(paths, record, tell, now)
    try:
        if subject.invitation:
            invitation = decode(subject.invitation, now=now)
            until = f"{invitation.expires_at:{DATE}}"
            tell(line("certificate.invitation", orchestrator=invitation.orchestrator, until=until))
            return way.Target(
                address=invitation.address, context=lambda: enrol_context(invitation.ca_pem), enrolled=False
            )
    except FlomirError:
        tell(line("certificate.no_invitation"))
        return None
    if record.address and record.ca_pem:
        ca_pem = record.ca_pem
        return way.Target(address=record.address, context=lambda: enrol_context(ca_pem), enrolled=False)
    tell(line("certificate.none"))
    return None


def _own(paths: SitePaths, record: ConnectionRecord, tell: Tell, now: datetime) -> way.Target:
    address, ca_pem = record.address or "", record.ca_pem or ""
    stranger = way.Target(address=address, context=lambda: enrol_context(ca_pem), enrolled=False)
    try:
        certificates = SiteCertificates(paths)
        certificate = load_certificate(certificates.certificate_pem())
        if certificate_key(certificate) != certificates.key().public_key():
            tell(line("certificate.unusable"))
            return stranger
        context = client_context(paths.ca, paths.certificate, paths.key)
    except (FlomirError, OSError, ssl.SSLError):
        tell(line("certificate.unusable"))
        return stranger
    end = certificate.not_valid_after_utc
    code = "certificate.over" if end <= now else "certificate.ends" if end - now < RENEW_BEFORE else "certificate.valid"
    tell(line(code, until=f"{end:{DATE}}"))
    return way.Target(address=address, context=lambda: context, enrolled=True)


def _estimate(subject: Subject, found: way.Way, step: computer.Step | None, tell: Tell) -> float | None:
    """Tell how fast the line is and how long a round takes: every study once a pass, the model in and the update out."""
    transfer_s = None
    if not found.open:
        tell(line("speed.no_way"))
    elif found.bytes_per_s is None or step is None:
        tell(line("speed.unknown"))
    else:
        transfer_s = step.update_bytes / found.bytes_per_s
        code = "speed.slow" if transfer_s > way.SLOW_UPDATE_S else "speed.measured"
        mbit = short(8 * found.bytes_per_s / 1e6)
        tell(line(code, mbit=mbit, mb=short(step.update_bytes / 1e6), seconds=max(0.1, short(transfer_s))))
    if step is None:
        tell(line("round.unknown"))
        return None
    studies = subject.usable_studies or STUDIES_ASSUMED
    round_s = studies * PASSES_ASSUMED * step.seconds + 2 * (transfer_s or 0.0)
    minutes = max(1, round(timedelta(seconds=round_s) / timedelta(minutes=1)))
    tell(line("round.estimate", minutes=minutes, studies=studies, passes=PASSES_ASSUMED))
    return round_s
