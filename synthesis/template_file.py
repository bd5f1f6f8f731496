"""Write phantoms and templates to HDF5 atomically, the same bytes every time, and read them strictly. Torch-free.

Layout (schema 1): the root carries ``format`` ("flomir-phantom" or "flomir-template"), ``schema_version``, ``card`` (JSON:
everything that is no array) and ``sha256`` of card and arrays; the arrays lie beside each other under the names below.

=================  =======  ============  =====================================================
``labels``         uint8    (Z, Y, X)
``aha``            uint8    (Z, Y, X)
``defect_map``     uint8    (Z, Y, X)
``attenuation``    float32  (Z, Y, X)     mm^-1
``activity``       float32  (K, Z, Y, X)  at weight 1; on the simulation grid in a phantom file
``mu_per_mm``      float32  (Z, Y, X)     phantom only, on the simulation grid
``primary``        float32  (K, V, Z, U)  template only
``scatter``        float32  (K, V, Z, U)  template only
``variance``       float32  (K, V, Z, U)  template of a Monte Carlo only
``further``        float32  (K, W - 1,    windows after the photopeak, where a Monte Carlo counted them
                            V, Z, U)
=================  =======  ============  =====================================================
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import h5py
import numpy as np
import numpy.typing as npt

from model.errors import ModelError
from model.geometry import AcquisitionGeometry
from model.io.atomic import write_atomically
from model.io.study import Defect, HeartFrame
from synthesis.errors import SynthesisError, TemplateUnusable
from synthesis.identity import TEMPLATE_VERSION
from synthesis.scenario import Scenario
from synthesis.simulation import SourceProjections
from synthesis.template import BodyRecord, FinePhantom, Template

SCHEMA_VERSION = 1
PHANTOM, TEMPLATE = "flomir-phantom", "flomir-template"
MAX_ELEMENTS = 2**30
BODY_ARRAYS = ("labels", "aha", "defect_map", "attenuation")
REMADE = "Make it again from the stage before."
Arrays: TypeAlias = Mapping[str, npt.NDArray[Any]]


def write_phantom(path: Path, phantom: FinePhantom) -> None:
    """Write `phantom` atomically; OSError if the disk refuses."""
    arrays = _body_arrays(phantom.body) | {"activity": phantom.activity, "mu_per_mm": phantom.mu_per_mm}
    _write(path, PHANTOM, {"body": _card(phantom.body)}, arrays)


def read_phantom(path: Path) -> FinePhantom:
    """Read a phantom file; TemplateUnusable if it is none, is damaged, or does not fit together."""
    card, arrays = _read(path, PHANTOM)
    with _understood(path):
        body = _body(card["body"], arrays)
        factor = body.scenario.simulation.oversampling
        fine = tuple(n * factor for n in body.geometry.volume_shape)
        activity = _checked(arrays, "activity", (len(body.members), *fine))
        return FinePhantom(body, activity, _checked(arrays, "mu_per_mm", fine))


def write_template(path: Path, template: Template) -> None:
    """Write `template` atomically; OSError if the disk refuses."""
    found = template.projections
    arrays = _body_arrays(template.body) | {"activity": template.activity}
    arrays |= {"primary": found.primary, "scatter": found.scatter}
    arrays |= {} if found.variance is None else {"variance": found.variance}
    arrays |= {} if found.further_windows is None else {"further": found.further_windows}
    card = {
        "body": _card(template.body),
        "sources": list(found.sources),
        "scatter_is_physical": found.scatter_is_physical,
        "simulator": found.simulator,
        "versions": dict(found.versions),
    }
    _write(path, TEMPLATE, card, arrays)


def read_template(path: Path) -> Template:
    """Read a template; TemplateUnusable if it is none, is damaged, or does not fit together."""
    card, arrays = _read(path, TEMPLATE)
    with _understood(path):
        body = _body(card["body"], arrays)
        if tuple(card["sources"]) != tuple(body.members):
            message = f"it holds the sources {card['sources']}, the body has {list(body.members)}"
            raise ValueError(message)
        count, projected = len(body.members), body.geometry.projection_shape
        further = (count, len(body.geometry.windows) - 1, *projected)
        projections = SourceProjections(
            sources=tuple(card["sources"]),
            primary=_checked(arrays, "primary", (count, *projected)),
            scatter=_checked(arrays, "scatter", (count, *projected)),
            scatter_is_physical=bool(card["scatter_is_physical"]),
            variance=_checked(arrays, "variance", (count, *projected)) if "variance" in arrays else None,
            further_windows=_checked(arrays, "further", further) if "further" in arrays else None,
            simulator=str(card["simulator"]),
            versions={str(key): str(value) for key, value in card["versions"].items()},
        )
        return Template(body, _checked(arrays, "activity", (count, *body.geometry.volume_shape)), projections)


# ---------------------------------------------------------------- parts


def _body_arrays(body: BodyRecord) -> dict[str, npt.NDArray[Any]]:
    return {name: getattr(body, name) for name in BODY_ARRAYS}


def _card(body: BodyRecord) -> dict[str, Any]:
    return {
        "generator_version": TEMPLATE_VERSION,
        "scenario": body.scenario.model_dump(mode="json"),
        "scenario_digest": body.scenario.digest,
        "site": body.site,
        "seed": body.seed,
        "index": body.index,
        "geometry": body.geometry.to_dict(),
        "half_mm": list(body.half_mm),
        "anatomy": dict(body.anatomy),
        "records": dict(body.records),
        "uptakes": dict(body.uptakes),
        "fixed": list(body.fixed),
        "members": [[source, list(organs)] for source, organs in body.members.items()],
        "heart": None if body.heart is None else body.heart.to_dict(),
        "defects": [defect.to_dict() for defect in body.defects],
        "kinds": list(body.kinds),
    }


def _body(card: Mapping[str, Any], arrays: Arrays) -> BodyRecord:
    scenario = Scenario.model_validate(card["scenario"])
    if (scenario.digest, TEMPLATE_VERSION) != (card["scenario_digest"], card["generator_version"]):
        message = "its scenario means something else in this version"
        raise ValueError(message)
    geometry = AcquisitionGeometry.from_dict(card["geometry"])
    labels, aha, defect_map, attenuation = (_checked(arrays, name, geometry.volume_shape) for name in BODY_ARRAYS)
    half = card["half_mm"]
    return BodyRecord(
        scenario=scenario,
        site=scenario.site(card["site"]).name,
        seed=int(card["seed"]),
        index=int(card["index"]),
        geometry=geometry,
        half_mm=(float(half[0]), float(half[1])),
        anatomy=card["anatomy"],
        records=card["records"],
        uptakes={str(key): float(value) for key, value in card["uptakes"].items()},
        fixed=tuple(card["fixed"]),
        members={source: tuple(organs) for source, organs in card["members"]},
        heart=None if card["heart"] is None else HeartFrame.from_dict(card["heart"]),
        defects=tuple(Defect.from_dict(defect) for defect in card["defects"]),
        kinds=tuple(card["kinds"]),
        labels=labels,
        aha=aha,
        defect_map=defect_map,
        attenuation=attenuation,
    )


def _checked(arrays: Arrays, name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    dtype = np.uint8 if name in ("labels", "aha", "defect_map") else np.float32
    array = arrays[name]
    if array.shape != shape or array.dtype != dtype:
        message = f"{name} is {array.dtype} {array.shape}, expected {np.dtype(dtype)} {shape}"
        raise ValueError(message)
    if dtype is np.float32 and not np.isfinite(array).all():
        message = f"{name} holds values that are not finite"
        raise ValueError(message)
    return array


# ---------------------------------------------------------------- file


def _write(path: Path, kind: str, card: Mapping[str, Any], arrays: Arrays) -> None:
    write_atomically(
        path, _image(kind, json.dumps(card, sort_keys=True, separators=(",", ":"), allow_nan=False), arrays)
    )


def _image(kind: str, text: str, arrays: Arrays) -> bytes:
    """Return the file as bytes: HDF5 that fails to write to a full disk prints a trace for every object it holds."""
    with h5py.File(kind, "w", driver="core", backing_store=False, libver="v110") as file:
        file.attrs["format"] = kind
        file.attrs["schema_version"] = np.int64(SCHEMA_VERSION)
        file.attrs["sha256"] = _sha256(text, arrays)
        file.create_dataset("card", data=text, dtype=h5py.string_dtype(), track_times=False)
        for key, array in arrays.items():
            chunks = (*(1 for _ in array.shape[:-3]), *(min(n, 16) for n in array.shape[-3:-2]), *array.shape[-2:])
            file.create_dataset(
                key, data=array, chunks=chunks, compression="gzip", compression_opts=1, shuffle=True, track_times=False
            )  # fmt: skip
        file.flush()
        image: bytes = file.id.get_file_image()
        return image


def _sha256(text: str, arrays: Arrays) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()


def _read(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    if not path.is_file():
        message = f"There is no file {path.name}."
        raise TemplateUnusable(message, "Check the path.")
    with _understood(path), h5py.File(path, "r") as file:
        found, version = file.attrs.get("format"), file.attrs.get("schema_version")
        if found != kind or version != SCHEMA_VERSION:
            message = f"it is {found!r} of schema {version}, expected {kind!r} of schema {SCHEMA_VERSION}"
            raise ValueError(message)
        text = file["card"].asstr()[()]
        arrays = {name: _array(file, name) for name in file if name != "card"}
        if file.attrs["sha256"] != _sha256(text, arrays):
            message = "its checksum is wrong, the file is damaged"
            raise ValueError(message)
        card: dict[str, Any] = json.loads(text)
        return card, arrays


def _array(file: Any, name: str) -> npt.NDArray[Any]:
    item = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
    if not isinstance(item, h5py.Dataset) or item.is_virtual or item.external or item.size > MAX_ELEMENTS:
        message = f"{name} is no plain array of a sensible size"
        raise ValueError(message)
    array: npt.NDArray[Any] = item[()]
    return array


@contextmanager
def _understood(path: Path) -> Iterator[None]:
    """Turn whatever a foreign or damaged file does to the reader into one sentence."""
    try:
        yield
    except TemplateUnusable:
        raise
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RuntimeError,
        OSError,
        ModelError,
        SynthesisError,
    ) as error:
        reason = (
            str(error).splitlines()[0] if isinstance(error, ValueError) else "it is cut off, damaged or something else"
        )
        message = f"{path.name} cannot be used: {reason.rstrip('.')}."
        raise TemplateUnusable(message, REMADE) from error
