"""Where a site keeps its things, below its home folder."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SitePaths:
    """Every file and folder of a contributor; only names, nothing is made here.

    Parameters
    ----------
    home : Path
    given_data : Path or None
        Folder for studies, images and imports, from the settings; None: as chosen on the page, else the home folder.
    """

    home: Path
    given_data: Path | None = None

    @property
    def storage(self) -> Path:
        """What was chosen about the place of the data."""
        return self.home / "storage.json"

    @property
    def data(self) -> Path:
        """The folder with the scans and images: studies, reconstructions, what is coming in; names and pseudonyms stay in the home."""
        if self.given_data is not None:
            return self.given_data
        try:
            chosen = json.loads(self.storage.read_text("utf-8")).get("folder")
        except (OSError, ValueError, AttributeError):
            return self.home
        return Path(chosen) if isinstance(chosen, str) and chosen else self.home

    @property
    def incoming(self) -> Path:
        """What is coming in: files that a page hands over, studies that are being made of scans."""
        return self.data / "incoming"

    @property
    def database(self) -> Path:
        """Metadata."""
        return self.home / "flomir.sqlite"

    @property
    def trust(self) -> Path:
        """Keys and certificates."""
        return self.home / "trust"

    @property
    def key(self) -> Path:
        """The site's private key: made here, never sent."""
        return self.trust / "site.key"

    @property
    def certificate(self) -> Path:
        """The site's certificate."""
        return self.trust / "site.pem"

    @property
    def ca(self) -> Path:
        """The authority that the invitation named."""
        return self.trust / "ca.pem"

    @property
    def flower_key(self) -> Path:
        """The same key in the format that Flower reads."""
        return self.trust / "site.ssh"

    @property
    def pseudonym_secret(self) -> Path:
        """The secret behind the patients' pseudonyms; it never leaves."""
        return self.trust / "pseudonym.secret"

    @property
    def proxy(self) -> Path:
        """The proxy that was chosen on the page, with its password."""
        return self.trust / "proxy.json"

    @property
    def notice_secrets(self) -> Path:
        """Password and signing secret of the notices."""
        return self.trust / "notices.json"

    @property
    def settings(self) -> Path:
        """Settings that are read at the start."""
        return self.home / "settings.toml"

    @property
    def proxy_in_use(self) -> Path:
        """The proxy in force, for the relay."""
        return self.home / "run" / "proxy.json"

    @property
    def studies(self) -> Path:
        """The study files."""
        return self.data / "studies"

    @property
    def models(self) -> Path:
        """Received weights, named by their hash."""
        return self.home / "models"

    @property
    def reconstructions(self) -> Path:
        """Volumes made by OSEM and by the models."""
        return self.data / "reconstructions"

    @property
    def results(self) -> Path:
        """Comparisons on the own hold-out: their images, and what a later run goes on with."""
        return self.data / "results"

    @property
    def flower(self) -> Path:
        """What the Flower children read and write."""
        return self.home / "flower"

    @property
    def grants(self) -> Path:
        """What the runner may do."""
        return self.flower / "grants.json"

    @property
    def progress(self) -> Path:
        """What the runner has done."""
        return self.flower / "progress.jsonl"

    @property
    def web_pages(self) -> Path:
        """The built pages, installed beside this package."""
        return Path(__file__).parent / "web"
