"""What one sender can send that costs most: each a way in which builds once failed, or could."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.end_to_end.site import DAY, event

MANY = 1_500
BATCH = 100

Item = dict[str, Any]
Bomb = Callable[[], Iterator[Item]]


def clock(number: int) -> str:
    """A second of the day."""
    return f"{10 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"


def identify(profile: str, number: int, **fields: Any) -> Item:
    return {"type": "identify", "payload": {"profileId": profile, "timestamp": f"{DAY}T{clock(number)}Z", **fields}}


def a_profile_with_thousands_of_traits() -> Iterator[Item]:
    for number in range(10):
        yield identify("crowded", number, properties={f"t{number}_{trait}": trait for trait in range(1_000)})


def conversions_in_sessions_of_their_own() -> Iterator[Item]:
    for number in range(MANY):
        yield event("purchase", clock(number), "shopper", sessionId=f"s{number}", profileId="shopper")


def lists_of_objects() -> Iterator[Item]:
    for number in range(10):
        wide = {f"p{number}_{key}": [{f"k{key}": {"deep": [number]}}] for key in range(90)}
        yield event("wide", clock(number), "wide", properties=wide)


def everything_at_one_instant() -> Iterator[Item]:
    for _ in range(MANY):
        yield event("tap", "10:00:00", "at-once")


def names_that_nobody_has() -> Iterator[Item]:
    for number in range(MANY):
        yield event(f"n{number} `'\"\\;--{{{{", clock(number), "names")


def pages_that_nobody_has() -> Iterator[Item]:
    for number in range(MANY):
        yield event("screen_view", clock(number), "pages", path=f"/{number}?utm_source=s{number}&utm_term=%00%F0")


def a_chain_and_a_loop_of_aliases() -> Iterator[Item]:
    for number in range(300):
        payload = {"profileId": f"a{(number + 1) % 300}", "alias": f"a{number}"}
        yield {"type": "alias", "payload": payload}


def a_device_of_a_thousand_people() -> Iterator[Item]:
    for number in range(1_000):
        yield event("screen_view", clock(number), "shared", profileId=f"person{number % 500}")


def a_person_on_a_thousand_devices() -> Iterator[Item]:
    for number in range(1_000):
        yield event("screen_view", clock(number), f"dev{number}", profileId="everywhere")


def groups_by_the_hundred() -> Iterator[Item]:
    for number in range(100):
        yield event("grouped", clock(number), "groups", groups=[f"g{number}_{group}" for group in range(100)])


def numbers_at_the_edge() -> Iterator[Item]:
    for number in range(200):
        payload = {"profileId": "rich", "property": "money", "value": 10**18 - 1}
        yield {"type": "increment", "payload": payload}
        yield event("purchase", clock(number), "rich", properties={"__revenue": 99_999_999_999_999})


def one_message_again_and_again() -> Iterator[Item]:
    for number in range(MANY):
        yield event("screen_view", clock(number), "again", messageId="the-same")


def paths_inside_each_other() -> Iterator[Item]:
    for number in range(200):
        path = ".".join(["x"] * (number % 30 + 1))
        yield identify("nested", number, properties={path: number, "x": {"x": {"": [None], " ": {"x.x": 1}}}})


def long_keys_before_many_others() -> Iterator[Item]:
    for number in range(20):
        yield identify("long", number, properties={f"{number}" + "k" * 16_000: dict.fromkeys(map(str, range(900)), 1)})


BOMBS: tuple[Bomb, ...] = (
    a_profile_with_thousands_of_traits,
    conversions_in_sessions_of_their_own,
    lists_of_objects,
    everything_at_one_instant,
    names_that_nobody_has,
    pages_that_nobody_has,
    a_chain_and_a_loop_of_aliases,
    a_device_of_a_thousand_people,
    a_person_on_a_thousand_devices,
    groups_by_the_hundred,
    numbers_at_the_edge,
    one_message_again_and_again,
    paths_inside_each_other,
    long_keys_before_many_others,
)
