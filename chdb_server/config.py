"""The server's two configuration files: one for the server, one for its users and their rights."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from event_lens.backup.place import DISK
from event_lens.shards import EMBEDDED_CLUSTER, OWN, SPANNING
from event_lens.warehouse.access import Service
from event_lens.warehouse.sql_users import NOT_HIDDEN

HOLDER = "default"
"""The user of the statement that keeps the server running; its name and empty password are the engine's own."""

ANALYST, PROJECT_ANALYST, PARSER = "analyst", "project_analyst", "parser"
"""The guard's own users: for all projects, for the projects named in a header, and for parsing statements."""

PROJECTS_HEADER = "X-Event-Lens-Projects"
"""The projects of an analyst, separated by commas. Only the guard can send the header as these users: it alone has
their passwords.
"""

# These settings name files and addresses that the engine reads for a table sent along, before it checks the statement.
_READ_BEFORE_STATEMENTS = (
    "format_schema",
    "format_schema_source",
    "format_template_resultset",
    "format_template_row",
    "format_avro_schema_registry_url",
)

PROJECTS_SETTING = "log_comment"
"""The setting with the same projects: settings are passed on to other shards, headers are not. `log_comment` changes
nothing but the log, and `clickhouse-local` takes no custom settings.
"""

# With a condition of the analyst's own the engine would evaluate rows that a policy hides, or read files.
_ABOUT_OTHERS = ("additional_table_filters", "additional_result_filter")
# Limits for parsing a statement before its user's rights are known.
_PARSING = ("max_query_size", "max_parser_depth", "max_parser_backtracks")
_MAX_SERVER_CONNECTIONS = 16_384
"""Over all ports: a crowd at one port must not take the connections of the services."""

_OF_HEADER = f"getClientHTTPHeader('{PROJECTS_HEADER}')"
_OF_SETTING = f"getSetting('{PROJECTS_SETTING}')"
_MAX_ANALYST_MEMORY_BYTES = 2_000_000_000
ANALYST_QUERIES = 4
"""The number of one analyst's questions that run at a time."""

ANALYST_LIMITS = {
    "max_execution_time": 60,
    "max_result_rows": 1_000_000,
    "max_result_bytes": 1_000_000_000,
    "max_threads": 2,
    "max_rows_to_read": 1_000_000_000,
}

_SHARD_READS = ("GRANT SELECT ON lens_shard.*", "GRANT SELECT ON lens_raw.hidden_projects")
_SPANNING: Mapping[str, object] = {
    # A question that names its projects goes to their shards only.
    "optimize_skip_unused_shards": 1,
    # A subquery runs once on all shards, which is also correct when it is about other projects than the outer question.
    "distributed_product_mode": "global",
}


# Rights of the services. Reading any table that is not named here is refused, and so is access to files and addresses.
_GRANTS: Mapping[Service, Sequence[str]] = {
    "admin": (
        "GRANT SHOW, SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, SYSTEM, KILL QUERY, CLUSTER, REMOTE,"
        " dictGet, UNDROP TABLE ON *.*",
        "GRANT TABLE ENGINE ON *",
    ),
    # It reaches no files outside the folder of backups: the configuration enforces this for BACKUP, the kernel
    # otherwise.
    "backup": (
        "GRANT SHOW, SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, BACKUP ON *.*",
        "GRANT TABLE ENGINE ON *",
        "GRANT READ, WRITE ON FILE",
        "GRANT READ, WRITE ON DISK",
        # The views of `lens` read with the rights of the user that built them.
        "GRANT SET DEFINER ON builder",
    ),
    "builder": (
        "GRANT SHOW, SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE ON lens.*",
        "GRANT SHOW, SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE ON lens_shard.*",
        "GRANT SHOW, SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE ON lens_staging.*",
        "GRANT SHOW, SELECT, INSERT, ALTER, TRUNCATE, OPTIMIZE ON lens_raw.*",
        "GRANT SHOW, SELECT, CREATE, DROP, INSERT ON default.*",
        "GRANT SELECT ON system.*",
        "GRANT CREATE DATABASE, KILL QUERY, CLUSTER ON *.*",
        "GRANT TABLE ENGINE ON *",
    ),
    "collector": (
        "GRANT SELECT, INSERT ON lens_raw.events",
        "GRANT SELECT, INSERT ON lens_raw.profile_operations",
        "GRANT SELECT, INSERT ON lens_raw.quarantine",
        "GRANT SELECT, INSERT ON lens_raw.batches",
        "GRANT SELECT ON lens_raw.settled_batches",
        "GRANT SELECT, INSERT ON lens_raw.imports",
    ),
    "query": (
        "GRANT SELECT ON lens.*",
        "GRANT SELECT ON lens_shard.*",
        "GRANT SELECT ON lens_staging.*",
        "GRANT SELECT ON lens_raw.*",
        # KILL QUERY looks statements up here; it stops those of the same user only.
        "GRANT SELECT(query_id, user, query) ON system.processes",
    ),
}


