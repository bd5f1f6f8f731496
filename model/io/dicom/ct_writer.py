"""Write a synthetic CT series, so that the way from CT to attenuation map can be walked without a patient. Torch-free.

References
----------
DICOM PS3.3 A.3 (CT Image IOD), C.8.2.1.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from model.io.dicom.modules import AnonymousIds, add_anonymous, ds_number, empty_dataset, make_uid, save
from model.io.imported import PatientFrame


def write_ct_series(
    folder: str | Path, hu: npt.NDArray[np.number[Any]], frame: PatientFrame, *, ids: AnonymousIds | None = None
) -> list[Path]:
    """Write Hounsfield units (Z, Y, X) on the grid of `frame` as one file a slice; return the paths from the feet up.

    Parameters
    ----------
    folder : path of the folder, made if needed
    hu : (Z, Y, X), rounded to whole numbers from -1024 to 64511
    frame : PatientFrame
        Grid and place of the CT.
    ids : AnonymousIds, optional
        With the patient and examination of the emission study it shares its frame of reference.
    """
    who = ids or AnonymousIds(series="ct")
    stored = np.clip(np.rint(np.asarray(hu, dtype=np.float64)) + 1024, 0, 65535).astype("<u2")
    step = frame.affine_lps()[:3, 2]
    paths = []
    for number, plane in enumerate(stored):
        dataset = _slice(who, plane, frame, number, np.asarray(frame.origin_mm) + number * step)
        paths.append(Path(folder) / f"ct{number + 1:04d}.dcm")
        save(paths[-1], dataset)
    return paths


def _slice(
    ids: AnonymousIds, plane: npt.NDArray[np.uint16], frame: PatientFrame, number: int, corner: npt.NDArray[np.float64]
) -> Dataset:
    dz, dy, dx = frame.grid.voxel_mm
    content = hashlib.sha256(plane.tobytes()).hexdigest()
    uid = make_uid("ct", ids.series_uid, str(number), content)
    dataset = empty_dataset(sop_class=str(CTImageStorage), sop_instance=uid)
    add_anonymous(dataset, ids, modality="CT", description="synthetic CT")
    dataset.SeriesInstanceUID = make_uid("ct series", ids.series_uid)
    dataset.InstanceNumber = number + 1
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.AcquisitionNumber, dataset.KVP = 1, "120"
    dataset.PatientPosition = "HFS"
    dataset.PixelSpacing, dataset.SliceThickness = [ds_number(dy), ds_number(dx)], ds_number(dz)
    dataset.ImageOrientationPatient = [ds_number(v) for v in (*frame.x_direction, *frame.y_direction)]
    dataset.ImagePositionPatient = [ds_number(float(v)) for v in corner]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = plane.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "-1024", "1", "HU"
    dataset.add_new("PixelData", "OW", plane.tobytes())
    return dataset
