# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Read and write one 2-D brain sample, ``.npz`` or HDF5: what is known of it, and the names of what else it holds.

=====================  ==========  =============================================================================
``image``              float32     (C, H, W); other numbers are converted
``labels``             uint8       (H, W) classes, optional
``patient_key``        text        groups the slices of one person, optional; a pseudonym where this site has stored it
``deidentification``   text        what was left behind when the sample was taken in, JSON, optional
=====================  ==========  =============================================================================

Pickled objects are never opened, and what lies outside the file is not read. Torch-free.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from model.errors import SampleInvalid
from model.io.atomic import write_atomically
from model.io.imported import DeidentificationReport
from model.io.left_behind import counted_together, left_behind
from model.io.patient_keys import patient_key
from model.io.study import MAX_ELEMENTS
from model.io.study_items import unknown_items

KNOWN = ("image", "labels", "patient_key", "deidentification")
Image = NDArray[np.float32]
Labels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class BrainSample:
    """One slice.

    Parameters
    ----------
    image : float32 (C, H, W)
    labels : uint8 (H, W) or None
    patient_key : str or None
        Groups the slices of one person.
    report : DeidentificationReport
        What was left behind.
    """

    image: Image
    labels: Labels | None
    patient_key: str | None
    report: DeidentificationReport = field(default_factory=DeidentificationReport)

    @property
    def content(self) -> str:
        """Return a hash of pixels and labels, and of the key where the file gave one: equal for the same slice."""
        told = hashlib.sha256(repr(self.image.shape).encode() + self.image.tobytes())
        told.update(b"" if self.labels is None else self.labels.tobytes())
        told.update(self.patient_key.encode() if self.patient_key and self.report.patient_key == "file" else b"")
        return told.hexdigest()


def read_slice(path: Path) -> tuple[Image, Labels | None]:
    """Read image (C, H, W) and labels (H, W), or None for a sample without.

    Raises
    ------
    SampleInvalid
        ``sample.unreadable``, ``sample.missing``, ``sample.shape`` (both shapes), ``sample.not_finite`` or
        ``sample.labels``.
    """
    return _checked(_read_named(path))


def read_slice_patient(path: Path) -> str | None:
    """Return the sample's ``patient_key`` where it has one; raises `SampleInvalid` where it is no single value."""
    return _text(_read_named(path), "patient_key")


def read_slice_report(path: Path) -> DeidentificationReport:
    """Return what was left behind when a sample was taken in; nothing where the file does not say."""
    from model.io.provenance import earlier_report

    found = _text(_read_named(path), "deidentification")
    try:
        report, _ = earlier_report({"deidentification": None if found is None else json.loads(found)})
    except ValueError:
        report = None
    return report or DeidentificationReport()


def take_slice(path: Path, *, site_key: bytes, name: str, base: str = "") -> BrainSample:
    """Read a sample as one of this site: known members only, the person's key replaced by the site's pseudonym.

    Parameters
    ----------
    site_key : bytes
        The site's secret, 16 bytes or more.
    name, base : str
        Where the file lies, from which `person_at` tells whose slice it is if the file does not; not kept.

    Raises
    ------
    SampleInvalid
        As `read_slice`.
    """
    raw = _read_named(path)
    image, labels = _checked(raw)
    given = _text(raw, "patient_key")
    identity = person_at(name, base) if given is None else (given,)
    key, _ = patient_key(identity, site_key=site_key)
    before = read_slice_report(path)
    report = DeidentificationReport(
        counted_together(left_behind(_unknown(path)), before.removed), patient_key="name" if given is None else "file"
    )
    return BrainSample(image, labels, key, report)


def write_slice(path: Path, sample: BrainSample) -> None:
    """Write a sample as ``.npz``, whole or not at all; the same sample gives the same bytes. Raises OSError."""
    members: dict[str, Any] = {"image": sample.image}
    if sample.labels is not None:
        members["labels"] = sample.labels
    if sample.patient_key is not None:
        members["patient_key"] = np.array(sample.patient_key)
    if sample.report.removed:
        members["deidentification"] = np.array(json.dumps(sample.report.to_dict(), sort_keys=True))
    target = io.BytesIO()
    np.savez_compressed(target, **members)
    write_atomically(path, target.getvalue())


# ---------------------------------------------------------------- whose slice it is

NO_KEY = "slice without a key"
_PERSON = "patient|pat|pt|p|subject|subj|sub|person|case|id|pid"
_PERSON_WORD = re.compile(_PERSON)
_PERSON_NUMBER = re.compile(rf"({_PERSON})\d+")
_NUMBERED = re.compile(r"([^\W\d_]*)\d+")
_SLICE_WORDS = frozenset({
    "slice", "slices", "slc", "sl", "s", "z", "i", "im", "img", "image", "frame", "layer", "schicht", "axial", "ax",
    "transversal", "tra", "coronal", "cor", "sagittal", "sag", "t1", "t1w", "t1c", "t1ce", "t1gd", "t2", "t2w", "flair",
    "pd", "dwi", "adc", "swi", "seg", "mask",
})  # fmt: skip


