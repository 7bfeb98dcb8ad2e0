"""`eventlens client`: the keys of a project. Also has the functions that all commands on the registry share."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from cli.consequences import tell_consequences
from cli.console import console, show_table
from cli.snippet import lines_for_pages
from event_lens.registry.clients import (
    add_origins,
    create_client,
    list_clients,
    remove_origins,
    revoke_client,
    rotate_client,
)
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.projects import find_project
from event_lens.settings import read_settings

client_app = typer.Typer(help="Clients: the keys of a project.", no_args_is_help=True)
origins_app = typer.Typer(help="The origins whose pages may write without the secret.", no_args_is_help=True)
client_app.add_typer(origins_app, name="origins")

SHELL = "shell"
"""The author of commands' changes in the audit log."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OfProject = Annotated[str, typer.Option("--project", help="The project's id.")]
OfOneProject = Annotated[str | None, typer.Option("--project", help="Of this project only.")]


@contextmanager
def opened_registry() -> Iterator[Registry]:
    """Yield the registry that the environment names, for one command. At the end, tell the user which builds the
    command's changes require.
    """
    settings = read_settings(os.environ)
    registry = open_registry(settings).acting_for(SHELL)
    try:
        yield registry
        tell_consequences(settings, registry)
    finally:
        registry.close()


def say(values: dict[str, object], *, as_json: bool) -> None:
    """Print one object that a command created or showed."""
    if as_json:
        console.print_json(json.dumps(values))
    else:
        show_table("", ("field", "value"), [(name, _text(value)) for name, value in values.items()])


def say_row(columns: Sequence[str], row: Iterable[object], fields: Mapping[str, object], *, as_json: bool) -> None:
    """Print one definition: for people as its row, for programs its fields as JSON."""
    if as_json:
        console.print_json(json.dumps(fields))
    else:
        show_table("", ("field", "value"), [(name, str(value)) for name, value in zip(columns, row, strict=True)])


def say_rows(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    fields: Iterable[Mapping[str, object]],
    *,
    as_json: bool,
) -> None:
    """Print all definitions of a kind: for people as a table, for programs as an array of JSON."""
    if as_json:
        console.print_json(json.dumps(list(fields)))
    else:
        show_table(title, columns, rows)


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
    """Create a client, and show the lines for your pages. Its secret is shown only this once, and stored as a hash."""
    with opened_registry() as registry:
        client, secret = create_client(registry, project, type, name=name, origins=tuple(origin or ()))
        of_project = find_project(registry, project)
    say(
        {
            "clientId": client.client_id,
            "clientSecret": secret,
            "type": client.type,
            "projectId": client.project_id,
        },
        as_json=as_json,
    )
    if not as_json:
        for line in lines_for_pages(read_settings(os.environ), of_project, client):
            console.print(line, markup=False, highlight=False, soft_wrap=True)


@client_app.command("list")
def client_list(project: OfOneProject = None) -> None:
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


@client_app.command("rotate")
def client_rotate(client_id: str, as_json: AsJson = False) -> None:
    """Give a client a new secret, which is shown only this once; the old secret is refused within seconds."""
    with opened_registry() as registry:
        client, secret = rotate_client(registry, client_id)
    say({"clientId": client.client_id, "clientSecret": secret}, as_json=as_json)


Origins = Annotated[list[str], typer.Argument(help="Such as https://example.com or *.example.com; several may follow.")]


@origins_app.command("add")
def origins_add(client_id: str, origins: Origins, as_json: AsJson = False) -> None:
    """Let pages of more origins send events; collectors follow within seconds."""
    with opened_registry() as registry:
        client = add_origins(registry, client_id, origins)
    say({"clientId": client.client_id, "origins": client.origins}, as_json=as_json)


@origins_app.command("remove")
def origins_remove(client_id: str, origins: Origins, as_json: AsJson = False) -> None:
    """Stop pages of these origins from sending events; other origins stay allowed."""
    with opened_registry() as registry:
        client = remove_origins(registry, client_id, origins)
    say({"clientId": client.client_id, "origins": client.origins}, as_json=as_json)
