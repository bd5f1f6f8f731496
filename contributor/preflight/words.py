"""What the check and the line can find: one row a finding: level, sentence, remedy. A page words it by the code."""

from dataclasses import dataclass

from contributor.schemas_network import Level, PreflightLine


@dataclass(frozen=True, slots=True)
class Finding:
    """Level and words; ``{name}`` stands for a value. The part of the code before the dot names what was looked at."""

    level: Level
    text: str
    remedy: str = ""


FINDINGS: dict[str, Finding] = {
    "leave.told": Finding("green", "{orchestrator} was told that this site has left."),
    "leave.not_told": Finding(
        "amber",
        "This site has left, but {orchestrator} could not be told.",
        "Tell the learning manager, so that the site is taken off the list there as well.",
    ),
    "records.unreadable": Finding(
        "red",
        "This site's records cannot be read.",
        "Start the program once; if it does not start, bring a backup back with `flomir contributor restore`.",
    ),
    "certificate.valid": Finding("green", "This site's certificate is valid until {until}."),
    "certificate.ends": Finding(
        "amber",
        "This site's certificate is valid until {until} only.",
        "It is renewed by itself while the connection stands; or renew it now on the page Settings.",
    ),
    "certificate.over": Finding(
        "red", "This site's certificate was valid until {until}.", "Ask the learning manager for a new invitation."
    ),
    "certificate.unusable": Finding(
        "red",
        "This site's key or certificate cannot be used.",
        "Bring a backup back with `flomir contributor restore`, or leave the federation and ask for a new invitation.",
    ),
    "certificate.invitation": Finding("green", "The invitation of {orchestrator} is valid until {until}."),
    "certificate.no_invitation": Finding(
        "red", "This is no invitation that could be used.", "Ask the learning manager for a new one."
    ),
    "certificate.none": Finding(
        "skipped",
        "There is no invitation yet, so the way to the laboratory was not tried.",
        "Open an invitation first.",
    ),
    "name.found": Finding("green", "The name {host} was found within {ms} ms."),
    "name.number": Finding("green", "The address {host} is a number, so no name has to be found."),
    "name.by_proxy": Finding("green", "The proxy finds the name {host}."),
    "name.missing": Finding(
        "red",
        "The name {host} was not found.",
        "Check this computer's network connection. If other names are found, ask this hospital's IT whether {host} is blocked.",
    ),
    "proxy.none": Finding("green", "No proxy is set; everything goes out directly."),
    "proxy.through": Finding("green", "The proxy {proxy} lets the connection through."),
    "proxy.unreachable": Finding(
        "red", "The proxy {proxy} does not answer.", "Check its address and port on the page Settings."
    ),
    "proxy.certificate": Finding(
        "red",
        "The proxy {proxy} shows a certificate that this computer does not know.",
        "Ask this hospital's IT for the certificate of its authority (a PEM file) and name it on the page Settings.",
    ),
    "proxy.login": Finding(
        "red",
        "The proxy {proxy} asks for a name and a password.",
        "Enter both on the page Settings; this hospital's IT knows them.",
    ),
    "proxy.refused": Finding(
        "red",
        "The proxy {proxy} does not let the connection through ({answer}).",
        "Ask this hospital's IT to permit CONNECT to {host}, port {port}.",
    ),
    "proxy.settings": Finding(
        "red",
        "The settings of the proxy cannot be used.",
        "Correct them on the page Settings; nothing goes out meanwhile.",
    ),
    "port.open": Finding("green", "{host} answers at port {port} within {ms} ms."),
    "port.by_proxy": Finding("green", "{host} answers at port {port} behind the proxy."),
    "port.closed": Finding(
        "red",
        "Nothing answers at port {port} of {host}.",
        "The laboratory's program may be off: ask the learning manager. If it runs, this hospital's firewall refuses the port.",
    ),
    "port.silent": Finding(
        "red",
        "No answer came from port {port} of {host}.",
        "A firewall drops the connection, it seems. Ask this hospital's IT to permit outgoing connections to {host}, port {port}.",
    ),
    "tls.right": Finding("green", "The laboratory proved who it is, and the connection is encrypted ({version})."),
    "tls.inspected": Finding(
        "red",
        "“{issuer}” answers in the laboratory's place.",
        "This hospital's network opens encrypted connections, it seems. Both sides prove who they are here (mutual TLS), so the "
        "connection cannot pass through such an inspection, and no further certificate on this computer would help. Ask IT "
        "to leave {host}, port {port}, out of the inspection.",
    ),
    "tls.dates": Finding(
        "red",
        "The laboratory's certificate is not valid at this computer's time.",
        "Set this computer's clock first. If it is right, tell the learning manager.",
    ),
    "tls.other_name": Finding(
        "red",
        "The laboratory's certificate is made for another name than {host}.",
        "Ask the learning manager for a new invitation; the laboratory's address has changed.",
    ),
    "tls.failed": Finding(
        "red",
        "The encrypted connection did not come about.",
        "Tell this hospital's IT that TLS 1.3 to {host}, port {port}, must pass unchanged.",
    ),
    "trust.accepted": Finding("green", "The laboratory accepts this site's certificate."),
    "trust.later": Finding("skipped", "Whether the laboratory accepts this site shows once it has joined."),
    "trust.suspended": Finding(
        "amber",
        "The laboratory has suspended this site for the time being.",
        "Ask the learning manager; it comes back by itself.",
    ),
    "trust.refused": Finding(
        "red",
        "The laboratory does not accept this site's certificate.",
        "Ask the learning manager for a new invitation.",
    ),
    "clock.right": Finding("green", "This computer's clock is right to {seconds} s."),
    "clock.off": Finding(
        "amber",
        "This computer's clock is {seconds} s away from the laboratory's.",
        "Switch on setting the time by itself (on Linux: timedatectl set-ntp true).",
    ),
    "clock.wrong": Finding(
        "red",
        "This computer's clock is {seconds} s away from the laboratory's, too far for signatures to count.",
        "Set the clock, best by itself (on Linux: timedatectl set-ntp true), and check again.",
    ),
    "disk.enough": Finding("green", "{free} GB are free in the data folder."),
    "disk.little": Finding(
        "amber",
        "{free} GB are free in the data folder.",
        "Free some space before you add many studies (about 20 MB each).",
    ),
    "disk.full": Finding(
        "red", "Only {free} GB are free in the data folder.", "Free at least {needed} GB, or move the data folder."
    ),
    "disk.unwritable": Finding(
        "red",
        "Nothing can be written into the data folder.",
        "Give the account that runs this program the right to write there.",
    ),
    "memory.enough": Finding("green", "{free} GB of memory are free."),
    "memory.little": Finding("amber", "{free} GB of memory are free.", "Close other programs while a training runs."),
    "memory.short": Finding(
        "red",
        "Only {free} GB of memory are free; a training needs {needed} GB.",
        "Close other programs, or take a larger computer.",
    ),
    "memory.unknown": Finding("skipped", "This system does not tell how much memory is free."),
    "processor.cores": Finding("green", "Training uses {threads} of {cores} processor cores."),
    "processor.few": Finding(
        "amber",
        "This computer has one processor core.",
        "It works, but slowly; the page answers late while a training runs.",
    ),
    "step.works": Finding("green", "A training step on a synthetic study took {seconds} s and {memory} GB of memory."),
    "step.slow": Finding(
        "amber",
        "A training step on a synthetic study took {seconds} s, which is long.",
        "Use more processor threads (Settings), or a faster computer; a late site misses rounds.",
    ),
    "step.failed": Finding(
        "red",
        "The training step did not end: {why}.",
        "Look at free memory and disk; if both are enough, reinstall the program.",
    ),
    "speed.measured": Finding("green", "{mbit} Mbit/s go out; one update of {mb} MB takes {seconds} s."),
    "speed.slow": Finding(
        "amber",
        "Only {mbit} Mbit/s go out; one update of {mb} MB takes {seconds} s.",
        "Use a wired connection, or ask IT about the line.",
    ),
    "speed.unknown": Finding(
        "skipped", "How fast the line is was not measured; the laboratory's program is too old for it."
    ),
    "speed.no_way": Finding(
        "skipped", "How fast the line is was not measured, since there is no way to the laboratory yet."
    ),
    "round.estimate": Finding(
        "green", "One round takes about {minutes} min with {studies} studies and {passes} passes over them."
    ),
    "round.unknown": Finding("skipped", "How long a round takes cannot be said yet."),
}
"""A code is never re-used for another finding; German stands in frontend/contributor/src/i18n/preflight.de.ts."""


def line(code: str, **values: str | int | float) -> PreflightLine:
    """Return the line of a finding."""
    found = FINDINGS[code]
    return PreflightLine(
        check=code.partition(".")[0],
        level=found.level,
        code=code,
        values=dict(values),
        text=found.text.format(**values),
        remedy=found.remedy.format(**values),
    )