@dataclass(frozen=True)
class Listeners:
    """Where the server listens: an address, and the ports of its HTTP and its native protocol."""

    host: str
    http_port: int
    native_port: int


@dataclass(frozen=True)
class Bucket:
    """The place of backups in a store that speaks S3, and the key for it."""

    url: str
    key: str
    secret: str


@dataclass(frozen=True)
class Shards:
    """The servers that are shards of one warehouse: their native ports, in order, and the secret they share. With this
    secret a shard may say for which user it asks, and the other shards believe it; that user's grants and row policies
    hold on each shard.
    """

    native_ports: Sequence[int]
    secret: str


def server_config(
    data: Path,
    listeners: Listeners,
    memory_bytes: int,
    shards: Shards | None = None,
    backups: Path | Bucket | None = None,
) -> str:
    """Return the text of `config.xml`: all statements together use at most `memory_bytes`, and backups are written to
    `backups` only.
    """
    root = ElementTree.Element("clickhouse")
    for name, value in {
        "path": f"{data}/",
        "listen_host": listeners.host,
        "http_port": listeners.http_port,
        "tcp_port": listeners.native_port,
        "users_config": "users.xml",
        # Not the engine's own `default`, in which every unknown name is a file; `engine` makes a database of that name.
        "default_database": "",
        "database": "system",
        # A request without a user's name has no user: a web page's GET is refused before it runs.
        "default_session_user": "",
        "allow_experimental_webterminal": 0,
        # A dropped table is removed from the disk at once: erased rows must not stay in it.
        "database_atomic_delay_before_drop_table_sec": 0,
        "max_server_memory_usage": memory_bytes,
        "mark_cache_size": memory_bytes // 10,
        # How often the process's memory is read from the system; in between, statements count their own memory.
        "memory_worker_period_ms": 500,
        "max_connections": _MAX_SERVER_CONNECTIONS,
        "log-level": "error",
        # When a wait fails, the next one follows (`engine`).
        "ignore-error": 1,
    }.items():
        ElementTree.SubElement(root, name).text = str(value)
    if isinstance(backups, Bucket):
        _add_bucket(root, backups)
    elif backups is not None:
        ElementTree.SubElement(ElementTree.SubElement(root, "backups"), "allowed_path").text = f"{backups}/"
    if shards is not None:
        _add_cluster(root, listeners.host, shards)
    return ElementTree.tostring(root, encoding="unicode")


