"""`eventlens project|client|funnel`: what the registry holds, made and shown."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from event_lens.registry.clients import create_client, list_clients, revoke_client
from event_lens.registry.connection import Registry, open_registry
from event_lens.registry.funnels import create_funnel, list_funnels
from event_lens.registry.projects import change_project, create_project, find_project, list_projects
from event_lens.registry.tables import Project
from event_lens.settings import read_settings
from event_lens.terminal import console, show_table

project_app = typer.Typer(help="Projects and their settings.", no_args_is_help=True)
client_app = typer.Typer(help="Clients: the keys of a project.", no_args_is_help=True)
funnel_app = typer.Typer(help="Funnels that are modelled daily.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OfProject = Annotated[str, typer.Option("--project", help="The project's id.")]


@contextmanager
def _registry() -> Iterator[Registry]:
    registry = open_registry(read_settings(os.environ))
    try:
        yield registry
    finally:
        registry.close()


def _say(values: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        console.print_json(json.dumps(values))
    else:
        show_table("", ("field", "value"), [(name, _text(value)) for name, value in values.items()])


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _fields(project: Project) -> dict[str, object]:
    return {
        "projectId": project.project_id,
        "name": project.name,
        "domains": project.domains,
        "timezone": project.timezone,
        "currency": project.currency,
        "sessionTimeoutSeconds": project.session_timeout_seconds,
        "duplicateWindowMs": project.duplicate_window_ms,
        "deviceSalt": project.device_salt,
        "allowUnsafeRevenue": project.allow_unsafe_revenue,
        "allowedBots": project.allowed_bots,
    }


@project_app.command("create")
def project_create(
    name: str,
    domain: Annotated[list[str] | None, typer.Option(help="A domain of the site; may be given again.")] = None,
    timezone: Annotated[str, typer.Option(help="Days are this zone's, such as Europe/Berlin.")] = "UTC",
    currency: Annotated[str, typer.Option(help="Revenue in other currencies is left out of sums.")] = "",
    as_json: AsJson = False,
) -> None:
    """Create a project. NAME is free text; the id is printed."""
    with _registry() as registry:
        project = create_project(registry, name, domains=domain or [], timezone=timezone, currency=currency)
    _say(_fields(project), as_json=as_json)


@project_app.command("change")
def project_change(
    project_id: str,
    timezone: Annotated[str | None, typer.Option()] = None,
    currency: Annotated[str | None, typer.Option()] = None,
    session_timeout_seconds: Annotated[int | None, typer.Option()] = None,
    duplicate_window_ms: Annotated[int | None, typer.Option()] = None,
    allow_bot: Annotated[
        list[str] | None, typer.Option(help="Count this bot reason again, such as 'crawler:*'; replaces the list.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a project's settings; the next build rebuilds its days."""
    given: dict[str, object | None] = {
        "timezone": timezone,
        "currency": currency,
        "session_timeout_seconds": session_timeout_seconds,
        "duplicate_window_ms": duplicate_window_ms,
        "allowed_bots": [reason for reason in allow_bot if reason] if allow_bot is not None else None,
    }
    with _registry() as registry:
        project = change_project(
            registry, project_id, **{name: value for name, value in given.items() if value is not None}
        )
    _say(_fields(project), as_json=as_json)


@project_app.command("list")
def project_list() -> None:
    """List all projects."""
    with _registry() as registry:
        projects = list_projects(registry)
    show_table("Projects", ("id", "name", "timezone"), [(p.project_id, p.name, p.timezone) for p in projects])


@project_app.command("show")
def project_show(project_id: str, as_json: AsJson = False) -> None:
    """Show a project's settings."""
    with _registry() as registry:
        project = find_project(registry, project_id)
    _say(_fields(project), as_json=as_json)


@client_app.command("create")
def client_create(
    project: OfProject,
    type: Annotated[str, typer.Option(help="write collects, read queries, root both.")],
    name: Annotated[str, typer.Option()] = "",
    origin: Annotated[list[str] | None, typer.Option(help="An origin that may write without the secret.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create a client. Its secret is shown once and kept as a hash."""
    with _registry() as registry:
        client, secret = create_client(registry, project, type, name=name, origins=tuple(origin or ()))
    _say(
        {
            "clientId": client.client_id,
            "clientSecret": secret,
            "type": client.type,
            "projectId": client.project_id,
        },
        as_json=as_json,
    )


@client_app.command("list")
def client_list(project: Annotated[str | None, typer.Option(help="Of this project only.")] = None) -> None:
    """List clients, revoked ones included."""
    with _registry() as registry:
        clients = list_clients(registry, project)
    show_table(
        "Clients",
        ("id", "project", "type", "name", "origins", "revoked"),
        [(c.client_id, c.project_id, c.type, c.name, ", ".join(c.origins), c.revoked_at is not None) for c in clients],
    )


@client_app.command("revoke")
def client_revoke(client_id: str) -> None:
    """Revoke a client; collectors and query APIs refuse it within seconds."""
    with _registry() as registry:
        client = revoke_client(registry, client_id)
    console.print(f"{client.client_id} is revoked.")


@funnel_app.command("create")
def funnel_create(
    project: OfProject,
    name: Annotated[str, typer.Option()],
    step: Annotated[list[str], typer.Option(help="An event name; give two to ten, in order.")],
    window_seconds: Annotated[int, typer.Option(help="From the first step to the last.")] = 86_400,
    as_json: AsJson = False,
) -> None:
    """Create a funnel that every build fills (table lens.funnels_daily)."""
    with _registry() as registry:
        funnel = create_funnel(registry, project, name, tuple(step), window_seconds=window_seconds)
    _say({"funnelId": funnel.funnel_id, "steps": funnel.step_names}, as_json=as_json)


@funnel_app.command("list")
def funnel_list() -> None:
    """List all funnels."""
    with _registry() as registry:
        funnels = list_funnels(registry)
    show_table(
        "Funnels",
        ("id", "project", "name", "steps"),
        [(f.funnel_id, f.project_id, f.name, " > ".join(f.step_names)) for f in funnels],
    )
