"""Model files without torch: safetensors bytes, their header, and the JSON card beside them.

A model is two files, ``<name>.safetensors`` and ``<name>.json`` (the card). The SHA-256 of the first is the
model's identity. No file is ever unpickled, and every header is checked against the file's real size before
any tensor is read.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from safetensors.numpy import load as decode_tensors
from safetensors.numpy import save as encode_tensors

from model.errors import WeightsError
from model.io.atomic import write_atomically
from model.io.confidence_records import AlarmRecord, UncertaintyRecord

MAX_HEADER_BYTES = 16 * 1024 * 1024
_DTYPES: dict[str, int] = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip
_NUMPY_DTYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip


class TensorInfo(NamedTuple):
    """Shape and safetensors dtype name (``F32``, ``I64``, ...) of one tensor."""

    shape: tuple[int, ...]
    dtype: str


class TensorEntry(BaseModel):
    """One tensor as the card lists it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: tuple[int, ...]
    dtype: str


class ModelCard(BaseModel):
    """What is known about one set of weights; stored as JSON beside them.

    ``content_hash`` is the SHA-256 of the safetensors file in lower-case hex, and ``lineage`` holds the hashes
    of the weights this one was made from. ``data``, ``training`` and ``metrics`` are free JSON objects. Where the
    network's configuration was changed after training, ``training.trained_as`` holds what those entries were: the run and
    the figures are of that network.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    task: str
    network: dict[str, JsonValue]
    tensors: dict[str, TensorEntry]
    parameters: int = Field(ge=0, description="number of learnable values")
    content_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    created_at: str = Field(description="ISO 8601, UTC")
    data: dict[str, JsonValue] = Field(default_factory=dict)
    training: dict[str, JsonValue] = Field(default_factory=dict)
    metrics: dict[str, JsonValue] = Field(default_factory=dict)
    lineage: list[str] = Field(default_factory=list)
    terms: str = ""
    uncertainty: UncertaintyRecord | None = Field(default=None, description="calibrated intervals of these weights")
    alarm: AlarmRecord | None = Field(default=None, description="thresholds for unfamiliar input")


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of bytes in lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file in lower-case hex, read in pieces."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        message = f"the model file {path.name} cannot be read: {error.strerror}"
        raise WeightsError(code="weights.unreadable", message=message) from error
    return digest.hexdigest()


def read_tensors_header(path: Path) -> dict[str, TensorInfo]:
    """Read names, shapes and dtypes without loading a tensor.

    Raises
    ------
    WeightsError
        ``weights.unreadable``, ``weights.not_safetensors`` or ``weights.truncated`` (with both sizes).
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            prefix = stream.read(8)
            length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
            if not 2 <= length <= min(MAX_HEADER_BYTES, max(size - 8, 0)):
                message = f"{path.name} is not a safetensors file"
                raise WeightsError(code="weights.not_safetensors", message=message)
            raw = stream.read(length)
    except OSError as error:
        message = f"the model file {path.name} cannot be read: {error.strerror}"
        raise WeightsError(code="weights.unreadable", message=message) from error
    entries, needed = _parse_header(raw, path.name)
    if needed != size - 8 - length:
        message = f"{path.name} holds {size - 8 - length} bytes of tensors, its header says {needed}"
        raise WeightsError(code="weights.truncated", message=message)
    return entries


def _parse_header(raw: bytes, name: str) -> tuple[dict[str, TensorInfo], int]:
    entries: dict[str, TensorInfo] = {}
    spans: list[tuple[int, int]] = []
    try:
        header = json.loads(raw)
        header.pop("__metadata__", None)
        for key, entry in header.items():
            shape, dtype = tuple(int(n) for n in entry["shape"]), str(entry["dtype"])
            begin, end = (int(n) for n in entry["data_offsets"])
            if min(shape, default=0) < 0 or end - begin != _DTYPES[dtype] * int(np.prod(shape, dtype=object)):
                message = f"tensor {key} of {name} has {end - begin} bytes, which does not fit {dtype} {list(shape)}"
                raise WeightsError(code="weights.not_safetensors", message=message)
            spans.append((begin, end))
            entries[key] = TensorInfo(shape, dtype)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{name} is not a safetensors file: its header cannot be understood"
        raise WeightsError(code="weights.not_safetensors", message=message) from error
    position = 0
    for begin, end in sorted(spans):
        if begin != position:
            message = f"{name} is not a safetensors file: its tensors overlap or leave gaps"
            raise WeightsError(code="weights.not_safetensors", message=message)
        position = end
    return dict(sorted(entries.items())), position


