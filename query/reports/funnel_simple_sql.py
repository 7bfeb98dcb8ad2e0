"""The attempts at a funnel whose steps are different events, as SQL without a search.

No event fits two steps, so the steps that an entity did are in arrays of numbers: no row is made of an event, and
nothing is joined. The result is that of the models' macro (`funnel_sql`), in a fraction of the time.
"""

from collections.abc import Iterable

# No event fits two steps here, so the events of an instant can be put in the order of the steps, and a step is done by
# the first later event that fits it: `after_k` has for each event the time of the first event, from that event on, that
# fits step k. Most entities do only one step; of these only the first event that does it is kept.
SIMPLE_SEQUENCES = """event_sequences AS
(
    SELECT
        entity,
        arraySort(arrayPushBack(if({is_one_step}, [first_event], marked), {last_event})) AS in_order,
        arrayMap(event -> bitShiftRight(event, 10), in_order) AS moments,
        arrayMap(event -> bitAnd(event, 1023), in_order) AS masks
    FROM (SELECT entity, marked, {first_event} AS first_event FROM entities)
    WHERE {has_begun}
),
"""

SIMPLE_ORDERED = """walks AS
(
    SELECT
        entity,
        {fills},
        arrayFilter((start, mask) -> mask = 1, arrayZip(moments, after_2), masks) AS starts,
        arrayMap(start -> 1 + {within}, starts) AS lengths,
        indexOf(lengths, arrayMax(lengths)) AS place,
        starts[place] AS start
    FROM event_sequences
),
attempts AS
(
    SELECT entity, arraySlice([{reached}], 1, lengths[place]) AS reached FROM walks
)"""

SIMPLE_ANY = """walks AS
(
    SELECT
        entity,
        {fills},
        arrayMap((at, {names}) -> (at < {never}) * ({within}), moments, {afters}) AS lengths,
        indexOf(lengths, arrayMax(lengths)) AS place,
        moments[place] AS begun_at
    FROM event_sequences
),
attempts AS
(
    SELECT entity, arraySort(arrayFilter(done -> done - begun_at <= {window_ms}, [{reached}])) AS reached FROM walks
)"""

# Each next step of a strict funnel is done at the same instant or at the next one. So the events of an instant become
# one number, and places are counted from an attempt's first instant: `near_j` has for each instant the steps that fit
# the jth place, none beyond the window. The others have a bit for each place: `ends_k` those at which the first k steps
# can end, `leads_k` those of them from which the attempt gets to its depth. Of these each step takes the earliest.
SIMPLE_STRICT = """event_sequences AS
(
    SELECT
        entity,
        arraySort(if({is_one_step}, [first_event], marked)) AS in_order,
        length(arrayCompact(event -> bitShiftRight(event, 10), in_order)) < length(in_order) AS has_ties,
        if(has_ties, in_order, []) AS tied,
        arraySplit(
            (event, before) -> bitShiftRight(event, 10) != bitShiftRight(before, 10),
            tied, arrayPopBack(arrayPushFront(tied, 0))
        ) AS by_instant,
        if(has_ties, arrayMap(events -> arrayReduce('groupBitOr', events), by_instant), in_order) AS instants,
        arrayMap(instant -> bitShiftRight(instant, 10), instants) AS moments,
        arrayMap(instant -> toUInt16(bitAnd(instant, 1023)), instants) AS masks
    FROM (SELECT entity, marked, {first_event} AS first_event FROM entities)
    WHERE first_event < {no_event}
),
near AS
(
    SELECT entity, moments, {near} FROM event_sequences
),
{ends},
deepest AS
(
    SELECT
        *,
        arrayMap(({names}) -> {length}, {names}) AS lengths,
        indexOf(lengths, arrayMax(lengths)) AS place_1
    FROM ends_{step_count}
),
{leads},
{places},
attempts AS
(
    SELECT entity, arraySlice([{reached}], 1, lengths[place_1]) AS reached FROM place_{step_count}
)"""

# Each column has a subquery of its own: in one SELECT a name that is used twice is written out twice, and so the
# statement doubles with each step.
SUBQUERY = """{name} AS
(
    SELECT *, {value} AS {name} FROM {source}
)"""
NEVER = 1 << 52
"""A time after all events, in milliseconds."""
_NO_EVENT = NEVER * 1024
"""A number larger than that of any event in `marked`."""
_LAST_EVENT = _NO_EVENT + 1023
"""An event after all others that fits every step."""


def simple_attempts(order: str, step_count: int, window_ms: str) -> str:
    """Return the CTEs from `entities` to `attempts`, as `funnel_sql` describes them."""
    simple = {"ordered": _simple_ordered, "strict": _simple_strict, "any": _simple_any}[order]
    return simple(step_count, window_ms)


def _simple_ordered(step_count: int, window_ms: str) -> str:
    """Return the CTEs of a funnel of different events in order."""
    later = range(2, step_count + 1)
    fills, times = [], []
    for place in reversed(later):
        is_last = place == step_count
        chain = "moments" if is_last else f"arrayZip(moments, after_{place + 1})"
        fills.append(f"{_filled(place, chain)} AS after_{place}")
        times.append("start.2" + ".2" * (place - 2) + ("" if is_last else ".1"))
    times.reverse()
    sequences = SIMPLE_SEQUENCES.format(
        is_one_step=f"{_latest(2)} < first_event",
        first_event=_earliest(1),
        has_begun=f"first_event < {_NO_EVENT}",
        last_event=_LAST_EVENT,
    )
    return sequences + SIMPLE_ORDERED.format(
        fills=",\n        ".join(fills),
        within=" + ".join(f"({time} - start.1 <= {window_ms})" for time in times),
        reached=", ".join(["start.1", *times]),
    )


