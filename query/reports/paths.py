"""Which ways do visits take? Sequences of pages with how often each was taken, and the moves from page to page."""

from typing import Annotated

import msgspec

from query.conditions import rollup_rows, session_rows
from query.errors import invalid
from query.parameters import LiveListParameters, RankedParameters
from query.question import Data, Question
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask
from query.shapes import Shape
from query.statement import Bindings, Row

DEFAULT_STEPS = 5
MAX_STEPS = 20
"""The number of steps that the models keep of a visit."""

FOLDED = f"The same page several times in a row is one step. Of a visit the first {MAX_STEPS} views count."
MOVED = f"The same page several times in a row is one step. Of a visit the first {MAX_STEPS} steps count."

SEQUENCES = """
SELECT sequence, count() AS frequency, sum(duration_seconds) AS summed_seconds
FROM
(
    SELECT duration_seconds, arrayCompact(paths) AS stops, {following} AS following, {sequence} AS sequence
    FROM lens.sessions
    WHERE {rows} AND screen_view_count > 0
)
WHERE {is_taken}
GROUP BY sequence
ORDER BY frequency DESC, sequence
LIMIT {limit}
"""

# A visit that leaves a page by a kept move reached it by the move before, so the moves from a page add up to the visits
# that reached it, as source or as target. Only the pages that the last kept move reaches are not left by a kept move.
MOVES = """
SELECT
    move,
    source,
    target,
    any(session_count) AS moved,
    anyIf(reached, is_source) AS reached_source,
    anyIf(reached, NOT is_source) AS reached_target
FROM
(
    SELECT
        step - 1 AS move,
        from_path AS source,
        to_path AS target,
        session_count,
        arrayJoin([true, false]) AS is_source,
        toUInt8(step - is_source) AS end_stop,
        if(is_source, from_path, to_path) AS end_path
    FROM
    (
        SELECT step, from_path, to_path, sum(sessions) AS session_count
        FROM lens.page_flows_daily
        WHERE {rows} AND step BETWEEN 2 AND {most_steps} AND to_path != ''
        GROUP BY step, from_path, to_path
        ORDER BY session_count DESC, step, from_path, to_path
        LIMIT {limit}
    )
) AS ends
LEFT JOIN
(
    SELECT toUInt8(step - 1) AS stop, from_path AS path, sum(sessions) AS reached
    FROM lens.page_flows_daily
    WHERE {rows} AND step BETWEEN 2 AND {most_steps} + 1
    GROUP BY stop, path
    {last}
) AS stops ON ends.end_stop = stops.stop AND ends.end_path = stops.path
GROUP BY move, source, target
ORDER BY move, moved DESC, source, target
"""


LAST_MOVE = """UNION ALL
    SELECT step AS stop, to_path AS path, sum(sessions) AS reached
    FROM lens.page_flows_daily
    WHERE {rows} AND step = {most_steps} AND to_path != ''
    GROUP BY stop, path"""


class PathParameters(LiveListParameters, kw_only=True):
    """The period, filters and number of rows; the pages at which sequences begin and end, and the pages that they must
    or must not contain.
    """

    start_path: Annotated[
        str | None,
        msgspec.Meta(description="Sequences begin at the first view of this page; by default at the visit's start."),
    ] = None
    end_path: Annotated[
        str | None, msgspec.Meta(description="Only sequences that reach this page; they end at its first view.")
    ] = None
    include: Annotated[str | None, msgspec.Meta(description="Only sequences with this page.")] = None
    exclude: Annotated[str | None, msgspec.Meta(description="Only sequences without this page.")] = None
    max_steps: Annotated[int, msgspec.Meta(description=f"The most pages of a sequence, 1 to {MAX_STEPS}.")] = (
        DEFAULT_STEPS
    )


class SankeyParameters(RankedParameters, kw_only=True):
    """The period in whole days, the number of moves, and how many pages of each visit are counted."""

    max_steps: Annotated[int, msgspec.Meta(description=f"The most stops of a visit that count, 2 to {MAX_STEPS}.")] = (
        DEFAULT_STEPS
    )


