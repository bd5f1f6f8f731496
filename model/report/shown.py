"""One study in pictures: slices, differences from the truth, a profile through the heart, polar maps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from model.evaluation.cases import CaseScores
from model.evaluation.polar import polar_segments
from model.io.study_records import Study
from model.report import charts, page, pictures
from model.report.content import Shown
from model.report.tables import defects_in_words

DIFFERENCE_SHARE = 0.3  # of the grey scale's maximum, where a difference picture is fully red or blue
Image = npt.NDArray[np.float64]


def shown_study(shown: Shown) -> str:
    """Return one study's slices, differences, profile and polar maps; nothing where it has no reference."""
    study, case = shown.study, shown.case
    if study.reference is None:
        return ""
    images = {"truth": np.asarray(study.reference, dtype=np.float64)}
    images |= {name: np.asarray(image, dtype=np.float64) for name, image in shown.images.items()}
    z, y = _through_the_heart(study)
    facts = (
        f"{case.counts / 1e6:.2f} million counts; defects (severity): {defects_in_words(case)}. Transverse slice {z + 1} "
        f"of {study.geometry.volume_shape[0]}, patient's front above, patient's right on the left."
    )
    head = f"<h3>{page.escape(f'{case.name}: {shown.why}')}</h3>"
    body = [head, page.paragraph(facts, soft=True), _slices(study, images, z, case), _profile(study, images, z, y)]
    return "".join([*body, _maps(study, images)])


def _slices(study: Study, images: Mapping[str, Image], z: int, case: CaseScores) -> str:
    truth, maximum = images["truth"], _scale_maximum(study)
    limit, box = DIFFERENCE_SHARE * maximum, _body_box(truth, z)
    grey, differences = [], []
    for name, image in images.items():
        alt = f"Transverse slice {z + 1} of {case.name}, {name}"
        grey.append(page.figure(pictures.grey_slice(image[z][box], maximum, alt), _caption(case, name)))
        if name == "truth":
            differences.append(page.figure(charts.scales(maximum, limit), "Scales, counts per voxel, the same for all"))
        else:
            drawn = pictures.difference_slice((image - truth)[z][box], limit, f"{name} less truth, the same slice")
            differences.append(page.figure(drawn, f"{name} less truth"))
    return page.row(grey) + page.row(differences)


def _maps(study: Study, images: Mapping[str, Image]) -> str:
    maps = {name: polar_segments(image, study) for name, image in images.items()}
    drawn = [page.figure(charts.polar_map(v, f"Polar map, {name}"), name) for name, v in maps.items() if v is not None]
    if not drawn:
        return ""
    said = f"Polar maps in points; dark colours are {charts.POLAR_LOW:.0f}, bright ones {charts.POLAR_HIGH:.0f}."
    return page.row(drawn) + page.paragraph(said, soft=True)


def _caption(case: CaseScores, name: str) -> str:
    error = case.value(name, "nrmse_body")
    return name if error is None else f"{name}, NRMSE body {error:.3f}"


def _through_the_heart(study: Study) -> tuple[int, int]:
    """Return slice and row through the middle of the defect, else of the wall, else of the volume."""
    truth = study.truth
    if truth is not None and truth.aha.any():
        where = np.argwhere(truth.defect_map > 0 if truth.defect_map.any() else truth.aha > 0)
        z, y, _ = np.rint(where.mean(axis=0)).astype(int)
        return int(z), int(y)
    return study.geometry.volume_shape[0] // 2, study.geometry.volume_shape[1] // 2


def _scale_maximum(study: Study) -> float:
    """Return where the grey scale is black: the wall's 99th percentile, else the volume's 99.9th."""
    assert study.reference is not None  # noqa: S101 (checked by the caller)
    truth = study.truth
    if truth is not None and truth.aha.any():
        return 1.1 * float(np.percentile(study.reference[truth.aha > 0], 99))
    return float(np.percentile(study.reference, 99.9))


def _body_box(truth: Image, z: int) -> tuple[slice, slice]:
    filled = truth[z] > 0.01 * truth.max()
    if not filled.any():
        return slice(None), slice(None)
    rows, columns = np.flatnonzero(filled.any(axis=1)), np.flatnonzero(filled.any(axis=0))
    return slice(max(rows[0] - 2, 0), rows[-1] + 3), slice(max(columns[0] - 2, 0), columns[-1] + 3)


def _profile(study: Study, images: Mapping[str, Image], z: int, y: int) -> str:
    size, voxel = study.geometry.volume_shape[2], study.geometry.grid.voxel_mm[2]
    mm = [(i - (size - 1) / 2) * voxel for i in range(size)]
    lines = {key: image[z, y].tolist() for key, image in images.items()}
    truth = lines.pop("truth")
    drawing = charts.profile_chart(mm, truth, lines, "Counts along a line through the heart, truth and methods")
    return page.figure(drawing, f"Counts along row {y + 1} of that slice, through the heart.", chart=True)
