"""Soft signs: what a claimed browser leaves out, and what data centres add."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from collector.enrichment.bot_signals import bot_signals
from tests.unit.collector.enrichment.test_row_builder import BROWSER, parse_payload, row, source

HTTPS = "https://shop.example"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
OLD_CHROME = CHROME.replace("126", "70")
WEB_VIEW = (
    "Mozilla/5.0 (Linux; Android 14; SM-S921N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/126.0.0.0 Mobile Safari/537.36 KAKAOTALK/25.1.1 (INAPP)"
)
SAMSUNG = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 "
    "Chrome/121.0.0.0 Mobile Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Safari/605.1.15"
)
OLD_SAFARI = SAFARI.replace("17.5", "15.6")
IN_APP = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "KAKAOTALK 10.8.5"
)
LANGUAGE = {b"accept-language": b"ko-KR"}
FETCH = LANGUAGE | {b"sec-fetch-mode": b"cors"}
HINTS = FETCH | {b"sec-ch-ua": b'"Chromium";v="126"'}


@pytest.mark.parametrize(
    ("user_agent", "origin", "headers", "signs"),
    [
        # Headers of real browsers
        (CHROME, HTTPS, HINTS, ""),
        (FIREFOX, HTTPS, FETCH, ""),
        (SAFARI, HTTPS, FETCH, ""),
        (OLD_SAFARI, HTTPS, LANGUAGE, ""),
        (OLD_CHROME, HTTPS, LANGUAGE, ""),
        (WEB_VIEW, HTTPS, FETCH, ""),
        (SAMSUNG, HTTPS, FETCH, ""),
        (IN_APP, HTTPS, LANGUAGE, ""),
        # Over plain HTTP browsers leave them out
        (CHROME, "http://shop.example", LANGUAGE, ""),
        (CHROME, "", LANGUAGE, ""),
        # Missing headers
        (CHROME, HTTPS, FETCH, "soft:no_client_hints"),
        (CHROME, HTTPS, LANGUAGE, "soft:no_fetch_metadata,no_client_hints"),
        (CHROME, HTTPS, {}, "soft:no_accept_language,no_fetch_metadata,no_client_hints"),
        (CHROME, "", {}, "soft:no_accept_language"),
        (FIREFOX, HTTPS, LANGUAGE, "soft:no_fetch_metadata"),
        (SAFARI, HTTPS, LANGUAGE, "soft:no_fetch_metadata"),
        (IN_APP, HTTPS, {}, "soft:no_accept_language"),
        # A program that does not claim to be a browser need not send these headers
        ("MyApp/1.0", HTTPS, {}, ""),
        # Data centres and hidden browsers
        ("MyApp/1.0", "", {b"x-amzn-trace-id": b"Root=1"}, "soft:data_centre"),
        (FIREFOX, HTTPS, FETCH | {b"via": b"1.1 proxy"}, "soft:data_centre"),
        (FIREFOX, HTTPS, FETCH | {b"cf-worker": b"example.com"}, "soft:data_centre"),
        (FIREFOX, HTTPS, FETCH | {b"function-execution-id": b"x"}, "soft:data_centre"),
        (CHROME, HTTPS, HINTS | {b"sec-ch-ua": b'"HeadlessChrome";v="126"'}, "soft:headless"),
    ],
)
def test_signs_are_named(user_agent: str, origin: str, headers: dict[bytes, bytes], signs: str) -> None:
    assert bot_signals(headers, user_agent, origin, is_proxied=False) == signs


def test_headers_that_a_trusted_proxy_may_have_added_are_not_signs() -> None:
    headers = FETCH | {b"via": b"1.1 google", b"x-cloud-trace-context": b"1/2"}
    assert bot_signals(headers, FIREFOX, HTTPS, is_proxied=True) == ""
    assert bot_signals(headers, FIREFOX, HTTPS, is_proxied=False) == "soft:data_centre"


def test_bot_signals_are_noted_and_decide_nothing() -> None:
    signed = replace(BROWSER, bot_signals="soft:no_accept_language")
    made = row(signed)
    assert (made.is_bot, made.bot_reason, made.device) == (False, "soft:no_accept_language", "desktop")
    assert source(signed).is_bot is False
    operation = source(signed).row(parse_payload("identify", {"profileId": "p"}))
    assert (operation.is_bot, operation.bot_reason) == (False, "soft:no_accept_language")
    crawler = replace(signed, user_agent="Googlebot/2.1")
    assert (row(crawler).is_bot, row(crawler).bot_reason) == (True, "crawler:Googlebot\\/")


@given(st.dictionaries(st.binary(), st.binary()), st.text(), st.text())
def test_signs_are_found_in_any_headers_without_an_error(
    headers: dict[bytes, bytes], user_agent: str, origin: str
) -> None:
    for agent in (user_agent, f"Mozilla/5.0 {user_agent}", f"Mozilla/5.0 Chrome/{user_agent}"):
        assert len(bot_signals(headers, agent, f"https://{origin}", is_proxied=False)) < 255


def test_looking_for_signs_takes_microseconds() -> None:
    headers = HINTS | {f"x-{number}".encode(): b"" for number in range(20)}
    bot_signals(headers, CHROME, HTTPS, is_proxied=False)
    started = time.process_time()
    for _ in range(10_000):
        bot_signals(headers, CHROME, HTTPS, is_proxied=False)
    assert (time.process_time() - started) / 10_000 < 30e-6
