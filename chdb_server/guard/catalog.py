"""The tables that the analyst may read: those of `lens`, and the system tables that clients build their object trees
from.
"""

DATABASE = "lens"

_SYSTEM_TABLES = frozenset(
    {
        "system.columns",
        "system.data_type_families",
        "system.databases",
        "system.formats",
        "system.functions",
        "system.keywords",
        "system.numbers",
        "system.one",
        "system.settings",
        "system.table_engines",
        "system.tables",
        "system.time_zones",
        "information_schema.columns",
        "information_schema.schemata",
        "information_schema.tables",
    }
)


def is_open(name: str) -> bool:
    """Return whether the analyst may read the table `name`, written `database.table` or `table`."""
    database, dot, table = name.partition(".")
    if not dot:
        # A name without a database is a common table expression, or a table of the current database, which is `lens`.
        return True
    return (database == DATABASE and "." not in table) or name.lower() in _SYSTEM_TABLES
