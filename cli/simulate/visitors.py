"""Simulated visitors: people with a device, an address, a browser and a habit."""

from dataclasses import dataclass
from random import Random

BROWSERS = (
    (
        30,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/141.0.0.0 Safari/537.36",
    ),
    (
        14,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.5 Safari/605.1.15",
    ),
    (
        20,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.5 Mobile/15E148 Safari/604.1",
    ),
    (
        22,
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/141.0.0.0 Mobile Safari/537.36",
    ),
    (8, "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"),
    (
        6,
        "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.7 Mobile/15E148 Safari/604.1",
    ),
)
CRAWLERS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
)
LANGUAGES = ("en-US", "en-GB", "de-DE", "fr-FR", "ko-KR", "ja-JP", "es-ES")
SCREENS = ((1920, 1080), (1440, 900), (393, 852), (412, 915), (820, 1180))
WITHOUT_DEVICE_ID = 0.15
CUSTOMERS = 0.25


@dataclass(frozen=True)
class Visitor:
    """One person on one device. `device_id` is empty when the site's SDK sends none, `profile_id` until they log in."""

    device_id: str
    profile_id: str
    address: str
    user_agent: str
    language: str
    screen: tuple[int, int]
    eagerness: float


def make_visitors(random: Random, count: int) -> list[Visitor]:
    """Return `count` visitors; a few come back often (`eagerness`), most hardly ever, as on real sites."""
    weights = [weight for weight, _ in BROWSERS]
    agents = [agent for _, agent in BROWSERS]
    return [
        Visitor(
            device_id="" if random.random() < WITHOUT_DEVICE_ID else f"device-{random.getrandbits(64):016x}",
            profile_id=f"customer-{number}" if random.random() < CUSTOMERS else "",
            # 198.18.0.0/15 is reserved for tests.
            address=f"198.18.{random.randrange(256)}.{random.randrange(1, 255)}",
            user_agent=random.choices(agents, weights)[0],
            language=random.choice(LANGUAGES),
            screen=random.choice(SCREENS),
            eagerness=random.paretovariate(1.3),
        )
        for number in range(count)
    ]
