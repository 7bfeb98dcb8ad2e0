"""`eventlens project`: projects and their settings, made, changed and shown."""

import os
from typing import Annotated

import typer

from cli.client import AsJson, opened_registry, say
from cli.console import show_table
from event_lens.registry.projects import (
    add_to_project,
    change_project,
    create_project,
    find_project,
    list_projects,
    remove_from_project,
)
from event_lens.registry.tables import Project
from event_lens.settings import read_settings
from event_lens.shards import check_shard

project_app = typer.Typer(help="Projects and their settings.", no_args_is_help=True)

Domains = Annotated[list[str] | None, typer.Option("--domain", help="A domain of the site; may be given again.")]
Timezone = Annotated[str | None, typer.Option(help="Days are this zone's, such as Europe/Berlin.")]
Currency = Annotated[str | None, typer.Option(help="Revenue in other currencies is left out of sums.")]
SessionTimeout = Annotated[int | None, typer.Option(help="A session ends after this long without an event.")]
DuplicateWindow = Annotated[int | None, typer.Option(help="Equal events within it count once; 0 is off.")]
AllowedBots = Annotated[
    list[str] | None, typer.Option("--allow-bot", help="A bot reason to count all the same, such as 'crawler:*'.")
]
BotRules = Annotated[
    list[str] | None,
    typer.Option(
        "--bot-rule", help="Whose events are a bot's: agent:*Name*, path:/wp-*, sign:headless. Then bots rescan."
    ),
]
DeviceSalt = Annotated[str | None, typer.Option(help="A derived device lasts a day or a month: daily, monthly.")]
UnsafeRevenue = Annotated[bool | None, typer.Option(help="Whether revenue counts without a verified secret.")]
OwnAddresses = Annotated[
    list[str] | None, typer.Option("--own-address", help="An address or network whose events are left out.")
]
Hostnames = Annotated[
    list[str] | None,
    typer.Option(
        "--hostname",
        help="A host whose pages count, or *.example.com for all below it; others are left out. None: all.",
    ),
]
QueryAllowList = Annotated[
    list[str] | None,
    typer.Option("--query-allow", help="A query parameter to keep, others are not; '*' keeps all, '' none."),
]
HonourGpc = Annotated[bool | None, typer.Option(help="Leave out who sends Global Privacy Control.")]
HonourDnt = Annotated[bool | None, typer.Option(help="Leave out who sends Do Not Track.")]
HashRoutes = Annotated[bool | None, typer.Option(help="Pages are told apart by a path in the hash, such as /#/about.")]


