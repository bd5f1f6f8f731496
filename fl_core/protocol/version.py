"""The peer protocol's version and its negotiation: the major number must agree, the minor one may differ."""

from dataclasses import dataclass

from fl_core.errors import ProtocolMismatch


@dataclass(frozen=True, order=True, slots=True)
class ProtocolVersion:
    """`major` changes when old peers can no longer talk; `minor` when something optional was added."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> "ProtocolVersion":
        """Read ``"1.0"``; raises ProtocolMismatch when the text is no version."""
        major, dot, minor = text.partition(".")
        if not (dot and major.isdecimal() and minor.isdecimal() and len(text) <= 12):
            message = f"{text[:20]!r} is not a protocol version"
            raise ProtocolMismatch(message)
        return cls(int(major), int(minor))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


PROTOCOL = ProtocolVersion(1, 2)
"""1.1: a site can be asked to renew its certificate, and may tell distributions of its data. 1.2: it may say that it leaves."""


def negotiate(offered: str, *, ours: ProtocolVersion = PROTOCOL) -> ProtocolVersion:
    """Return the version both sides speak (same major, the smaller minor) or raise ProtocolMismatch naming both."""
    theirs = ProtocolVersion.parse(offered)
    if theirs.major != ours.major:
        message = f"the other side speaks protocol {theirs}, this side {ours}"
        raise ProtocolMismatch(message)
    return min(theirs, ours)