def users_config(passwords: Mapping[str, str], memory_bytes: int, *, is_sharded: bool = False) -> str:
    """Return the text of `users.xml`, with the hashed password of every service and every user of the guard.

    On a server that is one of several shards, `lens` reads the tables in `lens_shard` of this shard and of the others.
    """
    root = ElementTree.Element("clickhouse")
    profiles = ElementTree.SubElement(root, "profiles")
    limits = {**ANALYST_LIMITS, "max_memory_usage": min(_MAX_ANALYST_MEMORY_BYTES, memory_bytes // 8)}
    usual = {
        "max_memory_usage": memory_bytes * 3 // 4,
        # Builds may be long, but every statement has a time limit; inserts use smaller blocks than on a dedicated
        # server.
        "max_execution_time": 600,
        "max_insert_block_size": 131_072,
        "min_insert_block_size_rows": 262_144,
        "min_insert_block_size_bytes": 67_108_864,
        "cancel_http_readonly_queries_on_client_close": 1,
        # Parameters of a statement may be lists, and the guard sends whole statements to be parsed.
        "http_max_field_value_size": 16_777_216,
    }
    _add_profile(profiles, "default", usual)
    # The server stops a question whose client has disconnected only for read-only users.
    _add_profile(profiles, "reader", {**usual, "readonly": 2}, constant=("readonly",))
    _add_profile(
        profiles,
        "holder",
        # The holding statement always runs, so every other statement of this user is refused.
        {"max_execution_time": 0, "max_concurrent_queries_for_all_users": 1},
        constant=("max_concurrent_queries_for_all_users", *_READ_BEFORE_STATEMENTS, *_PARSING),
    )
    _add_profile(
        profiles,
        "analyst",
        {
            **limits,
            "readonly": 2,
            "allow_introspection_functions": 0,
            "allow_get_client_http_header": 1,
            "cancel_http_readonly_queries_on_client_close": 1,
            # Ids of sessions have 64 bits; as numbers JavaScript rounds them.
            "output_format_json_quote_64bit_integers": 1,
            "max_temporary_data_on_disk_size_for_query": 4_000_000_000,
            "use_query_cache": 0,
            "use_query_condition_cache": 0,
            **(_SPANNING if is_sharded else {}),
        },
        constant=(
            "readonly",
            "allow_introspection_functions",
            "allow_get_client_http_header",
            "max_temporary_data_on_disk_size_for_query",
            "use_query_cache",
            "use_query_condition_cache",
            *_ABOUT_OTHERS,
            *_READ_BEFORE_STATEMENTS,
        ),
        largest=limits,
        unbounded=("max_result_rows", "max_result_bytes") if is_sharded else (),
    )
    users = ElementTree.SubElement(root, "users")
    holder = ("GRANT SYSTEM LISTEN, FILE, CREATE TEMPORARY TABLE ON *.*", "GRANT CREATE DATABASE ON default.*")
    _add_user(users, HOLDER, None, "holder", holder)
    for service, grants in _GRANTS.items():
        profile = "reader" if service == "query" else "default"
        user = _add_user(users, service, passwords[service], profile, grants)
        ElementTree.SubElement(user, "default_database").text = "default"
    reads = (
        "GRANT SELECT, SHOW ON lens.*",
        *(_SHARD_READS if is_sharded else ()),
        "GRANT SELECT ON information_schema.*",
        "GRANT SELECT ON INFORMATION_SCHEMA.*",
        "GRANT SELECT ON system.keywords",
        # KILL QUERY looks statements up here; it stops those of the same user only.
        "GRANT SELECT(query_id, user, query) ON system.processes",
        # `information_schema.tables` reads these.
        "GRANT SELECT(database, table, active, primary_key_size, marks_bytes, secondary_indices_compressed_bytes,"
        " secondary_indices_marks_bytes) ON system.parts",
    )
    analyst = _add_user(users, ANALYST, passwords[ANALYST], "analyst", reads)
    project_analyst = _add_user(users, PROJECT_ANALYST, passwords[PROJECT_ANALYST], "analyst", reads)
    if is_sharded:
        # Rows are read from the tables of each shard, so the policies are on those tables.
        _add_row_policy(analyst, OWN, NOT_HIDDEN)
        _add_row_policy(project_analyst, OWN, f"{_owned(_OF_SETTING)} AND {NOT_HIDDEN}")
    else:
        _add_row_policy(project_analyst, SPANNING, _owned(_OF_HEADER))
    _add_user(
        users, PARSER, passwords[PARSER], "default", ("GRANT SELECT ON system.one", "GRANT SELECT ON system.functions")
    )
    _add_quota(root)
    return ElementTree.tostring(root, encoding="unicode")


def _add_bucket(root: ElementTree.Element, bucket: Bucket) -> None:
    disks = ElementTree.SubElement(ElementTree.SubElement(root, "storage_configuration"), "disks")
    disk = ElementTree.SubElement(disks, DISK)
    for name, value in {
        "type": "s3_plain",
        "endpoint": f"{bucket.url}/",
        "access_key_id": bucket.key,
        "secret_access_key": bucket.secret,
        # The store may be unreachable while the warehouse starts.
        "skip_access_check": "1",
    }.items():
        ElementTree.SubElement(disk, name).text = value
    ElementTree.SubElement(ElementTree.SubElement(root, "backups"), "allowed_disk").text = DISK


def _add_cluster(root: ElementTree.Element, host: str, shards: Shards) -> None:
    cluster = ElementTree.SubElement(ElementTree.SubElement(root, "remote_servers"), EMBEDDED_CLUSTER)
    ElementTree.SubElement(cluster, "secret").text = shards.secret
    for port in shards.native_ports:
        replica = ElementTree.SubElement(ElementTree.SubElement(cluster, "shard"), "replica")
        ElementTree.SubElement(replica, "host").text = host
        ElementTree.SubElement(replica, "port").text = str(port)


def _add_profile(
    profiles: ElementTree.Element,
    name: str,
    settings: Mapping[str, object],
    *,
    constant: Sequence[str] = (),
    largest: Mapping[str, int] | None = None,
    unbounded: Collection[str] = (),
) -> None:
    profile = ElementTree.SubElement(profiles, name)
    # `python('x')` ends the process, whoever asks for it. Java's driver reads no ZSTD (clickhouse-java's issue 3105).
    of_everybody = {"allow_python_table_function": 0, "network_compression_method": "LZ4"}
    for setting, value in {**settings, **of_everybody}.items():
        ElementTree.SubElement(profile, setting).text = str(value)
    constraints = ElementTree.SubElement(profile, "constraints")
    for setting in (*constant, "allow_python_table_function"):
        ElementTree.SubElement(ElementTree.SubElement(constraints, setting), "const")
    for setting, limit in (largest or {}).items():
        constraint = ElementTree.SubElement(constraints, setting)
        # 0 would mean no limit. Shards send 0 to one another for subqueries, so on shards only the guard refuses it.
        if setting not in unbounded:
            ElementTree.SubElement(constraint, "min").text = "1"
        ElementTree.SubElement(constraint, "max").text = str(limit)


def _add_user(
    users: ElementTree.Element, name: str, password: str | None, profile: str, grants: Sequence[str]
) -> ElementTree.Element:
    user = ElementTree.SubElement(users, name)
    if password is None:
        ElementTree.SubElement(user, "password")
    else:
        ElementTree.SubElement(user, "password_sha256_hex").text = hashlib.sha256(password.encode()).hexdigest()
    networks = ElementTree.SubElement(user, "networks")
    ElementTree.SubElement(networks, "ip").text = "127.0.0.1"
    ElementTree.SubElement(user, "profile").text = profile
    ElementTree.SubElement(user, "quota").text = "default"
    queries = ElementTree.SubElement(user, "grants")
    for grant in grants:
        ElementTree.SubElement(queries, "query").text = grant
    return user


def _add_row_policy(user: ElementTree.Element, database: str, condition: str) -> None:
    databases = ElementTree.SubElement(user, "databases")
    # A name without letters stands for every table, future ones included.
    table = ElementTree.SubElement(ElementTree.SubElement(databases, "database", name=database), "table", name="")
    ElementTree.SubElement(table, "filter").text = condition


def _owned(projects: str) -> str:
    """Return the SQL condition that a row belongs to one of `projects`, which is an SQL expression for ids joined by
    commas.
    """
    return f"project_id IN splitByChar(',', {projects})"


def _add_quota(root: ElementTree.Element) -> None:
    ElementTree.SubElement(ElementTree.SubElement(root, "quotas"), "default")
