"""As much of protobuf's wire format as it takes to see whether a pull brought a message.

Source: protobuf encoding guide; ``PullMessagesResponse.messages_list`` is field 2 (flwr 1.41, ``fleet.proto``).
"""

MESSAGES_LIST_FIELD = 2
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def has_message(body: bytes) -> bool:
    """Say whether the serialised PullMessagesResponse holds a message; what cannot be read counts as one.

    (An answer that this walk does not understand must be handed on, not held back.)
    """
    try:
        return MESSAGES_LIST_FIELD in _fields(body)
    except (IndexError, ValueError):
        return True


def _fields(body: bytes) -> set[int]:
    found: set[int] = set()
    place = 0
    while place < len(body):
        tag, place = _varint(body, place)
        found.add(tag >> 3)
        place = _skip(body, place, tag & 7)
        if place > len(body):
            message = "a field is longer than the message"
            raise ValueError(message)
    return found


def _skip(body: bytes, place: int, kind: int) -> int:
    if kind == _VARINT:
        return _varint(body, place)[1]
    if kind == _LENGTH:
        length, place = _varint(body, place)
        return place + length
    if kind in {_FIXED32, _FIXED64}:
        return place + (4 if kind == _FIXED32 else 8)
    message = f"wire type {kind} is not used here"
    raise ValueError(message)


def _varint(body: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = body[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    message = "a number is longer than ten bytes"
    raise ValueError(message)
