"""Single values of a payload, as the types the rows have. An absent value and `null` are the same."""

import math
from decimal import Decimal
from typing import Any

from event_lens.contract.limits import MAX_ID_LENGTH, MAX_NAME_LENGTH, MAX_TEXT_LENGTH
from event_lens.contract.rejection import Rejection


def as_text(value: Any, what: str) -> str:
    """Return text, or a number as JavaScript would write it; empty for None. Raises `Rejection` (`value_not_text`)."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if type(value) is int and abs(value) < 10**300:
        return str(value)
    if type(value) is float and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    raise Rejection(f"{what} is neither text nor a number.", code="value_not_text")


def as_id(value: Any, what: str) -> str:
    """Return an id, empty when absent. Raises `Rejection` (`value_not_text`, `id_too_long`)."""
    text = as_text(value, what)
    if len(text) > MAX_ID_LENGTH:
        raise Rejection(f"{what} has more than {MAX_ID_LENGTH} characters.", code="id_too_long")
    return text


def as_name(value: Any, what: str, missing: str) -> str:
    """Return a name of 1 to 255 characters. Raises `Rejection` (the code in `missing`, `value_not_text`,
    `name_too_long`).
    """
    text = as_text(value, what)
    if not text:
        raise Rejection(f"{what} is missing.", code=missing)
    if len(text) > MAX_NAME_LENGTH:
        raise Rejection(f"{what} has more than {MAX_NAME_LENGTH} characters.", code="name_too_long")
    return text


def as_cut_text(value: Any, what: str, length: int = MAX_TEXT_LENGTH) -> str:
    """Return text of up to `length` characters; the rest is cut off. Raises `Rejection` (`value_not_text`)."""
    return (value if type(value) is str else as_text(value, what))[:length]


def as_ids(value: Any, what: str, most: int) -> list[str]:
    """Return ids, each once, in their order. Raises `Rejection` (`value_not_text`, `id_too_long`,
    `groups_not_a_list`).
    """
    if value is None:
        return []
    if type(value) is not list or len(value) > most:
        raise Rejection(f"{what} is not a list of up to {most} ids.", code="groups_not_a_list")
    return list(dict.fromkeys(text for text in (as_id(item, what) for item in value) if text))


def as_decimal(value: Any, digits: int, what: str, below: int) -> str:
    """Return a number as plain decimal text with up to `digits` decimals, between `-below` and `below`, both
    exclusive.

    Raises `Rejection` (`value_not_a_number`, `value_out_of_range`).
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejection(f"{what} is not a number.", code="value_not_a_number")
    if not -below < value < below:  # infinities and NaN too
        raise Rejection(f"{what} is not between -{below:.0e} and {below:.0e}.", code="value_out_of_range")
    if isinstance(value, int):
        return str(value)
    text = f"{Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits)):f}"
    return text.rstrip("0").rstrip(".")


def as_side(value: Any) -> int:
    """Return the width or height of a screen in pixels; 0 for any value that cannot be a width or height."""
    try:
        side = int(value)
    except (ValueError, OverflowError, TypeError):
        return 0
    return side if 0 <= side < 65_536 else 0
