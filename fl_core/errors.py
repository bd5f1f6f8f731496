"""Expected failures: one type a cause, one catalogue row a code (status, title, advice)."""

import errno
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """What leaves the process for one error code.

    `title` says what happened, `advice` what the reader can do about it, `status` is the HTTP status, `retryable`
    whether repeating the same request later may succeed.
    """

    status: int
    title: str
    advice: str
    retryable: bool = False


class FlomirError(Exception):
    """Base of every expected failure; `code` never changes meaning, `str(error)` is for logs and detail."""

    code = "internal"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.remedy = ""
        """What a child process advises in this very case; the catalogue's advice where empty."""
        if code is not None:
            self.code = code

    @property
    def entry(self) -> Entry:
        """Return the catalogue row of this error's code."""
        return CATALOGUE[self.code]


class InvalidInput(FlomirError):  # noqa: N818 - error names follow the catalogue
    """The request or file cannot be used as it is."""

    code = "input.invalid"


class NotFound(FlomirError):  # noqa: N818
    """The named thing does not exist (any more)."""

    code = "not_found"


class Conflict(FlomirError):  # noqa: N818
    """The request does not fit the present state."""

    code = "conflict"


class IllegalTransition(Conflict):
    """A lifecycle refused an event."""

    code = "lifecycle.illegal_transition"


class NotTrusted(FlomirError):  # noqa: N818
    """The caller is not who it must be, or has not been allowed."""

    code = "trust.refused"


class PeerUnreachable(FlomirError):  # noqa: N818
    """The other side does not answer."""

    code = "peer.unreachable"


class ProtocolMismatch(FlomirError):  # noqa: N818
    """The two sides speak different major versions."""

    code = "protocol.mismatch"


class StudyUnusable(FlomirError):  # noqa: N818
    """A study failed its schema or its checks."""

    code = "study.unusable"


class ComputeFailed(FlomirError):  # noqa: N818
    """Training, inference or simulation ended without a result."""

    code = "compute.failed"


class StorageFailed(FlomirError):  # noqa: N818
    """The disk or the database refused."""

    code = "storage.failed"

    @classmethod
    def of(cls, error: OSError, what: str) -> "StorageFailed":
        """Say what could not be done and why the disk refused it: ``storage.disk_full`` or ``storage.failed``."""
        full = error.errno == errno.ENOSPC
        return cls(f"{what}: {error.strerror or type(error).__name__}", code="storage.disk_full" if full else None)


