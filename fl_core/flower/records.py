"""Arrays packed into one flat run of bytes with a manifest, and the messages that carry them.

One array a message: flwr turns every array into objects with HTTP calls of their own, so a packed model costs one.
The manifest is a JSON list of ``[name, dtype, shape]`` in the order of the bytes (C order, little endian).
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fl_core.errors import InvalidInput

Arrays = dict[str, NDArray[np.generic]]
Shapes = Mapping[str, tuple[str, tuple[int, ...]]]
"""Tensor name -> (dtype, shape)."""

DTYPES = ("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
MOST_TENSORS = 20_000
LONGEST_NAME = 300
LARGEST_MANIFEST = 4_000_000


@dataclass(frozen=True, slots=True)
class Packed:
    """Arrays ready to travel."""

    manifest: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Hash over the manifest and the bytes."""
        return hashlib.sha256(self.manifest.encode() + b"\0" + self.data).hexdigest()


def shapes_of(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return what `unpack` expects of arrays like these."""
    return {name: (str(array.dtype), tuple(array.shape)) for name, array in arrays.items()}


def pack(arrays: Mapping[str, NDArray[np.generic]]) -> Packed:
    """Pack arrays sorted by name; raises InvalidInput (`model.invalid`) for a type that cannot travel."""
    manifest, parts = [], []
    for name in sorted(arrays):
        array = arrays[name]
        if str(array.dtype) not in DTYPES:
            message = f"tensor {name} has type {array.dtype}, which cannot be sent"
            raise InvalidInput(message, code="model.invalid")
        manifest.append([name, str(array.dtype), list(array.shape)])
        parts.append(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
    return Packed(json.dumps(manifest, separators=(",", ":")), b"".join(parts))


def unpack(packed: Packed, expected: Shapes, *, code: str = "model.invalid") -> Arrays:
    """Unpack into exactly the expected names, types and shapes.

    Nothing of the data is read before manifest and size agree with what is expected; the arrays are read-only views
    of the packed bytes.

    Raises
    ------
    InvalidInput
        With `code`; the message holds both sides.
    """
    entries = _entries(packed.manifest, code)
    found = {name: (dtype, shape) for name, dtype, shape in entries}
    _compare(found, expected, code)
    sizes = [np.dtype(dtype).itemsize * math.prod(shape) for _, dtype, shape in entries]
    if sum(sizes) != len(packed.data):
        message = f"the tensors need {sum(sizes)} bytes, {len(packed.data)} came"
        raise InvalidInput(message, code=code)
    arrays: Arrays = {}
    offset = 0
    for (name, dtype, shape), size in zip(entries, sizes, strict=True):
        flat = np.frombuffer(packed.data, np.dtype(dtype).newbyteorder("<"), count=math.prod(shape), offset=offset)
        arrays[name] = flat.reshape(shape)
        offset += size
    return arrays


def _entries(manifest: str, code: str) -> list[tuple[str, str, tuple[int, ...]]]:
    try:
        if len(manifest) > LARGEST_MANIFEST:
            raise ValueError
        raw = json.loads(manifest)
        entries = [(name, dtype, tuple(shape)) for name, dtype, shape in raw]
    except (ValueError, TypeError, RecursionError) as error:
        message = "the manifest is not a list of [name, type, shape]"
        raise InvalidInput(message, code=code) from error
    well_formed = all(
        isinstance(name, str)
        and len(name) <= LONGEST_NAME
        and dtype in DTYPES
        and len(shape) <= 8
        and all(type(size) is int and 0 <= size < 2**40 for size in shape)
        for name, dtype, shape in entries
    )
    if not well_formed or len(entries) > MOST_TENSORS or len({entry[0] for entry in entries}) != len(entries):
        message = f"the manifest names {len(entries)} tensors, at least one of them twice or not allowed"
        raise InvalidInput(message, code=code)
    return entries


def _compare(found: Shapes, expected: Shapes, code: str) -> None:
    missing, unknown = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    if missing or unknown:
        message = (
            f"{len(found)} tensors came, {len(expected)} are expected (missing: {missing[:3]}, unknown: {unknown[:3]})"
        )
        raise InvalidInput(message, code=code)
    for name, wanted in expected.items():
        if found[name] != wanted:
            message = (
                f"tensor {name} is {found[name][0]} {list(found[name][1])}, expected {wanted[0]} {list(wanted[1])}"
            )
            raise InvalidInput(message, code=code)


def length(arrays: Mapping[str, NDArray[np.generic]]) -> float:
    """Return the l2 norm over the floating tensors (NaN or infinity pass through)."""
    flat = [array.astype(np.float64).ravel() for array in arrays.values() if np.issubdtype(array.dtype, np.floating)]
    return math.sqrt(sum(float(values @ values) for values in flat))


def distance(new: Mapping[str, NDArray[np.generic]], old: Mapping[str, NDArray[np.generic]]) -> float:
    """Return the l2 norm of the difference over the floating tensors (NaN or infinity pass through)."""
    total = 0.0
    for name, array in new.items():
        if np.issubdtype(array.dtype, np.floating):
            step = array.astype(np.float64).ravel() - old[name].astype(np.float64).ravel()
            total += float(step @ step)
    return math.sqrt(total)
