"""The attempts at a funnel, as SQL: the models' own macro, rendered for a funnel that is not stored.

The SQL reads two CTEs of the same events. `moments (entity, at, mask)` has a row for each event: its time in
milliseconds, and a bit for every step that it fits (for strict order also the events that fit no step). `entities
(entity, marked)` has a row for each entity: the array of its events as `at * 1024 + mask`, in any order. The SQL ends
with a CTE `attempts (entity, reached)`: the deepest attempt of every entity, the earliest of equally deep ones, as the
times of its steps.
"""

from collections.abc import Hashable, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path

from jinja2 import Environment

from event_lens.registry.definitions.funnels import MAX_VARIANTS
from query.errors import invalid

MACROS = Path(__file__).resolve().parents[2] / "dbt_project" / "macros"

Step = tuple[str, Hashable]
"""An event name, and a value that differs between steps of that name with different filters."""

# Events in the form of `int_funnel_days`, all on one day, since the deepest attempt of the whole period counts.
DAYS = """int_funnel_days AS
(
    SELECT
        '' AS project_id, '' AS funnel_id, entity, toDate(1) AS local_day,
        {in_order} AS in_order,
        arraySplit(
            (event, at, before) -> at != before,
            in_order, in_order.1, arrayPopBack(arrayPushFront(in_order.1, -1))
        ) AS by_instant,
        arrayMap(events -> events[1].1, by_instant) AS moments,
        arrayMap(events -> arrayFilter(mask -> mask != 0, events.{mask_place}), by_instant) AS masks,
        {values} AS breakdown_values
    FROM {moments}
    GROUP BY entity
    HAVING {has_begun}
)"""
ALL_EVENTS = "arraySort(groupArray((at, mask)))"
NO_VALUES = "arrayMap(fitting -> arrayMap(mask -> '', fitting), masks)"
# Of several events at one instant the first by its id gives the value, so they are in the models' order.
VALUED_EVENTS = "arraySort(groupArray((at, event_id, received_at, mask, value)))"
VALUES = "arrayMap(events -> arrayFilter((value, mask) -> mask != 0, events.5, events.4), by_instant)"
# An entity that never does the second step after the first one has reached exactly the first step, whatever its other
# events.
EVENTS_IN_ORDER = """if(
            maxIf(at, bitTest(mask, 1)) < minIf(at, bitTest(mask, 0)),
            [(minIf(at, bitTest(mask, 0)), toUInt16(1))],
            arraySort(groupArray((at, mask)))
        )"""

FUNNELS = """funnels AS
(
    SELECT
        '' AS project_id, '' AS funnel_id, '{order}' AS step_order, {window_ms} AS window_ms,
        CAST([{unions}], 'Array(UInt16)') AS unions,
        [{union_sizes}] AS union_sizes,
        CAST([{needs}], 'Array(Array(Tuple(UInt64, Int16)))') AS needs
)"""


