"""A few days of visits that make every setting of a project matter."""

from datetime import date, timedelta
from random import Random

from tests.spec.rows import DAY_MS, Project, moment

FIRST = date(2026, 3, 2)
DAY_COUNT = 2
MINUTE_MS = 60_000
# Between two events of a visit: some of these pauses end a session of 30 minutes, and none of 2 hours.
PAUSES_MS = (0, 20_000, MINUTE_MS, 10 * MINUTE_MS, 35 * MINUTE_MS, 70 * MINUTE_MS)
NAMES = ("screen_view", "screen_view", "screen_view", "signup", "purchase")


def visits(project: Project, seed: int, *, days: range = range(DAY_COUNT), devices: int = 12) -> Project:
    """`project` with a visit of most of its devices on each of `days` after the first, at any hour of the day.

    Some are crawlers, some copies come again, some visitors log in, a few on the device of another.
    """
    random = Random(seed)
    for day in days:
        for number in range(devices):
            if random.random() < 0.7:
                at = moment(f"{FIRST + timedelta(days=day)}") + random.randrange(DAY_MS)
                _visit(project, random, at, f"d{number}")
    return project


def _visit(project: Project, random: Random, at: int, device: str) -> None:
    is_bot = random.random() < 0.15
    reason = random.choice(("crawler:good", "crawler:bad")) if is_bot else ""
    for _ in range(random.randrange(1, 6)):
        name = random.choice(NAMES)
        sent = project.event(
            at,
            name,
            device,
            path=random.choice(("/", "/pricing", "/blog")),
            revenue="9.5" if name == "purchase" else "0",
            received_at=at + random.choice((0, 0, 5_000, DAY_MS)),
            body_hash=random.getrandbits(32),
            is_bot=is_bot,
            bot_reason=reason,
        )
        if random.random() < 0.1:
            project.events.append(sent | {"event_id": f"{random.getrandbits(128):032x}"})
        at += random.choice(PAUSES_MS)
    if random.random() < 0.3:
        project.operation(at, "identify", random.choice(("ann", "ben", "cem")), device, properties={"plan": "pro"})
    if random.random() < 0.1:
        project.reject(at)
