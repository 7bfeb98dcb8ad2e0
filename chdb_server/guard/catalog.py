"""The tables that the analyst may read and sees listed: those of `lens`, and what clients draw their trees from."""

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
_DATABASES = f"name IN ('{DATABASE}', 'system', 'information_schema')"


def is_open(name: str) -> bool:
    """Whether the analyst may read the table `name`, written `database.table` or alone."""
    database, dot, table = name.partition(".")
    if not dot:
        # A name without a database is a common table expression, or a table of the current database: ours.
        return True
    return (database == DATABASE and "." not in table) or name.lower() in _SYSTEM_TABLES


def table_filters() -> str:
    """The engine's `additional_table_filters` that leave every other table out of its lists."""
    filters = {
        "system.databases": _DATABASES,
        "system.tables": _open_tables("name"),
        "system.columns": _open_tables("table"),
    }
    return "{" + ", ".join(f"{_quoted(table)}: {_quoted(condition)}" for table, condition in filters.items()) + "}"


def _open_tables(column: str) -> str:
    listed = ", ".join(f"'{name}'" for name in sorted(_SYSTEM_TABLES))
    # Temporary tables are the caller's own, and have no database.
    return f"database IN ('', '{DATABASE}') OR concat(lower(database), '.', lower({column})) IN ({listed})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "\\'") + "'"