def check_tensors(found: Mapping[str, TensorInfo], expected: Mapping[str, TensorInfo]) -> None:
    """Refuse tensors that are not exactly the expected names, shapes and dtypes.

    Raises
    ------
    WeightsError
        ``weights.names``, ``weights.shape`` or ``weights.dtype``; the message holds both sides.
    """
    missing, unknown = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    if missing or unknown:
        message = (
            f"the model has {len(found)} tensors, the network needs {len(expected)}"
            f" (missing: {_some(missing)}; unknown: {_some(unknown)})"
        )
        raise WeightsError(code="weights.names", message=message)
    for name, want in expected.items():
        got = found[name]
        if got.shape != want.shape:
            message = f"tensor {name} has shape {list(got.shape)}, the network needs {list(want.shape)}"
            raise WeightsError(code="weights.shape", message=message)
        if got.dtype != want.dtype:
            message = f"tensor {name} has type {got.dtype}, the network needs {want.dtype}"
            raise WeightsError(code="weights.dtype", message=message)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "") if names else "none"


def check_finite(arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Refuse a tensor with NaN or infinite values (``weights.not_finite``)."""
    for name, array in arrays.items():
        if np.issubdtype(array.dtype, np.floating):
            bad = int(array.size - np.count_nonzero(np.isfinite(array)))
            if bad:
                message = f"tensor {name} has {bad} of {array.size} values that are not finite"
                raise WeightsError(code="weights.not_finite", message=message)


def load_arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    """Load every tensor as a numpy array, sorted by name, after checking the header."""
    read_tensors_header(path)
    try:
        arrays = decode_tensors(path.read_bytes())
    except Exception as error:  # safetensors raises its own untyped errors; all mean the same here
        message = f"{path.name} is not a safetensors file: {error}"
        raise WeightsError(code="weights.not_safetensors", message=message) from error
    return dict(sorted(arrays.items()))


def encode_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Encode arrays as safetensors; equal arrays always give equal bytes."""
    for name, array in arrays.items():
        if str(array.dtype) not in _NUMPY_DTYPES:
            message = f"tensor {name} has type {array.dtype}, which a model file cannot hold"
            raise WeightsError(code="weights.dtype", message=message)
    ordered = {name: np.array(arrays[name], order="C", copy=True) for name in sorted(arrays)}
    return bytes(encode_tensors(ordered))


def save_arrays(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> str:
    """Write a safetensors file atomically and return its content hash."""
    content = encode_arrays(arrays)
    write_atomically(path, content)
    return sha256_of(content)


def describe_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, TensorEntry]:
    """List arrays as a card does."""
    return {
        name: TensorEntry(shape=tuple(arrays[name].shape), dtype=_NUMPY_DTYPES.get(str(arrays[name].dtype), "?"))
        for name in sorted(arrays)
    }


def card_path(weights_path: Path) -> Path:
    """Return where the card of a weights file lives: beside it, with suffix ``.json``."""
    return weights_path.with_suffix(".json")


def save_card(weights_path: Path, card: ModelCard) -> Path:
    """Write the card beside the weights atomically and return its path."""
    target = card_path(weights_path)
    write_atomically(target, (card.model_dump_json(indent=1) + "\n").encode())
    return target


def load_card(weights_path: Path) -> ModelCard:
    """Read the card beside the weights.

    Raises
    ------
    WeightsError
        ``weights.unreadable`` where the weights are not there either, ``weights.card_missing`` or ``weights.card_invalid``
        (naming the first wrong field).
    """
    source = card_path(weights_path)
    try:
        return ModelCard.model_validate_json(source.read_bytes())
    except OSError as error:
        if not weights_path.exists():
            message = f"there is no model file {weights_path.name}"
            raise WeightsError(code="weights.unreadable", message=message) from error
        message = f"the model card {source.name} cannot be read: {error.strerror}"
        raise WeightsError(code="weights.card_missing", message=message) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        message = f"the model card {source.name} is not valid at {place}: {first['msg']}"
        raise WeightsError(code="weights.card_invalid", message=message) from error


def verify_weights(weights_path: Path, card: ModelCard) -> None:
    """Check a weights file against its card: content hash, names, shapes, dtypes."""
    found = content_hash(weights_path)
    if found != card.content_hash:
        message = f"the model file has content {found[:12]}, its card says {card.content_hash[:12]}"
        raise WeightsError(code="weights.hash", message=message)
    expected = {name: TensorInfo(entry.shape, entry.dtype) for name, entry in card.tensors.items()}
    check_tensors(read_tensors_header(weights_path), expected)
