"""Whose the folder with everything of patients is: a note in it names the records that know what lies there."""

import json
import secrets
from pathlib import Path

from contributor.paths import SitePaths
from fl_core.errors import Conflict
from fl_core.storage.database import Database
from fl_core.storage.site_marks import read_mark, set_mark
from fl_core.storage.site_studies import StudyStore
from fl_core.trust.files import write_private

NOTE = "flomir-data.json"
MARK = "data_folder"
LARGEST = 2**31


def claim(database: Database, paths: SitePaths) -> None:
    """Take a folder that is nobody's, and go on with one's own; a backup of before there was a note knows its own by a study.

    Raises
    ------
    Conflict
        ``storage.foreign_data`` where the folder is that of other records: they alone know what of it is in use.
    """
    own, noted = read_mark(database, MARK), _noted(paths.data)
    if noted is not None and noted != own and (own is not None or not _knows_a_study(database, paths)):
        message = f"{paths.data} holds the data of another home folder than {paths.home}"
        raise Conflict(message, code="storage.foreign_data")
    number = noted or own or 1 + secrets.randbelow(LARGEST - 1)
    if own != number:
        with database.begin() as tx:
            set_mark(tx, MARK, number)
    if noted != number:
        write_private(paths.data / NOTE, json.dumps({"records": number}).encode())


def _knows_a_study(database: Database, paths: SitePaths) -> bool:
    return any((paths.studies / record.file).is_file() for record in StudyStore(database).all())


def _noted(folder: Path) -> int | None:
    try:
        return int(json.loads((folder / NOTE).read_text("utf-8"))["records"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