# No event fits two steps here, so the events of an instant can be put in the order of the steps, and a step is done by
# the first later event that fits it: `after_k` has for each event the time of the first event, from that event on, that
# fits step k. Most entities do only one step; of these only the first event that does it is kept.
SIMPLE = """event_sequences AS
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
# An entity without two events at one instant does each next step of a strict funnel by its next event. Other entities,
# and their events only, go through the macro.
SIMPLE_STRICT = """single_file AS
(
    SELECT
        entity,
        arraySort(marked) AS in_order,
        arrayMap(event -> bitShiftRight(event, 10), in_order) AS moments,
        arrayMap(event -> bitAnd(event, 1023), in_order) AS masks,
        length(arrayCompact(moments)) < length(moments) AS has_ties
    FROM entities
    WHERE has(masks, 1)
),
walks AS
(
    SELECT
        entity,
        moments,
        arrayMap(({masks}, {times}) -> {length}, {later_masks}, {later_moments}) AS lengths,
        indexOf(lengths, arrayMax(lengths)) AS place
    FROM single_file
    WHERE NOT has_ties
),
attempts AS
(
    SELECT entity, arraySlice(moments, place, lengths[place]) AS reached FROM walks
    UNION ALL
    SELECT entity, reached FROM
    (
        WITH {defined}
        SELECT entity, reached FROM attempts
    )
)"""
TIED_MOMENTS = """(
        SELECT entity, bitShiftRight(event, 10) AS at, toUInt16(bitAnd(event, 1023)) AS mask
        FROM (SELECT entity, in_order FROM single_file WHERE has_ties)
        ARRAY JOIN in_order AS event
    )"""
NEVER = 1 << 52
"""A time after all events, in milliseconds."""
_NO_EVENT = NEVER * 1024
"""A number larger than that of any event in `marked`."""
_LAST_EVENT = _NO_EVENT + 1023
"""An event after all others that fits every step."""


def _simple_ordered(step_count: int, window_ms: str) -> str:
    """Return the CTEs for ordered steps if no event fits two steps: the result is the same as that of `attempts`, in a
    fraction of the time.
    """
    later = range(2, step_count + 1)
    fills, times = [], []
    for place in reversed(later):
        is_last = place == step_count
        chain = "moments" if is_last else f"arrayZip(moments, after_{place + 1})"
        fills.append(f"{_filled(place, chain)} AS after_{place}")
        times.append("start.2" + ".2" * (place - 2) + ("" if is_last else ".1"))
    times.reverse()
    sequences = SIMPLE.format(
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
    sequences = SIMPLE.format(
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


def _simple_strict(step_count: int, window_ms: str, defined: str) -> str:
    """Return the CTEs of a strict funnel of different events. `defined` are the CTEs of the macro, which serve entities
    with several events at one instant.
    """
    later = range(2, step_count + 1)
    length = "1"
    for place in reversed(later):
        length = f"1 + (m{place} = {1 << place - 1} AND t{place} - t1 <= {window_ms}) * ({length})"
    return SIMPLE_STRICT.format(
        masks=", ".join(f"m{place}" for place in (1, *later)),
        times=", ".join(f"t{place}" for place in (1, *later)),
        length=f"if(m1 = 1, {length}, 0)",
        later_masks=", ".join(("masks", *(_moved("masks", place - 1) for place in later))),
        later_moments=", ".join(("moments", *(_moved("moments", place - 1) for place in later))),
        defined=defined,
    )


def _moved(values: str, count: int) -> str:
    """Return SQL: for each event the value of the event `count` places later, 0 beyond the last one."""
    return f"arrayResize(arraySlice({values}, {count + 1}), length({values}), 0)"


def attempts(order: str, steps: Sequence[Step], window_ms: str, *, has_breakdown: bool = False) -> str:
    """Return the CTEs of a funnel in `order`: ordered, strict or any. With a breakdown, `moments` also has `event_id`,
    `received_at` and `value`, and `attempts` also has the first event's `breakdown_value`.

    Raises `Refused` (`funnel_invalid`) if in `any` order too many steps of one event name have different filters.
    """
    is_simple = not has_breakdown and len({name for name, _ in steps}) == len(steps)
    if is_simple and order != "strict":
        return (_simple_ordered if order == "ordered" else _simple_any)(len(steps), window_ms)
    if is_simple:
        return _simple_strict(len(steps), window_ms, _by_macro(order, steps, window_ms, False, TIED_MOMENTS))
    return _by_macro(order, steps, window_ms, has_breakdown)


def _by_macro(order: str, steps: Sequence[Step], window_ms: str, has_breakdown: bool, moments: str = "moments") -> str:
    """Return the CTEs that the models' macro makes of the events in `moments`."""
    by_name = [_unions(steps, places) for places in _by_name(steps)]
    unions = list(chain.from_iterable(by_name))
    sizes = [number.bit_count() for of_name in by_name for number, _ in enumerate(of_name, start=1)]
    is_any = order == "any"
    if is_any and _most_variants(steps) > MAX_VARIANTS:
        raise invalid("funnel", f"In any order, at most {MAX_VARIANTS} steps of one name may have different filters.")
    funnels = FUNNELS.format(
        order=order,
        window_ms=window_ms,
        unions=", ".join(map(str, unions)),
        union_sizes=", ".join(map(str, sizes)),
        needs=", ".join(_needs(unions, by_name)) if is_any else "",
    )
    step_count = 2 if is_any else len(steps)
    defined = _rendered(step_count, order == "strict", len(unions) if is_any else 0)
    days = DAYS.format(
        in_order=VALUED_EVENTS if has_breakdown else ALL_EVENTS if is_any else EVENTS_IN_ORDER,
        mask_place=4 if has_breakdown else 2,
        values=VALUES if has_breakdown else NO_VALUES,
        moments=moments,
        has_begun="1" if is_any else "max(bitTest(mask, 0))",
    )
    return f"{funnels},\n{days},\n{defined}"


@lru_cache
def _rendered(step_count: int, has_strict: bool, union_count: int) -> str:
    """Render the macro `funnel_attempts` as dbt does, over all rows of `int_funnel_days`."""
    # The text is SQL and not HTML, and holds no text of a caller.
    macros = "".join((MACROS / f"{name}.sql").read_text() for name in ("previous_of", "unguessable", "funnel_attempts"))
    template = Environment(autoescape=False).from_string(f"{macros}{{{{ funnel_attempts(shape) }}}}")  # noqa: S701
    return template.render(
        shape={"steps": step_count, "has_strict": has_strict, "unions": union_count},
        ref=lambda table: table,
        in_window=lambda *_, **__: "1",
        funnel_reach=lambda: 0,
    ).strip()


def _needs(unions: list[int], by_name: list[list[int]]) -> list[str]:
    """Return, for 1, 2, ... steps with the same event name, how many events each union must have for that many steps to
    be done (`funnel_definitions` says why).
    """
    needs = []
    for of_name in by_name:
        step_count = of_name[-1].bit_count()
        for done in range(1, step_count + 1):
            counts = [(unions.index(mask) + 1, done - step_count + mask.bit_count()) for mask in of_name]
            needs.append(f"[{', '.join(f'({place}, {count})' for place, count in counts if count > 0)}]")
    return needs


def _unions(steps: Sequence[Step], places: list[int]) -> list[int]:
    """Return the mask of every union of variants, where the variants are the steps at `places` with equal filters. The
    nth union has the variants whose bits are set in n.
    """
    variants = [sum(1 << place for place in variant) for variant in _variants(steps, places).values()]
    return [
        sum(variant for bit, variant in enumerate(variants) if chosen >> bit & 1)
        for chosen in range(1, 1 << len(variants))
    ]


def _by_name(steps: Sequence[Step]) -> list[list[int]]:
    names: dict[str, list[int]] = {}
    for place, (name, _) in enumerate(steps):
        names.setdefault(name, []).append(place)
    return list(names.values())


def _variants(steps: Sequence[Step], places: list[int]) -> dict[Hashable, list[int]]:
    """Group the steps at `places`, which have the same event name, by their filters; a step is given by its place in
    the funnel.
    """
    variants: dict[Hashable, list[int]] = {}
    for place in places:
        variants.setdefault(steps[place][1], []).append(place)
    return variants


def _most_variants(steps: Sequence[Step]) -> int:
    return max(len(_variants(steps, places)) for places in _by_name(steps))
