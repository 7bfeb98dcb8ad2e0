"""What the warehouse holds against what the reference says, row by row and column by column."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from event_lens.warehouse.client import Warehouse
from tests.reference.keys import KEYS, is_approximate

SHOWN = 5
# The types as Arrow names them: plain texts, and times with their zone.
READ = {
    "UUID": "toString({0})",
    "JSON": "toJSONString({0})",
    "Date": "toDate32({0})",
    "DateTime(": "toDateTime64({0}, 3, 'UTC')",
    "AggregateFunction(": "finalizeAggregation({0})",
}
SETTINGS = {"output_format_arrow_low_cardinality_as_dictionary": 0, "output_format_json_quote_64bit_integers": 0}
SHARE_OF_MONEY = "Decimal(38, 12)"
# A state is compared by the count next to it.
COUNTS = {"unique_visitors_state": "unique_visitors", "people_state": "people", "sessions_state": "sessions"}
# The leaves of a profile's or group's properties, in order; numbers are numbers, whatever their type.
LEAVES = """(select coalesce(list_sort(list(replace(fullkey[3:], '"', '') || ' = ' || case
    when type in ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') then round(value::double, 6)::varchar
    else value::varchar end)), [])
    from json_tree(properties) where type not in ('OBJECT', 'NULL') and not contains(fullkey, '['))"""


@dataclass
class Comparison:
    """How many rows of a table were compared, and the first differences of each project that has some."""

    table: str
    rows: int = 0
    differences: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = [line for lines in self.differences.values() for line in lines][:SHOWN]
        return "\n".join([f"lens.{self.table}: {len(self.differences)} projects differ", *shown])


def compare(
    warehouse: Warehouse, reference: duckdb.DuckDBPyConnection, table: str, project_ids: Sequence[str]
) -> Comparison:
    """Hold `lens.<table>` against the reference's table of that name: every row, and every column of it."""
    types = {row["name"]: row["type"] for row in warehouse.rows(f"describe table lens.{table}")}
    question = f"select {', '.join(map(_read, types, types.values()))} from lens.{table}"
    asked = {"projects": list(project_ids)}
    frame = warehouse.frame(f"{question} where project_id in {{projects:Array(String)}}", asked, SETTINGS)
    reference.register("found", frame.to_arrow())
    key = ["project_id", *KEYS[table]]
    reference.execute(f"create or replace temp table held as select {_columns(table, types, False)} from found")
    reference.execute(f"create or replace temp table said as select {_columns(table, types, True)} from {table}")
    reference.unregister("found")
    rest = [name for name in types if name not in key]
    judged = [f"case when {_differs(table, name, types[name])} then {_shown(name)} end" for name in rest]
    named = ", ".join(key)
    rows = reference.execute(f"""
        with found as (
            select *, row_number() over (partition by {named} order by held) as copy, true as is_row from held
        ),
        stated as (
            select *, row_number() over (partition by {named} order by said) as copy, true as is_row from said
        ),
        judged as (
            select {named}, case
                when found.is_row is null then ['is missing']
                when stated.is_row is null then ['should not be there']
                else list_filter([{", ".join(judged)}]::varchar[], lambda fault: fault is not null)
            end as faults
            from found full outer join stated using ({named}, copy)
        )
        select {named}, faults from judged where len(faults) > 0 order by all
    """).fetchall()
    comparison = Comparison(table, len(frame))
    for project_id, *values, faults in rows:
        row = ", ".join(f"{name} {value}" for name, value in zip(KEYS[table], values, strict=True))
        comparison.differences.setdefault(project_id, []).append(f"  {project_id}, {row}: {'; '.join(faults)}")
    return comparison


def _read(name: str, kind: str) -> str:
    """The question's word for a column of ClickHouse's type `kind`."""
    for prefix, expression in READ.items():
        if kind == prefix or (kind.startswith(prefix) and prefix != "Date"):
            return f"{expression.format(name)} as {name}"
    return name


def _columns(table: str, types: dict[str, str], is_said: bool) -> str:
    return ", ".join(_compared(table, name, kind, is_said) for name, kind in types.items())


def _compared(table: str, name: str, kind: str, is_said: bool) -> str:
    """One type on both sides. What is found comes with a zone, what is said has none."""
    source = COUNTS.get(name, name) if is_said else name
    if table in ("profiles", "groups") and name == "properties":
        source = LEAVES
    elif "DateTime" in kind and not is_said:
        source = f"timezone('UTC', {name})"
    elif kind.startswith("Decimal") and not _is_share(kind):
        source = f"{source}::decimal(38, 4)"
    elif "Float" in kind or _is_share(kind):
        source = f"{source}::double"
    elif kind.startswith(("UInt", "Int", "AggregateFunction")):
        source = f"{source}::hugeint"
    return f"{source} as {name}"


def _differs(table: str, name: str, kind: str) -> str:
    found, said = f"found.{name}", f"stated.{name}"
    unequal = f"{found} is distinct from {said}"
    if is_approximate(table, name):
        return f"abs({found} - {said}) > {said} * 0.01"
    if "Float" in kind or _is_share(kind):
        near = f"abs({found} - {said}) <= 1e-6 * greatest(1, abs({said}))"
        return f"({unequal} and not coalesce({near}, false))"
    return unequal


def _is_share(kind: str) -> bool:
    """Whether amounts of the type are shares of amounts, which have no last digit."""
    return kind == SHARE_OF_MONEY


def _shown(name: str) -> str:
    found, said = (f"coalesce({side}.{name}::varchar, 'null')" for side in ("found", "stated"))
    return f"'{name} is ' || {found} || ', not ' || {said}"
