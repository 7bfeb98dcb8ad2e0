"""Finds one person's ids and devices in the raw events, with the times at which the devices belonged to the person."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from event_lens.warehouse.client import Warehouse

IDS_AT_ONCE = 500
QUIET: Mapping[str, object] = {"log_queries": 0}
"""A server's log of queries would keep the ids that are asked for."""

# For days whose raw rows have expired, the models still have links and aliases.
_LINKS_OF_MODELS = """
    UNION ALL
    SELECT event_id, device_id, '' AS previous_device_id, 'client' AS device_kind, profile_id, linked_at AS created_at,
        received_at, true AS is_link
    FROM lens_staging.int_identity_links WHERE project_id = {project:String}
"""
_ALIASES_OF_MODELS = """
    UNION ALL
    SELECT alias, profile_id, created_at, received_at, batch_id, batch_row FROM lens_staging.int_operations
    WHERE project_id = {project:String} AND operation = 'alias'
"""
_ALIASED = """
    SELECT alias, profile_id, created_at, received_at, batch_id, batch_row FROM lens_raw.profile_operations
    WHERE project_id = {project:String} AND operation = 'alias'
"""
_ALIASES = """
    SELECT alias, argMax(profile_id, (created_at, received_at, batch_id, batch_row)) AS target
    FROM (<aliased>)
    WHERE alias != '' AND profile_id != '' AND alias IN (
        SELECT alias FROM (<aliased>) WHERE profile_id IN {ids:Array(String)} OR alias IN {ids:Array(String)}
    )
    GROUP BY alias
"""
_RECORDS = """
    SELECT event_id, device_id, previous_device_id, device_kind, profile_id, created_at, received_at, true AS is_link
    FROM lens_raw.events WHERE project_id = {project:String}
    UNION ALL
    SELECT event_id, device_id, previous_device_id, device_kind, profile_id, created_at, received_at,
        operation IN ('identify', 'alias') AS is_link
    FROM lens_raw.profile_operations WHERE project_id = {project:String}
"""
_DEVICES = """
    SELECT DISTINCT arrayJoin([device_id, previous_device_id]) AS device_id FROM (<records>)
    WHERE profile_id IN {ids:Array(String)} AND device_kind != 'server'
"""
# A link of a derived device also links the previous device whose visits it continues.
_LINKS = """
    SELECT
        arrayJoin(arrayFilter(
            device -> device IN {ids:Array(String)}, arrayDistinct([device_id, previous_device_id])
        )) AS linked_id,
        groupUniqArray(profile_id) AS profile_ids,
        arraySort(groupArray((toUnixTimestamp64Milli(created_at), toUInt128(event_id), profile_id))) AS links
    FROM (<records>)
    WHERE (device_id IN {ids:Array(String)} OR previous_device_id IN {ids:Array(String)})
        AND profile_id != '' AND device_kind != 'server' AND is_link
    GROUP BY linked_id
"""
_NEIGHBOURS = """
    SELECT DISTINCT arrayJoin([device_id, previous_device_id]) AS id FROM (<records>)
    WHERE device_kind != 'server'
        AND (device_id IN {ids:Array(String)} OR previous_device_id IN {ids:Array(String)})
"""
_MODELS = "SELECT name FROM system.tables WHERE database = 'lens_staging'"
_ADDRESSES = """
    SELECT DISTINCT email FROM lens_raw.profile_operations
    WHERE project_id = {project:String} AND profile_id IN {ids:Array(String)} AND email != ''
"""


@dataclass
class Person:
    """The ids of a person.

    `devices` belong to the person with every event. Devices in `anonymous` belong to the person only for events without
    a profile, in stretches (milliseconds since the epoch); a stretch that begins at 0 and has no end covers all of
    them. `texts` are the texts by which a refused body may name the person.
    """

    profiles: set[str] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)
    anonymous: dict[str, list[tuple[int, int | None]]] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)


def find_profile(warehouse: Warehouse, project_id: str, profile_id: str) -> Person:
    """Return the person of a profile: its aliases, and the devices that the models would give to it."""
    person = Person(profiles=_closure(warehouse, project_id, profile_id))
    devices: set[str] = set()
    for row in _asked(warehouse, _DEVICES, project_id, person.profiles):
        devices.add(row["device_id"])
    devices.discard("")
    for row in _asked(warehouse, _LINKS, project_id, devices):
        if person.profiles.issuperset(row["profile_ids"]):
            person.anonymous[row["linked_id"]] = [(0, None)]
        else:
            person.anonymous[row["linked_id"]] = list(_stretches(row["links"], person.profiles))
    for row in _asked(warehouse, _ADDRESSES, project_id, person.profiles):
        person.texts.add(row["email"])
    person.texts |= person.profiles | {device for device, owned in person.anonymous.items() if owned == [(0, None)]}
    return person


def find_device(warehouse: Warehouse, project_id: str, device_id: str) -> Person:
    """Return the person of a device: all its events, also under its ids before and after a change of salt."""
    found, new = {device_id}, {device_id}
    while new:
        near = {row["id"] for row in _asked(warehouse, _NEIGHBOURS, project_id, new)} - {""}
        new = near - found
        found |= new
    return Person(devices=found, texts=set(found))


def _closure(warehouse: Warehouse, project_id: str, profile_id: str) -> set[str]:
    """Return the profile id and all ids that aliases connect to it, in either direction, transitively."""
    found, new = {profile_id}, {profile_id}
    while new:
        near: set[str] = set()
        for row in _asked(warehouse, _ALIASES, project_id, new):
            if {row["alias"], row["target"]} & found:
                near |= {row["alias"], row["target"]}
        new = near - found
        found |= new
    return found


def _stretches(links: Iterable[tuple[int, int, str]], own: set[str]) -> Iterator[tuple[int, int | None]]:
    """Yield the stretches in which a shared device was the person's, in milliseconds; an end of None means open. The
    person who was linked first had the device from the beginning.
    """
    since: int | None = None
    is_first = True
    for at, _, profile in links:
        if profile in own and since is None:
            since = 0 if is_first else at
        elif profile not in own and since is not None:
            yield since, at - 1
            since = None
        is_first = False
    if since is not None:
        yield since, None


def _asked(warehouse: Warehouse, sql: str, project_id: str, ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    models = {row["name"] for row in warehouse.rows(_MODELS)}
    records = _RECORDS + (_LINKS_OF_MODELS if "int_identity_links" in models else "")
    aliased = _ALIASED + (_ALIASES_OF_MODELS if "int_operations" in models else "")
    sql = sql.replace("<records>", records).replace("<aliased>", aliased)
    rest = iter(sorted(ids))
    while some := list(islice(rest, IDS_AT_ONCE)):
        yield from warehouse.rows(sql, {"project": project_id, "ids": some}, QUIET)