def _simple_any(step_count: int, window_ms: str) -> str:
    """Return the CTEs of a funnel of different events whose steps may come in any order."""
    places = range(1, step_count + 1)
    sequences = SIMPLE_SEQUENCES.format(
        is_one_step="arrayMin(event -> bitAnd(event, 1023), marked) = arrayMax(event -> bitAnd(event, 1023), marked)",
        first_event="arrayMin(marked)",
        has_begun="notEmpty(marked)",
        last_event=_LAST_EVENT,
    )
    return sequences + SIMPLE_ANY.format(
        fills=",\n        ".join(f"{_filled(place, 'moments')} AS after_{place}" for place in places),
        names=", ".join(f"t{place}" for place in places),
        within=" + ".join(f"(t{place} - at <= {window_ms})" for place in places),
        afters=", ".join(f"after_{place}" for place in places),
        never=NEVER,
        reached=", ".join(f"after_{place}[place]" for place in places),
        window_ms=window_ms,
    )


def _earliest(mask: int) -> str:
    """Return SQL: the first event with that mask, or `_NO_EVENT`."""
    return f"arrayMin(event -> if(bitAnd(event, 1023) = {mask}, event, {_NO_EVENT}), marked)"


def _latest(mask: int) -> str:
    """Return SQL: the last event with that mask, or 0."""
    return f"arrayMax(event -> if(bitAnd(event, 1023) = {mask}, event, 0), marked)"


def _filled(place: int, chain: str) -> str:
    """Return SQL that gives each event the `chain` of the first event, from that event on, that fits the step. The last
    event counts as fitting every step.
    """
    return f"arrayReverseFill((chain, mask) -> bitTest(mask, {place - 1}), {chain}, masks)"


def _simple_strict(step_count: int, window_ms: str) -> str:
    """Return the CTEs of a strict funnel of different events."""
    steps = range(1, step_count + 1)
    ends = [("ends_1", "arrayMap(mask -> toUInt16(bitTest(mask, 0)), near_1)")]
    ends += [(f"ends_{step}", _ends(step)) for step in steps[1:]]
    leads = [(f"leads_{step_count}", f"ends_{step_count}[place_1]")]
    leads += [(f"leads_{step}", _leads(step)) for step in reversed(steps[1:-1])]
    places = [(f"place_{step}", _place(step)) for step in steps[1:]]
    return SIMPLE_STRICT.format(
        is_one_step=f"{_latest(2)} < first_event",
        first_event=_earliest(1),
        no_event=_NO_EVENT,
        near=",\n        ".join(_near(place, window_ms) for place in steps),
        ends=_subqueries(ends, "near"),
        names=", ".join(name for name, _ in ends),
        length=" + ".join(f"({name} != 0)" for name, _ in ends),
        step_count=step_count,
        leads=_subqueries(leads, "deepest"),
        places=_subqueries(places, leads[-1][0]),
        reached=", ".join(f"moments[place_{step}]" for step in steps),
    )


def _near(place: int, window_ms: str) -> str:
    """Return SQL: for each instant the steps that fit the instant `place - 1` places later, none beyond the window."""
    if place == 1:
        return "masks AS near_1"
    moved = ", ".join(
        f"arrayResize(arraySlice({values}, {place}), length(masks), 0)" for values in ("masks", "moments")
    )
    return f"arrayMap((mask, later, at) -> mask * (later - at <= {window_ms}), {moved}, moments) AS near_{place}"


def _ends(step: int) -> str:
    """Return SQL: for each instant the places at which the first `step` steps can end."""
    near = ", ".join(f"near_{place}" for place in range(1, step + 1))
    fits = " + ".join(f"bitTest(near_{place}, {step - 1}) * {1 << place - 1}" for place in range(1, step + 1))
    either = "bitOr(ends, bitShiftLeft(ends, 1))"
    return f"arrayMap((ends, {near}) -> bitAnd(toUInt16({fits}), {either}), ends_{step - 1}, {near})"


def _leads(step: int) -> str:
    """Return SQL: those of the places for `step` from which the attempt gets to its depth; 0 beyond the depth."""
    ends, later = f"ends_{step}[place_1]", f"leads_{step + 1}"
    return f"if({later} = 0, {ends}, bitAnd({ends}, bitOr({later}, bitShiftRight({later}, 1))))"


def _place(step: int) -> str:
    """Return SQL: the instant of the step. It is that of the step before if that leads on, else the next one."""
    before = f"place_{step - 1}"
    return f"{before} + 1 - bitTest(leads_{step}, {before} - place_1)"


def _subqueries(values: Iterable[tuple[str, str]], source: str) -> str:
    """Return CTEs that add a column each: its name and value. The first one reads `source`."""
    written = []
    for name, value in values:
        written.append(SUBQUERY.format(name=name, value=value, source=source))
        source = name
    return ",\n".join(written)
