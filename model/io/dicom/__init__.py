"""DICOM nuclear medicine: projections and CT in, projections and reconstructions out; nothing of a patient stays. Torch-free."""

from model.io.dicom.ct import attach_ct, read_ct_series
from model.io.dicom.ct_writer import write_ct_series
from model.io.dicom.modules import AnonymousIds
from model.io.dicom.reader import read_nm, read_nm_gates
from model.io.dicom.recon import write_recon_tomo
from model.io.dicom.volume import read_attenuation_map, read_recon_tomo
from model.io.dicom.writer import write_nm_tomo

__all__ = [
    "AnonymousIds", "attach_ct", "read_attenuation_map", "read_ct_series", "read_nm", "read_nm_gates", "read_recon_tomo",
    "write_ct_series", "write_nm_tomo", "write_recon_tomo",
]  # fmt: skip
