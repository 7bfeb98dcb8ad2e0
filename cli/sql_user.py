"""`eventlens sql-user`: people who write SQL, and the projects they see."""

import os
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from cli.client import AsJson, opened_registry, say, say_rows
from cli.console import console
from event_lens.registry.sql_users import create_sql_user, list_sql_users, revoke_sql_user, rotate_sql_user
from event_lens.registry.tables import SqlUser
from event_lens.settings import Settings, read_settings
from event_lens.shards import all_shards, cluster_of_replicas, tables_database
from event_lens.warehouse.access import connect
from event_lens.warehouse.sql_users import create_statements, revoke_statements, rotate_statements

sql_user_app = typer.Typer(help="SQL users: people who write SQL, and the projects they see.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Letters, digits and `_`.")]


@sql_user_app.command("create")
def sql_user_create(
    name: Name,
    project: Annotated[list[str] | None, typer.Option(help="A project whose rows the user sees; repeat it.")] = None,
    all_projects: Annotated[bool, typer.Option("--all-projects", help="The user sees every project.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create a user who reads the tables of lens; the password is shown only this once.

    eventlens sql-user create reports --project P
    """
    settings = read_settings(os.environ)
    with opened_registry() as registry:
        user, password = create_sql_user(registry, name, project or (), is_for_all_projects=all_projects)
        database = tables_database(settings)
        try:
            _on_server(
                settings,
                lambda replicas: create_statements(name, user.secret_hash, user.project_ids, replicas, database),
            )
        except BaseException:
            # Without this, the registry could list a user that the server does not know.
            revoke_sql_user(registry, name)
            raise
    say({"user": name, "password": password}, as_json=as_json)


@sql_user_app.command("list")
def sql_user_list(as_json: AsJson = False) -> None:
    """List SQL users."""
    with opened_registry() as registry:
        users = list_sql_users(registry)
    columns = ("user", "projects", "created")
    say_rows("SQL users", columns, map(_row, users), map(_fields, users), as_json=as_json)


@sql_user_app.command("rotate")
def sql_user_rotate(name: Name, as_json: AsJson = False) -> None:
    """Give a user a new password; the old password is refused at once."""
    settings = read_settings(os.environ)
    with opened_registry() as registry:
        user, password = rotate_sql_user(registry, name)
        _on_server(settings, lambda replicas: rotate_statements(name, user.secret_hash, replicas))
    say({"user": name, "password": password}, as_json=as_json)


@sql_user_app.command("revoke")
def sql_user_revoke(name: Name) -> None:
    """Remove a user, who is refused at once."""
    settings = read_settings(os.environ)
    with opened_registry() as registry:
        _on_server(settings, lambda replicas: revoke_statements(name, replicas, tables_database(settings)))
        revoke_sql_user(registry, name)
    console.print(f"{name} is revoked.")


def _on_server(settings: Settings, statements: Callable[[str], Sequence[str]]) -> None:
    """Run statements on every shard that is a ClickHouse server; `statements` returns them for an ON CLUSTER clause.
    Embedded shards are skipped, because their guard asks the registry.
    """
    if settings.is_embedded:
        return
    for shard in all_shards(settings):
        replicas = cluster_of_replicas(settings, shard)
        with connect(settings, "admin", shard=shard) as warehouse:
            for statement in statements(f' ON CLUSTER "{replicas}"' if replicas else ""):
                warehouse.command(statement)


def _row(user: SqlUser) -> tuple[str, str, str]:
    return user.name, "all" if user.is_for_all_projects else ", ".join(user.project_ids), f"{user.created_at:%Y-%m-%d}"


def _fields(user: SqlUser) -> dict[str, object]:
    return {
        "user": user.name,
        "projects": user.project_ids,
        "allProjects": user.is_for_all_projects,
        "createdAt": f"{user.created_at:%Y-%m-%dT%H:%M:%SZ}",
    }
