"""`eventlens doctor`: checks everything that a home needs, and reports each problem with its remedy."""

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Literal

import msgspec
from msgspec.structs import replace
from packaging.requirements import Requirement

from cli.console import console, show_table
from cli.up import dagster_parts_ready, own_parts_ready, ports_of
from collector.enrichment.geo import open_geo
from collector.spool.health import spool_health
from event_lens.clock import Clock, now_ms
from event_lens.data_dir import prepare_home
from event_lens.errors import EventLensError
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.patterns import find_refused_patterns
from event_lens.settings import Settings
from event_lens.shards import all_shards, count_shards
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.migrate import shipped_migrations
from event_lens.warehouse.set_aside import read_set_aside

LOW_DISK_BYTES = 2_000_000_000
OLD_SPOOL_SECONDS = 300
FULL_SPOOL_SHARE = 0.8
OLD_GEOIP_DAYS = 180
CLOCK_DIFFERENCE_MS = 2_000
LATE_BUILD_MINUTES = 30

Level = Literal["ok", "hint", "problem"]


class Finding(msgspec.Struct, frozen=True):
    """The state of one subject. `remedy` is empty if the subject is healthy, or if `found` already names the remedy."""

    subject: str
    level: Level
    found: str
    remedy: str = ""


def examine(settings: Settings, clock: Clock = now_ms) -> list[Finding]:
    """Examine everything, one check after the other, and return the findings. A check that raises an error is reported
    as a problem, and the other checks still run.
    """
    findings: list[Finding] = []
    for check in (_versions, _home, _ports, _registry, _spool, _geoip, _warehouse):
        subject = check.__name__.removeprefix("_")
        try:
            findings.extend(check(settings, clock))
        except EventLensError as error:
            findings.append(Finding(subject, "problem", error.message))
    return findings


def print_findings(findings: list[Finding]) -> None:
    console.print_json(msgspec.json.encode(findings).decode())


def show_findings(findings: list[Finding]) -> None:
    show_table(
        "eventlens doctor",
        ("subject", "is", "found", "what to do"),
        [(finding.subject, finding.level, finding.found, finding.remedy) for finding in findings],
    )


def _versions(_settings: Settings, _clock: Clock) -> Iterator[Finding]:
    wrong = []
    for text in requires("event-lens") or ():
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = version(wanted.name)
        except PackageNotFoundError:
            wrong.append(f"{wanted.name} is missing")
            continue
        if not wanted.specifier.contains(installed, prereleases=True):
            wrong.append(f"{wanted.name} is {installed}, not {wanted.specifier}")
    python = ".".join(map(str, sys.version_info[:3]))
    if wrong:
        yield Finding("versions", "problem", "; ".join(wrong), "Run `make setup`.")
    else:
        yield Finding("versions", "ok", f"Python {python}, Event Lens {version('event-lens')}")


def _home(settings: Settings, _clock: Clock) -> Iterator[Finding]:
    home = prepare_home(settings.home)
    free = shutil.disk_usage(home).free
    if free < LOW_DISK_BYTES:
        yield Finding("disk", "problem", f"{free:,} bytes are free at {home}", "Make room: landing needs some.")
    else:
        yield Finding("disk", "ok", f"{free:,} bytes are free at {home}")


def _ports(settings: Settings, _clock: Clock) -> Iterator[Finding]:
    ready = own_parts_ready(settings) | dagster_parts_ready(settings)
    part_of = {f"EVENTLENS_{name.upper()}_PORT": name for name in ready}
    part_of["EVENTLENS_WAREHOUSE_NATIVE_PORT"] = "warehouse"
    for setting, (host, port) in ports_of(settings).items():
        part = part_of[setting]
        if ready[part]():
            yield Finding(f"port {port}", "ok", f"the {part} answers")
        elif _is_taken(host, port):
            yield Finding(
                f"port {port}", "problem", f"taken, and not by a {part} that answers",
                f"Stop what listens there, or set {setting}.",
            )  # fmt: skip
        else:
            yield Finding(f"port {port}", "hint", f"the {part} does not run", "Start it: `eventlens up`.")


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _registry(settings: Settings, _clock: Clock) -> Iterator[Finding]:
    registry = open_registry(settings)
    try:
        refused = list(find_refused_patterns(registry))
    finally:
        registry.close()
    yield Finding("registry", "ok", "PostgreSQL" if settings.registry_url else "SQLite in the home")
    for definition_id, reason in refused:
        remedy = "It was defined by an earlier version, and may delay builds: define it anew and remove this one."
        yield Finding(definition_id, "problem", reason, remedy)