def person_at(name: str, base: str = "") -> tuple[str, ...]:
    """Return what names the person of a slice that has no ``patient_key``, from where its file lies.

    A folder or a file that is called patient, subject, case or the like with a number is that person's. Elsewhere the
    slices of a folder are one person's if their names are equal up to the last number: ``a_slice_1`` and ``a_slice_2``
    are, and so are ``1`` and ``2``. Where that is wrong, too much is put together rather than too little.

    Parameters
    ----------
    name : str
        Path of the file below the folder that was chosen.
    base : str
        Path of that folder, so that the same file has the same person whatever was chosen; of it, only the last part may
        be a person's. Empty where it says nothing.
    """
    above = [part for part in base.replace("\\", "/").split("/") if part]
    *below, file = name.replace("\\", "/").split("/")
    folders = [*above, *below]
    for number in range(max(0, len(above) - 1), len(folders)):
        if _numbered_person(_words(folders[number])):
            return (NO_KEY, *folders[: number + 1])
    words = _words(file.rpartition(".")[0] or file)
    return (NO_KEY, *folders, "-".join(_numbered_person(words) or _without_slice(words)))


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", name.lower()) if word]


def _numbered_person(words: list[str]) -> list[str]:
    """Return the words up to the person's number, none where no number is a person's."""
    for index, word in enumerate(words):
        if _PERSON_NUMBER.fullmatch(word):
            return words[: index + 1]
        if _PERSON_WORD.fullmatch(word) and any(letter.isdigit() for letter in "".join(words[index + 1 : index + 2])):
            return words[: index + 2]
    return []


def _without_slice(words: list[str]) -> list[str]:
    kept = _trimmed(words)
    if kept and (numbered := _NUMBERED.fullmatch(kept[-1])):
        kept = _trimmed([*kept[:-1], *([numbered[1]] if numbered[1] else [])])
    return kept


def _trimmed(words: list[str]) -> list[str]:
    kept = list(words)
    while kept and kept[-1] in _SLICE_WORDS:
        kept.pop()
    return kept


# ---------------------------------------------------------------- reading


def _checked(raw: Mapping[str, NDArray[Any]]) -> tuple[Image, Labels | None]:
    if "image" not in raw:
        message = "the sample holds no array called image"
        raise SampleInvalid("sample.missing", message)
    image = raw["image"]
    if image.ndim != 3 or min(image.shape) < 1 or not _is_real(image):
        message = f"image has shape {list(image.shape)} and type {image.dtype.name}, it needs numbers (channels, height, width)"
        raise SampleInvalid("sample.shape", message)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which is refused
        image_CHW = np.ascontiguousarray(image, dtype=np.float32)
    if not np.isfinite(image_CHW).all():
        message = f"image has {int((~np.isfinite(image_CHW)).sum())} of {image.size} values that are not finite"
        raise SampleInvalid("sample.not_finite", message)
    labels = raw.get("labels")
    return image_CHW, None if labels is None else _checked_labels(labels, image_CHW.shape[1:])


def _is_real(array: NDArray[Any]) -> bool:
    return bool(np.issubdtype(array.dtype, np.number) and not np.issubdtype(array.dtype, np.complexfloating))


def _checked_labels(labels: NDArray[Any], shape: tuple[int, ...]) -> Labels:
    if labels.shape != shape:
        message = f"labels have shape {list(labels.shape)}, the image has {list(shape)}"
        raise SampleInvalid("sample.shape", message)
    if not np.issubdtype(labels.dtype, np.integer) or (
        labels.size and not 0 <= int(labels.min()) <= int(labels.max()) <= 255
    ):
        message = "labels must be whole numbers from 0 to 255"
        raise SampleInvalid("sample.labels", message)
    return np.ascontiguousarray(labels, dtype=np.uint8)


def _text(raw: Mapping[str, NDArray[Any]], name: str) -> str | None:
    value = raw.get(name)
    if value is None:
        return None
    one = value.reshape(-1)[0] if value.size == 1 else None
    if isinstance(one, bytes):
        one = one.decode("utf-8", "replace")
    if isinstance(one, float | np.floating) and float(one).is_integer():
        one = int(one)
    if not isinstance(one, str | int | np.integer):
        message = f"{name} holds {value.size} values of type {value.dtype.name}, it needs one text or whole number"
        raise SampleInvalid("sample.unreadable", message)
    return str(one).strip() or None


def _read_named(path: Path) -> dict[str, NDArray[Any]]:
    try:
        return _from_zip(path) if zipfile.is_zipfile(path) else _from_hdf5(path)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        message = "the file cannot be read as a sample with image and labels"
        raise SampleInvalid("sample.unreadable", message) from error


def _from_zip(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as archive:
        found = {name: archive[name] for name in KNOWN if name in archive}
    return {name: _array(value) for name, value in found.items()}


def _from_hdf5(path: Path) -> dict[str, NDArray[Any]]:
    with h5py.File(path, "r") as file:
        return {name: _dataset(file, name) for name in KNOWN if name in file}


def _array(value: object) -> NDArray[Any]:
    if not isinstance(value, np.ndarray):  # numpy hands out what is no array as bytes
        message = "a member is no array"
        raise TypeError(message)
    return value


def _dataset(file: Any, name: str) -> NDArray[Any]:
    item = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
    if not isinstance(item, h5py.Dataset) or item.is_virtual or item.external or item.size > MAX_ELEMENTS:
        message = "a member is no array of this file, or too large"
        raise TypeError(message)
    return np.asarray(item[()])


def _unknown(path: Path) -> list[str]:
    """Return the names of what a sample holds besides; their contents are not opened."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename.removesuffix(".npy") for entry in archive.infolist()]
            return [name for name in names if name not in KNOWN] + (["comment"] if archive.comment else [])
    with h5py.File(path, "r") as file:
        return unknown_items(file, frozenset(KNOWN), {})
