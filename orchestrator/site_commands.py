"""`flomir orchestrator invite|invitations|sites|approve|...`: who takes part, from scripts."""

from pathlib import Path

import click

from fl_core.protocol.messages import Json
from model.commands.replacing import force_option, refuse_taken
from orchestrator.client import DaemonClient, at
from orchestrator.command_line import Act, add_acts, home_option, json_option, show

ACTS = (
    Act("refuse", "POST", "/sites/{id}/refuse", "{name} was refused.", "Refuse the pending SITE; nothing of it is kept but the record."),
    Act("suspend", "POST", "/sites/{id}/suspend", "{name} is shut out until it is let in again.", "Shut SITE out for a while; its connections close at once."),
    Act("readmit", "POST", "/sites/{id}/readmit", "{name} is trusted again.", "Let the suspended SITE in again."),
    Act("renew", "POST", "/sites/{id}/renew", "{name} was asked to renew its certificate.", "Have SITE renew its certificate now."),
    Act("revoke", "POST", "/sites/{id}/revoke", "The trust in {name} was taken back.", "Take the trust in SITE back; its connections close at once."),
)  # fmt: skip


def add_site_commands(group: click.Group) -> None:
    """Add what is done with invitations and sites."""
    for command in (invite, invitations, withdraw_invitation, approve, rename_site, sites):
        group.add_command(command)
    add_acts(group, "SITE", ACTS)


@click.command()
@home_option
@json_option
@click.option("--site-name", default=None, help="Name of the site that is invited.")
@click.option("--valid-hours", type=click.IntRange(1, 720), default=72, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write the invitation file here.")
@force_option
def invite(
    home: Path, *, as_json: bool, site_name: str | None, valid_hours: int, out: Path | None, force: bool
) -> None:
    """Make a single-use invitation for a site: a file for the hospital, or without --out a text to paste there."""
    client = DaemonClient(home)
    if out is not None:
        refuse_taken(out, force=force)
    issued = client.call("POST", "/invitations", {"site_name": site_name, "valid_hours": valid_hours})
    if out is not None:
        _write(client, issued, out)
    show(issued, as_json=as_json, words=f"Invitation written to {out}." if out else str(issued["text"]).rstrip())


def _write(client: DaemonClient, issued: Json, out: Path) -> None:
    """Write the invitation's file; one that nobody can get is withdrawn."""
    from fl_core.trust.files import write_private

    try:
        write_private(out, str(issued["file"]).encode())
    except OSError as error:
        client.call("DELETE", f"/invitations/{issued['invitation']['id']}")  # type: ignore[index]  # checked by the API
        message = f"{out} cannot be written: {error.strerror}. Choose another file with --out."
        raise click.ClickException(message) from error


@click.command()
@home_option
@json_option
def invitations(home: Path, *, as_json: bool) -> None:
    """List the invitations."""
    rows = DaemonClient(home).items("/invitations")
    lines = [f"{row['id']}  {row['state']:9}  until {row['expires_at']}  {row['site_name'] or ''}" for row in rows]
    show({"items": rows}, as_json=as_json, words="\n".join(lines) or "No invitation yet.")


@click.command("withdraw-invitation")
@home_option
@json_option
@click.argument("invitation")
def withdraw_invitation(home: Path, *, as_json: bool, invitation: str) -> None:
    """Make INVITATION worthless before it is used."""
    view = DaemonClient(home).call("DELETE", at("/invitations/{id}", invitation))
    show(view, as_json=as_json, words=f"The invitation {invitation} was withdrawn.")


@click.command()
@home_option
@json_option
@click.argument("site")
@click.argument("fingerprint")
def approve(home: Path, *, as_json: bool, site: str, fingerprint: str) -> None:
    """Trust the pending SITE whose FINGERPRINT you compared on both screens."""
    view = DaemonClient(home).call("POST", at("/sites/{id}/approve", site), {"fingerprint": fingerprint})
    show(view, as_json=as_json, words=f"{view['name']} is trusted now.")


@click.command("rename-site")
@home_option
@json_option
@click.argument("site")
@click.argument("name")
def rename_site(home: Path, *, as_json: bool, site: str, name: str) -> None:
    """Give SITE another NAME; its identity stays."""
    view = DaemonClient(home).call("PATCH", at("/sites/{id}", site), {"name": name})
    show(view, as_json=as_json, words=f"{site} is called {view['name']} now.")


@click.command()
@home_option
@json_option
def sites(home: Path, *, as_json: bool) -> None:
    """List the sites."""
    rows = DaemonClient(home).items("/sites")
    lines = [
        f"{row['id']}  {row['state']:9}  {'online ' if row['online'] else 'offline'}  {row['fingerprint']}  {row['name']}"
        for row in rows
    ]
    show(
        {"items": rows},
        as_json=as_json,
        words="\n".join(lines) or "No site yet. Invite one: flomir orchestrator invite",
    )