def _spool(settings: Settings, clock: Clock) -> Iterator[Finding]:
    waiting = spool_health(settings.home / "spool", clock)
    found = "{pendingEvents} rows wait, {pendingBytes} bytes, the oldest for {oldestSeconds:.0f} s".format(**waiting)
    if waiting["pendingBytes"] > FULL_SPOOL_SHARE * settings.spool_max_bytes:
        remedy = "It is nearly full, and then the collector answers 503: see why nothing lands (the warehouse)."
        yield Finding("spool", "problem", found, remedy)
    elif waiting["oldestSeconds"] > OLD_SPOOL_SECONDS:
        yield Finding("spool", "problem", found, "Start collector and warehouse; the collector's log says what fails.")
    else:
        yield Finding("spool", "ok", found)


def _geoip(settings: Settings, clock: Clock) -> Iterator[Finding]:
    geo = open_geo(settings)
    if geo is None:
        yield Finding("geoip", "hint", "no database: countries stay empty", "Run `eventlens geo install`.")
        return
    days = (clock() // 1000 - geo.built_at) // 86_400
    geo.close()
    if days > OLD_GEOIP_DAYS:
        yield Finding("geoip", "hint", f"the database is {days} days old", "Run `eventlens geo install` again.")
    else:
        yield Finding("geoip", "ok", f"the database is {days} days old")


def _warehouse(settings: Settings, clock: Clock) -> Iterator[Finding]:
    looks: tuple[Callable[[Warehouse, Clock], Finding], ...] = (_migrations, _clock_of, _builds)
    for shard in all_shards(settings):
        where = f" of shard {shard}" if count_shards(settings) > 1 else ""
        try:
            with connect(settings, "query", query_timeout_seconds=10, shard=shard) as warehouse:
                for look in looks:
                    finding = look(warehouse, clock)
                    yield replace(finding, subject=finding.subject + where)
        except EventLensError as error:
            yield Finding(f"warehouse{where}", "problem", error.message)


def _migrations(warehouse: Warehouse, _clock: Clock) -> Finding:
    applied = {row["name"] for row in warehouse.rows("SELECT name FROM lens_raw.migrations")}
    missing = [migration.name for migration in shipped_migrations() if migration.name not in applied]
    if missing:
        remedy = "Restart the warehouse, or on a ClickHouse server run `eventlens migrate`."
        return Finding("warehouse", "problem", f"not applied: {', '.join(missing)}", remedy)
    return Finding("warehouse", "ok", f"ClickHouse {warehouse.value('SELECT version()')}, every migration is applied")


def _clock_of(warehouse: Warehouse, clock: Clock) -> Finding:
    before = clock()
    theirs = warehouse.value("SELECT toUnixTimestamp64Milli(now64(3))")
    off = max(before - theirs, theirs - clock(), 0)
    last = warehouse.value("SELECT toUnixTimestamp64Milli(max(landed_at)) FROM lens_raw.batches")
    if off > CLOCK_DIFFERENCE_MS:
        return Finding("clock", "problem", f"the warehouse's is {off / 1000:.1f} s off", "Let both follow NTP.")
    if last - clock() > CLOCK_DIFFERENCE_MS:
        found = f"something landed {(last - clock()) / 1000:.0f} s in the future: the clock was set back"
        return Finding("clock", "problem", found, "Let it follow NTP; build again once that time has passed.")
    return Finding("clock", "ok", "as the warehouse's")


def _builds(warehouse: Warehouse, clock: Clock) -> Finding:
    oldest = warehouse.value(
        "SELECT toUnixTimestamp64Milli(min(landed_at)) FROM lens_raw.batches "
        "WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)"
    )
    minutes = (clock() - oldest) / 60_000 if oldest else 0
    if minutes > LATE_BUILD_MINUTES:
        found = f"what landed {minutes:.0f} minutes ago is in no table"
        return Finding("builds", "problem", found, "Dagster's page says which build failed, or run `eventlens build`.")
    if aside := read_set_aside(warehouse):
        found = f"they leave out {', '.join(aside)}"
        return Finding("builds", "problem", found, "`eventlens status` says why; mend it and run `eventlens build`.")
    return Finding("builds", "ok", "nothing waits for long")
