"""The process that owns the data folder: ClickHouse's server, migrated, with the guard in front of analysts."""

import os
import secrets
import sys
import tempfile
import time
from ipaddress import ip_address
from pathlib import Path

from chdb_server import landlock
from chdb_server.config import ANALYST, PARSER, PROJECT_ANALYST, Bucket, Listeners, Shards, server_config, users_config
from chdb_server.data_folder import keep_default_database, owned
from chdb_server.engine import Engine
from chdb_server.guard.app import Guard
from chdb_server.guard.engine_users import EngineUsers
from event_lens.asgi import check_port, serve_until_stopped
from event_lens.backup.place import backups_folder, bucket_port, is_bucket
from event_lens.data_dir import prepare_home
from event_lens.errors import Broken, EventLensError, Refused, Unavailable
from event_lens.logs import get_log, set_up_logs
from event_lens.processes import is_answering
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.projects import list_projects
from event_lens.registry.sql_users import find_sql_user
from event_lens.settings import Settings
from event_lens.shards import native_port
from event_lens.warehouse.access import SERVICES, Access, move_access, read_access
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.migrate import migrate
from event_lens.warehouse.retention import end_engine_ttl
from event_lens.warehouse.spanning import adopt_tables, span_shards

log = get_log("warehouse")

_START_WITHIN_SECONDS = 300.0
_DRAIN_SECONDS = 10.0
_CLOSE_WITHIN_SECONDS = 1.0
_LOOK_SECONDS = 0.02
# The system files that the engine reads besides its folder: its own memory, and the memory it may take.
_SYSTEM_FILES = ("/proc/meminfo", "/sys/fs/cgroup")
# The files that a client of the backup store needs: DNS configuration, trusted certificates, and random numbers.
_STORE_FILES = ("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/ssl", "/dev/urandom")


def serve(settings: Settings) -> None:
    """Own the home's warehouse folder and serve it until SIGTERM or SIGINT; blocks.

    Raises `Refused` when another process holds the folder, a newer program migrated it or an analyst without a password
    could come from another machine, `Unavailable` when a port is taken, `Broken` when the folder is damaged.
    """
    set_up_logs(settings.log_level)
    home = prepare_home(settings.home)
    if "?" in str(home):
        raise Refused(
            f"{home} has a question mark in its name. Set EVENTLENS_HOME to a folder without.", code="home_name"
        )
    is_local = ip_address(settings.warehouse_host).is_loopback
    check_port(settings.warehouse_port, "EVENTLENS_WAREHOUSE_PORT", settings.warehouse_host)
    shards = _shards(settings)
    own_port = native_port(settings)
    check_port(own_port, "EVENTLENS_SHARD_HOMES" if shards else "EVENTLENS_WAREHOUSE_NATIVE_PORT")
    with owned(home / "warehouse") as folder:
        keep_default_database(folder)
        access = _access(home, {settings.warehouse_port, own_port})
        listeners = Listeners("127.0.0.1", access.http_port, own_port)
        memory_bytes = _memory_bytes()
        own = EngineUsers(
            listeners.http_port, {user: secrets.token_urlsafe(32) for user in (ANALYST, PROJECT_ANALYST, PARSER)}
        )
        passwords: dict[str, str] = {**own.passwords, **{service: access.password(service) for service in SERVICES}}
        registry = open_registry(settings)
        try:
            if shards is None:
                _check_alone(registry)
            if not is_local and find_sql_user(registry, ANALYST) is None:
                raise Refused(
                    f"EVENTLENS_WAREHOUSE_HOST is {settings.warehouse_host}, and the user `{ANALYST}` has no password. "
                    f"Give it one: eventlens sql-user create {ANALYST} --all-projects.",
                    code="warehouse_without_passwords",
                )
            with tempfile.TemporaryDirectory(prefix="eventlens-warehouse-") as configuration:
                backups = _prepare_backups(settings)
                (Path(configuration) / "config.xml").write_text(
                    server_config(folder, listeners, memory_bytes, shards, backups)
                )
                (Path(configuration) / "users.xml").write_text(
                    users_config(passwords, memory_bytes, is_sharded=shards is not None)
                )
                try:
                    engine = _start(folder, Path(configuration), listeners, shards, backups)
                finally:
                    # The engine's working directory is the configuration's folder, which is removed now.
                    os.chdir(home)
            try:
                _prepare_tables(access, settings, registry)
                guard = Guard(
                    own, lambda name: find_sql_user(registry, name), is_local=is_local, is_sharded=bool(shards)
                )
                host, port = settings.warehouse_host, settings.warehouse_port
                serve_until_stopped(lambda: guard, port, host=host, drain=guard.close)
                _drain(access)
            except EventLensError as error:
                # The engine's end would end the process with 0, and Python cannot exit gracefully while an engine runs.
                sys.stderr.write(f"{error.code}: {error.message}\n")
                sys.stderr.flush()
                os._exit(1)
            has_ended = engine.close(_CLOSE_WITHIN_SECONDS)
        finally:
            registry.close()
        if not has_ended:
            # The engine waits for idle connections. Statements had time to end, and acknowledged data is on disk.
            os._exit(0)


