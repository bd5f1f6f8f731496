"""Interfile: headers as programs write them, and clear refusals of what is not parallel-hole SPECT."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from model.errors import StudyFormatError
from model.geometry import LEHR_NM670
from model.io import interfile
from model.io.dicom import acquisition, orbit
from model.io.interfile import read_interfile, read_interfile_header, read_interfile_projections

PROJECTIONS = {
    "!INTERFILE": "",
    "!imaging modality": "nucmed",
    "name of data file": "input.s",
    "imagedata byte order": "LITTLEENDIAN",
    "!number format": "float",
    "!number of bytes per pixel": "4",
    "patient orientation": "head_in",
    "patient rotation": "supine",
    "!matrix size [2]": "3",
    "!scaling factor (mm/pixel) [2]": "4.0",
    "!matrix size [1]": "5",
    "!scaling factor (mm/pixel) [1]": "3.5",
    "!number of projections": "4",
    "!extent of rotation": "360",
    "!process status": "acquired",
    "!direction of rotation": "CCW",
    "start angle": "180",
    "radius": "150",
}
COUNTS = np.arange(60, dtype=np.float32).reshape(4, 3, 5)


def write(
    folder: Path, changes: Mapping[str, str] | None = None, *, data: bytes | None = None, drop: tuple[str, ...] = ()
) -> Path:
    named = {k.replace("_", " "): v for k, v in (changes or {}).items()}
    lines = [f"{k} := {v}" for k, v in PROJECTIONS.items() if k.strip("!") not in drop and k.strip("!") not in named]
    lines += [f"{k} := {v}" for k, v in named.items()]
    path = folder / "input.hs"
    path.write_text("\n".join([*lines, "; a comment := not a key", "!END OF INTERFILE :="]))
    (folder / "input.s").write_bytes(COUNTS.tobytes() if data is None else data)
    return path


def test_projections_come_with_their_geometry(tmp_path: Path) -> None:
    found = read_interfile_projections(write(tmp_path))
    assert found.projections.shape == (1, 4, 3, 5)
    np.testing.assert_array_equal(found.projections[0], COUNTS)
    assert [round(math.degrees(a)) for a in found.angles_rad] == [0, 90, 180, 270]  # 180 = below = the back
    assert found.radius_mm == (150.0,) * 4
    assert (found.bin_mm, found.axial_mm, found.duration_known) == (3.5, 4.0, False)
    geometry = found.acquisition_geometry(collimator=LEHR_NM670, intrinsic_fwhm_mm=3.9)
    assert geometry.projection_shape == (4, 3, 5)
    assert geometry.volume_shape == (3, 5, 5)


def test_direction_radii_time_and_order_are_followed(tmp_path: Path) -> None:
    changes = {"direction of rotation": "CW", "radius": "{150, 151,152,153}", "time per projection (sec)": "20"}
    path = write(tmp_path, changes)
    found = read_interfile_projections(path, flip_bins=True, flip_axial=True)
    assert [round(math.degrees(a)) for a in found.angles_rad] == [0, 270, 180, 90]
    assert found.radius_mm == (150.0, 151.0, 152.0, 153.0)
    assert found.duration_s == (20.0,) * 4 and found.duration_known
    np.testing.assert_array_equal(found.projections[0], COUNTS[:, ::-1, ::-1])


@pytest.mark.parametrize(
    ("orientation", "rotation", "degrees", "turned"),
    [
        ("head_in", "supine", [0, 90, 180, 270], False),
        ("head_in", "prone", [180, 270, 0, 90], False),
        ("feet_in", "supine", [0, 270, 180, 90], True),
        ("feet_in", "prone", [180, 90, 0, 270], True),
    ],
)
def test_the_patients_position_on_the_couch_is_followed(
    orientation: str, rotation: str, degrees: list[int], turned: bool, tmp_path: Path
) -> None:
    found = read_interfile_projections(
        write(tmp_path, {"patient_orientation": orientation, "patient_rotation": rotation})
    )
    assert [round(math.degrees(a)) % 360 for a in found.angles_rad] == degrees
    np.testing.assert_array_equal(found.projections[0], COUNTS[:, ::-1, ::-1] if turned else COUNTS)


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"radius": "54.8"}, "interfile.unsupported_geometry", r"54\.8 mm.*80"),
        ({"radius": "{150,151,152,2500}"}, "interfile.bad_value", "2500 mm.*at most 800 mm"),
        ({"scaling factor (mm/pixel) [1]": "118"}, "interfile.bad_value", "118 mm and a row 4 mm.*0.3 to 40 mm"),
        ({"scaling factor (mm/pixel) [2]": "1e9"}, "interfile.bad_value", r"a row 1e\+09 mm.*0.3 to 40 mm"),
        ({"scaling factor (mm/pixel) [1]": "0.2"}, "interfile.bad_value", "0.2 mm and a row"),
        ({"collimator": "single pinhole"}, "interfile.unsupported_geometry", "pinhole"),
        ({"number_of_energy_windows": "2"}, "interfile.unsupported_geometry", "2 energy windows, 1"),
        ({"number_of_detector_heads": "2"}, "interfile.unsupported_geometry", "2 detector heads apart, 1"),
        ({"total_number_of_images": "32"}, "interfile.unsupported_geometry", "32 images but 4 projections"),
        ({"data_starting_block": "-1"}, "interfile.bad_value", "whole number from 0"),
        ({"data_offset_in_bytes": "1.5"}, "interfile.bad_value", "whole number from 0"),
        ({"patient_rotation": "left_side"}, "interfile.unsupported_geometry", "left_side"),
        ({"patient_orientation": "standing"}, "interfile.unsupported_geometry", "standing"),
        ({"process_status": "reconstructed"}, "interfile.no_projections", "reconstructed"),
        ({"direction_of_rotation": "up"}, "interfile.bad_value", "another word"),
        ({"extent_of_rotation": "-3"}, "interfile.bad_value", "-3"),
        ({"start_angle": "north"}, "interfile.bad_value", "no number"),
        ({"radius": "{150,151}"}, "interfile.bad_value", "or 4"),
        ({"number_format": "complex"}, "interfile.number_format", "complex"),
        ({"name_of_data_file": "../input.s"}, "interfile.outside_folder", "folder"),
        ({"name_of_data_file": "/etc/passwd"}, "interfile.outside_folder", "folder"),
        ({"number_of_projections": "5"}, "interfile.truncated", "240 bytes, the header says 300"),
        ({"number_of_projections": "65000", "matrix size [1]": "9999"}, "interfile.too_large", "at most"),
        ({"matrix size [1]": "2.5"}, "interfile.bad_value", "whole number"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(
    changes: dict[str, str], code: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(StudyFormatError, match=words) as refused:
        read_interfile_projections(write(tmp_path, changes))
    assert refused.value.code == code


def test_bounds_of_lengths_are_those_of_dicom() -> None:
    pixels = (interfile.SMALLEST_PIXEL_MM, interfile.LARGEST_PIXEL_MM)
    assert pixels == (acquisition.SMALLEST_PIXEL_MM, acquisition.LARGEST_PIXEL_MM)
    radii = (interfile.SMALLEST_RADIUS_MM, interfile.LARGEST_RADIUS_MM)
    assert radii == (orbit.SMALLEST_RADIUS_MM, orbit.LARGEST_RADIUS_MM)


def test_no_refusal_repeats_the_name_of_a_system(tmp_path: Path) -> None:
    with pytest.raises(StudyFormatError, match="pinhole or preclinical") as refused:
        read_interfile_projections(write(tmp_path, {"radius": "54.8", "originating_system": "Dr Meier's clinic"}))
    assert "Meier" not in str(refused.value)


@pytest.mark.parametrize("key", ["radius", "matrix size [1]", "name of data file", "scaling factor (mm/pixel) [1]"])
def test_a_missing_key_is_named(key: str, tmp_path: Path) -> None:
    with pytest.raises(StudyFormatError) as refused:
        read_interfile_projections(write(tmp_path, drop=(key,)))
    assert refused.value.code == "interfile.missing_key"


def test_counts_that_are_none_are_refused(tmp_path: Path) -> None:
    for value in (-1.0, np.nan):
        counts = COUNTS.copy()
        counts[1, 1, 1] = value
        with pytest.raises(StudyFormatError, match="1 of 60"):
            read_interfile_projections(write(tmp_path, data=counts.tobytes()))


def test_a_volume_is_not_taken_for_projections(tmp_path: Path) -> None:
    path = write(tmp_path, {"matrix size [3]": "4"}, drop=("number of projections",))
    assert read_interfile(path).array.shape == (4, 3, 5)
    with pytest.raises(StudyFormatError, match="volume"):
        read_interfile_projections(path)


def test_big_endian_integers_with_an_offset_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {
            "imagedata byte order": "BIGENDIAN",
            "number format": "unsigned integer",
            "number of bytes per pixel": "2",
            "data offset in bytes": "7",
        },
        data=b"\0" * 7 + COUNTS.astype(">u2").tobytes(),
    )
    np.testing.assert_array_equal(read_interfile(path).array, COUNTS.astype(np.uint16))


@pytest.mark.parametrize(
    ("keys", "offset"),
    [
        ({"data starting block": "1"}, 2048),
        ({"data starting block": "2", "data offset in bytes": "7"}, 7),
        ({"data starting block": "0"}, 0),
        ({"data offset in bytes [1]": "512"}, 512),
    ],
)
def test_the_data_begin_where_the_header_says(keys: dict[str, str], offset: int, tmp_path: Path) -> None:
    path = write(tmp_path, keys, data=b"\1" * offset + COUNTS.tobytes())
    np.testing.assert_array_equal(read_interfile_projections(path).projections[0], COUNTS)


def test_a_data_file_that_holds_more_than_the_header_says_is_refused_but_padding_is_not(tmp_path: Path) -> None:
    one = {"number of detector heads": "1", "total number of images": "4"}
    padded = write(tmp_path, one, data=COUNTS.tobytes() + b"\0" * 2047)
    np.testing.assert_array_equal(read_interfile_projections(padded).projections[0], COUNTS)
    gated = write(tmp_path, one, data=COUNTS.tobytes() * 16)
    with pytest.raises(StudyFormatError, match="3840 bytes, the header accounts for 240") as refused:
        read_interfile_projections(gated)
    assert refused.value.code == "interfile.too_long"
    assert refused.value.remedy


def test_a_slice_thickness_in_pixels_that_can_only_be_mm_is_read_as_mm_and_said_so(tmp_path: Path) -> None:
    short = write(tmp_path, {"slice thickness (pixels)": "2"})
    assert read_interfile(short).spacing_mm == (7.0, 4.0, 3.5)
    long = write(tmp_path, {"slice thickness (pixels)": "100"})
    image = read_interfile(long)
    assert image.spacing_mm[0] == 100.0
    assert len(image.warnings) == 1


def test_a_data_file_is_no_header(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(StudyFormatError, match="INTERFILE"):
        read_interfile_header(tmp_path / "input.s")
    with pytest.raises(FileNotFoundError):
        read_interfile_header(tmp_path / "none.hs")
    (tmp_path / "input.s").unlink()
    with pytest.raises(FileNotFoundError, match=r"input\.s"):
        read_interfile(tmp_path / "input.hs")
