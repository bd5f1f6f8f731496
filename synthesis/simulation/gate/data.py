"""Find Geant4's data folders, say which data they are, and hand them to a process without touching site-packages.

`opengate_core` looks for the data in its own folder and downloads 2 GB where they are missing. With ``GATEONRTD`` set it
does neither; Geant4 itself then reads one environment variable a data set. The variables are set for the child process
only, so any number of processes may use different data at once.

References
----------
opengate_core 10.1.1, ``g4DataSetup.py``: names of the folders and of the variables (Geant4 11.4.0).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from synthesis.errors import SimulationFailed

PATH_VARIABLE = "FLOMIR_G4DATA"  # a folder that holds the folders below
TAG_FILE = "g4data.txt"  # one line in that folder; without it the data are the official ones
FOLDERS = {
    "G4NEUTRONHPDATA": "G4NDL4.7.1",
    "G4LEDATA": "G4EMLOW8.8",
    "G4LEVELGAMMADATA": "PhotonEvaporation6.1.2",
    "G4RADIOACTIVEDATA": "RadioactiveDecay6.1.2",
    "G4PARTICLEXSDATA": "G4PARTICLEXS4.2",
    "G4PIIDATA": "G4PII1.3",
    "G4REALSURFACEDATA": "RealSurface2.2",
    "G4SAIDXSDATA": "G4SAIDDATA2.0",
    "G4ABLADATA": "G4ABLA3.3",
    "G4INCLDATA": "G4INCL1.3",
    "G4ENSDFSTATEDATA": "G4ENSDFSTATE3.0",
    "G4CHANNELINGDATA": "G4CHANNELING2.0",
}
NEEDED = ("G4LEDATA", "G4ENSDFSTATEDATA")  # photons and electrons; the others are for hadrons and decays
INSTALL = 'pip install "flomir[gate]"'


@dataclass(frozen=True)
class G4Data:
    """A folder of Geant4 data.

    Parameters
    ----------
    folder : Path
    tag : str
        ``official G4EMLOW8.8``, or what the folder's own file says, such as ``xraylib-mini``.
    """

    folder: Path
    tag: str

    @property
    def is_official(self) -> bool:
        """Whether the data are those of the Geant4 collaboration: only they hold fluorescence and Auger electrons."""
        return self.tag.startswith("official")

    def environment(self) -> dict[str, str]:
        """Return the variables that make Geant4 read this folder and keep opengate from looking for its own."""
        paths = {name: str(self.folder / folder) for name, folder in FOLDERS.items()}
        return {**paths, "GATEONRTD": "1"}


def opengate_folder() -> Path:
    """Return the folder of the installed `opengate_core`, without importing it.

    Raises
    ------
    SimulationFailed
        If opengate is not installed.
    """
    spec = importlib.util.find_spec("opengate_core")
    if spec is None or spec.origin is None or importlib.util.find_spec("opengate") is None:
        message = "GATE (the package opengate) is not installed."
        raise SimulationFailed(message, f"Install it: {INSTALL}")
    return Path(spec.origin).parent


def find_data(configured: str = "") -> G4Data:
    """Return the Geant4 data to use: `configured`, else the folder in FLOMIR_G4DATA, else opengate's own.

    Raises
    ------
    SimulationFailed
        If opengate or the data are missing. Nothing is ever downloaded from here.
    """
    own = opengate_folder() / "geant4_data"
    named = configured or os.environ.get(PATH_VARIABLE, "")
    folder = Path(named).expanduser() if named else own
    missing = [FOLDERS[name] for name in NEEDED if not (folder / FOLDERS[name]).is_dir()]
    if missing:
        message = f"The Geant4 data {' and '.join(missing)} are not in {folder}."
        remedy = "Run `opengate_info` once on a machine with internet access, or unpack the official archives"
        raise SimulationFailed(message, f"{remedy} and set {PATH_VARIABLE} to their folder.")
    return G4Data(folder.resolve(), _tag(folder))


def versions(data: G4Data) -> dict[str, str]:
    """Return the versions that decide the numbers of a simulation."""
    return {"opengate": importlib.metadata.version("opengate"), "geant4": "11.4.0", "g4data": data.tag}


def _tag(folder: Path) -> str:
    try:
        return (folder / TAG_FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return f"official {FOLDERS['G4LEDATA']}"
