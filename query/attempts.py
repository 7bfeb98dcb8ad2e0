"""The attempts at a funnel, as SQL: for every event that can begin one, when it reached each step.

Reads a CTE `moments (entity, at, rank, mask)` and ends with a CTE `attempts (entity, reached)`, `reached` being times
in milliseconds, the first step's first. Window functions read an entity's events backwards once, so the cost is that
of a sort and does not grow with the square of an entity's events.
"""

from collections.abc import Hashable, Sequence
from itertools import chain, combinations

from query.refusals import invalid

BACKWARDS = "PARTITION BY entity ORDER BY at DESC, rank DESC, mask DESC ROWS BETWEEN UNBOUNDED PRECEDING AND {end}"
AFTER_THIS = BACKWARDS.format(end="1 PRECEDING")
FROM_THIS = BACKWARDS.format(end="CURRENT ROW")
NO_CHAIN = "CAST([], 'Array(Int64)')"

# Unions of the variants of one event name are looked at one by one.
MOST_VARIANTS = 4

Step = tuple[str, Hashable]
"""An event name, and what makes two steps of that name differ."""


def attempts(order: str, steps: Sequence[Step], window_ms: str) -> str:
    """The CTEs for `order`: ordered, strict or any.

    Raises `Refused` (`funnel_invalid`) where `any` has too many variants of one name.
    """
    return _in_any_order(steps, window_ms) if order == "any" else _in_order(len(steps), window_ms, order == "strict")


def _in_order(step_count: int, window_ms: str, is_strict: bool) -> str:
    """Each step takes the first event after the one before that fits: the earliest choice leaves the most for the rest.

    `chain_k` of an event holds the times of step k and the further ones, from the first event after it that fits.
    """
    ctes = []
    source = "moments"
    if is_strict:
        later = "PARTITION BY entity ORDER BY at DESC RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
        ctes.append(f"spaced AS (SELECT *, minOrNull(at) OVER ({later}) AS next_at FROM moments)")
        source = "spaced"
    for place in range(step_count, 1, -1):
        following = _following(place + 1, step_count, is_strict)
        ctes.append(
            f"after_{place} AS (SELECT *, argMinIf({following}, (at, rank, mask), bitTest(mask, {place - 1})) "
            f"OVER ({AFTER_THIS}) AS chain_{place} FROM {source})"
        )
        source = f"after_{place}"
    chain = _following(2, step_count, is_strict)
    ctes.append(
        f"attempts AS (SELECT entity, arrayFilter(moment -> moment - at <= {window_ms}, {chain}) AS reached "
        f"FROM {source} WHERE bitTest(mask, 0))"
    )
    return ",\n".join(ctes)


def _following(place: int, step_count: int, is_strict: bool) -> str:
    """This event's time, and the chain from step `place` on unless another event lies between."""
    if place > step_count:
        return "[at]"
    chain = f"chain_{place}"
    if not is_strict:
        return f"arrayPushFront({chain}, at)"
    is_next = f"notEmpty({chain}) AND ({chain}[1] = at OR {chain}[1] <= ifNull(next_at, at))"
    return f"arrayPushFront(if({is_next}, {chain}, {NO_CHAIN}), at)"


def _in_any_order(steps: Sequence[Step], window_ms: str) -> str:
    """Steps of different names take different events; those of one name share them out (Hall's theorem).

    Of g steps of one name, j have an event each as soon as every union of its variants that covers c steps has
    j - g + c events. The merged times of all names, in order, are those at which 1, 2, ... different steps are done.
    """
    nearest, reached = [], []
    for places in _by_name(steps):
        variants = _variants(steps, places)
        if len(variants) > MOST_VARIANTS:
            raise invalid(
                "funnel", f"In any order, at most {MOST_VARIANTS} steps of one name may have different filters."
            )
        unions = [
            list(chain.from_iterable(union))
            for size in range(1, len(variants) + 1)
            for union in combinations(variants, size)
        ]
        for union in unions:
            mask = sum(1 << place for place in union)
            times = f"groupArrayLastIf({len(union)})(at, bitAnd(mask, {mask}) != 0) OVER ({FROM_THIS})"
            nearest.append(f"arraySort({times}) AS times_{mask}")
        for count in range(1, len(places) + 1):
            needed = []
            for union in unions:
                index = count - len(places) + len(union)
                if index > 0:
                    name = f"times_{sum(1 << place for place in union)}"
                    needed.append(f"if(length({name}) >= {index}, {name}[{index}], NULL)")
            reached.append(_latest(needed))
    found = f"arrayFilter(moment -> isNotNull(moment), [{', '.join(reached)}])"
    in_time = f"arrayFilter(moment -> moment - at <= {window_ms}, arrayMap(moment -> assumeNotNull(moment), {found}))"
    return (
        f"near AS (SELECT entity, at, mask, {', '.join(nearest)} FROM moments),\n"
        f"attempts AS (SELECT entity, arraySort({in_time}) AS reached FROM near WHERE mask != 0)"
    )


def _latest(times: list[str]) -> str:
    """The latest of `times`; null when one of them is."""
    missing = " OR ".join(f"isNull({time})" for time in times)
    return times[0] if len(times) == 1 else f"if({missing}, NULL, greatest({', '.join(times)}))"


def _by_name(steps: Sequence[Step]) -> list[list[int]]:
    names: dict[str, list[int]] = {}
    for place, (name, _) in enumerate(steps):
        names.setdefault(name, []).append(place)
    return list(names.values())


def _variants(steps: Sequence[Step], places: list[int]) -> list[list[int]]:
    """The places of one name, those with equal filters together."""
    variants: dict[Hashable, list[int]] = {}
    for place in places:
        variants.setdefault(steps[place][1], []).append(place)
    return list(variants.values())
