"""The device that sent an event, as an id from which no address can be found."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from hashlib import blake2b, shake_256

import msgspec

from event_lens.errors import Broken

DAY_MS = 86_400_000
HANDOVER_MS = 30 * 60_000  # the default length of a session's timeout
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


class Device(msgspec.Struct, frozen=True):
    """`device_kind` is client, derived or server; `previous_device_id` is the id under the previous salt, if any."""

    device_id: str
    device_kind: str
    previous_device_id: str = ""


def derived_device(
    user_agent: str, address: str, project_id: str, salts: Mapping[date, str], at_ms: int, *, is_monthly: bool = False
) -> Device:
    """Return the device of an agent and address at a time, under the salt of that UTC day (or month). Raises
    `Broken` (`salts_missing`) without any salt.

    A time whose salt is deleted, or not created yet, uses the newest salt.
    """
    if not salts:
        raise Broken(
            "There is no salt to derive a device id with, though the collector creates one at its start. Restart it.",
            code="salts_missing",
        )
    day = _day(at_ms)
    begin = day.replace(day=1) if is_monthly else day
    salt = salts.get(begin)
    if salt is None:
        return Device(_derive(user_agent, address, project_id, salts[max(salts)]), "derived")
    previous = ""
    if at_ms % DAY_MS < HANDOVER_MS and day == begin:
        before = begin - timedelta(days=1)
        old_salt = salts.get(before.replace(day=1) if is_monthly else before)
        previous = _derive(user_agent, address, project_id, old_salt) if old_salt else ""
    return Device(_derive(user_agent, address, project_id, salt), "derived", previous)


def profile_device(project_id: str, profile_id: str) -> Device:
    """Return the device of events that a server reports of a profile; its id is empty without a profile."""
    if not profile_id:
        return Device("", "server")
    return Device(
        blake2b("\0".join(("profile", project_id, profile_id)).encode(), digest_size=16).hexdigest(), "server"
    )


@lru_cache(maxsize=8192)
def _derive(user_agent: str, address: str, project_id: str, salt: str) -> str:
    text = ":".join((user_agent, address, project_id, salt))
    return shake_256(text.encode("utf-8", "surrogatepass")).hexdigest(16)


@lru_cache(maxsize=64)
def _day_of(number: int) -> date:
    return date.fromordinal(EPOCH_ORDINAL + number)


def _day(at_ms: int) -> date:
    return _day_of(at_ms // DAY_MS)
