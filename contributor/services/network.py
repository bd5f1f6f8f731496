"""The way out of the hospital: which proxy everything goes through, chosen on the page or given at the start."""

from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from contributor.schemas_network import ProxyChange, ProxyView
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput
from fl_core.transport.proxy import Proxy, check_ca_file, load_proxy, save_proxy


class Network:
    """Keeps the page's choice in one private file and the choice in force, for the relay, in another.

    Parameters
    ----------
    chosen_file, used_file : where both are kept
    given : the proxy of environment or settings.toml; the page cannot change it
    changed : called when another proxy, or none, is in force
    """

    def __init__(
        self,
        desk: Desk,
        *,
        chosen_file: Path,
        used_file: Path,
        given: Proxy | None,
        changed: Callable[[], None],
    ) -> None:
        self._chosen_file = chosen_file
        self._used_file = used_file
        self._given = given
        self._desk = desk
        self._changed = changed

    def proxy(self) -> Proxy | None:
        """Return the proxy in force, None where everything goes out directly.

        Raises
        ------
        InvalidInput
            ``proxy.settings`` when the file of the page's choice cannot be used; nothing goes around it.
        """
        return self._given if self._given is not None else load_proxy(self._chosen_file)

    def hand_on(self) -> Path:
        """Write the proxy in force down for the relay and return where."""
        save_proxy(self._used_file, self.proxy())
        return self._used_file

    def view(self) -> ProxyView:
        """Return what the page shows."""
        proxy, fixed = self.proxy(), self._given is not None
        if proxy is None:
            return ProxyView(url="", username="", has_password=False, ca_file="", fixed=fixed)
        return ProxyView(
            url=proxy.url,
            username=proxy.username,
            has_password=proxy.password != "",
            ca_file=str(proxy.ca_file or ""),
            fixed=fixed,
        )

    def change(self, wanted: ProxyChange) -> ProxyView:
        """Choose another proxy, or none; the line and the relay go by it at once.

        Raises
        ------
        Conflict
            ``settings.fixed`` when it is given at the start of the program.
        InvalidInput
            When address, name or file cannot be used; nothing was changed.
        """
        if self._given is not None:
            message = "proxy_url: given by the environment or settings.toml"
            raise Conflict(message, code="settings.fixed")
        proxy = self._wanted(wanted)
        if proxy is not None and proxy.ca_file is not None:
            check_ca_file(proxy.ca_file)
        save_proxy(self._chosen_file, proxy)
        with self._desk.database.begin() as tx:
            self._desk.journal.note(
                tx,
                actor=acted_by("administrator"),
                action="settings.proxy",
                details={"url": "" if proxy is None else proxy.url},
                text="Everything goes out directly now."
                if proxy is None
                else f"Everything goes out through {proxy.url} now.",
                values={"context": "direct"} if proxy is None else {"proxy": proxy.url},
            )
        self.hand_on()
        self._changed()
        return self.view()

    def _wanted(self, wanted: ProxyChange) -> Proxy | None:
        url = wanted.url.strip().rstrip("/")
        if not url:
            return None
        given = None if wanted.password is None else wanted.password.get_secret_value()
        ca_file = wanted.ca_file.strip()
        try:
            return Proxy(
                url=url,
                username=wanted.username.strip(),
                password=self._kept(url) if given is None else given,
                ca_file=Path(ca_file) if ca_file else None,
            )
        except ValidationError as error:
            fields = ", ".join(sorted({str(one["loc"][0]) if one["loc"] else "username" for one in error.errors()}))
            message = f"{fields}: write the address as http://HOST:PORT, and a name without a colon"
            raise InvalidInput(message) from None

    def _kept(self, url: str) -> str:
        """Return the password that is kept; another proxy never gets it."""
        try:
            present = load_proxy(self._chosen_file)
        except InvalidInput:
            return ""
        return present.password if present is not None and present.url == url else ""
