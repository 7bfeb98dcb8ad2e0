"""Who may send, from where, and how often."""

from ipaddress import ip_network

import pytest

from collector.address import client_address
from collector.origin import is_allowed
from collector.rate import MOST_SENDERS, RateLimit, RateLimited

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize(
    ("origin", "rule", "may"),
    [
        ("https://example.com", "example.com", True),
        ("http://EXAMPLE.com", "example.com", True),
        ("https://example.com:8443", "example.com", True),
        ("https://example.com.", "example.com", True),
        ("https://www.example.com", "example.com", False),
        ("https://www.example.com", "*.example.com", True),
        ("https://a.b.example.com", "*.example.com", True),
        ("https://example.com", "*.example.com", False),
        ("https://x.example.com.evil.io", "*.example.com", False),
        ("https://evilexample.com", "*.example.com", False),
        ("https://evilexample.com", "example.com", False),
        ("https://example.com@evil.io", "example.com", False),
        ("https://evil.io/example.com", "example.com", False),
        ("https://evil.io?example.com", "example.com", False),
        ("http://example.com", "https://example.com", False),
        ("https://example.com", "https://example.com", True),
        ("https://example.com:443", "https://example.com", True),
        ("https://example.com:444", "https://example.com", False),
        ("http://localhost:3000", "localhost:3000", True),
        ("http://localhost:3001", "localhost:3000", False),
        ("http://[::1]:3000", "[::1]:3000", True),
        ("https://xn--mnchen-3ya.de", "münchen.de", True),
        ("https://anything.at.all", "*", True),
        ("null", "*", True),
        ("null", "example.com", False),
        ("", "*", False),
        ("https://example.com:port", "example.com", False),
        ("example.com", "example.com", False),
        ("https://.example.com", "*.example.com", False),
        ("https://example.com", "", False),
    ],
)
def test_an_origin_fits_a_rule_or_not(origin: str, rule: str, may: bool) -> None:
    assert is_allowed(origin, [rule]) is may


def test_without_rules_no_origin_is_allowed() -> None:
    assert not is_allowed("https://example.com", [])


@pytest.mark.parametrize(
    ("peer", "is_verified", "headers", "address"),
    [
        ("9.9.9.9", False, {b"x-forwarded-for": b"1.1.1.1"}, ("9.9.9.9", True)),
        ("9.9.9.9", False, {}, ("9.9.9.9", True)),
        ("9.9.9.9", True, {}, ("9.9.9.9", False)),
        ("9.9.9.9", True, {b"openpanel-client-ip": b"1.1.1.1"}, ("1.1.1.1", True)),
        ("9.9.9.9", True, {b"x-client-ip": b"rubbish"}, ("9.9.9.9", False)),
        ("10.1.2.3", False, {b"x-forwarded-for": b"6.6.6.6, 1.1.1.1, 10.0.0.1"}, ("1.1.1.1", True)),
        ("::ffff:10.1.2.3", False, {b"x-forwarded-for": b"1.1.1.1"}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"x-forwarded-for": b", ".join([b"7.7.7.7"] * 500)}, ("7.7.7.7", True)),
        ("2001:db8::1", False, {b"x-real-ip": b"[2001:db9::7]:443"}, ("2001:db9::7", True)),
        ("10.1.2.3", False, {b"x-real-ip": b"1.2.3.4:5678"}, ("1.2.3.4", True)),
        ("10.1.2.3", False, {}, ("10.1.2.3", True)),
    ],
)
def test_an_address_counts_when_who_names_it_may(
    peer: str, is_verified: bool, headers: dict[bytes, bytes], address: tuple[str, bool]
) -> None:
    assert client_address(headers, peer, PROXIES, is_verified=is_verified) == address


def test_a_sender_is_limited_a_minute_and_others_are_not() -> None:
    now = 60_000 * 100 + 45_000
    limit = RateLimit(2, clock=lambda: now)
    limit.take("c", "1.1.1.1")
    limit.take("c", "1.1.1.1")
    with pytest.raises(RateLimited) as refusal:
        limit.take("c", "1.1.1.1")
    assert refusal.value.retry_after_seconds == 16
    limit.take("c", "2.2.2.2")
    now += 15_000
    limit.take("c", "1.1.1.1")


def test_a_limit_of_zero_is_off() -> None:
    limit = RateLimit(0)
    for _ in range(5000):
        limit.take("c", "1.1.1.1")


def test_rotating_addresses_do_not_grow_memory_without_end() -> None:
    limit = RateLimit(5, clock=lambda: 0)
    for number in range(MOST_SENDERS):
        limit.take("c", str(number))
    for number in range(5):
        limit.take("c", f"new {number}")
    with pytest.raises(RateLimited):
        limit.take("c", "one more")
