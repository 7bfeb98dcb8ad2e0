"""A simulated visit: a source, some pages, perhaps a sign-up and a purchase, with pauses between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from cli.simulate.visitors import Visitor

SITE = "https://shop.example"
PRODUCTS = ("tea", "coffee", "cocoa", "mugs", "kettles", "filters")
ENTRIES = ((45, "/"), (20, "/blog/brewing"), (25, "/products"), (10, "/pricing"))
NEXT = {
    "/": ((50, "/products"), (20, "/pricing"), (15, "/blog/brewing"), (15, "")),
    "/products": ((70, "/products/{product}"), (15, "/"), (15, "")),
    "/products/{product}": ((35, "/cart"), (35, "/products"), (30, "")),
    "/cart": ((55, "/checkout"), (20, "/products"), (25, "")),
    "/checkout": ((100, ""),),
    "/pricing": ((35, "/signup"), (25, "/products"), (40, "")),
    "/signup": ((60, "/products"), (40, "")),
    "/blog/brewing": ((25, "/products"), (15, "/blog/water"), (60, "")),
    "/blog/water": ((30, "/products"), (70, "")),
}
SOURCES: tuple[tuple[int, str, str], ...] = (
    (34, "", ""),
    (30, "https://www.google.com/", ""),
    (6, "https://duckduckgo.com/", ""),
    (6, "https://www.reddit.com/r/tea/", ""),
    (4, "https://t.co/x1", ""),
    (4, "https://chatgpt.com/", ""),
    (7, "", "utm_source=newsletter&utm_medium=email&utm_campaign=autumn"),
    (6, "https://www.google.com/", "gclid=test&utm_source=google&utm_medium=cpc&utm_campaign=brand"),
    (3, "https://partner.example/links", ""),
)
MAX_VISIT = 25


@dataclass(frozen=True)
class Action:
    """One action of a visitor: the seconds since the visit began, the wire's type and payload, and whether the shop's
    server reports it (with the secret) rather than the page."""

    after_seconds: float
    type: str
    payload: dict[str, Any]
    is_from_server: bool = False


def make_visit(random: Random, visitor: Visitor) -> Iterator[Action]:
    """Yield the actions of one visit in order. A visitor who buys or signs up is identified from then on."""
    _, referrer, campaign = random.choices(SOURCES, [weight for weight, _, _ in SOURCES])[0]
    template = _pick(random, ENTRIES)
    product, at, is_known = random.choice(PRODUCTS), 0.0, False
    for number in range(MAX_VISIT):
        path = template.format(product=product)
        url = f"{SITE}{path}" + (f"?{campaign}" if campaign and number == 0 else "")
        properties: dict[str, Any] = {"__path": url, "__title": path.strip("/") or "home"}
        if number == 0 and referrer:
            properties["__referrer"] = referrer
        yield Action(at, "track", _payload("screen_view", properties, visitor, is_known=is_known))
        if template == "/products/{product}" and random.random() < 0.4:
            at += random.uniform(3, 30)
            yield Action(
                at, "track", _payload("add_to_cart", {"__path": url, "product": product}, visitor, is_known=is_known)
            )
        if template in ("/checkout", "/signup") and visitor.profile_id:
            at += random.uniform(5, 60)
            is_known = True
            yield Action(at, "identify", _identity(visitor))
        if template == "/checkout":
            at += random.uniform(5, 40)
            price = round(random.uniform(5, 120), 2)
            purchase = {"__revenue": price, "__currency": "EUR", "product": product, "items": random.randint(1, 4)}
            yield Action(at, "track", _payload("purchase", purchase, visitor, is_known=is_known), is_from_server=True)
            if visitor.profile_id:
                count = {"profileId": visitor.profile_id, "property": "orders", "value": 1}
                yield Action(at, "increment", count, is_from_server=True)
        template = _pick(random, NEXT[template])
        if not template:
            return
        product = random.choice(PRODUCTS)
        at += random.expovariate(1 / 45) + 1


def _pick(random: Random, weighted: tuple[tuple[int, str], ...]) -> str:
    return random.choices([choice for _, choice in weighted], [weight for weight, _ in weighted])[0]


def _payload(name: str, properties: dict[str, Any], visitor: Visitor, *, is_known: bool) -> dict[str, Any]:
    payload: dict[str, Any] = {"name": name, "properties": properties}
    if is_known:
        payload["profileId"] = visitor.profile_id
    return payload


def _identity(visitor: Visitor) -> dict[str, Any]:
    number = visitor.profile_id.removeprefix("customer-")
    return {
        "profileId": visitor.profile_id,
        "email": f"{visitor.profile_id}@example.com",
        "properties": {"plan": "club" if int(number) % 3 == 0 else "guest"},
    }
