"""The attempts at a funnel, as SQL: the models' own macro, rendered for one funnel that is not stored.

Reads a CTE `moments (entity, at, mask)`: the events in milliseconds, with a bit for every step that each fits (for
strict order also those that fit none). Ends with a CTE `attempts (reached)`: for every entity the deepest attempt, the
earliest on a tie, as the times of its steps.
"""

from collections.abc import Hashable, Sequence
from functools import lru_cache
from itertools import chain, combinations
from pathlib import Path

from jinja2 import Environment

from event_lens.registry.definitions.funnels import MAX_VARIANTS
from query.errors import invalid

MACROS = Path(__file__).resolve().parents[2] / "dbt_project" / "macros"

Step = tuple[str, Hashable]
"""An event name, and what makes two steps of that name differ."""

# Events as `int_funnel_days` has them. All lie on one day, for of the whole period the deepest attempt counts.
DAYS = """int_funnel_days AS
(
    SELECT
        '' AS project_id, '' AS funnel_id, entity, toDate(1) AS local_day,
        arraySort(groupArray((at, mask))) AS in_order,
        arraySplit(
            (event, at, before) -> at != before,
            in_order, in_order.1, arrayPopBack(arrayPushFront(in_order.1, -1))
        ) AS by_instant,
        arrayMap(events -> events[1].1, by_instant) AS moments,
        arrayMap(events -> arrayFilter(mask -> mask != 0, events.2), by_instant) AS masks,
        arrayMap(fitting -> arrayMap(mask -> '', fitting), masks) AS breakdown_values
    FROM moments
    GROUP BY entity
)"""

FUNNELS = """funnels AS
(
    SELECT
        '' AS project_id, '' AS funnel_id, '{order}' AS step_order, {window_ms} AS window_ms,
        CAST([{unions}], 'Array(UInt16)') AS unions,
        CAST([{needs}], 'Array(Array(Tuple(UInt64, Int16)))') AS needs
)"""


def attempts(order: str, steps: Sequence[Step], window_ms: str) -> str:
    """The CTEs for `order`: ordered, strict or any.

    Raises `Refused` (`funnel_invalid`) where `any` has too many variants of one name.
    """
    by_name = [_unions(steps, places) for places in _by_name(steps)]
    unions = list(chain.from_iterable(by_name))
    is_any = order == "any"
    if is_any and _most_variants(steps) > MAX_VARIANTS:
        raise invalid("funnel", f"In any order, at most {MAX_VARIANTS} steps of one name may have different filters.")
    funnels = FUNNELS.format(
        order=order,
        window_ms=window_ms,
        unions=", ".join(map(str, unions)),
        needs=", ".join(_needs(unions, by_name)) if is_any else "",
    )
    step_count = 2 if is_any else len(steps)
    defined = _rendered(step_count, order == "strict", len(unions) if is_any else 0)
    return f"{funnels},\n{DAYS},\n{defined}"


@lru_cache
def _rendered(step_count: int, has_strict: bool, union_count: int) -> str:
    """The macro `funnel_attempts` as dbt would write it out, over all that `int_funnel_days` holds."""
    # It is SQL and no page; nothing that a caller wrote is rendered.
    macros = "".join((MACROS / f"{name}.sql").read_text() for name in ("previous_of", "funnel_attempts"))
    template = Environment(autoescape=False).from_string(f"{macros}{{{{ funnel_attempts(shape) }}}}")  # noqa: S701
    return template.render(
        shape={"steps": step_count, "has_strict": has_strict, "unions": union_count},
        ref=lambda table: table,
        in_window=lambda *_, **__: "1",
        funnel_reach=lambda: 0,
    ).strip()


def _needs(unions: list[int], by_name: list[list[int]]) -> list[str]:
    """When 1, 2, ... steps of a name are done: how many events each union needs (`funnel_definitions` says why)."""
    needs = []
    for of_name in by_name:
        step_count = of_name[-1].bit_count()
        for done in range(1, step_count + 1):
            counts = [(unions.index(mask) + 1, done - step_count + mask.bit_count()) for mask in of_name]
            needs.append(f"[{', '.join(f'({place}, {count})' for place, count in counts if count > 0)}]")
    return needs


def _unions(steps: Sequence[Step], places: list[int]) -> list[int]:
    """Masks of every union of the variants of one name; the last is that of all its steps."""
    variants = list(_variants(steps, places).values())
    return [
        sum(1 << place for place in chain.from_iterable(union))
        for size in range(1, len(variants) + 1)
        for union in combinations(variants, size)
    ]


def _by_name(steps: Sequence[Step]) -> list[list[int]]:
    names: dict[str, list[int]] = {}
    for place, (name, _) in enumerate(steps):
        names.setdefault(name, []).append(place)
    return list(names.values())


def _variants(steps: Sequence[Step], places: list[int]) -> dict[Hashable, list[int]]:
    """The places of one name, those with equal filters together."""
    variants: dict[Hashable, list[int]] = {}
    for place in places:
        variants.setdefault(steps[place][1], []).append(place)
    return variants


def _most_variants(steps: Sequence[Step]) -> int:
    return max(len(_variants(steps, places)) for places in _by_name(steps))
