"""Which properties do events have? A filter or a breakdown takes such a key as `properties.KEY`."""

from query.conditions import event_rows
from query.parameters import LiveListParameters
from query.question import Question, rows_as_they_are
from query.report import Report, over_period
from query.report_context import ReportContext
from query.shapes import Shape
from query.statement import Bindings

SQL = """
SELECT key, count() AS events, uniqExact(name) AS names
FROM (SELECT name, arrayJoin(JSONAllPaths(properties)) AS key FROM lens.events WHERE {rows})
GROUP BY key
ORDER BY events DESC, key
LIMIT {limit}
"""


def properties(ask: ReportContext) -> Question:
    """Ask for `{key, events, names}`; the key of the most events comes first."""
    bindings = Bindings()
    sql = SQL.format(rows=event_rows(ask, bindings), limit=bindings.bind(ask.limit, "UInt32"))
    return Question("events", bindings.statement(sql), rows_as_they_are, ask.subject.zone.key)


class Property(Shape):
    """A key of properties (a path, with dots, of objects in objects), the number of events that have it, and of their
    different names. `breakdown` by `properties.KEY` has its values.
    """

    key: str
    events: int
    names: int


PROPERTIES = Report(
    "properties", "The properties of events, by key.", LiveListParameters, over_period(properties), list[Property]
)