def paths(ask: ReportContext, parameters: PathParameters) -> Question:
    """Ask for `{path_sequence, frequency, avg_duration_seconds}`, the most frequent sequence first; the mean is over
    the duration of whole visits.

    Sequences are cut after `maxSteps`; with `endPath` they must reach that page within these steps.
    """
    bindings = Bindings()
    most_steps = bindings.bind(_check_steps(parameters.max_steps, 1), "UInt8")
    start, end = (
        None if path is None else bindings.bind(path, "String") for path in (parameters.start_path, parameters.end_path)
    )
    parts = []
    if start is not None:
        parts.append(f"has(stops, {start})")
    if end is not None:
        parts.append(f"length(sequence) BETWEEN 1 AND {most_steps}")
    if parameters.include is not None:
        parts.append(f"has(sequence, {bindings.bind(parameters.include, 'String')})")
    if parameters.exclude is not None:
        parts.append(f"NOT has(sequence, {bindings.bind(parameters.exclude, 'String')})")
    sql = SEQUENCES.format(
        following="stops" if start is None else f"arraySlice(stops, greatest(1, indexOf(stops, {start})))",
        sequence=_sequence(end, most_steps, is_after_start=start is not None),
        rows=session_rows(ask, bindings),
        is_taken=" AND ".join(parts) or "1",
        limit=bindings.bind(ask.limit, "UInt32"),
    )
    return Question("sessions", bindings.statement(sql), _sequences, ask.subject.zone.key, notes=(FOLDED,))


def _sequence(end: str | None, most_steps: str, *, is_after_start: bool) -> str:
    """Return the SQL of a visit's sequence, which is empty if the visit does not reach the end page."""
    if end is None:
        return f"arraySlice(following, 1, {most_steps})"
    if not is_after_start:
        return f"arraySlice(following, 1, indexOf(following, {end}))"
    after = f"indexOf(arrayPopFront(following), {end})"
    return f"arraySlice(following, 1, if({after} = 0, 0, {after} + 1))"


def _sequences(rows: list[Row]) -> Data:
    return [
        {
            "path_sequence": row["sequence"],
            "frequency": row["frequency"],
            "avg_duration_seconds": row["summed_seconds"] / row["frequency"],
        }
        for row in rows
    ]


def sankey(ask: ReportContext, max_steps: int) -> Question:
    """Ask for `{nodes: [{step, path, sessions}], links: [{step, source, target, value}]}` of the most frequent moves.

    A link leads from the page `source`, which is the visit's page number `step`, to the page `target`, which is the
    next one. A node can have more sessions than its links: the others ended there, or took a link that is not shown.
    """
    if ask.period.grain != "day":
        raise invalid("period", "sankey counts whole days; give startDate and endDate as dates.")
    bindings = Bindings()
    rows = rollup_rows(ask, "page_flows_daily", bindings)
    most_steps = bindings.bind(_check_steps(max_steps, 2), "UInt8")
    sql = MOVES.format(
        rows=rows,
        most_steps=most_steps,
        last=LAST_MOVE.format(rows=rows, most_steps=most_steps) if max_steps == MAX_STEPS else "",
        limit=bindings.bind(ask.limit, "UInt32"),
    )
    return Question("page_flows_daily", bindings.statement(sql), _diagram, ask.subject.zone.key, notes=(MOVED,))


def _diagram(rows: list[Row]) -> Data:
    reached: dict[tuple[int, str], int] = {}
    for row in rows:
        reached[row["move"], row["source"]] = row["reached_source"]
        reached[row["move"] + 1, row["target"]] = row["reached_target"]
    return {
        "nodes": [
            {"step": step, "path": path, "sessions": sessions} for (step, path), sessions in sorted(reached.items())
        ],
        "links": [
            {"step": row["move"], "source": row["source"], "target": row["target"], "value": row["moved"]}
            for row in rows
        ],
    }


def _check_steps(steps: int, fewest: int) -> int:
    if not fewest <= steps <= MAX_STEPS:
        raise invalid("max_steps", f"maxSteps is {fewest} to {MAX_STEPS}, not {steps}.")
    return steps


class PathSequence(Shape):
    """Pages in the order in which they were seen; the mean duration is that of whole visits."""

    path_sequence: list[str]
    frequency: int
    avg_duration_seconds: float


class SankeyNode(Shape):
    """A page at one step of visits."""

    step: int
    path: str
    sessions: int


class SankeyLink(Shape):
    """The moves from a page at the step `step` to the page at the next step."""

    step: int
    source: str
    target: str
    value: int


class Sankey(Shape):
    """The most frequent moves, and the pages that they connect. The first moves start at a visit's first page."""

    nodes: list[SankeyNode]
    links: list[SankeyLink]


def _ask_paths(subject: ProjectScope, parameters: PathParameters, now_ms: int) -> Asked:
    return paths(read_ask(subject, parameters, now_ms), parameters), None


def _ask_sankey(subject: ProjectScope, parameters: SankeyParameters, now_ms: int) -> Asked:
    return sankey(read_ask(subject, parameters, now_ms), parameters.max_steps), None


PATHS = Report(
    "paths",
    "Sequences of pages, and how often each was taken.",
    PathParameters,
    _ask_paths,
    list[PathSequence],
    {"limit": 3},
)
SANKEY = Report("sankey", "Moves from page to page by step of the visit.", SankeyParameters, _ask_sankey, Sankey)
