"""Round messages and replies as flwr records: one packed array, its manifest, the facts of the round. Torch-free."""

from typing import Any

from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict

from fl_core.errors import CATALOGUE, InvalidInput
from fl_core.flower.exchange import RoundReply, RoundRequest, SiteAnswer
from fl_core.flower.records import Packed

STYPE = "flomir.packed"
MESSAGE_TYPE = "train"
MOST_METRICS = 64
LARGEST_EXAMPLES = 100_000
"""More than any site has. How much a site weighs is bounded by what it agreed to train with (`fl_core.flower.rounds`)."""
LARGEST_METRIC = 1e12
"""Beyond any loss, score or duration, and far from where sums of them overflow."""
CLIENT_APP_RAISED = 2
"""flwr's number of a failure of the site's own, which no repetition mends."""
MESSAGE_LOST = 3
"""flwr's number of a message of which the SuperLink does not have all objects."""
NODE_UNAVAILABLE = 5
"""flwr's number of a message to a node that is not there."""
_ARRAY = "packed"
_CODES_BY_NUMBER = {
    MESSAGE_LOST: "peer.unreachable",
    4: "peer.unreachable",
    NODE_UNAVAILABLE: "peer.unreachable",
    6: "consent.missing",
    7: "protocol.mismatch",
    8: "compute.failed",
}


def request_content(request: RoundRequest) -> RecordDict:
    """Return the content of a round's message; equal for all sites, so it is stored and sent once."""
    facts = ConfigRecord(
        {
            "session_id": request.session_id,
            "round": request.round,
            "rounds": request.rounds,
            "proximal_mu": float(request.proximal_mu),
            "deadline_s": float(request.deadline_s),
            "manifest": request.packed.manifest,
        }
    )
    return RecordDict({"model": _array_record(request.packed.data), "round": facts})


def round_message(content: RecordDict, node_id: int, round_number: int, ttl_s: float) -> Message:
    """Address a round's content to one node."""
    return Message(content, node_id, MESSAGE_TYPE, ttl=ttl_s, group_id=str(round_number))


def read_request(message: Message) -> RoundRequest:
    """Read a round's message at the site; raises InvalidInput naming what is wrong."""
    facts = dict(message.content["round"]) if "round" in message.content else {}
    kinds = {"session_id": str, "round": int, "rounds": int, "proximal_mu": float, "deadline_s": float}
    for name, kind in kinds.items():
        if type(facts.get(name)) is not kind:
            problem = f"{name} of the message is not {kind.__name__}"
            raise InvalidInput(problem)
    if len(facts["session_id"]) > 80 or not 1 <= facts["round"] <= facts["rounds"] <= 1000:
        problem = f"round {facts['round']} of {facts['rounds']} is out of range"
        raise InvalidInput(problem)
    if not 0 <= facts["proximal_mu"] <= 10 or not 0 < facts["deadline_s"] <= 8 * 86_400:
        problem = "a number of the message is out of range"
        raise InvalidInput(problem)
    return RoundRequest(
        **{name: facts[name] for name in kinds}, packed=_packed(message.content, "model", facts.get("manifest"))
    )


def reply_message(message: Message, reply: RoundReply) -> Message:
    """Return a site's reply to a round's message."""
    content = RecordDict(
        {
            "update": _array_record(reply.packed.data),
            "facts": ConfigRecord({"manifest": reply.packed.manifest}),
            "metrics": MetricRecord({"num-examples": reply.num_examples, **reply.metrics}),
        }
    )
    return Message(content, reply_to=message)


def read_answer(site_id: str, round_number: int, message: Message) -> SiteAnswer:
    """Read a site's answer at the server; a malformed one becomes an error with code federation.update_rejected."""
    try:
        if message.has_error():
            return _read_error(site_id, round_number, message.error)
        metrics = dict(message.content["metrics"])
        examples = metrics.pop("num-examples")
        facts = dict(message.content["facts"])
        packed = _packed(message.content, "update", facts.get("manifest"))
        reply = RoundReply(packed=packed, metrics=_numbers(metrics), num_examples=_examples(examples))
    except Exception:  # noqa: BLE001 - whatever records of another kind lead to
        return SiteAnswer(
            site_id=site_id, round=round_number, error_number=CLIENT_APP_RAISED, code="federation.update_rejected"
        )
    return SiteAnswer(site_id=site_id, round=round_number, reply=reply)


def _read_error(site_id: str, round_number: int, error: Any) -> SiteAnswer:
    number = int(error.code)
    code = str(error.reason or "").partition(":")[0]
    if number not in {CLIENT_APP_RAISED, 6, 7} or code not in CATALOGUE:
        code = _CODES_BY_NUMBER.get(number, "compute.failed")
    return SiteAnswer(site_id=site_id, round=round_number, error_number=number, code=code)


def _examples(value: object) -> int:
    if type(value) is not int or value < 1:
        problem = "num-examples is not a whole number above 0"
        raise InvalidInput(problem)
    return min(value, LARGEST_EXAMPLES)


def _numbers(metrics: dict[str, Any]) -> dict[str, float]:
    """Keep numbers of a bounded size under short names; anything else is not a metric."""
    if len(metrics) > MOST_METRICS:
        problem = f"{len(metrics)} metrics came, {MOST_METRICS} may"
        raise InvalidInput(problem)
    return {
        str(name): float(value)
        for name, value in metrics.items()
        if len(str(name)) <= 80 and type(value) in {int, float} and abs(value) <= LARGEST_METRIC
    }


def _array_record(data: bytes) -> ArrayRecord:
    return ArrayRecord({_ARRAY: Array(dtype="uint8", shape=(len(data),), stype=STYPE, data=data)})


def _packed(content: RecordDict, record: str, manifest: object) -> Packed:
    arrays = content.get(record)
    if not isinstance(arrays, ArrayRecord) or list(arrays) != [_ARRAY] or not isinstance(manifest, str):
        problem = f"the record {record!r} does not hold one packed array with a manifest"
        raise InvalidInput(problem)
    array = arrays[_ARRAY]
    if array.stype != STYPE:
        problem = f"the array's kind is {str(array.stype)[:40]!r}, not {STYPE!r}"
        raise InvalidInput(problem)
    return Packed(manifest, bytes(array.data))
