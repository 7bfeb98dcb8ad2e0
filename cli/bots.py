"""`eventlens bots`: shows which user agents are programs, according to the current lists."""

import os
from collections import Counter
from contextlib import ExitStack
from typing import Annotated

import typer

from cli.client import OfOneProject, opened_registry
from cli.console import console, show_table
from event_lens.registry.projects import find_project, list_projects
from event_lens.settings import read_settings
from event_lens.shards import all_shards

bots_app = typer.Typer(help="Who is a program and not a person.", no_args_is_help=True)


@bots_app.command("judge")
def bots_judge(
    user_agent: str, in_a_log: Annotated[bool, typer.Option(help="As of who asks a web server for a page.")] = False
) -> None:
    """Say whether a user agent counts as a bot's, and why."""
    from collector.enrichment.bots import judge

    verdict = judge(user_agent, is_log=in_a_log)
    fields = verdict.agent._asdict() | {"bot_reason": verdict.reason}
    show_table("", ("field", "value"), [(name, value) for name, value in fields.items() if value])


@bots_app.command("rescan")
def bots_rescan(
    project: OfOneProject = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    build: Annotated[bool, typer.Option(help="Rebuild the days of the events.")] = True,
) -> None:
    """Judge all raw events again, by the current lists and the projects' current rules, and build the days that
    change.
    """
    from cli.builds import build_touched
    from collector.rescan import Change, apply_changes, find_changes
    from event_lens.warehouse.access import connect

    settings = read_settings(os.environ)
    with opened_registry() as registry:
        projects = [find_project(registry, project)] if project else list_projects(registry)
    with ExitStack() as stack:
        warehouses = {
            shard: stack.enter_context(connect(settings, "admin", shard=shard, query_timeout_seconds=600))
            for shard in all_shards(settings)
        }
        found = {shard: list[Change]() for shard in warehouses}
        for each in projects:
            found[each.shard] += find_changes(warehouses[each.shard], each.project_id, each.bot_rules)
        changes = [change for of_shard in found.values() for change in of_shard]
        kinds: Counter[tuple[str, str]] = Counter()
        for change in changes:
            kinds[_kind(change.group.was_reason), _kind(change.group.reason)] += change.event_count
        if not changes:
            console.print("Nothing to change: every verdict is that of today's lists and rules.")
            return
        show_table(
            "Verdicts that would change" if dry_run else "Verdicts that change",
            ("was", "is", "events"),
            [(was, now, count) for (was, now), count in kinds.most_common()],
        )
        if dry_run:
            return
        for shard, of_shard in found.items():
            if of_shard:
                apply_changes(warehouses[shard], of_shard)
    if build:
        build_touched(settings)


def _kind(reason: str) -> str:
    return reason.partition(":")[0] if reason and not reason.startswith("soft:") else "person"
