"""The site's key and certificate files: made here, checked before they are used."""

from cryptography import x509

from contributor.paths import SitePaths
from fl_core.errors import NotTrusted
from fl_core.trust.authority import ROLE_SITE, certificate_role, certificate_site_id, check_chain
from fl_core.trust.files import write_private, write_public
from fl_core.trust.identity import (
    Key,
    certificate_key,
    generate_key,
    key_fingerprint,
    load_certificate,
    load_key,
    make_csr,
    openssh_private,
    save_key,
)


class SiteCertificates:
    """Makes, keeps and removes what proves who this site is."""

    def __init__(self, paths: SitePaths) -> None:
        self._paths = paths

    def prepare(self, site_name: str) -> tuple[str, str]:
        """Return (signing request, fingerprint) of this site's key, which is made at the first call."""
        if not self._paths.key.is_file():
            save_key(generate_key(), self._paths.key)
        key = self.key()
        return make_csr(key, site_name), key_fingerprint(key.public_key())

    def key(self) -> Key:
        """Return the site's key."""
        return load_key(self._paths.key)

    def certificate_pem(self) -> str:
        """Return the site's certificate."""
        return self._paths.certificate.read_text("ascii")

    def install(self, certificate_pem: str, ca_pem: str, site_id: str) -> x509.Certificate:
        """Check a certificate and put it in place.

        Raises
        ------
        NotTrusted
            When it is not of this key, this site, this federation, or not valid now; nothing is written.
        """
        certificate = load_certificate(certificate_pem)
        check_chain(certificate, load_certificate(ca_pem))
        key = self.key()
        if certificate_key(certificate) != key.public_key():
            message = "the certificate is of another key"
            raise NotTrusted(message)
        if certificate_role(certificate) != ROLE_SITE or certificate_site_id(certificate) != site_id:
            message = "the certificate is of another site"
            raise NotTrusted(message)
        write_private(self._paths.flower_key, openssh_private(key))
        write_public(self._paths.ca, ca_pem.encode("ascii"))
        write_public(self._paths.certificate, certificate_pem.encode("ascii"))
        return certificate

    def is_installed(self) -> bool:
        """Tell whether there is a certificate; it is put in place, and removed, last."""
        return self._paths.certificate.is_file()

    def is_whole(self) -> bool:
        """Tell whether every file that a relation needs is there."""
        paths = self._paths
        return all(path.is_file() for path in (paths.key, paths.flower_key, paths.ca, paths.certificate))

    def remove(self) -> None:
        """Delete key and certificates; the site is nobody afterwards."""
        for path in (self._paths.key, self._paths.flower_key, self._paths.ca, self._paths.certificate):
            path.unlink(missing_ok=True)
