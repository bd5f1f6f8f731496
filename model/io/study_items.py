"""Which items of HDF5 a study file has, and which of a given file are none of them. Torch-free."""

from __future__ import annotations

from typing import Any

import h5py

ITEMS = frozenset({
    "projections", "scatter", "attenuation", "reference", "labels", "truth", "truth/aha", "truth/defects", "geometry",
    "geometry/angles_rad", "geometry/radius_mm", "geometry/duration_s", "provenance",
})  # fmt: skip
ATTRIBUTES: dict[str, frozenset[str]] = {
    "": frozenset({"format", "schema_version"}),
    "projections": frozenset({"counts"}),
    "reference": frozenset({"kind"}),
    "labels": frozenset({"codes"}),
    "truth/aha": frozenset({"heart", "defects"}),
    "geometry": frozenset({"description", "bin_axis", "axial_axis"}),
}


def unknown_items(
    group: Any, items: frozenset[str] = ITEMS, attributes: dict[str, frozenset[str]] = ATTRIBUTES
) -> list[str]:
    """Return the names, without their groups, of the items and attributes of an opened file that a format does not have.

    An item that is there under two names counts under both; what a link leads to is not looked at.
    """
    found = _unknown_attributes(group, "", attributes)
    _visit(group, "", items, attributes, found, set())
    return found


def _visit(
    group: Any,
    place: str,
    items: frozenset[str],
    attributes: dict[str, frozenset[str]],
    found: list[str],
    seen: set[Any],
) -> None:
    for name in group:
        path = f"{place}{name}"
        if path not in items:
            found.append(name)
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        item = group[name]
        found += _unknown_attributes(item, path, attributes)
        if isinstance(item, h5py.Group) and item.id not in seen:  # a group may hold itself
            seen.add(item.id)
            _visit(item, f"{path}/", items, attributes, found, seen)


def _unknown_attributes(item: Any, path: str, attributes: dict[str, frozenset[str]]) -> list[str]:
    known = attributes.get(path, frozenset())
    return [name for name in item.attrs if name not in known]
