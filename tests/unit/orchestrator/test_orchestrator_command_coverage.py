"""What the pages can do, scripts can do: each operation of the API has its command, or is reached by `api` on purpose."""

import click

from orchestrator.api import describe
from orchestrator.commands import orchestrator

COMMANDS = {
    "list_invitations": "invitations", "create_invitation": "invite", "withdraw_invitation": "withdraw-invitation",
    "list_sites": "sites", "rename_site": "rename-site", "approve_site": "approve", "refuse_site": "refuse",
    "suspend_site": "suspend", "readmit_site": "readmit", "renew_site": "renew", "revoke_site": "revoke",
    "list_sessions": "session list", "create_session": "session start", "start_session": "session start",
    "get_session": "session watch", "stop_session": "session stop", "pause_session": "session pause",
    "resume_session": "session resume", "combine_session_now": "session combine-now", "abort_session": "session abort",
    "extend_session": "session extend", "change_session_sites": "session sites", "export_session": "session export",
    "list_models": "models", "rename_model": "models rename", "delete_model": "models remove",
    "restore_model": "models restore", "remove_model": "models remove-for-good", "recommend_model": "models recommend",
    "upload_model": "models upload", "get_model": "models download", "get_model_weights": "models download",
    "list_jobs": "jobs", "get_job": "jobs watch", "cancel_job": "jobs cancel", "resume_job": "jobs resume",
    "get_drain": "drain", "switch_drain": "drain", "create_link": "link",
}  # fmt: skip
BY_API = {
    "get_about", "get_system", "list_tasks", "list_strategies", "list_activity", "list_audit", "search_audit",
    "export_audit", "verify_audit", "list_audit_words", "get_new_data", "list_presence", "get_site", "diagnose_site",
    "get_site_history", "estimate_session", "initialise_model", "list_deleted_models", "compare_models",
    "get_model_family", "list_accounts", "invite_account", "remove_account", "change_account", "invite_account_again",
    "get_limits", "set_limits", "get_notices", "set_notices", "test_notices", "get_retention", "set_retention",
    "get_daemon_settings", "set_daemon_settings", "list_scenarios", "list_sets", "get_set", "register_set",
    "remove_set", "list_set_studies", "estimate_synthesis", "create_synthesis", "create_training", "create_comparison",
    "create_reconstruction", "get_job_log", "get_job_result", "remove_job",
}  # fmt: skip
"""Looked at or set once; `flomir orchestrator api` sends them and prints JSON."""
OF_A_BROWSER = {
    "get_me", "set_password", "list_sign_ins", "end_sign_in", "sign_out", "get_seen", "mark_seen", "get_set_page",
    "get_set_picture", "get_job_array", "export_job_array", "get_job_report", "upload_scan",
}  # fmt: skip
"""Of one's own sign-in, or pictures and pages; scripts work on the files themselves."""


def operations() -> set[str]:
    paths = describe().api_doc["paths"]
    return {verb["operationId"] for path in paths.values() for verb in path.values()}


def test_every_operation_of_the_api_has_its_place() -> None:
    known = [*COMMANDS, *BY_API, *OF_A_BROWSER]
    assert len(known) == len(set(known))
    assert operations() == set(known)


def test_the_commands_exist() -> None:
    for words in set(COMMANDS.values()):
        command: click.Command = orchestrator
        for word in words.split():
            assert isinstance(command, click.Group)
            command = command.commands[word]
        assert command.help, words