CATALOGUE: dict[str, Entry] = {
    "internal": Entry(
        500,
        "Something went wrong inside.",
        "Try again; if it stays, give the request number to support.",
        retryable=True,
    ),
    "input.invalid": Entry(
        422, "The request does not have the expected form.", "Correct the named field and send it again."
    ),
    "not_found": Entry(404, "There is no such thing here.", "Go back to the list; it may have been removed."),
    "conflict": Entry(409, "This does not fit the present state.", "Reload the page and look at the state first."),
    "daemon.already_runs": Entry(
        409, "This folder's program runs already.", "Open its page with the command `open`, or stop it first."
    ),
    "lifecycle.illegal_transition": Entry(
        409, "This step is not possible in the present state.", "Reload the page; the state has moved on."
    ),
    "auth.required": Entry(
        401, "You are not signed in.", "Sign in, or open the one-time link that the program printed at its start."
    ),
    "auth.wrong": Entry(
        403, "Name or password is wrong.", "Try again; who manages the accounts can make a new invitation link."
    ),
    "auth.too_many": Entry(
        429, "There were too many wrong attempts.", "Wait some minutes, then try again.", retryable=True
    ),
    "auth.role": Entry(
        403, "Your role does not allow this.", "Ask a colleague with another role, or have yours changed in Settings."
    ),
    "auth.no_account": Entry(403, "A script has no account of its own.", "Sign in with a browser to do this."),
    "auth.on_computer": Entry(
        403,
        "A link that signs in as the owner is made on the computer itself.",
        "There, run the command `link`; invite people to accounts of their own.",
    ),
    "auth.password_weak": Entry(
        422,
        "This password is easily guessed.",
        "Take at least 12 characters without your name; a short sentence is easy to keep.",
    ),
    "auth.passwords_differ": Entry(422, "The two passwords differ.", "Type the same one twice."),
    "account.invitation": Entry(
        403,
        "This invitation is not open (any more).",
        "Ask who invited you for a new link; each works once, for three days.",
    ),
    "account.exists": Entry(409, "There is an account of this name.", "Choose another name."),
    "account.role": Entry(422, "There is no such role.", "Choose one of the roles that the list names."),
    "account.last": Entry(409, "Nobody who may everything would be left.", "Give another account that role first."),
    "account.owner": Entry(
        409, "The owner's account stays.", "It belongs to whoever starts the program; it can be disabled, not removed."
    ),
    "account.invited": Entry(
        409, "This person has not joined yet.", "Remove the account, or make a new invitation link."
    ),
    "auth.link_used": Entry(
        403,
        "This link was used already or is not valid.",
        "Restart the program, or run its `link` command, for a new link.",
    ),
    "auth.forbidden": Entry(403, "This request was refused.", "Open the page from its own address and try again."),
    "auth.csrf": Entry(403, "The request lacks its protection token.", "Reload the page and try again."),
    "auth.host": Entry(
        421, "This address is not served here.", "Use the address that the program printed at its start."
    ),
    "trust.refused": Entry(403, "The caller is not trusted.", "Ask the learning manager to approve this site."),
    "trust.unknown_certificate": Entry(
        403, "This certificate is not known here.", "Enrol the site with a new invitation."
    ),
    "trust.revoked": Entry(
        403, "This site's certificate was revoked.", "Ask the learning manager for a new invitation."
    ),
    "trust.suspended": Entry(
        403,
        "The learning manager has suspended this site for the time being.",
        "Nothing is lost. Ask the learning manager; the connection comes back by itself.",
    ),
    "site.cannot_renew": Entry(
        409,
        "This site cannot be asked to renew.",
        "It renews by itself before its certificate ends; update its program.",
    ),
    "trust.signature_invalid": Entry(
        403,
        "A signature does not fit its document.",
        "Nothing was changed. Update both sides, then ask for the document again.",
    ),
    "trust.fingerprint_mismatch": Entry(
        409, "The fingerprints differ.", "Compare both screens; refuse the enrolment if they do not agree."
    ),
    "invitation.malformed": Entry(
        422, "This is not an invitation.", "Open the invitation file, or paste the whole text block, unchanged."
    ),
    "invitation.expired": Entry(410, "This invitation has expired.", "Ask the learning manager for a new one."),
    "invitation.used": Entry(
        410, "This invitation was used already.", "Each invitation works once. Ask the learning manager for a new one."
    ),
    "invitation.unknown": Entry(403, "This invitation is not known here.", "Ask the learning manager for a new one."),
    "backup.nothing": Entry(
        404, "There is nothing to back up.", "Name the data folder that the daemon was started with (--home)."
    ),
    "backup.exists": Entry(409, "A file of this name exists.", "Choose another name; a backup never replaces a file."),
    "backup.invalid": Entry(
        422,
        "This file cannot be restored.",
        "Nothing was changed. Use another backup, or the command of the other side.",
    ),
    "backup.home_in_use": Entry(
        409, "The data folder is not empty.", "Restore into a new folder (--home), then start the daemon with it."
    ),
    "enrolment.exists": Entry(409, "This computer is enrolled already.", "Leave the present federation first."),
    "enrolment.none": Entry(409, "This computer is not enrolled yet.", "Open an invitation first."),
    "enrolment.refused": Entry(
        403,
        "The learning manager refused this enrolment.",
        "Talk to the learning manager, then ask for a new invitation.",
    ),
    "protocol.mismatch": Entry(
        409, "The two sides speak different versions.", "Update the older side; the message names both versions."
    ),
    "peer.unreachable": Entry(
        503, "The other side does not answer.", "Check the connection; it is tried again by itself.", retryable=True
    ),
    "peer.other_certificate": Entry(
        502,
        "Somebody between here and the laboratory answers in its place.",
        "Usually this hospital inspects encrypted traffic. Ask its IT to leave the laboratory's address out of the inspection.",
        retryable=True,
    ),
    "proxy.unreachable": Entry(
        503, "The proxy does not answer.", "Check its address and port on the page Settings.", retryable=True
    ),
    "proxy.certificate": Entry(
        502,
        "The proxy shows a certificate that this computer does not know.",
        "Ask this hospital's IT for the certificate of its authority (a PEM file) and name it on the page Settings.",
    ),
    "proxy.login": Entry(
        502,
        "The proxy asks for a name and a password.",
        "Enter both on the page Settings; this hospital's IT knows them.",
    ),
    "proxy.refused": Entry(
        502,
        "The proxy does not let this connection through.",
        "Ask this hospital's IT to permit the laboratory's address and port.",
        retryable=True,
    ),
    "proxy.ca_file": Entry(
        422,
        "This file holds no certificate of an authority.",
        "Name a PEM file on this computer; this hospital's IT has it.",
    ),
    "proxy.settings": Entry(
        422,
        "The settings of the proxy cannot be used.",
        "Correct them on the page Settings; nothing goes out meanwhile.",
    ),
    "peer.gateway_only": Entry(
        403, "This route is reached through the gateway only.", "Use the address in the invitation."
    ),
    "consent.missing": Entry(403, "This site has not agreed to this session.", "Answer the request first."),
    "consent.expired": Entry(409, "The request is no longer open.", "Ask the learning manager to send it again."),
    "consent.send_refused": Entry(
        403, "This site did not let its update leave.", "Nothing was sent; the round goes on without this site."
    ),
    "round.answered_before": Entry(
        403,
        "This round was answered already, for another model.",
        "A round's update leaves a site once; ask for further rounds, or for a new training.",
    ),
    "round.answers_unreadable": Entry(
        500,
        "The site cannot tell which rounds it has answered; it answers none.",
        "Have the laboratory end its sessions with this site; then move the file named here, in the site's folder, aside.",
    ),
    "site.paused": Entry(
        409, "The site has paused this training.", "Nothing is lost; it goes on when the site resumes it."
    ),
    "site.busy": Entry(
        409, "Another training computes at this site.", "Nothing to do: this one begins as soon as that round is done."
    ),
    "site.outside_hours": Entry(
        409, "The site trains at other hours only.", "Give rounds more time, or run the session in these hours."
    ),
    "site.weekly_limit": Entry(
        409, "The site has trained as many rounds this week as its rule allows.", "Wait, or ask the site for more."
    ),
    "site.memory_limit": Entry(
        507,
        "The training needs more memory than this site allows.",
        "Raise the cap on the page Training, or train a smaller network.",
    ),
    "study.unusable": Entry(422, "This study cannot be used.", "The message says what and where; export it again."),
    "study.duplicate": Entry(409, "This study is here already.", "Nothing to do: it was added before."),
    "patient.withdrawn": Entry(
        409, "This patient is withdrawn.", "Undo the withdrawal of the patient first, on the page Data."
    ),
    "erasure.busy": Entry(
        409,
        "This patient cannot be erased while an import runs, or something made of the patient's studies is computed.",
        "Wait until imports, reconstructions and comparisons have ended, or cancel them; then erase.",
    ),
    "erasure.unread": Entry(
        409,
        "Files that were handed over lie here unread, and nobody knows whose they are.",
        "On the page Data, go on with the import that stopped, or remove it from the list; then erase.",
    ),
    "erasure.unfinished": Entry(
        500,
        "The patient is out of the records, but not everything could be deleted yet.",
        "Look at the permissions of the data folder and at the free space, then start the program again: it goes on with it.",
    ),
    "import.no_list": Entry(
        422, "No patient numbers were found in this list.", "Paste one number a line, or a CSV with a column of them."
    ),
    "import.crashed": Entry(
        422, "This file ended the program that reads it.", "It was left out; export it again from its source."
    ),
    "import.not_a_scan": Entry(
        422, "This file holds no acquisition.", "Nothing to do, if it is not one; else export the raw projections."
    ),
    "upload.too_large": Entry(
        413, "The file is larger than the limit.", "Split it, or raise the limit in the settings."
    ),
    "model.invalid": Entry(422, "This model file does not fit.", "Choose a file made for this task and network."),
    "model.in_use": Entry(409, "This model is in use.", "Wait until the session has ended."),
    "laboratory.folder_unusable": Entry(
        422, "This folder cannot be used as a data set.", "Name a folder on this computer that holds study files (.h5)."
    ),
    "laboratory.set_in_use": Entry(409, "This data set is in use.", "Wait until its job has ended, or cancel it."),
    "laboratory.set_not_ready": Entry(
        409,
        "This data set cannot be used yet.",
        "Wait until it is checked; if its job ended early, go on with that job.",
    ),
    "laboratory.no_result": Entry(409, "This job has no result yet.", "Wait until it is done."),
    "result.running": Entry(
        409,
        "This is still being computed.",
        "Remove it once it has ended; a comparison can be cancelled first.",
        retryable=True,
    ),
    "session.too_few_sites": Entry(
        409, "Too few sites for this session.", "Choose more sites; a new session can have a lower quorum."
    ),
    "session.not_ready": Entry(
        409,
        "The session cannot start yet.",
        "Wait for the answers that are missing; ask further sites, or again those whose agreement is over.",
    ),
    "session.awaits_consent": Entry(
        409,
        "It waits for sites to agree to the further rounds.",
        "It goes on by itself once all have answered and enough have signed; look at the sites that have not answered.",
    ),
    "session.weights_gone": Entry(
        409,
        "The weights of the session's last round are not there any more.",
        "Start a new session from a model that is in the list.",
    ),
    "session.first_model_gone": Entry(
        409,
        "The model that this session begins with was deleted.",
        "Restore it from the bin of the models, or start a new session from a model that is in the list.",
    ),
    "session.site_not_trusted": Entry(409, "A chosen site is not trusted.", "Approve the site first, or leave it out."),
    "session.too_many_sites": Entry(
        409, "More sites than one session may have.", "Choose fewer sites, or raise the limit in Settings."
    ),
    "session.too_many": Entry(
        409,
        "Too many sessions are going on already.",
        "Stop one or wait until one is over, or raise the limit in Settings.",
    ),
    "drain.on": Entry(
        409, "Drain mode is on: nothing new starts.", "Switch drain mode off in Settings when the upgrade is done."
    ),
    "settings.fixed": Entry(
        409,
        "This setting is given at the start of the program.",
        "Change the option or environment variable that it is started with.",
    ),
    "notice.failed": Entry(
        502,
        "The notice could not be sent.",
        "The detail says what the other side answered; check address, encryption and password.",
        retryable=True,
    ),
    "task.unknown": Entry(422, "There is no such task.", "Choose one of the listed tasks."),
    "strategy.unknown": Entry(422, "There is no such strategy.", "Choose one of the listed strategies."),
    "compute.failed": Entry(
        500, "The computation ended without a result.", "See the details; try again.", retryable=True
    ),
    "compute.diverged": Entry(500, "The training diverged.", "Lower the learning rate and start again."),
    "federation.update_rejected": Entry(
        422, "A site's update was not accepted.", "The message says which check failed; the round goes on without it."
    ),
    "federation.update_too_large": Entry(
        422,
        "A site's update changed the model more than is allowed.",
        "If the other sites' changes are as large, start again with a lower learning rate or a larger bound; if not, look at this site's training.",
    ),
    "federation.quorum_missed": Entry(
        409,
        "Too few updates came back before the deadline.",
        "See which sites are missing; resume when they are online.",
    ),
    "federation.late": Entry(
        409, "The round closed before this site was done.", "Give rounds more time, or let this site train less."
    ),
    "federation.engine_lost": Entry(
        503,
        "The federation engine stopped.",
        "It is restarted by itself; the session goes on from its last round.",
        retryable=True,
    ),
    "storage.failed": Entry(
        500, "The disk or database refused.", "Check free space and permissions of the data folder.", retryable=True
    ),
    "request.repeated": Entry(
        409, "The same request is being answered already.", "Wait a moment and look at the page."
    ),
    "storage.unreachable": Entry(
        503,
        "The database does not answer.",
        "Check that PostgreSQL runs and that its address is right.",
        retryable=True,
    ),
    "storage.database_in_use": Entry(
        409, "Another daemon has this database open.", "Stop it first, or give this one a database of its own."
    ),
    "storage.database_url": Entry(
        422, "The address of the database is not one of PostgreSQL.", "Write postgresql://USER:PASSWORD@HOST/DATABASE."
    ),
    "storage.no_driver": Entry(
        500, "What is needed to speak with PostgreSQL is not installed.", "Run pip install 'flomir[postgresql]'."
    ),
    "storage.other_database": Entry(
        409,
        "The records of this home folder are in another database.",
        "Set database_url as it was before, take it out again, or choose a new home folder.",
    ),
    "backup.other_database": Entry(
        409,
        "The records are in PostgreSQL, which this command does not copy.",
        "Stop the daemon, back the database up with pg_dump, and copy the home folder.",
    ),
    "storage.disk_full": Entry(507, "The disk is full.", "Free some space; nothing half-written was left."),
    "storage.disk_low": Entry(
        507,
        "The disk is nearly full.",
        "Free some space, then go on with the import; what is in stays, nothing half-written was left.",
    ),
    "storage.quota": Entry(
        507,
        "The limit for the data folder is reached.",
        "Raise the limit on the page Data, or remove what is not needed, then go on with the import.",
    ),
    "storage.in_use": Entry(
        409,
        "The folder cannot be changed while there are studies or files of an import.",
        "Remove all data first (an import that failed: go on with it, or remove it), or keep the folder.",
    ),
    "storage.fixed": Entry(
        409, "The folder is given at the start of the program.", "Change data_folder in the settings of this program."
    ),
    "storage.foreign_data": Entry(
        409,
        "The data folder belongs to another home folder.",
        "Name a folder of its own in data_folder, or bring those records back from their backup. Where they are lost for good, "
        "remove flomir-data.json from the data folder: its files are put aside then, not deleted.",
    ),
    "storage.busy": Entry(
        409, "Something is being written there now.", "Wait until it is done, or cancel it, then try again."
    ),
    "storage.count_differs": Entry(
        409, "The number of studies has changed meanwhile.", "Look at the page again, then confirm the present number."
    ),
    "storage.schema_too_new": Entry(
        500, "The data folder was written by a newer version.", "Install that version or a newer one."
    ),
    "audit.broken": Entry(
        500, "The audit chain does not verify.", "Keep a copy of the data folder and tell the administrator."
    ),
}
"""The one table code -> what a person sees. Rows are added, never re-used for another meaning."""
