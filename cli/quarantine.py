"""`eventlens quarantine`: replays refused events after a rule was fixed."""

import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.console import console, show_table
from event_lens.registry.database import open_registry
from event_lens.registry.projects import find_project
from event_lens.settings import read_settings

quarantine_app = typer.Typer(help="What was refused, with its reason.", no_args_is_help=True)
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A UTC day of receipt, inclusive.")]


@quarantine_app.command("replay")
def quarantine_replay(
    project: Annotated[str, typer.Option(help="Whose rows.")],
    code: Annotated[list[str] | None, typer.Option(help="A reason, as often as you like; without it all.")] = None,
    start: Day = None,
    end: Day = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would pass.")] = False,
    build: Annotated[bool, typer.Option(help="Rebuild the days of the events.")] = True,
) -> None:
    """Check refused events again by the current rules, as from a sender without a secret. An event that passes counts
    once.
    """
    from cli.builds import build_touched
    from collector.enrichment.context import project_settings
    from collector.replay import Chosen, day_ms, replay_quarantine
    from event_lens.warehouse.access import connect

    settings = read_settings(os.environ)
    with closing(open_registry(settings)) as registry:
        found = find_project(registry, project)
    last = end.date() if end else datetime.now(UTC).date()
    chosen = Chosen(day_ms(start.date()) if start else 0, day_ms(last + timedelta(days=1)), code or ())
    with connect(settings, "admin", shard=found.shard, query_timeout_seconds=600) as warehouse:
        done = replay_quarantine(warehouse, project_settings(found), settings.first_day, chosen, is_dry=dry_run)
    verb = "would pass" if dry_run else "passed and count"
    console.print(f"{done.row_count:,} rows with {done.event_count:,} events {verb}.", highlight=False)
    if done.refused:
        show_table("Still refused", ("reason", "rows"), done.refused.most_common())
    if build and done.event_count and not dry_run:
        build_touched(settings)
