"""`eventlens client|funnel`: what the registry holds beside projects, made and shown."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from event_lens.registry.clients import create_client, list_clients, revoke_client
from event_lens.registry.connection import Registry, open_registry
from event_lens.registry.funnels import create_funnel, list_funnels
from event_lens.settings import read_settings
from event_lens.terminal import console, show_table

client_app = typer.Typer(help="Clients: the keys of a project.", no_args_is_help=True)
funnel_app = typer.Typer(help="Funnels that are modelled daily.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OfProject = Annotated[str, typer.Option("--project", help="The project's id.")]


@contextmanager
def opened_registry() -> Iterator[Registry]:
    """The registry that the environment names, for one command."""
    registry = open_registry(read_settings(os.environ))
    try:
        yield registry
    finally:
        registry.close()


def say(values: dict[str, object], *, as_json: bool) -> None:
    """Prints one thing that was made or asked for."""
    if as_json:
        console.print_json(json.dumps(values))
    else:
        show_table("", ("field", "value"), [(name, _text(value)) for name, value in values.items()])


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@client_app.command("create")
def client_create(
    project: OfProject,
    type: Annotated[str, typer.Option(help="write collects, read queries, root both.")],
    name: Annotated[str, typer.Option()] = "",
    origin: Annotated[list[str] | None, typer.Option(help="An origin that may write without the secret.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create a client. Its secret is shown once and kept as a hash."""
    with opened_registry() as registry:
        client, secret = create_client(registry, project, type, name=name, origins=tuple(origin or ()))
    say(
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
    with opened_registry() as registry:
        clients = list_clients(registry, project)
    show_table(
        "Clients",
        ("id", "project", "type", "name", "origins", "revoked"),
        [(c.client_id, c.project_id, c.type, c.name, ", ".join(c.origins), c.revoked_at is not None) for c in clients],
    )


@client_app.command("revoke")
def client_revoke(client_id: str) -> None:
    """Revoke a client; collectors and query APIs refuse it within seconds."""
    with opened_registry() as registry:
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
    with opened_registry() as registry:
        funnel = create_funnel(registry, project, name, tuple(step), window_seconds=window_seconds)
    say({"funnelId": funnel.funnel_id, "steps": funnel.step_names}, as_json=as_json)


@funnel_app.command("list")
def funnel_list() -> None:
    """List all funnels."""
    with opened_registry() as registry:
        funnels = list_funnels(registry)
    show_table(
        "Funnels",
        ("id", "project", "name", "steps"),
        [(f.funnel_id, f.project_id, f.name, " > ".join(f.step_names)) for f in funnels],
    )
