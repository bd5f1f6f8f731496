"""What travels between the round loop and a site, as plain data: a round's request, its reply, and what went wrong."""

from dataclasses import dataclass

from fl_core.flower.records import Packed


@dataclass(frozen=True, kw_only=True)
class RoundRequest:
    """What a round's message says; `deadline_s` counts from its arrival at the site, so clocks need not agree.

    `rounds` is the length of the learning rate's schedule, the same for all sites of a round: how many rounds a site
    agreed to decides which of them it takes part in, not how it trains in one.
    """

    session_id: str
    round: int
    rounds: int
    proximal_mu: float
    deadline_s: float
    packed: Packed


@dataclass(frozen=True, kw_only=True)
class RoundReply:
    """What leaves a site: the packed update, its metrics, and how many examples it was trained on."""

    packed: Packed
    metrics: dict[str, float]
    num_examples: int


@dataclass(frozen=True, kw_only=True)
class SiteAnswer:
    """One site's answer as the round loop sees it: a reply, or an error (flwr's number and our code).

    `round` is that of the message it answers, as the laboratory sent it; the site has no say in it.
    """

    site_id: str
    round: int
    reply: RoundReply | None = None
    error_number: int = 0
    code: str = ""