def _shards(settings: Settings) -> Shards | None:
    """Return all shards of the warehouse that this home belongs to; None when the warehouse is one server."""
    homes = settings.shard_homes
    if not homes:
        return None
    return Shards([home.native_port for home in homes], read_access(homes[0].folder).shards_secret)


def _prepare_tables(access: Access, settings: Settings, registry: Registry) -> None:
    with Warehouse(access.url("admin"), query_timeout_seconds=600) as admin:
        migrate(admin)
        end_engine_ttl(admin)
        if settings.shard_homes:
            adopt_tables(admin)
            span_shards(admin, settings, {each.project_id: each.shard for each in list_projects(registry)})


def _check_alone(registry: Registry) -> None:
    """Raise `Refused` (`shards_missing`) when the registry has projects on other shards than the first."""
    elsewhere = [project.project_id for project in list_projects(registry) if project.shard != 1]
    if elsewhere:
        raise Refused(
            f"{len(elsewhere)} projects are on other shards, {elsewhere[0]} among them, and EVENTLENS_SHARD_HOMES is "
            "not set. Set it as it was, or move them to shard 1 first: eventlens project move PROJECT --shard 1.",
            code="shards_missing",
        )


def _prepare_backups(settings: Settings) -> Path | Bucket:
    """Return the place of backups; a missing folder is created. Raises `Refused` (`backups_unwritable`)."""
    if is_bucket(settings):
        return Bucket(settings.backups, settings.backups_key, settings.backups_secret)
    folder = backups_folder(settings)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"{folder} cannot be the folder of backups: {error.strerror}. Set EVENTLENS_BACKUPS to another.",
            code="backups_unwritable",
        ) from error
    return folder


def _start(
    folder: Path, configuration: Path, listeners: Listeners, shards: Shards | None, backups: Path | Bucket
) -> Engine:
    """Start the engine and wait until it answers. Raises `Broken` when it ends before it answers."""
    ports = (listeners.http_port, listeners.native_port)
    peers = [*(shards.native_ports if shards else ())]
    files = [*_SYSTEM_FILES, f"/proc/{os.getpid()}/statm"]
    writable = [folder]
    if isinstance(backups, Bucket):
        peers.append(bucket_port(backups.url))
        files += _STORE_FILES
    else:
        writable.append(backups)

    def confine() -> None:
        readable = [configuration, *(Path(file) for file in files if Path(file).exists())]
        if not landlock.restrict_thread(writable=writable, readable=readable, listen=ports, connect=peers):
            log.warning("landlock_missing")

    engine = Engine(folder, configuration, confine)
    engine.start()
    deadline = time.monotonic() + _START_WITHIN_SECONDS
    while not is_answering(f"http://127.0.0.1:{listeners.http_port}/ping"):
        if engine.has_ended:
            raise Broken(
                f"The warehouse folder {folder} cannot be opened: {engine.failure or 'the engine says nothing'}. "
                "Restore a copy of it, or set EVENTLENS_HOME to another folder.",
                code="warehouse_folder_damaged",
            )
        if time.monotonic() > deadline:
            raise Unavailable(
                f"The engine has not answered within {_START_WITHIN_SECONDS:.0f} seconds of its start. Start the "
                "warehouse again; if it fails again, look at the load of the machine and its disk.",
                code="warehouse_unreachable",
            )
        time.sleep(_LOOK_SECONDS)
    return engine


def _drain(access: Access) -> None:
    """Wait a limited time for running statements to end."""
    deadline = time.monotonic() + _DRAIN_SECONDS
    busy = "SELECT count() FROM system.processes WHERE user NOT IN ('', 'default') AND query_id != queryID()"
    try:
        with Warehouse(access.url("admin"), query_timeout_seconds=5) as admin:
            while time.monotonic() < deadline and admin.value(busy):
                time.sleep(_LOOK_SECONDS)
    except EventLensError as error:
        log.warning("drain_failed", code=error.code)


def _access(home: Path, ours: set[int]) -> Access:
    """Return the services' port and passwords. The port is changed when another program uses it or it is one of
    `ours`.
    """
    access = read_access(home)
    while access.http_port in ours:
        access = move_access(home)
    try:
        check_port(access.http_port, "")
    except Unavailable:
        return move_access(home)
    return access


def _memory_bytes() -> int:
    """Return the bytes that all statements together may take: half of the machine's memory, at most 8 GB."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(physical // 2, 8_000_000_000)
