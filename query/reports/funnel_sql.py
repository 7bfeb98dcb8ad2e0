"""The attempts at a funnel, as SQL: the models' own macro, rendered for a funnel that is not stored.

The SQL reads one of two CTEs of the same events. `moments (entity, at, mask)` has a row for each event: its time in
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
from query.reports.funnel_simple_sql import simple_attempts

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
    FROM moments
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


def attempts(order: str, steps: Sequence[Step], window_ms: str, *, has_breakdown: bool = False) -> str:
    """Return the CTEs of a funnel in `order`: ordered, strict or any. With a breakdown, `moments` also has `event_id`,
    `received_at` and `value`, and `attempts` also has the first event's `breakdown_value`.

    Raises `Refused` (`funnel_invalid`) if in `any` order too many steps of one event name have different filters.
    """
    is_simple = not has_breakdown and len({name for name, _ in steps}) == len(steps)
    if is_simple:
        return simple_attempts(order, len(steps), window_ms)
    return _by_macro(order, steps, window_ms, has_breakdown)


def _by_macro(order: str, steps: Sequence[Step], window_ms: str, has_breakdown: bool) -> str:
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