@project_app.command("create")
def project_create(
    name: str,
    domain: Domains = None,
    timezone: Timezone = None,
    currency: Currency = None,
    session_timeout_seconds: SessionTimeout = None,
    duplicate_window_ms: DuplicateWindow = None,
    allow_bot: AllowedBots = None,
    bot_rule: BotRules = None,
    device_salt: DeviceSalt = None,
    allow_unsafe_revenue: UnsafeRevenue = None,
    own_address: OwnAddresses = None,
    hostname: Hostnames = None,
    query_allow: QueryAllowList = None,
    honour_gpc: HonourGpc = None,
    honour_dnt: HonourDnt = None,
    hash_routes: HashRoutes = None,
    shard: Annotated[
        int | None, typer.Option(help="The shard that holds it; the one with the fewest projects.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a project. NAME is free text; the id is printed."""
    if shard is not None:
        check_shard(read_settings(os.environ), shard)
    settings = _given(
        _lists(domain, allow_bot, bot_rule, own_address, hostname, query_allow),
        timezone=timezone,
        currency=currency,
        session_timeout_seconds=session_timeout_seconds,
        duplicate_window_ms=duplicate_window_ms,
        device_salt=device_salt,
        allow_unsafe_revenue=allow_unsafe_revenue,
        honour_gpc=honour_gpc,
        honour_dnt=honour_dnt,
        hash_routes=hash_routes,
    )
    with opened_registry() as registry:
        project = create_project(registry, name, shard, **settings)
    say(_fields(project), as_json=as_json)


@project_app.command("change")
def project_change(
    project_id: str,
    name: Annotated[str | None, typer.Option(help="Free text.")] = None,
    domain: Domains = None,
    timezone: Timezone = None,
    currency: Currency = None,
    session_timeout_seconds: SessionTimeout = None,
    duplicate_window_ms: DuplicateWindow = None,
    allow_bot: AllowedBots = None,
    bot_rule: BotRules = None,
    device_salt: DeviceSalt = None,
    allow_unsafe_revenue: UnsafeRevenue = None,
    own_address: OwnAddresses = None,
    hostname: Hostnames = None,
    query_allow: QueryAllowList = None,
    honour_gpc: HonourGpc = None,
    honour_dnt: HonourDnt = None,
    hash_routes: HashRoutes = None,
    as_json: AsJson = False,
) -> None:
    """Change a project's settings. A list that is given replaces the old one; '' empties it.

    Collectors follow within seconds; the next build rebuilds the project's days if its numbers depend on the change.
    """
    settings = _given(
        _lists(domain, allow_bot, bot_rule, own_address, hostname, query_allow),
        name=name,
        timezone=timezone,
        currency=currency,
        session_timeout_seconds=session_timeout_seconds,
        duplicate_window_ms=duplicate_window_ms,
        device_salt=device_salt,
        allow_unsafe_revenue=allow_unsafe_revenue,
        honour_gpc=honour_gpc,
        honour_dnt=honour_dnt,
        hash_routes=hash_routes,
    )
    with opened_registry() as registry:
        project = change_project(registry, project_id, **settings)
    say(_fields(project), as_json=as_json)


@project_app.command("add-to")
def project_add_to(
    project_id: str,
    domain: Domains = None,
    allow_bot: AllowedBots = None,
    bot_rule: BotRules = None,
    own_address: OwnAddresses = None,
    hostname: Hostnames = None,
    query_allow: QueryAllowList = None,
    as_json: AsJson = False,
) -> None:
    """Add values to a project's lists; what is in them stays."""
    with opened_registry() as registry:
        project = add_to_project(
            registry, project_id, **_lists(domain, allow_bot, bot_rule, own_address, hostname, query_allow)
        )
    say(_fields(project), as_json=as_json)


@project_app.command("remove-from")
def project_remove_from(
    project_id: str,
    domain: Domains = None,
    allow_bot: AllowedBots = None,
    bot_rule: BotRules = None,
    own_address: OwnAddresses = None,
    hostname: Hostnames = None,
    query_allow: QueryAllowList = None,
    as_json: AsJson = False,
) -> None:
    """Take values out of a project's lists; the others stay."""
    with opened_registry() as registry:
        project = remove_from_project(
            registry, project_id, **_lists(domain, allow_bot, bot_rule, own_address, hostname, query_allow)
        )
    say(_fields(project), as_json=as_json)


@project_app.command("list")
def project_list() -> None:
    """List all projects."""
    with opened_registry() as registry:
        projects = list_projects(registry)
    show_table("Projects", ("id", "name", "timezone"), [(p.project_id, p.name, p.timezone) for p in projects])


@project_app.command("show")
def project_show(project_id: str, as_json: AsJson = False) -> None:
    """Show a project's settings."""
    with opened_registry() as registry:
        project = find_project(registry, project_id)
    say(_fields(project), as_json=as_json)


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
        "botRules": project.bot_rules,
        "ownAddresses": project.own_addresses,
        "hostnames": project.hostnames,
        "queryAllowList": project.query_allow_list,
        "honourGpc": project.honour_gpc,
        "honourDnt": project.honour_dnt,
        "hashRoutes": project.hash_routes,
        "shard": project.shard,
    }


def _lists(
    domain: list[str] | None,
    allow_bot: list[str] | None,
    bot_rule: list[str] | None,
    own_address: list[str] | None,
    hostname: list[str] | None,
    query_allow: list[str] | None,
) -> dict[str, list[str]]:
    """The lists that were given; an empty text is how a command line says nothing."""
    given = {
        "domains": domain,
        "allowed_bots": allow_bot,
        "bot_rules": bot_rule,
        "own_addresses": own_address,
        "hostnames": hostname,
        "query_allow_list": query_allow,
    }
    return {name: [value for value in values if value] for name, values in given.items() if values is not None}


def _given(lists: dict[str, list[str]], **settings: object) -> dict[str, object]:
    return lists | {name: value for name, value in settings.items() if value is not None}
