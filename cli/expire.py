"""`eventlens expire` and `eventlens closed`: drop old rows, and show the days that can no longer be recomputed."""

import json
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from cli.console import console, show_table
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.definitions.cohorts import list_cohorts
from event_lens.registry.definitions.funnels import list_funnels
from event_lens.registry.definitions.goals import list_goals
from event_lens.registry.definitions.retentions import list_retentions
from event_lens.settings import Settings
from event_lens.shards import all_shards
from event_lens.warehouse.access import connect
from event_lens.warehouse.retention import Edges, read_edges
from orchestration.expiry import Expired, expire


def expire_and_show(settings: Settings, project_id: str | None, *, is_dry_run: bool, as_json: bool) -> None:
    """Drop rows that are older than their project's limits, or say which rows would be dropped."""
    expired = expire(settings, project_id, is_dry_run=is_dry_run)
    if as_json:
        console.print_json(json.dumps([_fields(each) for each in expired]))
        return
    title = "Would be dropped" if is_dry_run else "Dropped"
    rows = [
        (each.project_id, going.table, going.row_count, going.first_day, going.last_day)
        for each in expired
        for going in each.going
    ]
    show_table(title, ("project", "table", "rows", "from", "to"), [tuple(map(str, row)) for row in rows])


def show_closed(settings: Settings, project_id: str | None, *, as_json: bool) -> None:
    """Say for which days each definition can no longer be recomputed."""
    edges: dict[str, Edges] = {}
    for shard in all_shards(settings):
        with connect(settings, "query", shard=shard) as warehouse:
            edges |= read_edges(warehouse)
    with closing(open_registry(settings)) as registry:
        found = [
            {"projectId": of, "kind": kind, "name": name, "computedAnewFrom": edges[of].closed_before.isoformat()}
            for kind, of, name in _definitions(registry, project_id)
            if of in edges and edges[of].closed_before > Edges().closed_before
        ]
    if as_json:
        console.print_json(json.dumps(found))
        return
    columns = ("project", "of", "name", "earlier days stay as built; recomputed from")
    show_table("Definitions with closed days", columns, [tuple(row.values()) for row in found])


def _definitions(registry: Registry, project_id: str | None) -> Iterable[tuple[str, str, str]]:
    listed: dict[str, list[Any]] = {
        "funnel": list(list_funnels(registry, project_id)),
        "retention": list(list_retentions(registry, project_id)),
        "cohort": list(list_cohorts(registry, project_id)),
        "goal": list(list_goals(registry, project_id)),
    }
    return [(each.project_id, kind, each.name) for kind, definitions in listed.items() for each in definitions]


def _fields(expired: Expired) -> dict[str, Any]:
    return {
        "projectId": expired.project_id,
        "closedBefore": expired.edges.closed_before.isoformat(),
        "dropped": [
            {
                "table": going.table,
                "rows": going.row_count,
                "from": going.first_day.isoformat(),
                "to": going.last_day.isoformat(),
            }
            for going in expired.going
        ],
    }
