"""Judges the agents of raw events again, so that newer lists and rules apply to past events."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from collector.enrichment.bot_rules import RULE
from collector.enrichment.bot_signals import PREFIX
from collector.enrichment.bots import BOT, EMPTY, judge
from event_lens.clock import Clock, now_ms
from event_lens.warehouse.changed_events import land_changes, note_changes
from event_lens.warehouse.client import Warehouse

AGENTS_AT_ONCE = 500
_LIKE = (
    "multiIf(startsWith({pattern}, '*') AND endsWith({pattern}, '*'), position({text}, trimBoth({pattern}, '*')) > 0,"
    " endsWith({pattern}, '*'), startsWith({text}, trimRight({pattern}, '*')),"
    " startsWith({pattern}, '*'), endsWith({text}, trimLeft({pattern}, '*')), {text} = {pattern})"
).format
# The first of the project's own rules that an event fits (collector/enrichment/bot_rules.py says the same).
OWN_RULE = f"""arrayFirst(rule -> multiIf(
    startsWith(rule, 'agent:'), {_LIKE(text="toString(user_agent)", pattern="substring(rule, 7)")},
    startsWith(rule, 'path:'), {_LIKE(text="path", pattern="substring(rule, 6)")},
    bot_reason = concat('rule:', rule) OR (
        startsWith(bot_reason, 'soft:') AND has(splitByChar(',', substring(bot_reason, 6)), substring(rule, 6))
    )
), {{rules:Array(String)}})"""
IS_LOG = "import_id IN (SELECT import_id FROM lens_raw.imports WHERE source = 'access-log')"
# Events whose sender may have proved a secret were never judged.
IS_JUDGED = f"({IS_LOG} OR is_bot OR body_hash != 0 OR bot_reason != '')"
SEEN = f"""
    SELECT user_agent, is_bot, bot_reason, device, {IS_LOG} AS is_log, {IS_JUDGED} AS is_judged, {OWN_RULE} AS own_rule,
        import_id != '' AND user_agent = '' AND NOT (is_log AND bot_reason = '{EMPTY}') AS is_untold,
        device_kind = 'server' AS is_server, count() AS events
    FROM lens_raw.events WHERE project_id = {{project:String}}
    GROUP BY ALL
"""
OF_AGENTS = f"""
    project_id = {{project:String}} AND user_agent IN {{agents:Array(String)}} AND is_bot = {{was_bot:Bool}}
    AND bot_reason = {{was_reason:String}} AND (device_kind = 'server') = {{is_server:Bool}}
    AND ({IS_LOG}) = {{is_log:Bool}} AND {IS_JUDGED} = {{is_judged:Bool}} AND {OWN_RULE} = {{own_rule:String}}
"""
UPDATE = f"""
    ALTER TABLE lens_raw.events UPDATE
        is_bot = {{reason:String}} != '',
        bot_reason = {{reason:String}},
        device = transform(user_agent, {{agents:Array(String)}}, {{devices:Array(String)}}, device)
    WHERE {OF_AGENTS}
"""


class Group(NamedTuple):
    """A project's events whose verdict changes from one value to another, with the condition that finds them in the raw
    tables.
    """

    project: str
    rules: tuple[str, ...]
    was_bot: bool
    was_reason: str
    is_log: bool
    is_judged: bool
    is_server: bool
    own_rule: str
    reason: str


class Change(NamedTuple):
    """Agents of a group whose verdict changes, with their `devices`."""

    group: Group
    agents: tuple[str, ...]
    devices: tuple[str, ...]
    event_count: int


def find_changes(warehouse: Warehouse, project_id: str, rules: Sequence[str] = ()) -> list[Change]:
    """Return the changes that the current lists and the project's `rules` make to the verdicts in the raw tables.
    Blocks.
    """
    groups: dict[Group, list[tuple[str, str, int]]] = {}
    for row in warehouse.rows(SEEN, {"project": project_id, "rules": list(rules)}):
        agent, reason = judge(row["user_agent"], is_log=row["is_log"])
        device = agent.device
        is_judged = _is_judged(row, reason)
        if row["own_rule"] and not (reason and is_judged):
            device, reason = BOT, RULE + row["own_rule"]
        elif not is_judged:
            continue
        if reason != row["bot_reason"] or bool(reason) != row["is_bot"]:
            group = Group(
                project_id,
                tuple(rules),
                was_bot=row["is_bot"],
                was_reason=row["bot_reason"],
                is_log=row["is_log"],
                is_judged=row["is_judged"],
                is_server=row["is_server"],
                own_rule=row["own_rule"],
                reason=reason,
            )
            groups.setdefault(group, []).append((row["user_agent"], device or row["device"], row["events"]))
    return [
        Change(
            group,
            tuple(agent for agent, _, _ in part),
            tuple(device for _, device, _ in part),
            sum(events for _, _, events in part),
        )
        for group, seen in groups.items()
        for part in _parts(seen)
    ]


def apply_changes(warehouse: Warehouse, changes: list[Change], *, clock: Clock = now_ms) -> Counter[str]:
    """Write the new verdicts, through a user with that right; return the number of events per kind of new verdict.

    The next build rebuilds their days. Blocks. Killed in the middle, it is run again.
    """
    counts: Counter[str] = Counter()
    for change in changes:
        batch_id = f"rescan-{uuid4().hex}"
        said = change.group._asdict() | {"agents": change.agents, "devices": change.devices}
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}
        note_changes(warehouse, batch_id, "lens_raw.events", OF_AGENTS, values)
        warehouse.command(UPDATE, values, {"mutations_sync": 2, "allow_nondeterministic_mutations": 1})
        land_changes(warehouse, batch_id, clock())
        counts[change.group.reason.partition(":")[0] or "people"] += change.event_count
    return counts


def _is_judged(row: Mapping[str, Any], reason: str) -> bool:
    """Return whether the lists may judge such events.

    A server that sends for its users has a library's agent or none, and the raw tables do not say whether its secret
    was verified.
    """
    was_ruled = str(row["bot_reason"]).startswith(RULE)
    if row["is_untold"] or (row["is_server"] and not was_ruled):
        return was_ruled
    if not reason and str(row["bot_reason"]).startswith(PREFIX):
        return False
    return bool(row["is_judged"]) or (reason != EMPTY and not reason.startswith("library:"))


def _parts(group: list[tuple[str, str, int]]) -> Iterator[list[tuple[str, str, int]]]:
    yield from (group[begin : begin + AGENTS_AT_ONCE] for begin in range(0, len(group), AGENTS_AT_ONCE))
