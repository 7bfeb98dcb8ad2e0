"""Judges the agents of events in raw anew, so that newer lists and rules reach history."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

from collector.changed_events import land_changes, note_changes
from collector.enrichment.bot_signals import PREFIX
from collector.enrichment.bots import EMPTY, judge
from event_lens.clock import Clock, now_ms
from event_lens.warehouse.client import Warehouse

AGENTS_AT_ONCE = 500
# Requests of a web server's log came from whoever the agent names; events of a secret's owner are never judged.
SEEN = """
    SELECT project_id, user_agent, is_bot, bot_reason, device, is_log, is_judged, count() AS events
    FROM (
        SELECT project_id, user_agent, is_bot, bot_reason, device,
            import_id IN (SELECT import_id FROM lens_raw.imports WHERE source = 'access-log') AS is_log,
            is_log OR is_bot OR body_hash != 0 OR bot_reason != '' AS is_judged
        FROM lens_raw.events
        WHERE ({project:String} = '' OR project_id = {project:String}) AND device_kind != 'server'
            AND (import_id = '' OR is_log OR user_agent != '')
    )
    GROUP BY ALL
"""
OF_AGENTS = """
    project_id = {project:String} AND user_agent IN {agents:Array(String)} AND is_bot = {was_bot:Bool}
    AND bot_reason = {was_reason:String} AND device_kind != 'server'
    AND (import_id IN (SELECT import_id FROM lens_raw.imports WHERE source = 'access-log')) = {is_log:Bool}
    AND ({is_log:Bool} OR is_bot OR body_hash != 0 OR bot_reason != '') = {is_judged:Bool}
"""
UPDATE = f"""
    ALTER TABLE lens_raw.events UPDATE
        is_bot = {{reason:String}} != '' AND NOT startsWith({{reason:String}}, 'soft:'),
        bot_reason = {{reason:String}},
        device = transform(user_agent, {{agents:Array(String)}}, {{devices:Array(String)}}, device)
    WHERE {OF_AGENTS}
"""


class Change(NamedTuple):
    """Agents of a project whose events had one reason and have another now; `devices` beside them."""

    project_id: str
    was_bot: bool
    was_reason: str
    is_log: bool
    is_judged: bool
    reason: str
    agents: tuple[str, ...]
    devices: tuple[str, ...]
    event_count: int


def find_changes(warehouse: Warehouse, project_id: str = "") -> list[Change]:
    """What the lists and rules of today say otherwise than the verdict that raw has. Blocks."""
    groups: dict[tuple[Any, ...], list[tuple[str, str, int]]] = {}
    for row in warehouse.rows(SEEN, {"project": project_id}):
        verdict = judge(row["user_agent"], is_log=row["is_log"])
        reason = verdict.reason
        if not row["is_judged"] and not _is_sure(reason):
            continue
        if not reason and row["bot_reason"].startswith(PREFIX):
            continue
        if reason != row["bot_reason"] or bool(reason) != row["is_bot"]:
            key = (row["project_id"], row["is_bot"], row["bot_reason"], row["is_log"], row["is_judged"], reason)
            device = verdict.agent.device or row["device"]
            groups.setdefault(key, []).append((row["user_agent"], device, row["events"]))
    return [
        Change(
            *key,
            agents=tuple(agent for agent, _, _ in part),
            devices=tuple(device for _, device, _ in part),
            event_count=sum(events for _, _, events in part),
        )
        for key, group in groups.items()
        for part in _parts(group)
    ]


def apply_changes(warehouse: Warehouse, changes: list[Change], *, clock: Clock = now_ms) -> Counter[str]:
    """Write the verdicts of today, as a user who may; returns the events by the kind of their new verdict.

    The next build rebuilds their days. Blocks. Killed in the middle, it is run again.
    """
    counts: Counter[str] = Counter()
    for change in changes:
        batch_id = f"rescan-{uuid4().hex}"
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in change._asdict().items()}
        values["project"] = change.project_id
        note_changes(warehouse, batch_id, "lens_raw.events", OF_AGENTS, values)
        warehouse.command(UPDATE, values, {"mutations_sync": 2, "allow_nondeterministic_mutations": 1})
        land_changes(warehouse, batch_id, clock())
        counts[change.reason.partition(":")[0] or "people"] += change.event_count
    return counts


def _is_sure(reason: str) -> bool:
    """Whether a reason holds for an event of which it is unknown whether its sender proved a secret.

    A server speaks for its users with a library, or without an agent.
    """
    return reason != EMPTY and not reason.startswith("library:")


def _parts(group: list[tuple[str, str, int]]) -> Iterator[list[tuple[str, str, int]]]:
    yield from (group[begin : begin + AGENTS_AT_ONCE] for begin in range(0, len(group), AGENTS_AT_ONCE))
