"""Who owns a device when: links, aliases, and the profile of an event."""

from collections import defaultdict

from tests.spec.rows import Project, Row, moment
from tests.unit.query.reference.facts import arrival, counted_events, counted_operations, order
from tests.unit.query.reference.handovers import handovers, utc_day

Stretch = tuple[str, int, int]
OPEN_END = moment("2299-12-31")


def aliases(project: Project) -> dict[str, str]:
    """Each alias and the profile at the end of its chain; a loop is its smallest id."""
    names: dict[str, str] = {}
    for row in sorted(counted_operations(project), key=arrival):
        if row["operation"] == "alias" and row["alias"] and row["profile_id"]:
            names[row["alias"]] = row["profile_id"]
    ends: dict[str, str] = {}
    for alias in names:
        seen = {alias: 0}
        here = alias
        while here in names and names[here] not in seen:
            here = names[here]
            seen[here] = len(seen)
        loop = [name for name, place in seen.items() if here in names and place >= seen[names[here]]]
        ends[alias] = min(loop) if loop else here
    return {alias: end for alias, end in ends.items() if names[alias] != alias}


def identities(project: Project) -> dict[str, list[Stretch]]:
    """Per linked device its owners in order: (profile, from, to), `to` exclusive."""
    ends = aliases(project)
    links = [row for row in counted_events(project) if row["profile_id"]]
    named = [row for row in counted_operations(project) if row["profile_id"]]
    links += [row for row in named if row["operation"] in ("identify", "alias")]
    handed = handovers(project)
    by_device: dict[str, dict[int, str]] = defaultdict(dict)
    for row in sorted(links, key=order):
        if row["device_id"] and row["device_kind"] != "server":
            previous, _ = handed.get((row["device_id"], utc_day(row)), ("", 0))
            for device in {row["device_id"], previous} - {""}:
                by_device[device][row["created_at"]] = ends.get(row["profile_id"], str(row["profile_id"]))
    owners = {}
    for device, owned in by_device.items():
        switches: list[tuple[str, int]] = []
        for at, profile in owned.items():
            if not switches or switches[-1][0] != profile:
                switches.append((profile, at if switches else 0))
        stops = [at for _, at in switches[1:]] + [OPEN_END]
        owners[device] = [(profile, start, stop) for (profile, start), stop in zip(switches, stops, strict=True)]
    return owners


def owner(row: Row, owners: dict[str, list[Stretch]], ends: dict[str, str]) -> tuple[str, bool]:
    """The profile an event belongs to, and whether it is a known person."""
    if row["profile_id"]:
        return ends.get(row["profile_id"], str(row["profile_id"])), True
    for profile, start, stop in owners.get(row["device_id"], []):
        if start <= row["created_at"] < stop:
            return profile, True
    return (f"device:{row['device_id']}" if row["device_id"] else ""), False
