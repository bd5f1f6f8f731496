"""The study files in a folder: the HDF5 files in and below it that are no image of `flomir reconstruct`. Torch-free."""

from pathlib import Path

from model.io.export import is_image_file

STUDY_SUFFIXES = (".h5", ".hdf5")


def study_files(place: Path) -> list[Path]:
    """Return the study files in and below a folder, sorted by path, or the file itself if it is one.

    Hidden ones (begun, or of the system) are left out; a damaged one counts by its name.
    """
    places = [place] if place.is_file() else place.rglob("*")
    return sorted(path for path in places if _is_study(path))


def _is_study(path: Path) -> bool:
    if path.suffix.lower() not in STUDY_SUFFIXES or path.name.startswith("."):
        return False
    return path.is_file() and not is_image_file(path)
