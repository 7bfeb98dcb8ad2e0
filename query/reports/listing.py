"""Lists of profiles or groups: searched, sorted by one of their columns, page by page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, cast, get_args

import msgspec

from query.errors import choose, invalid
from query.paging import Instant, Page, read_cursor
from query.parameters import Cursor, Limit, one_of
from query.periods import all_time
from query.question import Question
from query.report_context import ProjectScope, read_limit
from query.statement import Bindings, Row

Order = Literal["desc", "asc"]
Money = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,34}(\.[0-9]{1,4})?$")]
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
MAX_SEARCH = 255

SQL = """
SELECT {columns}, {sort} AS sort_key
FROM lens.{table}
WHERE project_id = {project} AND {rows}
ORDER BY sort_key {order}, {id} {order}
LIMIT {limit}
"""


@dataclass(frozen=True)
class Sort:
    """A column to sort by: its SQL, its ClickHouse type, and the Python type of its value in a cursor."""

    expression: str
    kind: str
    held: type


def by_instant(column: str) -> Sort:
    return Sort(f"toUnixTimestamp64Milli({column})", "Int64", Instant)


def by_count(column: str) -> Sort:
    return Sort(column, "UInt64", Count)


def by_money(column: str) -> Sort:
    return Sort(column, "Decimal(38, 4)", Money)


def by_text(expression: str) -> Sort:
    return Sort(expression, "String", str)


class ListingParameters(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The search, the order and the page of a list."""

    search: Annotated[str | None, msgspec.Meta(description="A part of id, name or email; case does not matter.")] = None
    sort: Annotated[str, msgspec.Meta(description="The column to sort by.")] = "last_seen_at"
    order: Annotated[str, one_of(get_args(Order))] = "desc"
    limit: Limit = None
    cursor: Cursor = None


@dataclass(frozen=True)
class Listing:
    """A table of `lens` as a list: its columns in the answer, its sorts, and the columns that a search looks in."""

    table: str
    id: str
    columns: str
    row: Callable[[Row], Row]
    sorts: dict[str, Sort]
    searched: tuple[str, ...]

    def question(
        self, subject: ProjectScope, parameters: ListingParameters, bindings: Bindings, rows: list[str]
    ) -> Question:
        """Ask for the page that `parameters` describe, of the rows that meet all conditions in `rows`.

        Raises `Refused`, which names the invalid parameter.
        """
        name = choose("sort", parameters.sort, self.sorts)
        order = cast(Order, choose("order", parameters.order, get_args(Order)))
        sort = self.sorts[name]
        page = Page(read_limit(parameters.limit), lambda row: (name, order, _as_held(row["sort_key"]), row[self.id]))
        conditions = [*rows, *self._search(parameters.search, bindings)]
        if parameters.cursor is not None:
            value, id = self._read_place(parameters.cursor, name, order)
            begin = f"CAST({bindings.bind(str(value), 'String')}, '{sort.kind}'), {bindings.bind(id, 'String')}"
            conditions.append(f"({sort.expression}, {self.id}) {'<' if order == 'desc' else '>'} ({begin})")
        sql = SQL.format(
            columns=self.columns,
            sort=sort.expression,
            table=self.table,
            project=bindings.bind(subject.project_id, "String"),
            rows=" AND ".join(conditions) or "1",
            id=self.id,
            order=order.upper(),
            limit=page.limit_rows(bindings),
        )
        return Question(
            self.table,
            bindings.statement(sql),
            lambda found: [self.row(row) for row in page.shown(found)],
            subject.zone.key,
            next_cursor=page.next_cursor,
            sums_revenue_of=all_time(subject.zone),
        )

    def _search(self, search: str | None, bindings: Bindings) -> list[str]:
        if search is None:
            return []
        if not 1 <= len(search) <= MAX_SEARCH:
            raise invalid("search", f"search is a text of 1 to {MAX_SEARCH} characters.")
        sought = bindings.bind(search, "String")
        return [f"({' OR '.join(f'positionCaseInsensitiveUTF8({text}, {sought}) > 0' for text in self.searched)})"]

    def _read_place(self, cursor: str, sort: str, order: Order) -> tuple[str | int, str]:
        """Return the sort value and id of the row after which the page begins. Raises `Refused` (`cursor_invalid`),
        also when the cursor was made for another order.
        """
        written_sort, written_order, value, id = read_cursor(cursor, tuple[str, str, str | int, str])
        if (written_sort, written_order) != (sort, order):
            raise invalid("cursor", "The cursor is of a list in another order; give its sort and order again.")
        try:
            return msgspec.convert(value, self.sorts[sort].held), id
        except msgspec.ValidationError as error:
            message = "cursor is not one of this question; take `meta.nextCursor` of an answer to it."
            raise invalid("cursor", message) from error


def _as_held(value: object) -> str | int:
    return value if isinstance(value, int) else str(value)
